"""What the page says of a study, gathered from the files in its folder."""

from __future__ import annotations

import base64
import math
import os
import platform
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

import cv2

from choreo import media, provenance
from choreo.comparison.records import video_records
from choreo.comparison.speed import benchmark_seconds
from choreo.dances.video import HEIGHT
from choreo.errors import ItemError
from choreo.evaluation.measurements import Measurements, load_systems
from choreo.evaluation.table2 import LABELS
from choreo.files import read_json
from choreo.files.outside import reading
from choreo.pipeline.tombstones import problem_in, warning_in
from choreo.report.findings import COMPARED, best_model, findings
from choreo.report.gallery import Dance, distances_of, measures, song_scores
from choreo.report.page import FIGURES, SIMULATED, Contents, Quality
from choreo.report.shown import Shown, read_records, read_table
from choreo.survey.answers import MADE_UP
from choreo.survey.design import TABLES

REAL = "real"
OTHERS = {"figure1x_thresholds": "Figure 1x: incorrect frames at every threshold of eq. (1)"}
"""Headings of figures that the thesis does not have."""
SURVEY_FIGURES = {
    "survey_metrics": "Which metric predicted the dancers?",
    "figure6_attentive": "Figure 6 without participants who failed a catch trial.",
}
OWN_JOBS = ("index", "index_zip", "report")
"""Rules that may run after the page was made, so that their times are not in it."""

_POSTER = 240
_POSTER_FRAME = 15


def gather(
    results: str | Path,
    *,
    study: str,
    tables: Sequence[str] = (),
    figures: Sequence[str] = (),
    models: Sequence[str] = (),
    seeds: Sequence[int] = (),
    songs: Sequence[str] = (),
    filmed: Sequence[str] = (),
    danced: Sequence[str] = (),
    videos: Sequence[str] = (),
    estimators: Sequence[str] = (),
    survey: bool = False,
    seed: int = 1,
) -> Contents:
    """Read what the page says.

    Parameters
    ----------
    results : str or Path
        The study's folder.
    study : str
        Its name.
    tables, figures : sequence of str
        Names of those that it has, in the order in which they are shown.
    models : sequence of str
    seeds : sequence of int
        Of the trainings.
    songs : sequence of str
        Test songs.
    filmed : sequence of str
        Those of them that a real dance was drawn to.
    danced : sequence of str
        Songs of ``dances.songs``, whose dances are shown as far as they are there.
    videos, estimators : sequence of str
        Videos that were cleaned, and estimators that were compared on them.
    survey : bool
        Whether the results of a survey are shown, as far as they are there.
    seed : int
        Of the bootstrap of Table 1.

    Returns
    -------
    Contents
        Without what was left out of the study (`choreo.pipeline.jobs`).

    Raises
    ------
    ItemError
        Where a file of the study is damaged.
    """
    results = Path(results)
    found = {
        name: read_table(results / "tables" / name) for name in _usable_tables(results, tables)
    }
    summary, pairs, distances = (
        found[name].records if name in found else []
        for name in ("table2x_summary", "table2x_pairs", "table2x_distances")
    )
    dances = _dances(results, models, seeds, songs, filmed, danced)
    _score(results, dances, models, seeds, distances)
    compared = {
        path: {"estimator": estimator, "video": video}
        for estimator in estimators
        for video in videos
        if _usable(path := results / "comparison" / estimator / f"{video}.json")
    }
    records = video_records(compared, keep=COMPARED)
    qualities = [record | named for record, named in zip(records, compared.values(), strict=True)]
    drawn = {name: results / "figures" / f"{name}.png" for name in figures}
    pictures = {name: path.read_bytes() for name, path in drawn.items() if _usable(path)}
    problems = results / "videos" / "problems.csv"
    named = [f"survey_{name}" for name in TABLES if survey]
    asked = [read_table(results / "tables" / name) for name in _usable_tables(results, named)]
    simulated = any(MADE_UP in table.caption for table in asked)
    return Contents(
        study=study,
        findings=findings(summary, pairs, qualities, seed=seed),
        first=_first(dances, best_model(summary)),
        table1=found.get("table1"),
        table2=found.get("table2"),
        sentences=_sentences(pairs),
        figures={name: data for name, data in pictures.items() if name in FIGURES},
        others={
            OTHERS.get(name, name): data
            for name, data in pictures.items()
            if name not in FIGURES and name not in SURVEY_FIGURES
        },
        prints={
            name: f"figures/{name}.pdf"
            for name, path in drawn.items()
            if name in FIGURES and name in pictures and path.with_suffix(".pdf").is_file()
        },
        survey=asked,
        survey_figures={
            f"{caption} {SIMULATED}" if simulated else caption: pictures[name]
            for name, caption in SURVEY_FIGURES.items()
            if name in pictures
        },
        simulated=simulated,
        dances=dances,
        measures=measures(dances),
        extended=[table for name, table in found.items() if name not in ("table1", "table2")],
        quality=qualities_of(results, videos),
        problems=read_records(problems) if problems.is_file() else [],
        made=_made(found.values(), seeds),
        times=times(results / "benchmarks"),
    )


