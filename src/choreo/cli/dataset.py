"""``choreo dataset ...``: what can be done with dataset files."""

import functools
import math
import sys
from dataclasses import asdict

import click
from click import Choice

from choreo.choices import KEYS, SPLITS
from choreo.cli.arguments import argument, given, json_option, option, path_option
from choreo.cli.command import Group
from choreo.cli.comparison import threshold, threshold_height
from choreo.cli.messages import progress, say, tell
from choreo.cli.outputs import changes, output
from choreo.cli.parameter_types import DATASET, SEED, WHOLE, setting, words
from choreo.config import Cleaning, Dataset, Evaluation, Split
from choreo.errors import ItemError
from choreo.files import is_id

SHARD = "choreo.dataset.pack:make_shard"
SPLIT = "choreo.dataset.split:assign_splits"
SAMPLES = "choreo.dataset.samples:write_samples"
SEQUENCES = "choreo.dataset.importers.sequences"
SHARDS = f"{SEQUENCES}:write_shards"
EPILOG = """\
examples:
  choreo dataset info results/demo/dataset/dataset.h5
  choreo dataset check results/demo/dataset/dataset.h5
  choreo dataset sample results/demo/dataset/dataset.h5 -o look/ --split test
  choreo dataset import aist keypoints2d/ --music music/ -o aist/ --method thesis
  choreo dataset append dataset.h5 new/*.h5 --split train
"""
EPILOGS = {
    "info": """\
examples:
  choreo dataset info results/demo/dataset/dataset.h5
  choreo dataset info results/demo/dataset/shards/demo01.h5 --json
""",
    "check": """\
examples:
  choreo dataset check results/demo/dataset/dataset.h5
  choreo dataset check dataset.h5 --sources results/demo    with the tracks and songs of a study
""",
    "sample": """\
examples:
  choreo dataset sample results/demo/dataset/dataset.h5 -o look/
  choreo dataset sample dataset.h5 --split test --count 3 --seed 2 -o look/
""",
    "pack": """\
examples:
  choreo dataset pack shards/*.h5 -o dataset.h5
  choreo dataset pack shards/*.h5 --by song,dancer --test 0.3 --validation 0.1 -o dataset.h5
""",
    "append": """\
example:
  choreo dataset append dataset.h5 new/*.h5 --split train
""",
    "shard": """\
examples:
  choreo dataset shard clean.npz song.wav --song neon --dancer ada -o shards/neon_ada.h5
  choreo dataset shard clean.npz song.wav --fps 20 --chunk 4 --stride 2 -o shards/neon_ada.h5
""",
}

IMPORTS = """\
examples:
  choreo dataset import aist keypoints2d/ --music music/ --lists lists/ -o aist/
  choreo dataset import brace dataset/ --music music/ --lists brace/ -o brace/
  choreo dataset import paired dance_music_paired.json -o paired/

  aist    FILES: the folder keypoints2d of AIST++; --music: mBR0.wav, ... (or .mp3, .m4a);
          --lists: a folder with AIST++'s own splits/ and ignore_list.txt
  brace   FILES: a folder with a .json a segment; --music: <YouTube id>.wav, .m4a, .mp4, ...;
          --lists: a copy of BRACE's repository (videos_info.csv, annotations/segments.csv,
          ...: dancers, and segments that follow each other are joined), or
          videos_info.csv alone (each segment by itself, dancers unknown); --official-split:
          its own train and test sequences, which share videos, songs and dancers and so
          need --by video (a sequence then counts as a video)
  ren     FILES: Ren et al.'s file (JSON encoded twice)
  paired  FILES: the thesis's dance_music_paired.json

aist and brace are cleaned and normalised like our own tracks; ren and paired hold chunks,
which are taken as they are (method `released`; only --outside changes them). The threshold
of eq. (1) is by default what the thesis's 50 px are in its pictures, 0.2 of the dancer's
height in 1/30 s, whatever the size and rate of these. OUT then
holds dataset.h5, its data card, shards/ and videos.tsv, the table of a study of them, and
for aist and brace also poses/, cleaning/ and videos/ (the music), which `choreo dataset
check` compares with. Splits are made by
--by, --test, ... as in a study.
"""


def _with_card(options, dataset):
    stem = dataset.with_suffix("")
    return [dataset, *(stem.with_name(stem.name + kind) for kind in (".json", ".md"))]


def _imported_files(options, folder):
    return _with_card(options, folder / "dataset.h5")


