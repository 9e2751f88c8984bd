"""Turns and kicks."""

TEXT = """
spin | 1 | .3-1 | sharp
0 L=chest R=swing_back t=-14 b=4 w=.4 d=.10 h=16,0
1 A=groove d=.06 T=180 j=.07
2 A=low_out d=.08 T=180 j=.07
3 L=point R=hip s=-8 p=0,6 w=.75 d=.03 h=20,-8

spin_high | 1 | .5-1 | smooth
0 L=low_out R=chest t=-16 b=6 w=.45 d=.13 h=14,0
1 A=wave d=.05 T=180 j=.07 h=0,-6
2 A=wave d=.08 T=180 j=.07
3 A=low_out b=-4 d=.05 h=0,-8

spin_low | 1 | .3-.9 | bouncy
0 A=across b=16 t=-12 d=.18 h=10,4
1 A=chest b=10 d=.12 T=180 j=.06
2 A=chest b=8 d=.10 T=180 j=.06
3 A=vee b=-6 d=.02 l=.14,0 h=0,-14

jump_turn | 1 | .7-1 | sharp
0 A=pump b=16 d=.18 t=-10 h=10,4
1 A=box d=.10 T=180 j=.10
2 A=box b=4 d=.10 T=180 j=.09
3 A=side d=.06 l=.18,0 r=-.12,0 h=0,-6

pivot_look | 1 | .2-.8 | sharp
0 L=low_out R=groove w=.5 d=.06 T=90 h=-40,0
1 L=side R=low_out w=.6 d=.05 h=-30,-4
2 L=groove R=groove w=.5 d=.06 T=-90
3 A=hip d=.03 h=12,0

quarter_groove | 2 | .3-.9 | bouncy
0 A=groove b=10 d=.09 T=60 h=-30,8
1 A=pump b=2 s=6 d=.05 h=-30,0
2 A=groove b=10 d=.09 h=-30,8
3 A=pump d=.05 T=-60
4 A=groove b=10 d=.09 T=-60 h=30,8
5 A=pump b=2 s=-6 d=.05 h=30,0
6 A=groove b=10 d=.09 h=30,8
7 A=clap d=.04 T=60

profile_walk | 2 | .2-.7 | smooth
0 L=low_out R=groove d=.06 T=60 h=-30,0
1 L=swing_back R=swing_front w=.65 d=.06 l=0,.22 h=-20,0
2 L=swing_front R=swing_back w=.4 d=.06 m=0,.18 r=0,.20 h=-20,0
3 A=hip d=.04 m=0,.16 h=-40,-4
4 L=groove R=low_out d=.06 T=-60
5 A=side s=6 w=.6 d=.04 l=.14,0
6 A=groove b=8 d=.08 l=.14,0
7 A=clap d=.03

kick | 1 | .6-1 | sharp
0 L=swing_back R=push b=-4 t=10 w=.08 d=.05 l=.04,.42,.36
1 A=side w=.55 d=.09 b=6
mirror

can_can | 1 | .7-1 | bouncy
0 A=hip b=-2 w=.92 d=.04 r=-.02,.24,.36
1 A=hip d=.08
2 A=hip b=-6 w=.92 d=.05 r=-.06,.44,.40 h=0,-6
3 A=side d=.08

side_kick | 1 | .6-1 | sharp
0 A=guard s=10 w=.08 d=.06 l=.44,0,.30 h=20,0
1 A=pump b=6 d=.10
mirror

flick_back | 1 | .4-.9 | bouncy
0 L=swing_front R=back b=10 w=.9 d=.06 r=0,-.26,.20 h=0,6
1 A=groove d=.05
2 L=back R=swing_front b=10 w=.1 d=.06 l=0,-.26,.20 h=0,6
3 A=groove d=.05

hop_kick | 1 | .7-1 | bouncy
0 L=side R=pump w=.92 d=.08 r=-.06,.34,.24 j=.04
1 A=groove b=8 d=.10 w=.5
2 L=pump R=side w=.08 d=.08 l=.06,.34,.24 j=.04
3 A=clap b=4 d=.08

knee_up | 1 | .4-.9 | sharp
0 L=goal R=low_out s=6 w=.08 d=.03 l=.08,.14,.38 h=10,0
1 A=groove b=8 d=.10 l=.16,0
2 L=low_out R=goal s=-6 w=.92 d=.03 r=-.08,.14,.38 h=-10,0
3 A=groove b=8 d=.10 r=-.16,0

attitude | 2 | .1-.6 | smooth
0 L=high R=side b=8 w=.92 d=.03 r=-.04,-.30,.20 h=8,-10
2 L=side R=high b=12 s=-4 w=.92 d=.05 r=-.04,-.34,.24 h=0,-8
3 A=low_out d=.06
4 L=side R=high b=8 w=.08 d=.03 l=.04,-.30,.20 h=-8,-10
6 L=high R=side b=12 s=4 w=.08 d=.05 l=.04,-.34,.24 h=0,-8
7 A=low_out d=.06

battement | 1 | .2-.7 | smooth
0 A=side w=.92 d=.03 r=-.32,.10,.22 h=-14,-4
2 A=low_out b=6 d=.10 l=.04,0
3 A=wave d=.04
"""
