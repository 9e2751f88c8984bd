"""``choreo dataset ...`` and ``choreo videos-table``: what can be done with dataset files."""

import argparse
import math
import sys
from dataclasses import asdict
from pathlib import Path

from choreo.arguments import heights, positive, say, seed, share, some, tell, whole, words
from choreo.dataset.split import KEYS, SPLITS, assign_splits
from choreo.errors import ItemError
from choreo.files import is_id
from choreo.outputs import writes
from choreo.rates import CHUNK_SECONDS, POSE_FPS

EPILOG = """\
examples:
  choreo dataset info results/demo/dataset/dataset.h5
  choreo dataset check results/demo/dataset/dataset.h5
  choreo dataset sample results/demo/dataset/dataset.h5 -o look/ --split test
  choreo dataset import aist keypoints2d/ --music music/ -o aist/ --method thesis
  choreo dataset append dataset.h5 new/*.h5 --split train
"""

IMPORTS = """\
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

TABLE = """\
LIST has a name or an address of a video a line (gBR_sBM_c01_d04_mBR0_ch01), such as the
list of all videos on https://aistdancedb.ongaaccel.jp; AIST++'s lists of sequences (cAll in
the place of the camera) do as well. Videos may be downloaded by whoever accepts AIST's
terms of use.

example:
  choreo videos-table video_list.txt -o config/mine.tsv --genres LO,HO --dancers d13,d20
"""


def add_verbs(verbs):
    """Add the verbs `dataset` and `videos-table` to argparse's subparsers."""
    text = "say what is in a dataset, check, look at, import and pack it"
    shown = argparse.RawDescriptionHelpFormatter
    dataset = verbs.add_parser(
        "dataset",
        help=text,
        description=text.capitalize() + ".",
        epilog=EPILOG,
        formatter_class=shown,
    )
    actions = dataset.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name, run, text, epilog=None):
        sub = actions.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=epilog,
            formatter_class=shown,
        )
        sub.set_defaults(run=run)
        return sub

    sub = action("info", _info, "print the data card")
    _dataset_file(sub)
    sub.add_argument("--json", action="store_true", help="machine-readable output")

    sub = action(
        "check",
        _check,
        "verify hashes and values, and that sound and poses belong together",
    )
    _dataset_file(sub)
    sub.add_argument(
        "--sources",
        type=Path,
        metavar="DIR",
        help="compare with the tracks and songs of this study "
        "(default: of the study or import that the file lies in)",
    )
    sub.add_argument(
        "--tolerance",
        type=positive,
        default=0.15,
        metavar="S",
        help="seconds that a dancer's beats may be off the music's (default 0.15)",
    )
    sub.add_argument("--json", action="store_true", help="machine-readable output")

    sub = action("sample", _sample, "write chunks as mp4 with their sound, to look at")
    _dataset_file(sub)
    _output(sub, "DIR", "folder for <video>_<index>.mp4", what="a chunk", files=_sample_files)
    sub.add_argument("--count", type=whole, default=4, help="how many (default 4)")
    sub.add_argument("--seed", type=seed, default=0, help="which (default 0)")
    sub.add_argument("--split", choices=SPLITS, help="only of this split")

    sub = action("import", _import, "read a dataset made elsewhere and pack it", IMPORTS)
    sub.add_argument("kind", choices=list(_KINDS), metavar="KIND", help="see below")
    sub.add_argument("files", type=Path, metavar="FILES", help="see below")
    _output(sub, "OUT", "folder", what="a dataset", files=_imported_files, owned=True)
    sub.add_argument("--music", type=Path, metavar="DIR", help="see below")
    sub.add_argument("--lists", type=Path, metavar="PATH", help="see below")
    sub.add_argument("--camera", help="aist: which one (default c01, in front)")
    sub.add_argument(
        "--cleaning",
        choices=["thesis", "released", "robust"],
        help="aist, brace: how (default thesis)",
    )
    threshold = sub.add_mutually_exclusive_group()
    threshold.add_argument(
        "--threshold",
        type=positive,
        metavar="PX",
        help="aist, brace: pixels a joint may move in one frame (eq. 1)",
    )
    threshold.add_argument(
        "--threshold-height",
        type=heights,
        metavar="F",
        help="aist, brace: the same as a fraction of the dancer's height (default 6 / fps)",
    )
    sub.add_argument(
        "--method", choices=["thesis", "released"], help="aist, brace: which (default thesis)"
    )
    sub.add_argument(
        "--official-split", action="store_true", default=None, help="brace: its own; see above"
    )
    sub.add_argument(
        "--outside",
        choices=["clip", "rescale", "drop"],
        help="what becomes of coordinates outside [-1, 1] (default: thesis clips, released keeps)",
    )
    _max_repaired(sub, "aist, brace: ")
    _splits(sub)

    sub = action("pack", _pack, "pack shards into one dataset")
    sub.add_argument("shards", type=Path, nargs="+", metavar="SHARD")
    _output(sub, "DATASET", "a .h5", what="a dataset", suffixes=(".h5",), files=_with_card)
    _max_repaired(sub)
    _splits(sub)

    sub = action("append", _append, "add shards to a dataset; what is there isn't written again")
    writes(
        sub,
        "dataset",
        what="a dataset",
        files=_with_card,
        suffixes=(".h5",),
        in_place=True,
        metavar="DATASET",
        help="dataset.h5; its shards stay as they are",
    )
    sub.add_argument("shards", type=Path, nargs="+", metavar="SHARD")
    sub.add_argument("--split", choices=SPLITS, required=True, help="where they go")
    _max_repaired(sub)

    sub = action("shard", _shard, "normalise and cut one cleaned track with its song")
    sub.add_argument("track", type=Path, metavar="TRACK", help="a cleaned track (.npz)")
    sub.add_argument("music", type=Path, metavar="SONG", help="sound that begins with the track")
    _output(sub, "SHARD", "a .h5", what="a shard", suffixes=(".h5",))
    sub.add_argument("--video", help="id of the video (default: the track's name)")
    sub.add_argument("--song", help="id of the song (default: the video's)")
    sub.add_argument("--dancer", default="", help="id of the dancer (default: the video's)")
    sub.add_argument("--genre", default="")
    sub.add_argument("--method", choices=["thesis", "released"], default="thesis")
    sub.add_argument("--outside", choices=["clip", "rescale", "drop"])
    sub.add_argument(
        "--fps", type=int, default=POSE_FPS, help=f"poses a second (default {POSE_FPS})"
    )
    sub.add_argument(
        "--chunk",
        type=positive,
        default=CHUNK_SECONDS,
        metavar="SECONDS",
        help=f"length of a chunk (default {CHUNK_SECONDS:g})",
    )
    sub.add_argument(
        "--stride", type=positive, help="seconds between chunks (default: their length)"
    )
    _max_repaired(sub)

    text = "make a videos table of solo dances from the AIST Dance Video Database's names"
    sub = verbs.add_parser(
        "videos-table",
        help=text,
        description=text.capitalize() + ".",
        epilog=TABLE,
        formatter_class=shown,
    )
    sub.set_defaults(run=_videos_table)
    sub.add_argument("list", type=Path, metavar="LIST", help="text file; see below")
    _output(sub, "TABLE", "a .tsv", what="a videos table", suffixes=(".tsv",))
    sub.add_argument("--genres", type=words, metavar="G,G", help="such as BR,HO (default: all)")
    sub.add_argument("--dancers", type=words, metavar="D,D", help="such as d04 (default: all)")
    sub.add_argument("--camera", default="c01", help="default c01, in front")
    sub.add_argument(
        "--lists",
        type=Path,
        metavar="DIR",
        help="AIST++'s splits/ and ignore_list.txt: fills the column `split`",
    )


