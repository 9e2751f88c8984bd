"""Poses that are held: for silence, drop-outs and the end."""

TEXT = """
finish | 1 | .0-1 | smooth
0 A=vee b=-5 h=0,-14
2 A=chest b=10 d=.06 h=0,12
3 L=hip R=point s=6 w=.3 p=0,-6 h=-18,-8

finish_low | 1 | .0-1 | smooth
0 A=high b=-4 h=0,-12
2 A=low_out b=14 d=.14 l=.06,.20 r=0,-.24
3 L=knee R=back b=20 d=.30 w=.5 l=.06,.22 r=0,-.34 h=0,14

finish_bow | 1 | .0-1 | smooth
0 A=side b=-4 h=0,-8
2 A=low_out b=10 d=.05
3 L=across R=back b=44 d=.06 h=0,10

freeze_vee | 1 | .0-.6 | sharp
0 A=vee b=-5 d=.04 l=.16,0 h=0,-14
3 A=side b=0 d=.06 l=.16,0

freeze_hip | 1 | .0-.6 | sharp
0 A=hip s=-8 p=6,10 w=.8 d=.04 l=.16,0 h=24,-4
3 A=hip s=8 p=-6,-10 w=.25 d=.05 l=.16,0 h=-18,0

freeze_low | 1 | .0-.6 | sharp
0 L=knee R=side b=26 s=6 d=.26 w=.8 l=.24,.06 h=16,-8
3 A=groove b=10 d=.10 l=.10,0

freeze_robot | 1 | .0-.6 | sharp
0 L=goal R=hang t=8 h=20,0 d=.03
3 L=hang R=hang b=10 h=0,16 d=.07

breathe | 1 | .0-.4 | smooth
0 A=low_out b=-4 d=.02 h=0,-8
2 A=rest b=6 d=.04 h=0,8

look_up | 1 | .0-.4 | smooth
0 A=chest b=-6 d=.03 h=0,-22
2 A=low_out b=4 d=.05 h=10,6
"""
