"""The corpus: its plan holds out songs, kinds and dancers; its parts are shards of true poses."""

import numpy as np
import pytest

from choreo.choices import SPLITS
from choreo.dataset import corpus
from choreo.dataset.pack import ChunkDataset, info
from choreo.errors import ConfigError
from choreo.files import sha256
from choreo.synth.kinds import KINDS

HELD = {"test_kinds": ["latin", "reggae"], "validation_kinds": ["march"]}
MADE = {"seed": 7, "fps": 30, "chunk_seconds": 5.0}


def planned(songs=240, dancers=24, dances=3, seed=7, **changes):
    return corpus.plan(songs=songs, dancers=dancers, dances=dances, seed=seed, **(HELD | changes))


def of(planned_clips, name, split):
    return {getattr(clip, name) for clip in planned_clips if clip.split == split}


def test_no_song_no_dancer_and_no_held_kind_is_in_two_splits():
    planned_clips = planned()
    for one, other in [("train", "test"), ("train", "validation"), ("validation", "test")]:
        for name in ("song", "dancer"):
            assert not of(planned_clips, name, one) & of(planned_clips, name, other)
    assert of(planned_clips, "kind", "train") == set(KINDS) - {"latin", "reggae", "march"}
    assert {"latin", "reggae"} < of(planned_clips, "kind", "test")
    assert "march" in of(planned_clips, "kind", "validation")
    assert len(planned_clips) == len({clip.id for clip in planned_clips})
    assert np.mean([clip.split == "train" for clip in planned_clips]) > 0.6


def test_a_larger_corpus_begins_with_the_same_songs_and_splits():
    small, large = planned(songs=120), planned(songs=240)
    assert [(p.id, p.split) for p in small] == [(p.id, p.split) for p in large[: len(small)]]
    assert {p.song for p in small}.isdisjoint(p.song for p in planned(seed=8))


def test_parts_are_whole_songs_and_all_of_them():
    planned_clips = planned()
    found = corpus.parts(planned_clips, 50)
    assert [clip for part in found for clip in part] == planned_clips
    assert [len({clip.song for clip in part}) for part in found] == [50, 50, 50, 50, 40]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test_kinds": ["opera"]}, "must be known"),
        ({"validation_kinds": ["latin"]}, "none be both"),
        ({"dancers": 2}, "too few dancers"),
        ({"songs": 2, "test_kinds": [], "validation_kinds": []}, "too few songs"),
    ],
)
def test_what_is_wrong_with_a_plan_is_said(changes, message):
    with pytest.raises(ConfigError, match=message):
        planned(**changes)


@pytest.fixture(scope="module")
def few():
    """A song for every split, the training song with two dancers."""
    planned_clips = planned(dances=2)
    train = [p for p in planned_clips if p.split == "train" and p.kind == "punk"][:2]
    return train + [next(p for p in planned_clips if p.split == split) for split in SPLITS[1:]]


@pytest.fixture(scope="module")
def made(few, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "dataset.h5"
    corpus.make_part(few, path.parent / "part", **MADE)
    corpus.pack_corpus([path.parent / "part"], path, few)
    return path


def test_the_packed_corpus_says_what_it_holds(made, few):
    card = info(made)
    assert set(card["splits"]) == set(SPLITS)
    clips = {clip["video"]: clip for clip in card["clips"]}
    assert set(clips) == {clip.id for clip in few}
    for plan in few:
        clip = clips[plan.id]
        assert (clip["song"], clip["dancer"]) == (plan.song, plan.dancer)
        assert (clip["genre"], clip["source"]) == (plan.kind, plan.source)
        assert clip["provenance"] == {"licence": "CC0-1.0", "truth": True, "seed": 7}
        assert clip["repaired_joints"] == 0
    assert card["provenance"]["by"] == ["song", "dancer"]
    data = ChunkDataset(made, "train")
    chunk = data[0]
    assert chunk["pose"].shape == (150, 18, 2)
    assert np.isfinite(chunk["pose"]).all()
    assert np.abs(chunk["audio"]).max() > 0


def test_parts_in_any_order_give_the_same_bytes(made, few, tmp_path):
    for name, some in (("b", few[2:]), ("a", few[:2])):
        corpus.make_part(some, tmp_path / name, **MADE)
    corpus.pack_corpus([tmp_path / "b", tmp_path / "a"], tmp_path / "d.h5", few)
    assert sha256(tmp_path / "d.h5") == sha256(made)
