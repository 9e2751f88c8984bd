"""``choreo``: one verb a stage, for a single file; each calls what its rule calls."""

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

from choreo import __version__
from choreo.errors import ChoreoError, ItemError

EPILOG = """\
examples:
  choreo poses dance.mp4 -o dance.npz          the dancer's joints in every frame
  choreo quality dance.npz                     missing frames, incorrect detections, confidence
  choreo clean dance.npz -o clean.npz          misdetections repaired (thesis section 3.3)
  choreo render clean.npz -o clean.mp4         a stick figure to look at
  choreo beats song.ogg                        tempo and beats
  choreo dance song.ogg --model results/demo/training/gru/seed1 -o dance.mp4

A whole study, from a table of videos to every table and figure, is run by
`snakemake --cores all` (see README.md). `choreo VERB --help` tells about one verb.
"""


def main(arguments=None):
    """Run one verb; returns the exit status (0, or 1 after a message on stderr)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except ChoreoError as error:
        print(f"choreo {options.verb}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # The reader of our output (such as `head`) has seen enough.
            sys.stdout = None
            return 0
        path = f"{error.filename}: " if error.filename else ""
        print(f"choreo {options.verb}: {path}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"choreo {options.verb}: interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="choreo",
        description="Music-driven choreography from video: one verb a stage, for single files.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"choreo {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name, run, text, *, takes, help_, gives=None, report=False):
        sub = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run)
        sub.add_argument(takes.lower(), metavar=takes, type=Path, help=help_)
        if gives:
            sub.add_argument(
                "-o", "--output", type=Path, required=True, metavar=gives[0], help=gives[1]
            )
        if report:
            sub.add_argument("--json", action="store_true", help="machine-readable output")
        return sub

    sub = verb(
        "videos",
        _videos,
        "standardise a video: upright, constant frame rate, H.264, 16 kHz mono sound",
        takes="VIDEO",
        help_="any file that ffmpeg reads",
        gives=("DIR", "folder for NAME.mp4, NAME.wav and NAME.json (the probe)"),
        report=True,
    )
    sub.add_argument("--start", type=float, help="seconds into the video where the clip begins")
    sub.add_argument("--end", type=float, help="seconds into the video where it ends")
    sub.add_argument("--fps", type=_positive, default=30.0, help="frames a second (default 30)")
    sub.add_argument("--height", type=int, help="scale to this height in pixels")

    sub = verb(
        "poses",
        _poses,
        "find the dancer's joints in every frame of a video with MediaPipe",
        takes="VIDEO",
        help_="any file that ffmpeg reads; it is brought to a constant frame rate first",
        gives=("TRACK", "the track (.npz)"),
    )
    sub.add_argument(
        "--skeleton",
        choices=["coco17", "halpe26", "mediapipe33"],
        default="coco17",
        help="joints to write (default coco17)",
    )
    sub.add_argument("--fps", type=_positive, default=30.0, help="frames a second (default 30)")

    sub = verb(
        "import",
        _import,
        "read another tool's poses",
        takes="FILE",
        help_="an AlphaPose alphapose-results.json, or a folder of OpenPose files",
        gives=("TRACK", "the track (.npz)"),
    )
    sub.add_argument(
        "--format", choices=["alphapose", "openpose"], default="alphapose", help="the file's format"
    )
    sub.add_argument(
        "--fps", type=_positive, default=30.0, help="frames a second of its video (30)"
    )
    sub.add_argument(
        "--size", type=_size, required=True, metavar="WxH", help="its video's size in pixels"
    )
    sub.add_argument(
        "--skeleton",
        choices=["coco17", "halpe26", "body25", "openpose18"],
        help="its joints; OpenPose's must be told (BODY_25 and BODY_25B look alike)",
    )
    sub.add_argument(
        "--frames",
        type=_whole,
        help="frames of its video (default: up to the last one with a person)",
    )

    sub = verb(
        "quality",
        _quality,
        "count missing frames and incorrect detections of a track (eq. 1 and 2)",
        takes="TRACK",
        help_="a track (.npz)",
        report=True,
    )
    _threshold(sub)
    sub.add_argument("--truth", type=Path, help="a true track, for the error in pixels and PCK")

    sub = verb(
        "clean",
        _clean,
        "find misdetections and repair them (thesis section 3.3)",
        takes="TRACK",
        help_="a track (.npz)",
        gives=("OUT", "the cleaned track (.npz)"),
        report=True,
    )
    sub.add_argument("--method", choices=["thesis", "released", "robust"], default="thesis")
    _threshold(sub)

    sub = verb(
        "dataset",
        _dataset,
        "say what is inside a packed dataset, check it, or write samples to look at",
        takes="DATASET",
        help_="dataset.h5 of a study",
        report=True,
    )
    sub.add_argument("--check", action="store_true", help="read all of it and verify its hashes")
    sub.add_argument(
        "--sample", type=Path, metavar="DIR", help="write chunks as mp4 to this folder"
    )
    sub.add_argument("--count", type=_whole, default=4, help="how many samples (default 4)")
    sub.add_argument("--seed", type=_whole, default=0, help="which samples (default 0)")

    sub = verb(
        "train",
        _train,
        "train a model on a packed dataset; a killed training goes on where it was",
        takes="DATASET",
        help_="dataset.h5 of a study",
        gives=("DIR", "folder for weights.safetensors, metrics.json, losses.csv and TensorBoard"),
    )
    sub.add_argument("--model", default="gru", help="a recipe (default gru)")
    sub.add_argument("--recipes", type=Path, default=Path("config/models.yaml"))
    sub.add_argument("--seed", type=_whole, default=1)
    sub.add_argument("--epochs", type=_whole, help="instead of the recipe's")
    sub.add_argument("--batch-size", type=_whole, help="chunks a step, instead of the recipe's")
    sub.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    sub.add_argument("--threads", type=int, default=2, help="CPU threads (default 2)")

    sub = verb(
        "dance",
        _dance,
        "let a trained model dance to a song",
        takes="SONG",
        help_="any sound or video file that ffmpeg reads",
        gives=("OUT", "the dance: .mp4 with the song, or .npz"),
    )
    sub.add_argument(
        "--model", type=Path, required=True, metavar="DIR", help="folder that a training made"
    )
    sub.add_argument("--seed", type=_whole, default=1, help="seed of the noise (default 1)")
    sub.add_argument("--initial-pose", choices=["random", "zero"], default="random")
    sub.add_argument(
        "--temperature", type=_not_negative, default=1.0, help="factor of the noise (1)"
    )

    verb(
        "beats",
        _beats,
        "find the tempo and the beats of a song",
        takes="SONG",
        help_="any sound or video file that ffmpeg reads",
        report=True,
    )

    sub = verb(
        "render",
        _render,
        "draw a track as a video",
        takes="TRACK",
        help_="a track (.npz)",
        gives=("OUT", "the video (.mp4)"),
    )
    sub.add_argument("--audio", type=Path, help="a song that starts with the track")
    sub.add_argument("--video", type=Path, help="draw on this video, in which it was found")

    sub = verb(
        "problems",
        _problems,
        "list what a study left out and why",
        takes="RESULTS",
        help_="folder of the study, such as results/demo",
        report=True,
    )
    sub.add_argument(
        "--retry",
        action="store_true",
        help="delete what stands for these items, so that the next run tries them again",
    )
    return parser


def _threshold(sub):
    sub.add_argument(
        "--threshold",
        type=_positive,
        default=50.0,
        metavar="PX",
        help="pixels a joint may move between frames (eq. 1; default 50)",
    )


def _number(text, kind, allowed, what):
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not math.isfinite(value) or not allowed(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
    return value


def _positive(text):
    return _number(text, float, lambda value: value > 0, "a number above 0")


def _not_negative(text):
    return _number(text, float, lambda value: value >= 0, "a number of 0 or more")


def _whole(text):
    return _number(text, int, lambda value: value >= 0, "a whole number of 0 or more")


def _not_over(output, *inputs):
    """Refuse to write over a file that is read, which would be the user's original."""
    for path in inputs:
        if path is not None and output.resolve() == path.resolve():
            raise ItemError("this would write over the input", where=path, remedy="Name another")


