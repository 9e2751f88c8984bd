"""Arms, hits and isolations: what is shown over feet that hardly move."""

TEXT = """
swing | 1 | .3-.9 | bouncy
0 L=swing_front R=swing_back t=-14 w=.2 d=.05 l=.02,.22 h=6,2
1 L=swing_back R=swing_front t=12 w=.6 d=.03 h=-6,2
mirror

cross | 1 | .4-.9 | sharp
0 A=side d=.03 l=.12,0
1 A=across b=14 d=.10 l=.12,0 h=0,10
2 A=high b=-4 l=.12,0 h=0,-12
3 A=chest b=4 d=.06 l=.12,0

disco | 1 | .6-1 | sharp
0 L=point R=hip s=-9 t=6 p=8,8 w=.8 d=.04 l=.2,0 h=24,-10
1 L=across R=hip b=14 t=-14 p=-8,-6 w=.2 d=.11 l=.2,0 h=-14,12
again

robot | 1 | .1-.7 | sharp
0 L=goal R=hang t=10 h=25,0 d=.04
2 L=hang R=goal t=-10 h=-25,0 d=.04

ripple | 1 | .0-.5 | smooth
0 L=wave R=low_out s=-8 w=.7 p=0,6 d=.04 h=16,-4
2 L=low_out R=wave s=8 w=.3 p=0,-6 d=.04 h=-16,-4

reach | 1 | .0-.6 | smooth
0 L=high R=rest s=-8 t=8 w=.75 d=.03 h=14,-14
2 A=chest b=12 d=.10 h=0,14

arm_wave | 2 | .1-.7 | smooth
0 L=side R=low_out s=-6 w=.6 d=.03 h=24,0
1 L=wave R=side s=-8 w=.6 d=.05 h=20,-4
2 L=side R=side s=0 d=.06 h=0,4
3 L=low_out R=wave s=8 w=.4 d=.05 h=-20,-4
4 L=low_out R=side s=6 w=.4 d=.03 h=-24,0
6 L=wave R=wave s=0 d=.04 h=0,-8

tutting | 2 | .3-.9 | sharp
0 L=box R=goal h=10,0 d=.04
0.5 L=goal R=goal h=0,0 d=.05
1 L=goal R=box h=-10,0 d=.04
2 L=hang R=goal h=-14,0 d=.06
3 L=goal R=hang h=14,0 d=.06
4 A=box h=0,6 d=.05
4.5 L=box R=front h=0,0 d=.05
5 L=front R=box d=.05
6 A=goal h=0,-8 d=.03
7 A=chest h=0,8 d=.08

vogue | 2 | .4-1 | sharp
0 L=head R=hip s=-10 p=6,8 w=.75 d=.05 l=.16,0 h=20,-8
1 L=head R=head s=6 d=.07 l=.16,0 h=-10,0
2 L=side R=head s=8 p=-6,-8 w=.3 d=.05 l=.16,0 h=24,0
3 L=up R=hip s=-8 w=.75 d=.03 l=.16,0 h=14,-14
4 L=hip R=head s=10 p=-6,-8 w=.25 d=.05 r=-.16,0 h=-20,-8
5 L=goal R=goal d=.10 b=6 r=-.16,0
6 L=head R=side s=-8 w=.7 d=.05 r=-.16,0 h=-24,0
7 A=vee b=-6 d=.02 h=0,-14

roof_raise | 1 | .7-1 | bouncy
0 A=shoulder b=6 d=.13 l=.14,0
1 A=up b=-4 d=.02 l=.14,0 h=0,-14
2 A=shoulder b=6 d=.13 s=6 l=.14,0
3 A=up b=-4 d=.02 s=-4 l=.14,0 h=0,-14

punches | 1 | .6-1 | sharp
0 L=punch R=guard t=-16 w=.6 d=.08 l=.14,.06
1 L=guard R=punch t=16 w=.4 d=.08 l=.14,.06
2 L=punch R=guard t=-16 w=.6 d=.08 l=.14,.06
2.5 L=guard R=punch t=16 w=.4 d=.08 l=.14,.06
3 L=guard R=up t=-6 w=.7 d=.04 l=.14,.06 h=0,-10

lasso | 1 | .5-1 | bouncy
0 L=lasso R=hip s=-6 w=.7 d=.06 l=.18,0 h=14,-6
1 L=wave R=hip s=6 w=.4 d=.09 l=.18,0 h=4,0
2 L=lasso R=hip s=-6 w=.7 d=.06 l=.18,0 h=14,-6
3 L=high R=hip s=-10 w=.8 d=.04 l=.18,0 h=20,-10

windmill | 1 | .6-1 | smooth
0 L=up R=back s=-6 t=12 w=.6 d=.04 l=.12,0 h=10,-8
1 L=side R=side b=6 d=.08 l=.12,0
2 L=back R=up s=6 t=-12 w=.4 d=.04 l=.12,0 h=-10,-8
3 A=side b=6 d=.08 l=.12,0

egypt | 1 | .2-.8 | sharp
0 L=goal R=hang t=14 h=-30,0 w=.7 d=.06 l=.14,0
1 L=hang R=goal t=14 h=-30,0 w=.7 d=.10 l=.14,0
2 L=goal R=hang t=-14 h=30,0 w=.3 d=.06 l=.14,0
3 L=hang R=goal t=-14 h=30,0 w=.3 d=.10 l=.14,0

arm_cascade | 1 | .2-.7 | smooth
0 L=up R=rest s=-6 w=.6 h=10,-14 d=.02
1 L=side R=up s=4 w=.45 h=-6,-10 d=.04
2 L=low_out R=side s=6 w=.4 h=-14,0 d=.06
3 L=across R=low_out b=10 d=.09 h=0,10

hit_hit_hold | 1 | .5-1 | sharp
0 L=side R=chest t=8 w=.65 d=.06 l=.18,0 h=26,0
0.5 L=chest R=side t=-8 w=.35 d=.06 l=.18,0 h=-26,0
1 A=vee b=-4 d=.10 l=.18,0 r=-.06,0 h=0,-8
3 A=groove b=8 d=.08 l=.18,0 h=0,8

clap_over | 1 | .5-1 | bouncy
0 A=clap_up b=-4 s=-6 w=.7 d=.03 l=.14,0 h=8,-10
1 A=low_out b=8 d=.09 l=.14,0
2 A=clap_up b=-4 s=6 w=.3 d=.03 l=.14,0 h=-8,-10
3 A=low_out b=8 d=.09 l=.14,0

dab | 1 | .5-1 | sharp
0 L=point R=across s=-8 b=12 w=.7 d=.08 l=.2,0 h=-24,16
2 L=across R=point s=8 b=12 w=.3 d=.08 l=.2,0 h=24,16
3 A=groove d=.05 l=.2,0

chest_pop | 1 | .3-.9 | sharp
0 A=hip b=-12 d=.03 h=0,8
0.5 A=hip b=8 d=.05 h=0,-2
1 A=hip b=-12 d=.03 h=0,8
2 A=low_out b=-14 d=.02 h=0,10
3 A=hip b=10 d=.08 h=0,6

head_isolation | 1 | .0-.5 | sharp
0 A=hip h=34,0 d=.03
1 A=hip h=-34,0 d=.03
2 A=hip h=0,24 d=.03
3 A=hip h=0,-20 d=.03

hip_isolation | 1 | .2-.8 | sharp
0 A=low_out p=0,16 s=-4 w=.6 d=.06 l=.1,0
0.5 A=low_out p=0,-16 s=4 w=.4 d=.06 l=.1,0
1 A=low_out p=0,16 s=-4 w=.6 d=.06 l=.1,0
2 A=hip p=26,0 t=-16 d=.08 l=.1,0
3 A=hip p=-26,0 t=16 d=.08 l=.1,0

rib_slide | 1 | .1-.6 | smooth
0 A=side s=-16 p=0,10 h=12,0 w=.55 d=.04 l=.12,0
1 A=side s=16 p=0,-10 h=-12,0 w=.45 d=.04 l=.12,0
2 A=goal s=-14 p=0,10 w=.55 d=.06 l=.12,0
3 A=goal s=14 p=0,-10 w=.45 d=.06 l=.12,0

ticking | 1 | .1-.7 | sharp
0 L=low_out R=rest h=12,0 d=.03
0.5 L=side R=rest h=20,0 d=.03
1 L=goal R=low_out h=10,0 d=.04
1.5 L=goal R=side h=-10,0 d=.04
2 L=goal R=goal h=0,0 d=.05
3 A=hang b=8 h=0,14 d=.08

pulse | 1 | .3-.8 | bouncy
0 A=box b=6 d=.07 h=0,8 l=.08,0
1 A=push b=0 d=.03 l=.08,0
1.5 A=box b=6 d=.06 h=0,8 l=.08,0
2 A=push s=6 d=.05 w=.6 l=.08,0
3 A=box s=-6 b=8 d=.09 w=.4 l=.08,0

look_and_point | 2 | .1-.7 | sharp
0 L=point R=hip s=-6 w=.7 d=.03 h=30,-6
2 L=front R=hip t=-8 w=.6 d=.06 h=0,0
3 L=across R=hip t=-16 b=8 w=.5 d=.08 h=-12,6
4 L=hip R=point s=6 w=.3 d=.03 h=-30,-6
6 L=hip R=front t=8 w=.4 d=.06 h=0,0
7 L=hip R=across t=16 b=8 d=.08 h=12,6

pull_in | 1 | .2-.8 | smooth
0 A=front b=10 w=.3 d=.06 l=.04,.20
1 A=shoulder b=-6 w=.7 d=.03 l=.04,.20 h=0,-8
2 A=side b=2 d=.05
3 A=chest b=10 d=.09 h=0,10

wings | 1 | .3-.9 | smooth
0 A=wing b=8 d=.10 h=0,8
1 A=side b=-4 d=.03 h=0,-6
2 A=wing b=8 s=6 d=.10 w=.6
3 A=vee b=-6 d=.02 h=0,-12
"""
