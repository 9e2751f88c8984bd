"""Words that a config, a command line and a stage share, each written here alone.

Nothing is imported here: the process that builds the DAG reads them.
"""

METHODS = ("thesis", "released")
"""How a stage works: as the thesis's text says, or as its released code does."""

LINKERS = ("poses", "pose_flow", "labels")
"""How people are followed: by their poses, by Pose Flow's matching, or by the tool's ids."""

SPLITS = ("train", "validation", "test")
KEYS = ("song", "video", "dancer")
"""What no two splits may share."""

OUTSIDE = ("clip", "rescale", "drop")
"""What becomes of coordinates outside [-1, 1]; in files from elsewhere also ``keep``."""
