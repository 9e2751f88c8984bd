"""Changes of level: jumps, lunges, crouches, and what is done near the floor."""

TEXT = """
rise | 1 | .4-.9 | smooth
0 A=low_out b=16 d=.15 h=0,8
1 L=side R=low_out b=10 d=.10 s=4
2 A=side b=4 d=.06 s=-4
3 A=vee b=-6 d=.01 h=0,-14

gather | 1 | .0-.5 | smooth
0 b=6 d=.05 h=0,6
1 A=across b=18 d=.12 h=0,12
2 A=groove b=12 d=.14 h=0,6
3 A=wave b=0 d=.04 h=0,-6

jack | 1 | .7-1 | bouncy
0 A=vee d=.08 l=.22,0 r=-.22,0 j=.11 h=0,-8
1 A=groove b=10 d=.13 j=.07
2 A=vee d=.08 l=.22,0 r=-.22,0 j=.11 h=0,-8
3 A=chest b=8 d=.12 j=.07

lunge | 1 | .6-1 | sharp
0 L=push R=hip b=8 s=8 t=10 w=.85 d=.16 l=.30,.10 h=18,0
1 A=vee b=-3 d=.02 h=0,-8
mirror

star_jump | 1 | .8-1 | sharp
0 A=groove b=20 d=.22 h=0,10
1 A=vee b=-4 d=.08 l=.24,0 r=-.24,0 j=.14 h=0,-10
2 A=groove b=20 d=.20 l=.24,0 r=-.24,0
3 A=clap d=.08 j=.08

plie | 1 | .1-.6 | smooth
0 A=low_out b=4 d=.20 l=.20,0 r=-.20,0
2 A=side b=-4 d=.03 l=.20,0 r=-.20,0 h=0,-8
3 A=high b=-4 d=.02 l=.20,0 r=-.20,0 h=0,-12

squat_pulse | 1 | .5-1 | bouncy
0 A=box b=22 d=.26 l=.16,0 r=-.16,0 h=0,-4
1 A=pump b=14 d=.14 l=.16,0 r=-.16,0
2 A=box b=24 d=.30 l=.16,0 r=-.16,0 h=0,-4
3 A=push b=2 d=.05 l=.16,0 r=-.16,0

drop_pop | 1 | .5-1 | sharp
0 A=side b=0 d=.03 l=.16,0
1 A=knee b=38 d=.34 l=.16,0 h=0,-16
2 A=knee b=30 s=8 d=.30 w=.65 l=.16,0 h=8,-12
3 A=vee b=-6 d=.02 l=.16,0 h=0,-12

side_lunge_drag | 2 | .2-.8 | smooth
0 L=side R=hip s=10 w=.88 d=.24 l=.40,0 h=24,0
2 L=high R=hip s=-8 w=.8 d=.12 l=.40,0 h=16,-10
3 L=low_out R=rest d=.04 m=.30,0
4 L=hip R=side s=-10 w=.12 d=.24 r=-.40,0 h=-24,0
6 L=hip R=high s=8 w=.2 d=.12 r=-.40,0 h=-16,-10
7 L=rest R=low_out d=.04 m=-.30,0

crouch_walk | 1 | .3-.8 | bouncy
0 L=knee R=guard b=34 d=.26 w=.75 l=.24,.06 h=8,-14
1 A=knee b=30 d=.22 m=.22,0 h=0,-12
2 L=knee R=guard b=34 d=.28 w=.75 l=.24,.06 h=8,-14
3 A=groove b=10 d=.08 m=.20,0

melt | 2 | .0-.5 | smooth
0 A=high b=-4 d=.02 h=0,-14
2 A=wave b=10 d=.12 h=10,4
4 A=low_out b=30 s=6 d=.28 w=.6 l=.1,0 h=0,16
6 A=knee b=40 d=.34 l=.1,0 h=0,20
7 A=groove b=14 d=.14 l=.1,0 h=0,6

kneel | 2 | .0-.6 | smooth
0 A=low_out b=4 d=.08 l=.06,.22 r=0,-.30
2 A=knee b=14 d=.34 w=.5 l=.06,.22 r=0,-.36 h=0,8
4 L=high R=side b=-4 t=8 d=.36 w=.5 l=.06,.22 r=0,-.36 h=16,-12
6 A=across b=16 d=.30 w=.55 l=.06,.22 r=0,-.36 h=0,10
7 A=groove b=6 d=.10

kneel_hits | 2 | .3-.9 | sharp
0 A=push b=6 d=.18 l=.06,.22 r=0,-.30
1 A=knee b=12 d=.34 w=.5 l=.06,.24 r=0,-.36 h=0,8
2 L=side R=chest t=10 d=.35 w=.5 l=.06,.24 r=0,-.36 h=24,0
3 L=chest R=side t=-10 d=.35 w=.5 l=.06,.24 r=0,-.36 h=-24,0
4 A=up b=-6 d=.35 w=.5 l=.06,.24 r=0,-.36 h=0,-16
5 A=goal b=4 d=.33 w=.5 l=.06,.24 r=0,-.36
6 A=push b=14 d=.20 w=.6 l=.06,.22 r=0,-.24
7 A=hip b=0 d=.04

floor_touch | 1 | .3-.8 | sharp
0 A=high b=-4 d=.02 l=.10,0 h=0,-12
1 L=floor R=back b=52 s=4 d=.34 l=.14,0 r=-.10,0 h=0,-10
2 L=floor R=side b=46 t=-12 d=.32 l=.14,0 r=-.10,0 h=-20,-14
3 A=groove b=10 d=.08 l=.10,0

crouch_hands | 2 | .1-.7 | smooth
0 A=low_out b=20 d=.20 l=.08,0 h=0,6
2 A=floor b=54 d=.38 l=.08,0 r=-.04,0 h=0,0
3 A=floor b=50 s=6 d=.38 w=.6 l=.08,0 r=-.04,0 h=16,-6
4 A=floor b=50 s=-6 d=.38 w=.4 l=.08,0 r=-.04,0 h=-16,-6
6 A=wave b=10 d=.14 l=.08,0 h=0,-6
7 A=high b=-4 d=.02 l=.08,0 h=0,-12

squat_kicks | 1 | .7-1 | bouncy
0 A=box b=16 d=.30 w=.5 h=0,-4
1 A=box b=10 d=.28 w=.92 r=-.04,.40,.10 h=0,-4
2 A=box b=16 d=.30 w=.5 h=0,-4
3 A=side b=0 d=.04

low_sweep | 2 | .3-.8 | smooth
0 L=knee R=side b=26 s=8 d=.32 w=.9 r=-.34,0 h=-14,-8
2 L=knee R=push b=24 t=10 d=.34 w=.9 r=-.16,.30 h=0,-10
4 A=knee b=32 d=.32 w=.5 h=0,-8
6 L=side R=knee b=26 s=-8 d=.32 w=.1 l=.34,0 h=14,-8
7 A=groove b=10 d=.10

back_lunge | 1 | .3-.8 | smooth
0 L=front R=back b=6 t=-8 w=.6 d=.22 r=0,-.42 h=0,-6
2 L=up R=low_out b=-8 w=.65 d=.18 r=0,-.40 h=6,-16
3 A=groove d=.04

tuck_hop | 1 | .8-1 | bouncy
0 A=pump b=14 d=.16
1 A=side b=4 d=.10 l=.06,0 r=-.06,0 j=.13 h=0,-6
2 A=pump b=14 d=.16 l=.06,0 r=-.06,0
3 A=high b=-2 d=.08 j=.11 h=0,-10
"""
