"""A made-up study on disk, with hostile texts in it: tables, two songs, dances, problems."""

from dataclasses import fields

import numpy as np
import pandas as pd

from choreo import media
from choreo.dances.video import HEIGHT
from choreo.evaluation.beat_scores import BeatCounts
from choreo.evaluation.measurements import Measurements, save_systems
from choreo.evaluation.table2x import MOTION
from choreo.figures import new, save
from choreo.files import write_json
from choreo.pipeline.tombstones import write_problem
from choreo.statistics.inference import too_few
from choreo.survey.answers import participants_table, read_answers
from choreo.survey.design import make_key
from choreo.survey.preference import preferences, preferences_table
from choreo.survey.simulated_answers import simulate
from choreo.tables import Table

HOSTILE = '<script>alert("1")</script><img src=//example.org/x.png onerror=alert(2)>'
MODELS, SONGS, VIDEOS = ("lstm", "gru"), ("neon", "strut"), ("one", "two", "three")


def summary(songs=2, seeds=1):
    """Rows of Table 2x's summary."""
    rows = [
        ("real", "Real dances", "real", 21.0, 40.0, 93.0, 30.0),
        ("lstm", "LSTM", "model", 55.5, 5.0, 52.0, 2.0),
        ("gru", "GRU", "model", 44.4, 12.0, 71.0, 6.0),
    ]
    return [
        {
            "system": system,
            "label": label,
            "kind": kind,
            "chunks": 9,
            "songs": songs,
            "seeds": np.nan if kind == "real" else seeds,
            "fid": fid,
            "fid_interval": 600.0,
            "hit": hit,
            "hit_interval": 7.0,
            "locking": locking,
            "locking_interval": 9.0,
            "listening": listening,
            "listening_interval": 3.0,
            "copied": 1.5,
            "copied_interval": 0.4,
            "frozen": 2.5,
            "frozen_interval": 0.1,
        }
        for system, label, kind, fid, hit, locking, listening in rows
    ]


def as_csv(rows):
    """Rows as they are read from a .csv: texts, empty where there is no number."""
    return [
        {key: "" if value != value else str(value) for key, value in row.items()} for row in rows
    ]


PAIR = {
    "a": "lstm",
    "b": "gru",
    "quantity": "frechet",
    "text": "FID",
    "better": "lower",
    "seeds": 3,
    "difference": 11.1,
    "half_width": 4.2,
    "p": 0.001,
    "p_holm": 0.004,
    "verdict": "worse",
    "sentence": "LSTM is worse than GRU in FID (8 songs and 3 trainings each).",
}
UNTOLD = PAIR | {
    "verdict": "cannot be told",
    "sentence": "LSTM or GRU in FID: cannot be told from 2 songs and 1 training.",
}


