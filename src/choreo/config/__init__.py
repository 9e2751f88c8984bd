"""The config and the videos table of a study: read, checked and explained.

Imported while the DAG is built, so nothing heavy is imported here. The models of this package, one
module a section, are the only place where a setting, its default and its meaning are written; the
JSON schema in ``workflow/schemas`` and the table in ``config/README.md`` are made from them
(``python -m choreo.config``) and a test fails where they drift apart.
"""

from choreo.config.cleaning import Cleaning
from choreo.config.comparison import Comparison
from choreo.config.dances import Dances
from choreo.config.dataset import Dataset, Split
from choreo.config.evaluation import Evaluation
from choreo.config.poses import (
    RESERVED_ESTIMATORS,
    AlphaPose,
    Import,
    OpenPose,
    Poses,
    RTMPose,
)
from choreo.config.study import ONCE, Config, check_keys, read_config
from choreo.config.survey import Survey
from choreo.config.training import Training, chosen_recipes
from choreo.config.videos import Videos
from choreo.config.videos_table import COLUMNS, Row, local_path, read_table

__all__ = [
    "COLUMNS",
    "ONCE",
    "RESERVED_ESTIMATORS",
    "AlphaPose",
    "Cleaning",
    "Comparison",
    "Config",
    "Dances",
    "Dataset",
    "Evaluation",
    "Import",
    "OpenPose",
    "Poses",
    "RTMPose",
    "Row",
    "Split",
    "Survey",
    "Training",
    "Videos",
    "check_keys",
    "chosen_recipes",
    "local_path",
    "read_config",
    "read_table",
]