def _size(text):
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not WIDTHxHEIGHT, such as 640x360") from None


def _say(options, record, lines):
    if options.json:
        print(json.dumps(record, indent=2, allow_nan=False))
    else:
        print("\n".join(lines))


def _show(value, form=".3g", unit=""):
    return "none" if value is None else f"{value:{form}}{unit}"


def _videos(options):
    from choreo.videos.standardise import standardise

    stem = options.output / options.video.stem
    for suffix in (".mp4", ".wav", ".json"):
        _not_over(stem.with_suffix(suffix), options.video)
    probe = standardise(
        options.video,
        video=stem.with_suffix(".mp4"),
        audio=stem.with_suffix(".wav"),
        probe=stem.with_suffix(".json"),
        start=options.start,
        end=options.end,
        height=options.height,
        fps=options.fps,
        require_sound=False,
        min_seconds=0.0,
    )
    _say(
        options,
        probe,
        [
            f"{stem}.mp4: {probe['frames']} frames of {probe['width']}x{probe['height']} "
            f"at {probe['fps']:g} fps"
        ],
    )


def _progress(total, what):
    from tqdm import tqdm

    return tqdm(total=total, unit=" frames", desc=what, disable=None, file=sys.stderr)


def _poses(options):
    from choreo.poses.mediapipe import extract
    from choreo.videos.standardise import standardise

    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        stem = Path(folder, "video")
        probe = standardise(
            options.video,
            video=stem.with_suffix(".mp4"),
            audio=stem.with_suffix(".wav"),
            probe=stem.with_suffix(".json"),
            fps=options.fps,
            require_sound=False,
            min_seconds=0.0,
        )
        with _progress(probe["frames"], "MediaPipe") as bar:
            track = extract(
                stem.with_suffix(".mp4"),
                size=(probe["width"], probe["height"]),
                fps=probe["fps"],
                frames=probe["frames"],
                on_progress=lambda done: bar.update(done - bar.n),
            )
    track.with_(meta=track.meta | {"source": options.video.name}).to(options.skeleton).save(
        options.output
    )
    found = int(track.given.any(1).sum())
    print(f"{options.output}: a person in {found} of {len(track)} frames")


