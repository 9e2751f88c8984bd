"""The dancers' vocabulary as text, a module a group; `choreo.synth.motifs` reads it.

A motif is a line of head, ``name | bars | energy | feel``, and a line a key pose. Energy is
the range of loudness it suits, feel ``smooth``, ``bouncy`` or ``sharp``. A key begins with its
count (from 0; four to a bar, halves allowed), then come, all optional:

======  ==========================================================================
A L R   arms: both, left, right (a name of `choreo.synth.motifs.ARMS`)
b s t   chest: bent forwards, to the left, turned to the left (degrees)
h       head: turned to the left, nodded down
p       pelvis: turned to the left, dropped to the left
d       how much lower than upright the pelvis is (metres)
w       share of the weight on the left foot
l r     left, right foot: to the left, forwards, up, from its place under the hip
m       how far the place to stand moves: to the left, forwards
T       how far the dancer turns to the left
j       height of the jump that lands on this key
======  ==========================================================================

The line ``mirror`` repeats the keys so far with the sides swapped, ``again`` as they are.
A motif is danced to the left; the grammar mirrors it as a whole.
"""
