import sys
from pathlib import Path

# The dances that these models are trained on.
sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from training_fixtures import *  # noqa: F403