def _import(options):
    if options.format == "openpose":
        from choreo.poses.openpose import read
    else:
        from choreo.poses.alphapose import read

    track = read(
        options.file,
        fps=options.fps,
        size=options.size,
        frames=options.frames,
        skeleton=options.skeleton,
    )
    track.save(options.output)
    found = int(track.given.any(1).sum())
    print(f"{options.output}: {track.skeleton}, a person in {found} of {len(track)} frames")


def _load(path):
    from choreo.track import PoseTrack

    return PoseTrack.load(path)


def _quality(options):
    from choreo.comparison.quality import against_truth, quality

    track = _load(options.track)
    record = quality(track, threshold_px=options.threshold)
    lines = [
        f"frames                {record['frames']}",
        f"missing               {record['missing']}",
        f"incorrect detections  {record['incorrect']}",
        f"confidence            {_show(record['confidence'])}",
    ]
    if options.truth:
        record["truth"] = against_truth(track, _load(options.truth))
        lines += [
            f"mean error            {_show(record['truth']['error_px'], '.1f', ' px')}",
            f"PCK@0.1               {_show(record['truth']['pck_0_1'], '.3f')}",
        ]
    _say(options, record, lines)


def _clean(options):
    from choreo.cleaning.clean import clean

    track, record = clean(
        _load(options.track), method=options.method, threshold_px=options.threshold
    )
    track.save(options.output)
    _say(
        options,
        record,
        [
            f"{options.output}: {record['missing']} missing and {record['incorrect']} incorrect "
            f"of {record['frames']} frames; {record['repaired_frames']} frames repaired"
        ],
    )


