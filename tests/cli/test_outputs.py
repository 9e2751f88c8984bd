"""What a verb writes: one rule for all of them, walked through by their own parser."""

import os
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace

import click
import h5py
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from verbs import VERBS, parsed

from choreo.cleaning import qc
from choreo.cli import main, outputs
from choreo.cli.command import verb as as_verb
from choreo.cli.outputs import Written, check, made_here
from choreo.dataset import layout
from choreo.errors import AccidentError, ItemError
from choreo.figures import new
from choreo.media import video_writer
from choreo.pose.track import PoseTrack
from choreo.tables import Table

READ = {
    *("video", "file", "track", "others", "tracks", "truth", "probe", "dataset", "dances"),
    *("shards", "songs", "extractor", "judge", "beat_this", "song", "model", "recipes"),
    *("perceptual", "initial_pose", "audio", "sources", "files", "music", "lists", "list"),
    *("results", "reference", "beats", "configfile", "keeps"),
}
"""Names of the arguments that are only read; a new path is one of these or an output."""


def _written(verb):
    return {param.name: param for param in VERBS[verb].params if isinstance(param, Written)}


WRITERS = [(verb, key) for verb in VERBS for key in _written(verb)]


def _actions(verb):
    return {param.name: param for param in VERBS[verb].params}


def _takes_path(param):
    kind = getattr(param.type, "func", None)
    return kind is Path or getattr(kind, "__name__", "") in ("_pose_or_track", "_keep")


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_text_that_names_a_file_is_known_by_its_type(verb):
    """Whatever says TRACK or FILE in its metavar is a path to the rule of outputs."""
    for param in _actions(verb).values():
        named = re.findall("TRACK|FILE|PATH|DIR", str(param.metavar or ""))
        assert not named or _takes_path(param) or isinstance(param, Written), param.name


def _command(verb, given):
    """The arguments of a verb: `given` by name, and what else it can't do without."""
    words = list(verb)
    for key, param in _actions(verb).items():
        value = given.get(key)
        if value is None:
            if not param.required:
                continue
            value = next(iter(getattr(param.type, "choices", ())), f"other-{key}.npz")
        words += [param.opts[0]] if isinstance(param, click.Option) else []
        words.append(f"{value}@1:3" if key == "keeps" else str(value))
    return words


def _options(verb, **given):
    return parsed(_command(verb, given))


def _suffixes(verb, key):
    options = SimpleNamespace(**_options(verb, **{key: "x.json"})[1])
    return _written(verb)[key].suffixes(options)


@pytest.mark.parametrize(("verb", "key"), WRITERS)
def test_an_ending_may_be_in_capitals(verb, key, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for suffix in _suffixes(verb, key):
        check(*_options(verb, **{key: tmp_path / f"OUT{suffix.upper()}"}))


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_path_of_a_verb_is_read_or_declared_as_written(verb):
    written = _written(verb)
    for key, action in _actions(verb).items():
        if key in ("output", "rerun", "picture"):
            assert key in written
        if _takes_path(action):
            assert (key in written) != (key in READ) or (verb, key) == (
                ("dataset", "append"),
                "dataset",
            )
        else:
            assert key not in written
    assert bool(written) == ("force" in _actions(verb))


def test_the_verbs_that_write_are_all_there():
    names = {" ".join(verb) for verb, _ in WRITERS}
    assert names == {
        *("videos", "poses", "import", "export", "look", "clean", "train", "dance"),
        *(
            "export-model",
            "evaluate",
            "evaluate-others",
            "render",
            "videos-table",
            "dataset sample",
        ),
        *("dataset import", "dataset pack", "dataset append", "dataset shard"),
    }


PAIRS = [
    (verb, written, read)
    for verb, written in WRITERS
    for read, action in _actions(verb).items()
    if _takes_path(action) and read not in _written(verb)
]


@pytest.mark.parametrize(
    ("verb", "written", "read"), PAIRS, ids=[f"{' '.join(v)}-{w}-{r}" for v, w, r in PAIRS]
)
def test_no_output_is_an_input(verb, written, read, tmp_path):
    suffix = next(iter(_suffixes(verb, written)), "")
    path = tmp_path / f"own{suffix}"
    path.write_bytes(b"the only copy")
    hard, soft = tmp_path / f"hard{suffix}", tmp_path / f"soft{suffix}"
    os.link(path, hard)
    soft.symlink_to(path)
    (tmp_path / "a").mkdir()
    another_way = tmp_path / "a" / ".." / path.name
    for output in (path, another_way, hard, soft):
        given = _command(verb, {read: path, written: output})
        with pytest.raises(ItemError, match=r"over the input|a file, not a folder"):
            check(*parsed([*given, "--force"]))
    assert main(given) == 1
    assert path.read_bytes() == b"the only copy"


@pytest.mark.parametrize(
    ("verb", "written"), WRITERS, ids=[f"{' '.join(v)}-{w}" for v, w in WRITERS]
)
def test_a_file_of_someone_else_is_replaced_only_by_force(verb, written, tmp_path, monkeypatch):
    output = _written(verb)[written]
    if verb == ("dataset", "sample"):
        monkeypatch.setattr(
            "choreo.dataset.samples.sample_files", lambda dataset, folder, **_: [folder / "a_0.mp4"]
        )
    suffix = next(iter(_suffixes(verb, written)), "")
    path = tmp_path / f"out.put{suffix}"
    options = _options(verb, **{written: path})
    check(*options)  # nothing is there yet
    named = SimpleNamespace(**options[1])
    files = [file for file in output.files(named, path) if not (output.in_place and file == path)]
    assert files or output.foreign(named)
    for file in files:
        assert file.name.startswith(("out.put", "other")) or file.parent == path
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"someone's own")
        if output.foreign(named):
            made = outputs.replacing(file, force=False)
            with pytest.raises(ItemError, match="holds something else"), made as place:
                place.write_bytes(b"ours")
            with outputs.replacing(file, force=False) as place:
                place.write_bytes(b"someone's own")
        else:
            with pytest.raises(ItemError, match="Choreo did not make"):
                check(*options)
        assert file.read_bytes() == b"someone's own"
        check(*parsed([*_command(verb, {written: path}), "--force"]))
        file.unlink()


