"""The corpus: its plan holds out songs, kinds and dancers; its parts are shards of true poses."""

import numpy as np
import pytest

from choreo.dataset import corpus
from choreo.dataset.pack import ChunkDataset, info
from choreo.dataset.split import SPLITS
from choreo.errors import ConfigError
from choreo.files import sha256
from choreo.synth.kinds import KINDS

HELD = {"test_kinds": ["latin", "reggae"], "validation_kinds": ["march"]}
MADE = {"seed": 7, "fps": 30, "chunk_seconds": 5.0}


def planned(songs=240, dancers=24, dances=3, seed=7, **changes):
    return corpus.plan(songs=songs, dancers=dancers, dances=dances, seed=seed, **(HELD | changes))


def of(pieces, name, split):
    return {getattr(piece, name) for piece in pieces if piece.split == split}


def test_no_song_no_dancer_and_no_held_kind_is_in_two_splits():
    pieces = planned()
    for one, other in [("train", "test"), ("train", "validation"), ("validation", "test")]:
        for name in ("song", "dancer"):
            assert not of(pieces, name, one) & of(pieces, name, other)
    assert of(pieces, "kind", "train") == set(KINDS) - {"latin", "reggae", "march"}
    assert {"latin", "reggae"} < of(pieces, "kind", "test")
    assert "march" in of(pieces, "kind", "validation")
    assert len(pieces) == len({piece.id for piece in pieces})
    assert np.mean([piece.split == "train" for piece in pieces]) > 0.6


def test_a_larger_corpus_begins_with_the_same_songs_and_splits():
    small, large = planned(songs=120), planned(songs=240)
    assert [(p.id, p.split) for p in small] == [(p.id, p.split) for p in large[: len(small)]]
    assert {p.song for p in small}.isdisjoint(p.song for p in planned(seed=8))


def test_parts_are_whole_songs_and_all_of_them():
    pieces = planned()
    found = corpus.parts(pieces, 50)
    assert [piece for part in found for piece in part] == pieces
    assert [len({piece.song for piece in part}) for part in found] == [50, 50, 50, 50, 40]


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
    pieces = planned(dances=2)
    train = [p for p in pieces if p.split == "train" and p.kind == "punk"][:2]
    return train + [next(p for p in pieces if p.split == split) for split in SPLITS[1:]]


@pytest.fixture(scope="module")
def made(few, tmp_path_factory):
    path = tmp_path_factory.mktemp("corpus") / "dataset.h5"
    corpus.make_corpus(path, few, **MADE)
    return path


def test_the_packed_corpus_says_what_it_holds(made, few):
    card = info(made)
    assert set(card["splits"]) == set(SPLITS)
    clips = {clip["video"]: clip for clip in card["clips"]}
    assert set(clips) == {piece.id for piece in few}
    for piece in few:
        clip = clips[piece.id]
        assert (clip["song"], clip["dancer"]) == (piece.song, piece.dancer)
        assert (clip["genre"], clip["source"]) == (piece.kind, piece.source)
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