def _dataset(options):
    from choreo.dataset.card import card_table
    from choreo.dataset.pack import check, info

    card = info(options.dataset)
    _say(options, card, [card_table(card).markdown().rstrip()])
    if options.check:
        found = check(options.dataset)
        if found:
            raise ItemError("; ".join(found), where=options.dataset, remedy="Pack it again")
        print(f"{options.dataset}: nothing wrong", file=sys.stderr)
    if options.sample:
        from choreo.dataset.samples import write_samples

        for path in write_samples(
            options.dataset, options.sample, count=options.count, seed=options.seed
        ):
            print(path, file=sys.stderr)


def _train(options):
    from choreo.dataset.pack import ChunkDataset
    from choreo.training.recipes import load_recipes, recipe_named
    from choreo.training.train import train

    recipe = recipe_named(load_recipes(options.recipes), options.model)
    train(
        ChunkDataset(options.dataset, split="train"),
        recipe,
        seed=options.seed,
        weights=options.output / "weights.safetensors",
        metrics=options.output / "metrics.json",
        losses=options.output / "losses.csv",
        log_dir=options.output / "tensorboard",
        checkpoint_dir=options.output / "checkpoints",
        epochs=options.epochs,
        batch_size=options.batch_size,
        device=options.device,
        threads=options.threads,
    )
    print(f"{options.output / 'weights.safetensors'}: trained")


def _dance(options):
    from choreo.dances.generate import generate, load_generator
    from choreo.drawing import render_track
    from choreo.videos.audio import read_song

    if options.output.suffix not in {".mp4", ".npz"}:
        raise ItemError(
            "a dance is written as .mp4 or .npz", where=options.output, remedy="Choose one of them"
        )
    _not_over(options.output, options.song)
    track = generate(
        load_generator(options.model),
        read_song(options.song),
        seed=options.seed,
        initial_pose=options.initial_pose,
        temperature=options.temperature,
    )
    if options.output.suffix == ".npz":
        track.save(options.output)
    else:
        render_track(track, options.output, audio=options.song)
    print(f"{options.output}: {track.seconds:.1f} s of dance")


def _beats(options):
    from choreo.evaluation.music_beats import track_beats
    from choreo.media import SAMPLE_RATE
    from choreo.videos.audio import read_song

    record = track_beats(read_song(options.song), SAMPLE_RATE)
    _say(
        options,
        record,
        [
            f"tempo  {_show(record['tempo'], '.1f', ' BPM')}",
            f"beats  {' '.join(f'{beat:.2f}' for beat in record['beats']) or 'none'}",
        ],
    )


def _render(options):
    from choreo.drawing import render_track

    _not_over(options.output, options.audio, options.video, options.track)
    for path in (options.audio, options.video):
        if path is not None and not path.is_file():
            raise ItemError("no such file", where=path)
    if options.output.suffix != ".mp4":
        raise ItemError("a track is rendered as .mp4", where=options.output)
    render_track(_load(options.track), options.output, audio=options.audio, video=options.video)
    print(f"{options.output}: written")


def _problems(options):
    from choreo.jobs import tombstones

    if not (options.results / "videos").is_dir():
        raise ItemError(
            "no folder of a study's results", where=options.results, remedy="Such as results/demo"
        )
    found = tombstones(options.results)
    items = {problem["item"]: problem for problem in found.values()}
    if options.retry:
        for path in found:
            path.unlink()
    lines = [
        f"{p['item']}: {p['stage']}: {p['message']}. {p['remedy']}".strip() for p in items.values()
    ]
    if options.retry and items:
        lines.append("The next `snakemake --cores all` tries these again.")
    _say(options, list(items.values()), lines or ["nothing was left out"])


if __name__ == "__main__":
    sys.exit(main())