@pytest.mark.parametrize(
    ("verb", "written"), WRITERS, ids=[f"{' '.join(v)}-{w}" for v, w in WRITERS]
)
def test_what_can_not_be_written_is_known_before_the_work(verb, written, tmp_path, monkeypatch):
    suffixes = _suffixes(verb, written)
    suffix = next(iter(suffixes), "")
    monkeypatch.setattr("choreo.dataset.samples.sample_files", lambda *_, **__: [])
    (tmp_path / "file").write_text("")
    inside = tmp_path / "file" / f"x{suffix}"
    with pytest.raises((ItemError, AccidentError)):
        check(*_options(verb, **{written: inside}))
    with pytest.raises(ItemError, match="bytes, a file system has room for 255"):
        check(*_options(verb, **{written: tmp_path / ("é" * 126 + "long" + suffix)}))
    if suffixes and not _written(verb)[written].in_place:
        with pytest.raises(ItemError, match="is written as"):
            check(*_options(verb, **{written: tmp_path / "x.other"}))

    def no_room(dir):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", no_room)
    with pytest.raises(AccidentError, match=r"Read-only file system.*Choose another folder"):
        check(*_options(verb, **{written: tmp_path / f"new{suffix}"}))


@pytest.mark.parametrize(
    "words",
    [
        ["export", "openpose", "t.npz", "--skeleton", "body25"],
        ["dance", "s.wav", "--format", "openpose"],
    ],
)
def test_names_of_files_in_a_folder_are_known_before_the_work(words, tmp_path):
    check(*parsed([*words, "-o", str(tmp_path / ("n" * 227))]))
    with pytest.raises(ItemError, match="takes 256 bytes"):
        check(*parsed([*words, "-o", str(tmp_path / ("n" * 228))]))


def test_two_outputs_of_a_verb_are_two_files(tmp_path):
    @as_verb()
    @outputs.writes("--one", what="a file", suffixes=(".png",))
    @outputs.writes("--two", what="a file", suffixes=(".png",))
    def two(one, two):
        """Write two."""

    (tmp_path / "b").mkdir()
    given = ["--one", str(tmp_path / "a.png"), "--two", str(tmp_path / "b" / ".." / "a.png")]
    with pytest.raises(ItemError, match="two outputs have this name"):
        check(two, two.make_context("two", given).params)


def _track():
    return PoseTrack(np.full((4, 17, 2), 9.0), np.ones((4, 17)), 30, (64, 48), "coco17")


def _make(kind, path):
    if kind == "track":
        _track().save(path)
    elif kind == "video":
        with video_writer(path, (64, 48), 30) as write:
            for _ in range(3):
                write(np.zeros((48, 64, 3), np.uint8))
    elif kind == "picture":
        qc.write(new()[0], path)
    elif kind == "dataset":
        with h5py.File(path, "w") as file:
            file.attrs["format"] = layout.FORMAT
    elif kind == "weights":
        save_file({"a": np.zeros(3)}, path, metadata={"choreo": "{}"})


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("track", ".npz"),
        ("video", ".mp4"),
        ("picture", ".png"),
        ("dataset", ".h5"),
        ("weights", ".safetensors"),
    ],
)
def test_what_choreo_made_is_known_by_its_content(kind, suffix, tmp_path):
    path = tmp_path / f"made{suffix}"
    _make(kind, path)
    assert made_here(path)
    for data in (b"", b"x", path.read_bytes()[:20], os.urandom(3000)):
        path.write_bytes(data)
        assert not made_here(path)


