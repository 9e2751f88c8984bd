"""Footwork and travel: the weight goes from foot to foot."""

TEXT = """
step_touch | 1 | .3-.9 | bouncy
0 L=side R=groove s=-4 t=8 w=.72 d=.07 l=.34,0 h=14,0
1 A=clap b=6 w=.62 d=.05 m=.34,0
2 L=groove R=side s=4 t=-8 w=.28 d=.07 r=-.34,0 h=-14,0
3 A=clap b=6 w=.38 d=.05 m=-.34,0

grapevine | 1 | .4-.9 | smooth
0 A=side w=.68 d=.07 l=.28,0 h=20,0
1 A=chest t=-12 w=.5 d=.07 r=.12,-.14 m=.28,0
2 A=side w=.68 d=.07 l=.28,0 r=.12,-.14 h=20,0
3 A=high w=.6 d=.04 m=.28,0

march | 1 | .4-1 | sharp
0 L=pump R=swing_back t=-10 w=.1 d=.02 l=.02,.16,.34
1 A=groove d=.07
mirror

shuffle | 1 | .6-1 | bouncy
0 L=pump R=back b=8 w=.75 d=.08 l=.26,.05
1 L=back R=pump b=8 w=.6 d=.05 m=.26,0
2 L=pump R=back b=8 w=.75 d=.08 l=.26,.05
3 A=wave b=0 w=.6 d=.03 m=.26,0

jazz_square | 1 | .4-.9 | smooth
0 L=low_out R=groove t=-8 w=.4 d=.06 r=.12,.18
1 A=groove w=.7 d=.07 r=.12,.18 l=0,-.12
2 A=side w=.3 d=.06 r=-.14,-.08 l=0,-.12 h=-12,0
3 A=clap d=.03

charleston | 2 | .6-1 | bouncy
0 L=swing_back R=swing_front t=8 w=.7 d=.06 l=0,.16
1 L=swing_front R=swing_back t=-8 w=.92 d=.05 l=0,.16 r=0,.36,.22
2 L=swing_back R=swing_front t=8 w=.4 d=.06
3 L=swing_front R=swing_back b=14 w=.08 d=.06 l=0,-.30,.12
mirror

box_step | 2 | .2-.7 | smooth
0 A=low_out w=.72 d=.04 l=.24,0 h=10,0
1 A=groove w=.6 d=.03 m=.24,0
2 L=front R=low_out w=.8 d=.05 l=0,.20
3 A=groove d=.03 m=0,.20
4 A=low_out w=.28 d=.04 r=-.24,0 h=-10,0
5 A=groove w=.4 d=.03 m=-.24,0
6 L=low_out R=back w=.2 d=.05 r=0,-.20
7 A=groove d=.03 m=0,-.20

cha_cha | 1 | .4-.9 | bouncy
0 A=pump p=-8,6 t=8 w=.7 d=.05 l=.04,.24
1 A=groove p=8,-6 w=.25 d=.05 l=.04,.24
2 A=low_out p=0,6 w=.8 d=.05 l=.22,0
2.5 A=groove p=0,-6 w=.4 d=.05 l=.22,0 r=.08,0
3 A=low_out p=0,6 w=.75 d=.05 m=.22,0

mambo | 1 | .4-.9 | bouncy
0 L=push R=pump p=-10,8 w=.75 d=.06 l=.02,.26 h=0,6
1 A=pump p=10,-8 w=.3 d=.05 l=.02,.26
2 A=groove p=0,4 d=.04
3 L=pump R=push p=10,-8 w=.25 d=.07 r=-.02,-.26

triple_step | 1 | .4-1 | bouncy
0 L=low_out R=groove s=-6 w=.8 d=.07 l=.24,0
0.5 A=groove w=.35 d=.05 l=.24,0 r=.06,0
1 L=side R=groove s=-6 w=.8 d=.07 m=.24,0 l=.06,0
2 L=groove R=swing_back t=-12 b=6 w=.25 d=.08 r=.04,-.24
3 L=swing_front R=groove t=6 w=.8 d=.05 r=.04,-.24

heel_dig | 1 | .3-.8 | bouncy
0 A=hip b=-4 w=.15 d=.06 l=.12,.28,.03 h=12,8
1 A=groove d=.03
2 A=hip b=-4 w=.85 d=.06 r=-.12,.28,.03 h=-12,8
3 A=clap d=.04

toe_taps | 1 | .2-.7 | smooth
0 L=low_out R=hip s=-6 w=.2 d=.05 l=.34,0 h=16,0
1 L=rest R=hip d=.03
2 L=hip R=low_out s=6 w=.8 d=.05 r=-.34,0 h=-16,0
3 L=hip R=rest d=.03

running_man | 1 | .7-1 | sharp
0 L=pump R=back b=10 w=.1 d=.06 l=0,.20,.32
1 L=back R=pump b=14 w=.6 d=.14 l=0,.22 r=0,-.22 j=.04
2 L=back R=pump b=10 w=.9 d=.06 r=0,.20,.32
3 L=pump R=back b=14 w=.4 d=.14 r=0,.22 l=0,-.22 j=.04

roger_rabbit | 1 | .7-1 | bouncy
0 L=high R=back b=-6 w=.85 d=.08 r=.04,-.28 t=10 j=.03
1 A=pump b=12 w=.15 d=.06 l=.02,.20,.22
2 L=back R=high b=-6 w=.15 d=.08 l=-.04,-.28 t=-10 j=.03
3 A=pump b=12 w=.85 d=.06 r=-.02,.20,.22

kick_ball_change | 1 | .5-1 | sharp
0 L=push R=back b=-4 w=.92 d=.05 r=-.04,.26,.14
0.5 A=groove w=.5 d=.07 r=0,-.06
1 L=back R=push w=.75 d=.08
2 L=push R=back b=-4 w=.92 d=.05 r=-.04,.26,.14
2.5 A=groove w=.5 d=.07 r=0,-.06
3 A=clap w=.6 d=.10 b=8

sailor_step | 1 | .3-.8 | smooth
0 L=across R=low_out t=14 w=.75 d=.07 l=-.08,-.16
0.5 A=low_out w=.3 d=.07 l=-.08,-.16 r=-.16,0
1 L=side R=groove s=-8 w=.75 d=.08 l=.14,0 r=-.16,0
2 L=low_out R=across t=-14 w=.25 d=.07 r=.08,-.16
2.5 A=low_out w=.7 d=.07 r=.08,-.16 l=.16,0
3 L=groove R=side s=8 w=.25 d=.08 r=-.14,0 l=.16,0

pony | 1 | .6-1 | bouncy
0 A=guard s=-6 w=.88 d=.06 l=.20,0 r=.06,0,.16 j=.03
1 A=pump s=6 w=.12 d=.06 r=-.20,0 l=-.06,0,.16 j=.03
2 A=high s=-6 w=.88 d=.06 l=.20,0 r=.06,0,.16 j=.03
3 A=groove b=8 d=.10

scissors | 1 | .7-1 | sharp
0 L=swing_front R=swing_back w=.5 d=.10 l=0,.24 r=0,-.22 j=.06
1 L=swing_back R=swing_front w=.5 d=.10 l=0,-.22 r=0,.24 j=.06
2 A=side w=.5 d=.10 l=.22,0 r=-.22,0 j=.08
3 A=chest d=.12 b=8 j=.05

slide_away | 1 | .3-.8 | smooth
0 L=side R=across s=-8 w=.8 d=.14 l=.40,0 h=24,0
2 L=low_out R=low_out s=4 w=.7 d=.06 m=.40,0
3 A=hip d=.03 h=-14,0

slide_back | 1 | .3-.8 | smooth
0 L=hip R=groove b=8 w=.3 d=.09 r=0,-.28
1 L=groove R=hip b=6 w=.5 d=.05 m=0,-.24
2 L=hip R=groove b=8 w=.7 d=.09 l=0,-.28
3 L=groove R=hip b=6 d=.05 m=0,-.22

walk_up | 1 | .2-.8 | smooth
0 L=swing_back R=swing_front t=8 w=.65 d=.06 l=0,.24 h=0,-4
1 L=swing_front R=swing_back t=-8 w=.4 d=.06 m=0,.18 l=0,.06 r=0,.22
2 L=swing_back R=swing_front t=8 w=.65 d=.06 m=0,.18 l=0,.22 r=0,.06
3 A=hip b=-4 d=.02 m=0,.10 h=0,-10

strut_back | 1 | .2-.8 | bouncy
0 A=groove s=6 w=.25 d=.06 r=0,-.28 h=-10,4
1 A=groove s=-6 w=.75 d=.06 m=0,-.22 l=0,-.24
2 A=groove s=6 w=.25 d=.06 m=0,-.22 r=0,-.20
3 L=point R=hip s=-8 w=.75 d=.04 h=18,-8

pas_de_bourree | 1 | .3-.8 | smooth
0 A=low_out w=.3 d=.05 r=.12,-.14 h=16,0
0.5 A=side w=.6 d=.06 l=.14,0 r=.12,-.14
1 L=low_out R=push w=.5 d=.09 m=.14,0 r=.04,.06 b=6
2 A=low_out w=.7 d=.05 l=-.12,-.14 h=-16,0
2.5 A=side w=.4 d=.06 r=-.14,0 l=-.12,-.14
3 L=push R=low_out w=.5 d=.09 m=-.14,0 l=-.04,.06 b=6

gallop | 1 | .7-1 | bouncy
0 L=side R=hip w=.85 d=.08 l=.34,0 h=22,0
0.5 L=side R=hip w=.5 d=.04 m=.30,0 j=.05
1.5 L=side R=hip w=.85 d=.08 l=.34,0 h=22,0
2 L=side R=hip w=.5 d=.04 m=.30,0 j=.05
3 A=vee b=-4 d=.03 h=0,-10

cross_walk | 1 | .4-.9 | sharp
0 L=swing_back R=swing_front t=14 p=-10,0 w=.3 d=.06 r=.20,.20 h=6,0
1 L=swing_front R=swing_back t=-14 p=10,0 w=.7 d=.06 m=.10,.10 l=-.20,.18 r=.10,.04
2 L=groove R=side w=.2 d=.08 r=-.24,0 h=-16,0
3 A=groove d=.05 m=-.10,-.10

two_step | 2 | .2-.7 | smooth
0 L=groove R=low_out w=.8 d=.05 l=.28,.10
1 A=groove w=.4 d=.03 m=.28,.10
2 L=low_out R=groove w=.8 d=.06 l=.28,.10 h=12,0
3 L=low_out R=low_out w=.85 d=.04 l=.28,.10 r=.18,.08
4 L=groove R=groove w=.3 d=.05 m=.10,0
5 A=groove w=.6 d=.03
6 L=low_out R=side w=.15 d=.06 r=-.30,-.10 h=-14,0
7 A=clap d=.03 m=-.30,-.10

stomp_clap | 1 | .5-1 | sharp
0 A=pump b=10 w=.8 d=.14 l=.14,.10 h=0,8
1 A=clap b=0 d=.03
2 A=pump b=10 w=.2 d=.14 r=-.14,.10 h=0,8
2.5 A=clap b=2 d=.06
3 A=clap_up b=-4 d=.02 h=0,-10
"""