def _output(sub, metavar, text, **output):
    writes(sub, "-o", "--output", required=True, metavar=metavar, help=text, **output)


def _card(dataset):
    """Stem of the data card that is written beside a dataset."""
    return dataset.with_name(dataset.name.removesuffix(dataset.suffix))


def _with_card(options, dataset):
    stem = _card(dataset)
    return [dataset, *(stem.with_name(stem.name + kind) for kind in (".json", ".md"))]


def _imported_files(options, folder):
    return _with_card(options, folder / "dataset.h5")


def _drawn(options):
    return {name: getattr(options, name) for name in ("count", "split", "seed")}


def _sample_files(options, folder):
    from choreo.dataset.samples import sample_files

    return sample_files(options.dataset, folder, **_drawn(options))


def _dataset_file(sub):
    sub.add_argument("dataset", type=Path, metavar="DATASET", help="dataset.h5, or a shard")


def _max_repaired(sub, kinds=""):
    sub.add_argument(
        "--max-repaired",
        type=some,
        metavar="SHARE",
        help=f"{kinds}leave out chunks of which cleaning made up more "
        "(default 0.2; 1: none; not of method released)",
    )


def _most_repaired(options, method):
    """``{"max_repaired": ...}`` where it was asked for; refused where it has no effect."""
    if options.max_repaired is None:
        return {}
    if method == "released":
        raise ItemError(
            "--max-repaired has no effect with method released, which takes every chunk",
            where=f"dataset {options.action}",
            value=options.max_repaired,
            remedy="Leave it out",
        )
    return {"max_repaired": options.max_repaired}