def test_a_videos_table_is_ours_until_someone_adds_a_video(tmp_path, capsys):
    names, table = tmp_path / "names.txt", tmp_path / "t.tsv"
    names.write_text("gBR_sBM_c01_d04_mBR0_ch01\ngHO_sBM_c01_d19_mHO0_ch01\n")
    for genres in ("BR", "HO"):
        assert main(["videos-table", str(names), "-o", str(table), "--genres", genres]) == 0
    with open(table, "a") as file:
        file.write("mine\tmine.mp4\tsong\tme\tHO\town\n")
    assert main(["videos-table", str(names), "-o", str(table)]) == 1
    assert "Choreo did not make it" in capsys.readouterr().err
    assert main(["videos-table", str(names), "-o", str(table), "--force"]) == 0


def test_a_video_that_someone_else_made_is_not_ours(tmp_path):
    import subprocess

    from choreo.media import ffmpeg_binary

    path = tmp_path / "own.mp4"
    made = [ffmpeg_binary(), "-loglevel", "error", "-f", "lavfi", "-i", "color=red:s=64x48:d=0.2"]
    subprocess.run([*made, path], check=True)
    assert not made_here(path)


def test_tables_are_known_by_their_page(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    Table(frame, "A table", {"a": "A"}).write(tmp_path / "t.x")
    files = outputs.table_files(tmp_path / "t.x")
    assert all(made_here(file) for file in files)
    (tmp_path / "t.x.html").write_text("<html>mine</html>")
    assert not any(made_here(file) for file in files)


def _clip(path, level=0):
    with video_writer(path, (64, 48), 30) as write:
        for _ in range(6):
            write(np.full((48, 64, 3), level, np.uint8))


def test_names_keep_their_dots_and_no_two_videos_share_a_result(tmp_path, capsys):
    own, out = tmp_path / "own", tmp_path / "out"
    own.mkdir()
    names = ["dance.mp4", "dance.take1.mp4", "dance.take2.mp4", "dance.take1.mkv"]
    for level, name in enumerate(names):
        _clip(own / name, 40 * level)
    before = {name: (own / name).read_bytes() for name in names}
    for name in names[:3]:
        assert main(["videos", str(own / name), "-o", str(own)]) == 1
        assert "over the input" in capsys.readouterr().err
        for _ in range(2):  # the same command again
            assert main(["videos", str(own / name), "-o", str(out)]) == 0
    stems = ("dance", "dance.take1", "dance.take2")
    expected = {stem + kind for stem in stems for kind in (".mp4", ".wav", ".json")}
    assert {path.name for path in out.iterdir()} == expected
    made = (out / "dance.take1.mp4").read_bytes()
    capsys.readouterr()
    assert main(["videos", str(own / names[3]), "-o", str(out)]) == 1
    assert "made of another video of this name" in capsys.readouterr().err
    assert (out / "dance.take1.mp4").read_bytes() == made
    assert main(["videos", str(own / names[3]), "-o", str(out), "--force"]) == 0
    # Another folder's video, of the same name and length.
    other = tmp_path / "other" / "dance.mp4"
    other.parent.mkdir()
    changed = bytearray(before["dance.mp4"])
    changed[-1] ^= 1
    other.write_bytes(changed)
    assert main(["videos", str(other), "-o", str(out)]) == 1
    assert "made of another video of this name" in capsys.readouterr().err
    assert {name: (own / name).read_bytes() for name in names} == before
    # Its own result is no video of ours to replace, for another's name.
    (out / "dance.json").unlink()
    assert main(["videos", str(own / "dance.mp4"), "-o", str(out)]) == 1
    assert "dance.wav: this file is there already" in capsys.readouterr().err


def test_commands_can_be_run_again_on_their_own_results(tmp_path):
    track, video = str(tmp_path / "t.npz"), str(tmp_path / "v.mp4")
    _track().save(track)
    _clip(tmp_path / "v.mp4")
    for arguments in (
        ["clean", track, "-o", "c.npz", "--picture", "c.png", "--video", video],
        ["render", track, "-o", "r.mp4"],
        ["look", video, track, "-o", "l.png"],
        ["look", video, track, "-o", "l.mp4"],
        ["export", "coco", track, "-o", "e.json"],
        ["export", "movement", track, "-o", "e.nc"],
        ["export", "deeplabcut", track, "-o", "e.h5"],
        ["render", track, "-o", "r.gif"],
        ["export", "bvh", track, "--fps", "50", "-o", "e.bvh"],
        ["export", "csv", track, "-o", "e.csv"],
        ["export", "trc", track, "-o", "e.trc"],
        ["export", "openpose", track, "--skeleton", "openpose18", "-o", "folder"],
    ):
        arguments = [
            str(tmp_path / word) if before in ("-o", "--picture") else word
            for before, word in zip(["", *arguments], arguments)
        ]
        assert main(arguments) == 0
        assert main(arguments) == 0
    (tmp_path / "folder" / "mine.txt").write_text("")
    assert main(arguments) == 1