def _usable(path):
    return path.is_file() and problem_in(path) is None


def _usable_tables(results, names):
    for name in dict.fromkeys(names):
        page = results / "tables" / f"{name}.html"
        if _usable(page) and _usable(page.with_suffix(".csv")):
            yield name


def _dances(results, models, seeds, songs, filmed, danced):
    """Every dance that was drawn, by song: the real one, then the models in their order."""
    found = []
    for song in dict.fromkeys([*songs, *danced]):
        wanted = [("Real dancer", f"dances/{REAL}/{song}.mp4", REAL)] if song in filmed else []
        for model in models:
            label = LABELS.get(model, model)
            for seed in seeds:
                who = label + (f", seed {seed}" if len(seeds) > 1 else "")
                wanted.append((who, f"dances/{model}/seed{seed}/{song}.mp4", model))
            if song in danced and song not in songs:
                wanted.append((label, f"dances/{model}/{song}.mp4", model))
        for who, video, system in wanted:
            if _usable(results / video):
                real = system == REAL
                still = poster(results / video)
                found.append(Dance(song, who, video, real=real, poster=still, system=system))
    return found


def _score(results, dances, models, seeds, distances):
    """Give each dance its own measures, and the distances of its model."""
    shared = distances_of(distances)
    own = {}
    bounds = results / "evaluation" / "bounds.npz"
    if _usable(bounds):
        systems = load_systems(bounds)
        if REAL in systems:
            own |= {(REAL, song): s for song, s in song_scores(systems[REAL]).items()}
    for model in models:
        for seed in seeds:
            path = results / "evaluation" / model / f"seed{seed}.npz"
            if _usable(path):
                for song, scores in song_scores(Measurements.load(path)).items():
                    own[f"dances/{model}/seed{seed}/{song}.mp4"] = scores
    for dance in dances:
        key = (REAL, dance.song) if dance.real else dance.video
        dance.scores = shared.get(dance.system, {}) | own.get(key, {})


def _first(dances, best):
    """The real dance and the best model's to the same song, where there are both."""
    named = best and best["system"]
    by_song = {}
    for dance in dances:
        pair = by_song.setdefault(dance.song, {})
        if dance.real:
            pair.setdefault(REAL, dance)
        elif named in (None, dance.system):
            pair.setdefault("model", dance)
    pairs = [pair for pair in by_song.values() if pair]
    pair = max(pairs, key=lambda pair: (len(pair), "model" in pair), default={})
    return [pair[kind] for kind in (REAL, "model") if kind in pair]


