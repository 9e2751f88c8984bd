"""Music-driven choreography from video: one subpackage a stage of the pipeline.

Nothing is imported here, so that a command or a rule loads only what it uses.
"""

__version__ = "0.1.0"