_dataset = argument("dataset", type=DATASET, help="dataset.h5, or a shard")
_shards = argument(
    "shards", type=DATASET, nargs=-1, required=True, metavar="SHARD...", help="shards (.h5)"
)
_method = functools.partial(option, "--method", type=setting(Dataset, "method"), of=SHARD)
_METHOD = "normalised as the thesis says, or as its released code did"
_outside = option(
    "--outside",
    type=setting(Dataset, "outside"),
    of=SHARD,
    help="what becomes of coordinates outside [-1, 1] (default: thesis clips, released keeps)",
)


def _max_repaired(kinds=""):
    return option(
        "--max-repaired",
        type=setting(Dataset, "max_repaired"),
        metavar="SHARE",
        of=SHARD,
        help=f"{kinds}leave out chunks of which more joints are made up: repaired by cleaning, or "
        "outside the picture (1: none; not of method released)",
    )


def _splits(verb):
    """Decorate a verb with how it divides the videos: `_divided` takes these options."""
    for decorate in (
        option("--seed", type=SEED, default=1, help="another seed, another division"),
        option(
            "--validation", type=setting(Split, "validation"), of=SPLIT, help="share for validation"
        ),
        option("--test", type=setting(Split, "test"), of=SPLIT, help="share for testing"),
        option(
            "--by",
            type=words,
            metavar="KEY,KEY",
            of=SPLIT,
            help=f"what no two splits may share: {', '.join(KEYS)}",
        ),
    ):
        verb = decorate(verb)
    return verb


def _divided(options):
    """Take the options of `_splits` out of all."""
    names = ("by", "test", "validation", "seed")
    return {name: options.pop(name) for name in names if name in options}


def _refuse_unused_share(action, method, options):
    """Refuse `--max-repaired` where it has no effect."""
    if method == "released" and "max_repaired" in options:
        raise ItemError(
            "--max-repaired has no effect with method released, which takes every chunk",
            where=f"dataset {action}",
            value=options["max_repaired"],
            remedy="Leave it out",
        )


def _method_of(path):
    from choreo.dataset.pack import info

    return info(path)["method"]


@click.group(cls=Group, epilog=EPILOG, subcommand_metavar="ACTION ...")
def dataset():
    """Say what is in a dataset, check, look at, import and pack it."""


@dataset.command(epilog=EPILOGS["info"])
@_dataset
@json_option
def info(dataset):
    """Print the data card."""
    from choreo.dataset.card import card_table, clips_table
    from choreo.dataset.pack import info

    card = info(dataset)
    tables = [table(card).markdown().rstrip() for table in (card_table, clips_table)]
    say(card, ["\n\n".join(tables)])


@dataset.command(epilog=EPILOGS["check"])
@_dataset
@path_option(
    "--sources",
    metavar="DIR",
    help="compare with the tracks and songs of this study "
    "(default: of the study or import that the file lies in)",
)
@option(
    "--tolerance",
    "tolerance_seconds",
    type=setting(Evaluation, "tolerance_seconds"),
    of="choreo.dataset.check:examine",
    metavar="S",
    help="seconds that a dancer's beats may be off the music's",
)
@json_option
def check(dataset, sources, **tolerance):
    """Verify hashes and values, and that sound and poses belong together."""
    from choreo.dataset.check import examine

    seen = examine(dataset, sources=sources, **tolerance)
    if seen.not_compared:
        print(f"not compared: {seen.not_compared}", file=sys.stderr)
    beats = [{k: None if v != v else v for k, v in asdict(beat).items()} for beat in seen.beats]
    record = {
        "problems": seen.problems,
        "beats": beats,
        "compared_chunks": seen.compared_chunks,
    }
    lines = [
        "video: beats of music / dancer, dancer's after music's in ms, agreement (1: all alike)",
        *(_beat_line(beat) for beat in seen.beats),
        f"{seen.compared_chunks} chunks compared with the tracks and songs in {seen.sources}"
        if seen.sources
        else "not compared with tracks and songs (--sources)",
        "offsets are modulo one beat: only --sources, which compares samples, tells a whole beat",
    ]
    say(record, lines)
    if seen.problems:
        raise ItemError("; ".join(seen.problems), where=dataset, remedy="Make it again")
    tell(f"{dataset}: nothing wrong", file=sys.stderr)


def _beat_line(beat):
    counts = f"{beat.video}: {beat.music_beats} / {beat.motion_beats}"
    if math.isnan(beat.offset_seconds):
        return f"{counts}, none"
    return (
        f"{counts}, {1000 * beat.offset_seconds:+.0f} ± {1000 * beat.error_seconds:.0f}, "
        f"{beat.agreement:.2f}"
    )