def _splits(sub):
    sub.add_argument(
        "--by",
        type=words,
        default=["song"],
        metavar="KEY,KEY",
        help=f"what no two splits may share: {', '.join(KEYS)} (default song)",
    )
    sub.add_argument("--test", type=share, default=0.2, help="share for testing (default 0.2)")
    sub.add_argument("--validation", type=share, default=0.0, help="share (default 0)")
    sub.add_argument("--seed", type=seed, default=1, help="another seed, another division")


def _info(options):
    from choreo.dataset.card import card_table, clips_table
    from choreo.dataset.pack import info

    card = info(options.dataset)
    tables = [table(card).markdown().rstrip() for table in (card_table, clips_table)]
    say(options, card, ["\n\n".join(tables)])


def _sources(options):
    """The folder that a dataset was made in, if it lies in one."""
    if options.sources:
        return options.sources
    here = options.dataset.resolve().parent
    for folder in (here, here.parent, here.parent.parent):
        if (folder / "cleaning").is_dir():
            return folder
    return None


def _check(options):
    from choreo.dataset.check import beat_offsets, check, compare_with_sources

    found, beats, compared = check(options.dataset), [], 0
    folder = _sources(options)
    try:
        beats = beat_offsets(options.dataset)
        found += [
            f"{beat.video}: the dancer's beats come {abs(beat.offset_seconds):.2f} s "
            f"{'after' if beat.offset_seconds > 0 else 'before'} the music's"
            for beat in beats
            if beat.beyond(options.tolerance)
        ]
        if folder:
            different, compared = compare_with_sources(options.dataset, folder)
            found += different
    except ItemError as error:
        # Chunks that are damaged, which `check` has found too: nothing else can be told.
        if not found:
            raise
        print(f"not compared: {error.message}", file=sys.stderr)
    record = {
        "problems": found,
        "beats": [{k: None if v != v else v for k, v in asdict(beat).items()} for beat in beats],
        "compared_chunks": compared,
    }
    told = [
        "video: beats of music / dancer, dancer's after music's in ms, agreement (1: all alike)",
        *(_beat_line(beat) for beat in beats),
        f"{compared} chunks compared with the tracks and songs in {folder}"
        if folder
        else "not compared with tracks and songs (--sources)",
        "offsets are modulo one beat: only --sources, which compares samples, tells a whole beat",
    ]
    say(options, record, told)
    if found:
        raise ItemError("; ".join(found), where=options.dataset, remedy="Make it again")
    tell(f"{options.dataset}: nothing wrong", file=sys.stderr)


def _beat_line(beat):
    counts = f"{beat.video}: {beat.music_beats} / {beat.motion_beats}"
    if math.isnan(beat.offset_seconds):
        return f"{counts}, none"
    return (
        f"{counts}, {1000 * beat.offset_seconds:+.0f} ± {1000 * beat.error_seconds:.0f}, "
        f"{beat.agreement:.2f}"
    )


def _sample(options):
    from choreo.dataset.samples import write_samples

    for path in write_samples(options.dataset, options.output, **_drawn(options)):
        tell(path)


def _import_aist(options):
    from choreo.dataset.importers.aist import read_splits
    from choreo.dataset.importers.sequences import aist_sequences

    splits = read_splits(options.lists) if options.lists else None
    return aist_sequences(
        options.files, _needed(options, "music"), camera=options.camera or "c01", splits=splits
    )


def _import_brace(options):
    from choreo.dataset.importers.sequences import brace_sequences

    return brace_sequences(
        options.files,
        _needed(options, "music"),
        _needed(options, "lists"),
        official=bool(options.official_split),
    )


def _import_ren(options):
    from choreo.dataset.importers.chunked import import_ren

    return import_ren(options.files, options.output / "shards", outside=options.outside or "keep")


def _import_paired(options):
    from choreo.dataset.importers.chunked import import_paired

    return import_paired(
        options.files, options.output / "shards", outside=options.outside or "keep"
    )


_KINDS = {
    "aist": _import_aist,
    "brace": _import_brace,
    "ren": _import_ren,
    "paired": _import_paired,
}


# What only some kinds take; all take --outside and the splits.
_CLEANED = (
    "music",
    "lists",
    "cleaning",
    "threshold",
    "threshold_height",
    "method",
    "max_repaired",
)
_TAKES = {
    "aist": (*_CLEANED, "camera"),
    "brace": (*_CLEANED, "official_split"),
    "ren": (),
    "paired": (),
}


def _refuse_unused(options):
    for name in sorted({name for names in _TAKES.values() for name in names}):
        if name not in _TAKES[options.kind] and getattr(options, name) is not None:
            raise ItemError(
                f"--{name.replace('_', '-')} has no effect on this kind",
                where=f"import {options.kind}",
                value=str(getattr(options, name)),
                remedy="Leave it out; `choreo dataset import --help` says what each kind takes",
            )
    if options.kind in ("ren", "paired"):
        _refuse_unknown_dancers(options, options.files)


