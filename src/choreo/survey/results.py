"""All tables and figures of a survey, from a folder of answer files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from choreo.errors import ConfigError
from choreo.figures import save
from choreo.survey.answers import Read, participants_table, read_answers, refused_table
from choreo.survey.design import TABLES, Key
from choreo.survey.figure6 import figure6
from choreo.survey.predicts import all_scores, predictions_figure, predictions_table
from choreo.survey.preference import (
    agreement_table,
    dances_table,
    preferences,
    preferences_table,
    strengths_table,
)


def write_results(
    answers: str | Path | None,
    key: str | Path,
    measured: Mapping[str, str | Path],
    reference: str | Path,
    *,
    tables: str | Path,
    figures: str | Path,
    seed: int,
    study: str | None = None,
) -> Read:
    """Read the answers and write what they say.

    Parameters
    ----------
    answers : str or Path or None
        Folder of answer files.
    key : str or Path
        Of the survey.
    measured : dict of str to path
        Model -> measurements of the dances that were shown.
    reference : str or Path
        Measurements of the real training dances.
    tables, figures : str or Path
        Folders to write to.
    seed : int
        Of the bootstraps.
    study : str, optional
        Its name, for captions.

    Returns
    -------
    choreo.survey.answers.Read
        What of the answers was accepted and refused.

    Raises
    ------
    ConfigError
        Where there is no folder of answers.
    """
    if answers is None:
        raise ConfigError(
            "no folder of answers is named",
            where="survey.answers",
            remedy="Put the files that participants sent into a folder and name it there",
        )
    tables, figures, key = Path(tables), Path(figures), Key.load(key)
    read = read_answers(answers, key)
    scores = all_scores(measured.values(), measured, reference)
    found = preferences(read, key, seed=seed)
    made = (
        preferences_table(found, read, study=study),
        predictions_table(scores, read, seed=seed, study=study),
        dances_table(read, study=study),
        strengths_table(read, key, seed=seed, study=study),
        agreement_table(read, key, seed=seed, study=study),
        participants_table(read, study=study),
        refused_table(read, study=study),
    )
    for name, table in zip(TABLES, made, strict=True):
        table.write(tables / f"survey_{name}")
    save(figure6(read, key, study=study), figures / "figure6")
    save(figure6(read, key, group="attentive", study=study), figures / "figure6_attentive")
    save(predictions_figure(scores, read, seed=seed, study=study), figures / "survey_metrics")
    return read
