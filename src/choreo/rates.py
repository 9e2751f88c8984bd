"""Rates and lengths that hold where nothing else is said, each written here alone.

What a file of data was made with is stored in it and read from there
(`choreo.dataset.description`). Nothing heavy is imported here.
"""

SAMPLE_RATE = 16_000
"""Samples a second of all songs (thesis section 4.3)."""
POSE_FPS = 10
"""Poses a second of a dataset (thesis section 4.1)."""
CHUNK_SECONDS = 5.0
"""Length of a chunk of a dataset (thesis section 4.1)."""
MAX_FPS = 60
MAX_CHUNK_SECONDS = 60.0
"""The most that a dataset may have; a chunk is read whole into memory."""