def _refuse_unknown_dancers(options, what):
    if "dancer" in options.by:
        raise ItemError(
            "the dancer is unknown: --by dancer would keep nobody out of two splits",
            where=what,
            remedy="Leave dancer out of --by"
            + ("; --lists with segments.csv names BRACE's" if options.kind == "brace" else ""),
        )


def _needed(options, name):
    value = getattr(options, name)
    if value is None:
        raise ItemError(
            f"--{name} is missing",
            where=f"import {options.kind}",
            remedy="`choreo dataset import --help` says what it is",
        )
    return value


def _import(options):
    _refuse_unused(options)
    # Before the work, not after it.
    repaired = _most_repaired(options, options.method)
    from choreo.dataset.importers.shards_table import write_shards_table

    found, asked, problems = _KINDS[options.kind](options), {}, {}
    if options.kind in ("aist", "brace"):
        from tqdm import tqdm

        from choreo.dataset.importers.sequences import write_shards

        found, problems = found
        for sequence in found:
            if not sequence.dancer:
                _refuse_unknown_dancers(options, sequence.id)
        # A split that leaks is refused before the work, not after it.
        assign_splits(found, **_split_options(options))
        asked = {sequence.id: sequence.split for sequence in found if sequence.split}
        with tqdm(total=len(found), unit=" sequences", disable=None, file=sys.stderr) as bar:
            found, more = write_shards(
                found,
                options.output,
                cleaning=options.cleaning or "thesis",
                threshold_px=options.threshold,
                threshold_height=options.threshold_height,
                method=options.method or "thesis",
                outside=options.outside,
                on_item=lambda _: bar.update(),
                **repaired,
            )
        problems |= more
    for name, message in problems.items():
        tell(f"left out: {name}: {message}", file=sys.stderr)
    card = _packed(options, found, options.output / "dataset.h5", asked, repaired)
    table = options.output / "videos.tsv"
    write_shards_table(card["clips"], table)
    tell(f"{table}: the table of a study of them")


def _pack(options):
    repaired = _most_repaired(options, _method_of(options.shards[0]))
    _packed(options, options.shards, options.output, {}, repaired)


def _method_of(shard):
    from choreo.dataset.pack import info

    return info(shard)["method"]


def _split_options(options):
    return {name: getattr(options, name) for name in ("by", "test", "validation", "seed")}


def _packed(options, shards, path, asked, repaired):
    from choreo.dataset.pack import pack, split_shards

    splits = split_shards(shards, asked=asked, **_split_options(options))
    card = pack(shards, path, splits=splits, by=options.by, card=_card(path), **repaired)
    tell(_told(path, card))
    return card


def _append(options):
    from choreo.dataset.pack import append, shard_videos

    splits = dict.fromkeys(shard_videos(options.shards), options.split)
    card = append(
        options.shards,
        options.dataset,
        splits=splits,
        card=_card(options.dataset),
        **_most_repaired(options, _method_of(options.dataset)),
    )
    tell(_told(options.dataset, card))


def _told(path, card):
    parts = ", ".join(f"{part['chunks']} {split}" for split, part in card["splits"].items())
    return f"{path}: {card['all']['videos']} videos, chunks: {parts}"


def _shard(options):
    from choreo.dataset.pack import make_shard

    video = options.video or options.track.stem
    for option, value in {"--video": video, "--song": options.song or video}.items():
        if not is_id(value):
            raise ItemError(
                "this can't be an id: at most 64 letters, digits, _ and -",
                where=f"dataset shard {options.track}",
                value=value,
                remedy=f"Name one with {option} ID",
            )
    record = make_shard(
        options.track,
        options.music,
        options.output,
        video=video,
        song_id=options.song or video,
        dancer=options.dancer,
        genre=options.genre,
        method=options.method,
        outside=options.outside,
        fps=options.fps,
        chunk_seconds=options.chunk,
        stride_seconds=options.stride,
        **_most_repaired(options, options.method),
    )
    share_outside = record["values_outside"] / max(1, record["values"])
    left_out = "".join(f"; left out: {n} ({why})" for why, n in record["dropped"].items())
    inside = f"{share_outside:.2%} outside [-1, 1]"
    tell(f"{options.output}: {record['chunks']} chunks; {inside}{left_out}")


def _videos_table(options):
    from choreo.dataset.importers.aist import read_names, read_splits, write_table

    if not options.list.is_file():
        raise ItemError(
            "no such list",
            where=options.list,
            remedy="It can be had from https://aistdancedb.ongaaccel.jp (all videos) or "
            "https://google.github.io/aistplusplus_dataset (AIST++'s splits)",
        )
    count = write_table(
        read_names(options.list),
        options.output,
        genres=options.genres,
        dancers=options.dancers,
        camera=options.camera,
        splits=read_splits(options.lists) if options.lists else None,
    )
    tell(f"{options.output}: {count} videos")
