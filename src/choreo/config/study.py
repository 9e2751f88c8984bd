"""The config of a study: all its sections, read and checked."""

from typing import Annotated, Literal

import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from choreo.config.cleaning import Cleaning
from choreo.config.comparison import Comparison
from choreo.config.corpus import Corpus
from choreo.config.dances import Dances
from choreo.config.dataset import Dataset
from choreo.config.evaluation import Evaluation
from choreo.config.explain import explain
from choreo.config.fields import Id, Section, Seed, nameable
from choreo.config.poses import Poses
from choreo.config.survey import Survey
from choreo.config.training import Training
from choreo.config.videos import Videos
from choreo.errors import ConfigError, ItemError
from choreo.files.strict_yaml import DuplicateKey, OtherNumber, load_yaml
from choreo.files.text_tables import read_text

ONCE = "shared"
"""In `results`: what is the same for every study, and so the name of none."""


def _free_name(study):
    if study == ONCE:
        raise ValueError(
            f"{ONCE!r} is taken: results/{ONCE} holds what is the same for every study. "
            "Give the study another name"
        )
    return study


class Config(Section):
    """A study."""

    study: Annotated[Id, AfterValidator(_free_name)]
    """Name of the study; everything goes to `results/<study>/`."""
    table: Annotated[str, Field(min_length=1), AfterValidator(nameable)]
    """The videos table (.tsv), one row a video."""
    on_bad_video: Literal["skip", "stop"] = "skip"
    """`skip`: leave a bad video out and list it in `problems.csv`. `stop`: fail."""
    offline: bool = False
    """Fetch nothing: what is missing is named before anything runs (`choreo fetch` brings it)."""
    seed: Seed = 1
    """Seed of the demo's songs and dancers, the splits, the extractor and the dances' noise."""
    videos: Videos = Videos()
    poses: Poses = Poses()
    comparison: Comparison = Comparison()
    cleaning: Cleaning = Cleaning()
    dataset: Dataset = Dataset()
    training: Training = Training()
    dances: Dances = Dances()
    evaluation: Evaluation = Evaluation()
    corpus: Corpus = Corpus()
    survey: Survey = Survey()

    @model_validator(mode="after")
    def _one_rate(self):
        own, corpus = ((d.fps, d.chunk_seconds) for d in (self.dataset, self.corpus))
        if self.training.data == "corpus" and corpus != own:
            raise ValueError(
                "with training.data: corpus models learn from {} poses a second in chunks of {:g} "
                "s, and are compared with dances of {} in chunks of {:g} s: give corpus and "
                "dataset the same fps and chunk_seconds".format(*corpus, *own)
            )
        return self


def read_config(values, *, where="config"):
    """Check the values of a config.

    Parameters
    ----------
    values : dict
        As Snakemake merges them from the files and the command line.
    where : str
        What an error names.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        An unknown key (with the nearest known one), a wrong type or value.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise explain(error, Config, where) from None


def check_keys(paths):
    """Refuse a config file of which YAML reads something else than it says.

    A key that is given twice, of which the last is kept, and 010, which is 8, or 1:30, which is 90.

    Parameters
    ----------
    paths : iterable of str or Path
        Files that Snakemake could read already.

    Raises
    ------
    ConfigError
        With the key and its line.
    """
    for path in paths:
        try:
            load_yaml(read_text(path))
        except DuplicateKey as error:
            raise ConfigError(str(error), where=path, remedy="Delete one of the two") from None
        except OtherNumber as error:
            raise ConfigError(
                str(error),
                where=path,
                remedy="Put it in quotes where it is a name; else write that number",
            ) from None
        except (yaml.YAMLError, ItemError, OSError):
            continue  # JSON with tabs, which Snakemake reads