def write_study(results, songs=2):
    """Write the study.

    Parameters
    ----------
    results : Path
    songs : int
        That the tables say they are of.
    """
    tables = results / "tables"
    frame = pd.DataFrame(summary(songs))
    doubts = [too_few(songs)] * len(frame)
    Table(
        frame,
        f"Table 2x. In short {HOSTILE}",
        {"label": "Dances", "fid": "FID", "fid_interval": "±"},
        formats={"fid": ".1f", "fid_interval": ".1f"},
        notes=("A note.",),
        doubts={"fid_interval": doubts},
    ).write(tables / "table2x_summary")
    wide = {f"c{i}": [1.25, 2.5] for i in range(12)}
    Table(
        pd.DataFrame({"label": ["a", HOSTILE], "songs": songs, **wide}),
        "Table 2x. Wide",
        {"label": "Dances"}
        | {name: f"Measure number {name}" for name in wide}
        | {"songs": "Songs"},
        formats=dict.fromkeys(wide, ".2f"),
    ).write(tables / "table2x_beats")
    Table(
        pd.DataFrame([PAIR, UNTOLD]),
        "Pairs",
        {"sentence": "Comparison", "difference": "Difference"},
    ).write(tables / "table2x_pairs")
    rows = [
        ("real", "Real dances", "this study", 21.0, 60.0, 58.0, 40.0, np.nan),
        ("gru", "GRU", "this study", 44.4, 51.0, 45.0, 40.0, 3.0),
        ("real", "Real dances", "published", np.nan, 60.3, 91.5, np.nan, np.nan),
        ("gru", "GRU", "published", 14.8, 50.4, 91.5, np.nan, np.nan),
    ]
    columns = ("system", "label", "source", "distance", "beat_coverage", "beat_hit_rate")
    frame = pd.DataFrame(rows, columns=[*columns, "chance_hit_rate", "beat_hit_rate_interval"])
    frame = frame.assign(songs=songs, seeds=3)
    Table(
        frame,
        "Table 2. Quantitative evaluation",
        {
            "label": "Method",
            "beat_hit_rate": "Beat hit rate (%)",
            "beat_hit_rate_interval": "± hit",
        },
        formats=dict.fromkeys(("beat_hit_rate", "beat_hit_rate_interval"), ".1f"),
        doubts={"beat_hit_rate_interval": [too_few(songs)] * 2 + [""] * 2},
    ).write(tables / "table2")
    Table(
        pd.DataFrame({"estimator": ["pose", "OpenPose"], "origin": ["this study", "published"]}),
        "Table 1: comparison of pose estimators",
        {"estimator": "Method", "origin": "Numbers"},
        notes=(
            "Incorrect detections (2 videos): lowest with pose (1.00% of frames); lower than with "
            "other by 2.00 points (too few videos).",
            "Verdicts: how to read them.",
        ),
    ).write(tables / "table1")
    figure, axes = new(figsize=(4, 2))
    axes.plot([1, 2, 3])
    save(figure, results / "figures" / "figure2")
    for song in SONGS:
        for video in (f"real/{song}", *(f"{model}/seed1/{song}" for model in MODELS)):
            draw(results / "dances" / f"{video}.mp4")
    for place, video in enumerate(VIDEOS):
        record = {"frames": 100, "missing": place, "incorrect": 2 * place, "repaired_frames": place}
        record |= {"longest_gap_seconds": 0.1, "warning": None}
        write_json(results / "cleaning" / f"{video}.json", record)
        for estimator, wrong in (("pose", 1), ("other", 5)):
            quality = {"frames": 100, "incorrect": wrong + place, "video": video}
            write_json(results / "comparison" / estimator / f"{video}.json", quality)
    (results / "cleaning" / "one.png").write_bytes(b"\x89PNG\r\n")
    problem = dict.fromkeys(("stage", "where", "value", "remedy"), "x")
    problem |= {"item": HOSTILE, "message": f"can't be used {HOSTILE}"}
    write_problem(results / "cleaning" / "three.json", problem)
    Table(pd.DataFrame([problem | {"effect": "left out"}]), "Left out", {"item": "Item"}).write(
        results / "videos" / "problems"
    )
    # Energy is best near the real dancer's: GRU before LSTM, and the second song, whose energies
    # are half the first one's, before the first.
    back = SONGS[::-1]
    for model, energy in zip(MODELS, (20.0, 80.0)):
        measured(back, energy).save(results / "evaluation" / model / "seed1.npz")
    save_systems({"real": measured(back, 100.0)}, results / "evaluation" / "bounds.npz")
    times = results / "benchmarks" / "table1.tsv"
    times.parent.mkdir(parents=True)
    times.write_text("s\th:m:s\n1.5\t0:00:01\n")


def write_survey(results, *, simulated):
    """Write results of a survey of eight songs and nine participants; gives who answered.

    Of tables those of preferences and of the participants, of figures Figure 6.
    """
    key = make_key("made", MODELS, tuple("abcdefgh"), [], seed=1)
    for answers in simulate(key, {"lstm": 1, "gru": 9}, 9):
        name = f"{answers['participant']}.json"
        write_json(results / "answers" / name, answers | {"simulated": simulated})
    read = read_answers(results / "answers", key)
    tables = results / "tables"
    preferences_table(preferences(read, key, seed=1), read).write(tables / "survey_preferences")
    participants_table(read).write(tables / "survey_participants")
    figure, axes = new(figsize=(4, 2))
    axes.plot([1, 2, 3])
    save(figure, results / "figures" / "figure6")


def measured(songs, energy):
    """Measurements of two segments a song, each song with twice the energy of the one before."""
    names = np.repeat(np.array(songs), 2)
    count = len(names)
    values = dict.fromkeys(
        ("phase_locking", "matched", "matched_chance", "motion_to_music", "motion_to_music_chance"),
        np.full(count, 0.5),
    )
    for name in ("music_to_motion", "music_to_motion_chance", "step", "seam_jump", *MOTION):
        values[name] = np.full(count, 0.25)
    for name in ("music_beats", "music_tempo", "motion_tempo"):
        values[name] = np.full(count, 100.0)
    values["energy"] = energy * 2.0 ** (np.arange(count) // 2)
    beats = BeatCounts(*(np.full(count, 4.0) for _ in fields(BeatCounts)[:-1]), 0.2)
    meta = {"method": "thesis", "crashes": 0, "extractor_songs": [], "extractor_videos": []}
    return Measurements(names, names, {}, beats, values, meta)


def draw(path, frames=24):
    """A short video of the size that dances are drawn in."""
    image = np.full((HEIGHT, HEIGHT, 3), 230, np.uint8)
    with media.video_writer(path, (HEIGHT, HEIGHT), 30.0) as write:
        for frame in range(frames):
            image[200:500, 100 + 10 * frame : 200 + 10 * frame] = (20, 120, 200)
            write(image)


SHOWN = {
    "tables": ["table2", "table2x_summary", "table2x_beats", "table2x_pairs", "table1"],
    "figures": ["figure2"],
    "models": MODELS,
    "seeds": [1],
    "songs": SONGS,
    "filmed": SONGS,
    "videos": VIDEOS,
    "estimators": ["pose", "other"],
}