def _sentences(pairs):
    """Comparisons of models that could be told, and how many could not."""
    said = [row["sentence"] for row in pairs if row["verdict"] in ("better", "worse")]
    rest = len(pairs) - len(said)
    if rest:
        one = next(row["sentence"] for row in pairs if row["verdict"] not in ("better", "worse"))
        others = f"{rest} comparison{'' if rest == 1 else 's'} of models can't be told"
        said.append(f"{others}, such as: {one}")
    return said


def poster(path: str | Path) -> str:
    """A small picture of a dance, half a second after its beginning.

    Parameters
    ----------
    path : str or Path
        A video that `choreo.dances.video` drew of one dance.

    Returns
    -------
    str
        A data URI of a JPEG; empty where the video has no such picture.
    """
    frame = None
    with (
        suppress(ItemError),
        closing(media.read_frames(path, (HEIGHT, HEIGHT), pixels="bgr24")) as frames,
    ):
        frame = next(islice(frames, _POSTER_FRAME, None), None)
    if frame is None:
        return ""
    small = cv2.resize(frame, (_POSTER, _POSTER), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 70])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()


def qualities_of(results: str | Path, videos: Iterable[str]) -> list[Quality]:
    """How good the poses of each video are, the worst first.

    Parameters
    ----------
    results : str or Path
    videos : iterable of str

    Returns
    -------
    list of Quality
    """
    folder = Path(results) / "cleaning"
    found = []
    for video in videos:
        path = folder / f"{video}.json"
        if not path.is_file():
            found.append(Quality(video, remark="not cleaned", left_out=True))
            continue
        if problem := problem_in(path):
            said = f"left out: {problem['message']}"
            found.append(Quality(video, remark=said, left_out=True))
            continue
        with reading(path, "a record of cleaning", remedy="Delete it and run again"):
            record = read_json(path)
            frames = int(record["frames"])
            share = 100 / max(1, frames)
            found.append(
                Quality(
                    video,
                    frames,
                    share * int(record["missing"]),
                    share * int(record["incorrect"]),
                    share * int(record["repaired_frames"]),
                    float(record["longest_gap_seconds"]),
                    (warning_in(path) or {}).get("message", ""),
                    f"cleaning/{video}.png" if _usable(folder / f"{video}.png") else "",
                )
            )
    return sorted(found, key=lambda quality: quality.badness)


def times(folder: str | Path) -> list[tuple[str, int, float, float]]:
    """How long the jobs of each rule took, by Snakemake's benchmark files.

    Parameters
    ----------
    folder : str or Path

    Returns
    -------
    list of (str, int, float, float)
        Rule, jobs, seconds of all and of the longest; the longest rule first.
    """
    folder = Path(folder)
    found: dict[str, list[float]] = {}
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        seconds = benchmark_seconds(path)
        if seconds is not None and math.isfinite(seconds) and rule not in OWN_JOBS:
            found.setdefault(rule, []).append(seconds)
    rows = [(rule, len(s), math.fsum(s), max(s)) for rule, s in found.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _made(tables: Iterable[Shown], seeds):
    """Commit, config and seeds that the tables carry, and this machine."""
    found: dict[str, dict[str, int]] = {column: {} for column in provenance.COLUMNS}
    for table in tables:
        for record in table.records[:1]:
            for column, values in found.items():
                if value := record.get(column):
                    values[value] = values.get(value, 0) + 1
    words = {
        "commit": "Commit",
        "config": "Config",
        "study_seed": "Seed of the study",
        "training_seeds": "Training seeds",
    }
    made = {}
    for column, name in words.items():
        values = found[column]
        # Tables that were made at different times may carry different commits.
        said = [v if len(values) == 1 else f"{v} ({count} tables)" for v, count in values.items()]
        made[name] = ", ".join(said).replace("no git", "not under git") or "not known"
    if not found["training_seeds"] and seeds:
        made["Training seeds"] = " ".join(map(str, seeds))
    cores = os.cpu_count() or 1
    made["Machine"] = (
        f"{platform.system()} {platform.machine()}, {cores} core{'' if cores == 1 else 's'}, "
        f"Python {platform.python_version()}"
    )
    return made