def _sample_files(options, folder):
    from choreo.dataset.samples import sample_files

    drawn = {name: getattr(options, name) for name in ("count", "split", "seed")}
    given = {name: value for name, value in drawn.items() if value is not None}
    return sample_files(options.dataset, folder, **given)


@dataset.command(epilog=EPILOGS["sample"])
@_dataset
@output("DIR", "folder for <video>_<index>.mp4", what="a chunk", files=_sample_files)
@option("--count", type=WHOLE, of=SAMPLES, help="how many chunks")
@option("--seed", type=SEED, of=SAMPLES, help="another seed, other chunks")
@option("--split", type=Choice(SPLITS), of=SAMPLES, help="only of this split")
def sample(dataset, output, **drawn):
    """Write chunks as mp4 with their sound, to look at."""
    from choreo.dataset.samples import write_samples

    for path in write_samples(dataset, output, **drawn):
        tell(path)


def _aist(files, music, lists, *, official, **camera):
    from choreo.dataset.importers.aist import read_splits
    from choreo.dataset.importers.sequences import aist_sequences

    splits = read_splits(lists) if lists else None
    return aist_sequences(files, _needed("music", music), splits=splits, **camera)


def _brace(files, music, lists, *, official):
    from choreo.dataset.importers.sequences import brace_sequences

    return brace_sequences(
        files, _needed("music", music), _needed("lists", lists), official=official
    )


# Of chunks the function that imports them.
_KINDS = {"aist": _aist, "brace": _brace, "ren": "import_ren", "paired": "import_paired"}

# What only those take that are cleaned, normalised and cut here; all take --outside and the splits.
_CLEANED = {
    *("music", "lists", "cleaning", "threshold_px", "threshold_height", "method", "max_repaired"),
}
_TAKES = {"aist": _CLEANED | {"camera"}, "brace": _CLEANED | {"official"}}


def _refuse_unused(kind, options):
    flags = {param.name: param.opts[0] for param in click.get_current_context().command.params}
    for name in sorted(set().union(*_TAKES.values()) - _TAKES.get(kind, set())):
        if options.get(name):
            raise ItemError(
                f"{flags[name]} has no effect on this kind",
                where=f"import {kind}",
                value=str(options[name]),
                remedy="Leave it out; `choreo dataset import --help` says what each kind takes",
            )


def _refuse_unknown_dancers(kind, by, what):
    if "dancer" in by:
        raise ItemError(
            "the dancer is unknown: --by dancer would keep nobody out of two splits",
            where=what,
            remedy="Leave dancer out of --by"
            + ("; --lists with segments.csv names BRACE's" if kind == "brace" else ""),
        )


def _needed(name, value):
    if value is None:
        raise ItemError(
            f"--{name} is missing",
            where=f"import {given('kind')}",
            remedy="`choreo dataset import --help` says what it is",
        )
    return value


@dataset.command("import", epilog=IMPORTS)
@argument("kind", type=Choice(_KINDS), metavar="KIND", help=", ".join(_KINDS))
@argument("files", help="the folder or file of its poses; see below")
@output("OUT", "folder of the dataset", what="a dataset", files=_imported_files, owned=True)
@path_option("--music", metavar="DIR", help="aist, brace: folder of the songs; see below")
@path_option("--lists", metavar="PATH", help="aist, brace: its own lists; see below")
@option(
    "--camera",
    metavar="NAME",
    of=f"{SEQUENCES}:aist_sequences",
    help="aist: which one (c01: in front)",
)
@option("--cleaning", type=setting(Cleaning, "method"), of=SHARDS, help="aist, brace: the method")
@threshold(SHARDS, "aist, brace: ")
@threshold_height(SHARDS, "aist, brace: ", more=" (default 6 / fps)")
@_method(help=f"aist, brace: {_METHOD}")
@option(
    "--official-split", "official", is_flag=True, help="brace: its own train and test; see below"
)
@_outside
@_max_repaired("aist, brace: ")
@_splits
def import_(kind, files, output, music, lists, **options):
    """Read a dataset made elsewhere and pack it."""
    # Before the work, not after it.
    _refuse_unused(kind, options | {"music": music, "lists": lists})
    _refuse_unused_share("import", options.get("method"), options)
    from choreo.dataset.importers.packed import import_sequences, import_shards

    split, official = _divided(options), options.pop("official")
    by = split.get("by", ())
    if kind in _TAKES:
        camera = {name: options.pop(name) for name in ("camera",) if name in options}
        found, problems = _KINDS[kind](files, music, lists, official=official, **camera)
        for sequence in found:
            if not sequence.dancer:
                _refuse_unknown_dancers(kind, by, sequence.id)
        with progress(len(found), kind, "sequences") as bar:
            card, more = import_sequences(
                found, output, split=split, on_item=lambda _: bar.update(), **options
            )
        for name, message in (problems | more).items():
            tell(f"left out: {name}: {message}", file=sys.stderr)
    else:
        from choreo.dataset.importers import chunked

        _refuse_unknown_dancers(kind, by, files)
        shards = getattr(chunked, _KINDS[kind])(files, output / "shards", **options)
        card = import_shards(shards, output, split=split)
    _tell_card(output / "dataset.h5", card)
    tell(f"{output / 'videos.tsv'}: the table of a study of them")


