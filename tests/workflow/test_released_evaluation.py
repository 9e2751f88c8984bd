"""`evaluation.method: released`, from true joints to Table 2 with the released code's "FID"."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from choreo.evaluation.inputs import read_dances, read_real
from choreo.evaluation.released_fid import load_discriminator, published_fid

pytestmark = [pytest.mark.workflow, pytest.mark.slow, pytest.mark.soak]

CONFIG = """\
study: tiny
table: config/tiny.tsv
poses: {estimators: [simulated], chosen: simulated}
dataset: {method: released}
training: {models: [gru], seeds: [1, 2], switches: {all: {batch_size: 8, epochs: 1}}}
evaluation: {method: released}
"""
# 8 segments each: the released code's batches take 16 of generated and of training dances.
TABLE = "id\tsource\tstart\tend\tsong\tdancer\tsplit\n" + "".join(
    f"{name}\tdemo:{song}/{dancer}/1\t0\t40.5\t{song}\t{dancer}\t{split}\n"
    for name, song, dancer, split in (
        ("one", "neon", "ada", "train"),
        ("two", "strut", "bruno", "train"),
        ("three", "dusty", "chika", "test"),
        ("four", "sunset", "diego", "test"),
    )
)


@pytest.fixture
def released(project):
    """A project whose study of two seeds has come to Table 2."""
    (project.folder / "config" / "tiny.yaml").write_text(CONFIG)
    (project.folder / "config" / "tiny.tsv").write_text(TABLE)
    project.run("table2")
    return project


def test_table2_of_the_released_method(released):
    results = released.results / "tiny"
    dataset = results / "dataset" / "dataset.h5"
    songs = ("dusty", "sunset")
    real = read_real(dataset, "train", sound=False)
    judge = load_discriminator(results / "training" / "gru" / "seed1" / "weights.safetensors")
    records = []
    for seed in (1, 2):
        dances = read_dances(
            {song: results / "dances" / "gru" / f"seed{seed}" / f"{song}.npz" for song in songs},
            {song: results / "dances" / "songs" / f"{song}.wav" for song in songs},
            method="released",
        )
        np.testing.assert_array_equal(dances.pixels, np.trunc(dances.pixels))
        path = results / "evaluation" / "gru" / f"seed{seed}.json"
        records.append(json.loads(path.read_text()))
        expected = published_fid(dances, real, judge, seed=1)["mean_of_means"]
        assert records[-1]["released_fid"] == pytest.approx(expected, rel=1e-9)
        assert records[-1]["method"] == "released"
        assert expected > 0
    # Two models, one number: it ignores the poses.
    assert records[0]["released_fid"] == records[1]["released_fid"]
    assert records[0]["distance"] != records[1]["distance"]
    table = pd.read_csv(results / "tables" / "table2.csv")
    row = table[(table.system == "gru") & (table.source == "this study")].iloc[0]
    assert row.seeds == 2
    for name in ("distance", "released_fid", "beat_coverage", "beat_hit_rate"):
        values = [record[name] for record in records]
        assert row[name] == pytest.approx(np.mean(values))
        # The interval is over training seeds: Student's t of one degree of freedom.
        half = student.ppf(0.975, 1) * np.std(values, ddof=1) / np.sqrt(2)
        assert row[f"{name}_interval"] == pytest.approx(half, abs=1e-12)
    assert row.distance_interval > 0
    text = (results / "tables" / "table2.md").read_text()
    assert "Method released" in text
    assert "with its loader that turns whole pixels into zeros" in text
    assert list(table[table.source == "published"].distance.dropna()) == [18.3, 16.6, 16.0, 14.8]
