"""Music-driven choreography from video: one subpackage a stage of the pipeline.

Nothing heavy is imported here, so that a command or a rule loads only what it uses.
"""

import os
import sys

__version__ = "0.1.0"

MADE_BY = "Made by Choreo"
"""What videos, pictures and tables say in their headers; a verb replaces no other file."""

# What runs here counts for no rule (`choreo.pipeline.digest`), so it must change no result.
# Threads of a training that wait for each other sleep instead of spinning, which on a
# machine with other work makes them up to ten times slower. Read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# A script of Snakemake: from here on, since what the scripts import takes memory, too.
if ".snakemake/scripts/" in "".join(sys.argv[:1]):
    from choreo.pipeline.memory import watch

    watch()