@dataset.command(epilog=EPILOGS["pack"])
@_shards
@output("DATASET", "the dataset (.h5)", what="a dataset", suffixes=(".h5",), files=_with_card)
@_max_repaired()
@_splits
def pack(shards, output, **options):
    """Pack shards into one dataset."""
    _refuse_unused_share("pack", _method_of(shards[0]), options)
    from choreo.dataset.card import pack_with_card

    _tell_card(output, pack_with_card(shards, output, **options))


def _tell_card(path, card):
    parts = ", ".join(f"{part['chunks']} {split}" for split, part in card["splits"].items())
    tell(f"{path}: {card['all']['videos']} videos, chunks: {parts}")


@dataset.command(epilog=EPILOGS["append"])
@changes(
    "dataset",
    what="a dataset",
    files=_with_card,
    suffixes=(".h5",),
    type=DATASET,
    help="dataset.h5; its shards stay as they are",
)
@_shards
@option("--split", type=Choice(SPLITS), required=True, help="where they go")
@_max_repaired()
def append(dataset, shards, split, **options):
    """Add shards to a dataset; what is there isn't written again."""
    from choreo.dataset.card import describe
    from choreo.dataset.pack import append, shard_videos

    splits = dict.fromkeys(shard_videos(shards), split)
    _refuse_unused_share("append", _method_of(dataset), options)
    append(shards, dataset, splits=splits, **options)
    _tell_card(dataset, describe(dataset, dataset.with_suffix("")))


@dataset.command(epilog=EPILOGS["shard"])
@argument("track", help="a cleaned track (.npz)")
@argument("song", metavar="SONG", help="sound that begins with the track")
@output("SHARD", "the shard (.h5)", what="a shard", suffixes=(".h5",))
@option("--video", metavar="ID", help="id of the video (default: the track's name)")
@option("--song", "song_id", metavar="ID", help="id of the song (default: the video's)")
@option("--dancer", metavar="ID", of=SHARD, help="id of the dancer (default: the video's)")
@option("--genre", metavar="NAME", of=SHARD, help="style of the dance")
@_method(help=_METHOD)
@_outside
@option("--fps", type=setting(Dataset, "fps"), of=SHARD, help="poses a second")
@option(
    "--chunk",
    "chunk_seconds",
    type=setting(Dataset, "chunk_seconds"),
    of=SHARD,
    metavar="SECONDS",
    help="length of a chunk",
)
@option(
    "--stride",
    "stride_seconds",
    type=setting(Dataset, "stride_seconds"),
    of=SHARD,
    help="seconds between chunks (default: their length)",
)
@_max_repaired()
def shard(track, song, output, video, song_id, **options):
    """Normalise and cut one cleaned track with its song."""
    from choreo.dataset.pack import make_shard
    from choreo.videos.audio import read_song

    _refuse_unused_share("shard", options.get("method"), options)
    ids = {"video": video or track.stem}
    ids["song_id"] = song_id or ids["video"]
    for flag, value in zip(("--video", "--song"), ids.values()):
        if not is_id(value):
            raise ItemError(
                "this can't be an id: at most 64 letters, digits, _ and -",
                where=f"dataset shard {track}",
                value=value,
                remedy=f"Name one with {flag} ID",
            )
    record = make_shard(track, song, output, **ids, **options, read=read_song)
    share_outside = record["values_outside"] / max(1, record["values"])
    left_out = "".join(f"; left out: {n} ({why})" for why, n in record["dropped"].items())
    inside = f"{share_outside:.2%} outside [-1, 1]"
    tell(f"{output}: {record['chunks']} chunks; {inside}{left_out}")
