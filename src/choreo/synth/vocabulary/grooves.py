"""Grooves: the whole body keeps time and stays in its place."""

TEXT = """
sway | 1 | .0-.6 | smooth
0 L=low_out s=7 p=6,5 w=.85 d=.03 h=10,4
1 R=low_out s=-7 p=-6,-5 w=.15 d=.03 h=-10,4
mirror

bounce | 1 | .2-.8 | bouncy
0 A=groove b=10 d=.09 h=0,14 l=.07,0
1 A=groove s=6 d=.04 w=.7 l=.07,0
2 A=groove b=10 d=.09 h=0,14 l=.07,0
3 A=groove s=-6 d=.04 w=.3 l=.07,0

rock | 1 | .2-.8 | bouncy
0 L=swing_front R=swing_back b=12 t=8 w=.3 d=.07 l=.04,.14 h=0,10
1 L=groove R=groove b=-4 t=-4 w=.8 d=.03 l=.04,.14 h=0,-6
mirror

hip_sway | 1 | .1-.6 | smooth
0 L=hip R=low_out s=-9 p=10,14 w=.8 d=.05 h=-8,0 l=.08,0
1 L=hip R=low_out s=9 p=-10,-14 w=.2 d=.05 h=8,0 l=.08,0
2 L=low_out R=hip s=-9 p=10,14 w=.8 d=.05 h=-8,0 l=.08,0
3 L=low_out R=hip s=9 p=-10,-14 w=.2 d=.05 h=8,0 l=.08,0

body_roll | 1 | .1-.7 | smooth
0 A=low_out b=-10 d=.02 h=0,-18
1 A=groove b=14 d=.06 h=0,8
2 A=hip b=22 d=.16 h=0,16
3 A=rest b=-6 d=.05 h=0,-6

nod | 1 | .0-.6 | bouncy
0 A=hip b=8 d=.05 h=0,22
1 A=hip b=0 d=.02 h=0,-8
2 A=hip b=8 d=.05 h=12,22
3 A=hip b=0 d=.02 h=-12,-8

shoulder_bop | 1 | .2-.7 | bouncy
0 A=pump s=12 t=6 d=.05 w=.65 h=-12,0 l=.1,0
1 A=pump s=-12 t=-6 d=.05 w=.35 h=12,0 l=.1,0
2 A=pump s=12 t=6 d=.10 w=.65 h=-12,0 l=.1,0
2.5 A=pump s=-10 t=-6 d=.11 w=.4 h=8,0 l=.1,0
3 A=pump s=10 t=6 d=.05 w=.6 h=-8,0 l=.1,0

lean_back | 2 | .2-.7 | smooth
0 L=push R=hip b=-10 t=10 w=.2 d=.07 l=.1,.2 h=8,-10
2 L=groove R=groove b=14 w=.7 d=.10 l=.1,.2 h=0,14
3 A=low_out b=0 d=.03 l=.1,0
4 L=hip R=push b=-10 t=-10 w=.8 d=.07 r=-.1,.2 h=-8,-10
6 A=groove b=14 w=.3 d=.10 r=-.1,.2 h=0,14
7 A=low_out b=0 d=.03 r=-.1,0

the_twist | 1 | .4-1 | bouncy
0 L=pump R=back t=-18 p=22,0 b=8 d=.12 w=.6 l=.1,0 r=-.1,0
1 L=back R=pump t=18 p=-22,0 b=8 d=.12 w=.4 l=.1,0 r=-.1,0
2 L=pump R=back t=-18 p=22,0 b=14 d=.20 w=.6 l=.1,0 r=-.1,0
3 L=back R=pump t=18 p=-22,0 b=10 d=.15 w=.4 l=.1,0 r=-.1,0

knee_pop | 1 | .3-.9 | sharp
0 A=guard b=4 d=.10 w=.75 r=-.06,.04,.10 h=14,0
1 A=pump b=0 d=.03
2 A=guard b=4 d=.10 w=.25 l=.06,.04,.10 h=-14,0
3 A=pump b=8 d=.12 h=0,10

skank | 1 | .3-.8 | bouncy
0 L=pump R=swing_back b=14 t=-10 w=.12 d=.05 l=.04,.12,.20 h=0,12
1 A=groove b=6 d=.09
2 L=swing_back R=pump b=14 t=10 w=.88 d=.05 r=-.04,.12,.20 h=0,12
3 A=groove b=6 d=.09

wave_sway | 2 | .0-.5 | smooth
0 L=wave R=rest s=-9 w=.75 d=.03 h=16,-8
2 L=high R=low_out s=-12 w=.85 d=.05 h=18,-12
4 L=rest R=wave s=9 w=.25 d=.03 h=-16,-8
6 L=low_out R=high s=12 w=.15 d=.05 h=-18,-12

snake | 1 | .2-.7 | smooth
0 A=hip s=16 h=-20,0 p=-8,-6 w=.35 d=.05 l=.14,0
1 A=hip s=4 h=16,0 p=8,8 w=.7 d=.09 l=.14,0
2 A=low_out s=-16 h=20,0 p=8,6 w=.65 d=.05 l=.14,0
3 A=low_out s=-4 h=-16,0 p=-8,-8 w=.3 d=.09 l=.14,0

bounce_and | 1 | .4-.9 | bouncy
0 A=guard b=12 d=.12 h=0,12 l=.1,0
0.5 A=guard b=4 d=.06 l=.1,0
1 A=pump b=12 s=6 d=.12 w=.7 l=.1,0
2 A=guard b=12 d=.12 h=0,12 l=.1,0
2.5 A=guard b=4 d=.06 l=.1,0
3 A=pump b=12 s=-6 d=.12 w=.3 l=.1,0

finger_snap | 1 | .0-.5 | bouncy
0 L=hip R=hip s=4 w=.7 d=.02 h=8,4
1 L=pump R=hip s=-5 w=.35 d=.05 h=-8,8
2 L=hip R=hip s=-4 w=.3 d=.02 h=-8,4
3 L=hip R=pump s=5 w=.65 d=.05 h=8,8

shimmy | 1 | .4-1 | sharp
0 A=low_out t=12 b=10 d=.09 w=.6 l=.1,0
0.5 A=low_out t=-12 b=10 d=.09 w=.6 l=.1,0
1 A=low_out t=12 b=6 d=.08 w=.6 l=.1,0
2 A=side b=-6 d=.03 h=0,-10 l=.1,0
3 A=groove b=8 d=.09 l=.1,0
"""
