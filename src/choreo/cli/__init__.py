"""``choreo``: one verb a stage, for a single file; each calls what its rule calls."""

import argparse
import contextlib
import re
import sys
import tempfile
from pathlib import Path

from choreo import __version__
from choreo.beats.registry import DEFAULT as DEFAULT_TRACKER
from choreo.beats.registry import TRACKERS
from choreo.cli import dataset as dataset_verbs
from choreo.cli import outputs, verify
from choreo.cli.arguments import (
    heights,
    not_negative,
    positive,
    print_anywhere,
    say,
    seed,
    show,
    size,
    tell,
    whole,
)
from choreo.cli.outputs import writes
from choreo.errors import ChoreoError, ItemError, accident
from choreo.pose.skeletons import SKELETONS
from choreo.poses.formats.registry import FORMATS

EPILOG = """\
examples:
  choreo poses dance.mp4 -o dance.npz          the dancer's joints in every frame
  choreo import --help                         the same from another tool's files
  choreo quality dance.npz                     missing frames, incorrect detections, confidence
  choreo look dance.mp4 dance.npz -o look.mp4  the poses on the video, and where they fail
  choreo clean dance.npz -o clean.npz          misdetections repaired (thesis section 3.3)
  choreo render clean.npz -o clean.mp4         a stick figure to look at
  choreo beats song.ogg                        tempo and beats
  choreo dance song.ogg --model results/demo/training/gru/seed1 -o dance.mp4
  choreo dance song.ogg --model generator_0350.pth --recipe gru_released -o dance.mp4
  choreo export-model results/demo/training/gru/seed1 -o generator.pth
  choreo evaluate dataset.h5 dances/ -o tables/
  choreo verify results/demo                   damage on the disk, and what to delete

A whole study, from a table of videos to every table and figure, is run by
`snakemake --cores all` (see README.md). `choreo VERB --help` tells about one verb.
No verb writes over what it reads. A file that Choreo did not make is replaced only
with --force.
"""


_FORMATS = "formats:\n" + "".join(
    f"  {entry.name:<11} {entry.files}: {entry.text}\n" for entry in FORMATS.values()
)

IMPORTS = f"""\
{_FORMATS}
examples:
  choreo import alphapose alphapose-results.json --video dance.mp4 -o dance.npz
  choreo import openpose output_json/ --skeleton body25 --video dance.mp4 -o dance.npz
  choreo import coco results.json --size 640x360 --fps 30 --frames 900 -o dance.npz
  choreo import aist gBR_sBM_cAll_d04_mBR0_ch01.pkl --view c01 --size 1920x1080 --fps 60 \\
      -o dance.npz
  choreo import deeplabcut danceDLC_resnet50.h5 --video dance.mp4 -o dance.npz
  choreo import alphapose alphapose-results-forvis-tracked.json --person id:2 \\
      --video dance.mp4 -o dance.npz

What a file can't tell must be said: --skeleton for OpenPose's 25 joints, --first-frame
where no frame is called 0, --units where they are no pixels, --view for a file of several
cameras. --video takes size, fps and frames from the video in which the poses were found (it is
decoded for that).
"""

EXPORTS = f"""\
{_FORMATS}
examples:
  choreo export alphapose dance.npz -o alphapose-results.json
  choreo export openpose dance.npz --skeleton body25 -o output_json/
  choreo export deeplabcut dance.npz -o dance.csv
  choreo export movement dance.npz -o dance.nc
"""


def main(arguments=None):
    """Run one verb; returns the exit status (0, or 1 after a message on stderr)."""
    print_anywhere()
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        if "datasets" in options:
            from choreo.dataset.pack import look_first

            look_first(options.datasets(options))
        outputs.check(options)
        options.run(options)
    except ChoreoError as error:
        return _failed(options, error)
    except BrokenPipeError:
        # The reader of our output (such as `head`) has seen enough.
        sys.stdout = None
        return 0
    except (OSError, MemoryError) as error:
        return _failed(options, accident(error) or _said_by_system(error))
    except KeyboardInterrupt:
        print(f"choreo {options.verb}: interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    return 0


def _failed(options, error):
    print(f"choreo {options.verb}: {error}", file=sys.stderr)
    return 1


def _said_by_system(error):
    return ItemError(error.strerror or error, where=error.filename)


def _parser():
    parser = argparse.ArgumentParser(
        prog="choreo",
        description="Music-driven choreography from video: one verb a stage, for single files.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"choreo {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)

    def verb(name, run, text, *, takes, help_, report=False, formats=None):
        sub = verbs.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=formats,
            formatter_class=argparse.RawDescriptionHelpFormatter
            if formats
            else argparse.HelpFormatter,
        )
        sub.set_defaults(run=run)
        if formats:
            sub.add_argument("format", metavar="FORMAT", choices=list(FORMATS), help="see below")
        sub.add_argument(takes.lower(), metavar=takes, type=Path, help=help_)
        if takes == "DATASET":
            sub.set_defaults(datasets=lambda options: [options.dataset])
        if report:
            sub.add_argument("--json", action="store_true", help="machine-readable output")
        return sub

    sub = verb(
        "videos",
        _videos,
        "standardise a video: upright, constant frame rate, H.264, 16 kHz mono sound",
        takes="VIDEO",
        help_="any file that ffmpeg reads",
        report=True,
    )
    _output(
        sub,
        "DIR",
        "folder for NAME.mp4, NAME.wav and NAME.json (the probe)",
        what="a video",
        files=lambda options, folder: list(_standardised(options.video.stem, folder).values()),
    )
    sub.add_argument("--start", type=float, help="seconds into the video where the clip begins")
    sub.add_argument("--end", type=float, help="seconds into the video where it ends")
    sub.add_argument(
        "--fps",
        type=_own_or_rate,
        metavar="RATE",
        help="frames a second (default `own`: the video's even rate; one of a variable rate "
        "gets 60)",
    )
    sub.add_argument(
        "--channels",
        choices=["mean", "left"],
        default="mean",
        help="how the song is made mono (default mean; left: as dataset.method released)",
    )
    sub.add_argument("--height", type=int, help="scale to this height in pixels")

    sub = verb(
        "poses",
        _poses,
        "find the dancer's joints in every frame of a video with MediaPipe",
        takes="VIDEO",
        help_="any file that ffmpeg reads; it is brought to a constant frame rate first",
    )
    _output(sub, "TRACK", "the track (.npz)", what="a track", suffixes=(".npz",))
    sub.add_argument(
        "--skeleton",
        choices=["coco17", "halpe26", "mediapipe33"],
        default="coco17",
        help="joints to write (default coco17)",
    )
    sub.add_argument(
        "--fps",
        type=_own_or_rate,
        metavar="RATE",
        help="frames a second (default `own`, as of `choreo videos`)",
    )

    sub = verb(
        "import",
        _import,
        "read another tool's poses",
        takes="FILE",
        help_="the tool's file, or the folder of OpenPose's --write_json",
        formats=IMPORTS,
    )
    _output(sub, "TRACK", "the track (.npz)", what="a track", suffixes=(".npz",))
    sub.add_argument(
        "--video", type=Path, help="the video that they were found in, for size, fps and frames"
    )
    sub.add_argument("--size", type=size, metavar="WxH", help="its size in pixels")
    sub.add_argument("--fps", type=positive, help="its frames a second, where the file has none")
    sub.add_argument(
        "--frames",
        type=whole,
        help="its frames (default: up to the last one with a person)",
    )
    sub.add_argument(
        "--skeleton",
        choices=list(SKELETONS),
        help="joints of the file, where it can't tell (BODY_25 and BODY_25B look alike)",
    )
    sub.add_argument(
        "--units",
        choices=["pixels", "share"],
        help="what the coordinates are in: pixels, or shares of the width and height from 0 to 1 "
        "(default: pixels, unless they look otherwise, which is refused)",
    )
    sub.add_argument(
        "--first-frame",
        type=whole,
        metavar="N",
        help="number that the file gives the first frame, where it can't tell (0 or 1)",
    )
    sub.add_argument("--view", metavar="CAMERA", help="camera of an AIST++ file, such as c01")
    sub.add_argument(
        "--person",
        metavar="WHO",
        help="the dancer among several: a click x,y@seconds, a box x,y,width,height@seconds, or "
        "id:N, the file's own number of the person (default: chosen)",
    )
    sub.add_argument(
        "--linker",
        choices=["poses", "pose_flow", "labels"],
        default="poses",
        help="how people are followed from frame to frame (default poses)",
    )

    sub = verb(
        "export",
        _export,
        "write a track in another tool's format",
        takes="TRACK",
        help_="a track (.npz)",
        formats=EXPORTS,
    )
    _output(
        sub,
        "OUT",
        "the file, or a new folder for OpenPose's",
        what="this format",
        suffixes=_export_suffixes,
        files=lambda options, path: [path] if _export_suffixes(options) else [],
        foreign=True,
        owned=True,
    )
    sub.add_argument("--skeleton", choices=list(SKELETONS), help="convert to these joints first")

    sub = verb(
        "quality",
        _quality,
        "count missing frames and incorrect detections of a track (eq. 1 and 2)",
        takes="TRACK",
        help_="a track (.npz)",
        report=True,
    )
    sub.add_argument(
        "--method",
        choices=["thesis", "released"],
        default="thesis",
        help="eq. 1 and 2 (default), or the rules of the thesis's code, with its own 100 px",
    )
    either = sub.add_mutually_exclusive_group()
    _threshold(either)
    _threshold_height(either)
    sub.add_argument("--truth", type=Path, help="a true track, for the error in pixels and PCK")

    sub = verb(
        "compare",
        _compare,
        "compare the tracks of several estimators on one video (Table 1x)",
        takes="TRACK",
        help_="a track (.npz)",
        report=True,
    )
    sub.add_argument("others", metavar="TRACK", type=Path, nargs="*", help="further tracks")
    _threshold(sub)
    sub.add_argument(
        "--threshold-height",
        type=heights,
        default=0.2,
        metavar="FRACTION",
        help="the same as a fraction of the dancer's height, for the column by height "
        "(default 0.2)",
    )
    sub.add_argument("--truth", type=Path, help="the true track")

    sub = verb(
        "look",
        _look,
        "look at tracks on their video: skeletons, confidence, missing and incorrect frames",
        takes="VIDEO",
        help_="the video in which they were found",
    )
    sub.add_argument("tracks", metavar="TRACK", type=Path, nargs="*", help="tracks (.npz)")
    _output(
        sub,
        "OUT",
        ".mp4, or .png for a contact sheet",
        what="a look",
        suffixes=(".mp4", ".png"),
        required=False,
    )
    sub.add_argument("--samples", type=whole, default=8, help="frames of a contact sheet (8)")
    writes(
        sub,
        "--rerun",
        what="a look",
        suffixes=(".rrd",),
        metavar="FILE",
        help=".rrd for the Rerun viewer (needs rerun-sdk)",
    )

    sub = verb(
        "clean",
        _clean,
        "find misdetections and repair them (thesis section 3.3)",
        takes="TRACK",
        help_="a track (.npz)",
        report=True,
    )
    _output(sub, "OUT", "the cleaned track (.npz)", what="a track", suffixes=(".npz",))
    sub.add_argument("--method", choices=["thesis", "released", "robust"], default="thesis")
    either = sub.add_mutually_exclusive_group()
    _threshold(either)
    _threshold_height(either)
    sub.add_argument(
        "--max-gap",
        type=positive,
        metavar="SECONDS",
        help="leave longer gaps empty (default: thesis fills every gap, robust half a second)",
    )
    sub.add_argument(
        "--probe",
        type=Path,
        metavar="JSON",
        help="what `choreo videos` wrote beside the video: poses are brought from the times of "
        "its pictures to those of its frames",
    )
    sub.add_argument("--truth", type=Path, help="the true track, for its motion beats")
    writes(
        sub,
        "--picture",
        what="the picture",
        suffixes=(".png",),
        metavar="FILE",
        help="a page to judge the cleaning by (.png)",
    )
    sub.add_argument("--video", type=Path, help="the video of the track, for the picture")
    sub.add_argument(
        "--compare",
        action="store_true",
        help="let the picture show what each of the methods flagged",
    )

    dataset_verbs.add_verbs(verbs)
    verify.add_verb(verbs)

    sub = verb(
        "train",
        _train,
        "train a model on a packed dataset; a killed training goes on where it was. A model that "
        "isn't trained (epochs: 0) is taken from its weights_file",
        takes="DATASET",
        help_="dataset.h5 of a study",
    )
    _output(
        sub,
        "DIR",
        "folder for weights.safetensors, metrics.json, losses.csv and TensorBoard",
        what="a model",
        files=_training_files,
    )
    sub.add_argument("--model", default="gru", help="a recipe (default gru)")
    sub.add_argument("--recipes", type=Path, default=Path("config/models.yaml"))
    sub.add_argument("--seed", type=seed, default=1)
    sub.add_argument("--epochs", type=whole, help="instead of the recipe's")
    sub.add_argument("--batch-size", type=whole, help="chunks a step, instead of the recipe's")
    sub.add_argument(
        "--perceptual",
        type=Path,
        metavar="FILE",
        help="the network of a pose perceptual loss (Ren et al.'s GCN.pth); else trained first",
    )
    sub.add_argument(
        "--look-every", type=whole, default=0, metavar="EPOCHS", help="dance a sample so often"
    )
    sub.add_argument(
        "--precision",
        choices=["auto", "float32", "tf32", "bfloat16"],
        default="auto",
        help="auto (default): tf32 on a GPU that has it, else float32",
    )
    sub.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    sub.add_argument("--threads", type=int, default=2, help="CPU threads (default 2)")

    sub = verb(
        "dance",
        _dance,
        "let a trained model dance to a song",
        takes="SONG",
        help_="any sound or video file that ffmpeg reads",
    )
    _output(
        sub,
        "OUT",
        "the dance: .mp4 with the song, or .npz",
        what="a dance",
        suffixes=(".mp4", ".npz"),
    )
    sub.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="MODEL",
        help="folder that a training made, its .safetensors, or a released generator_*.pth",
    )
    sub.add_argument(
        "--recipe", metavar="NAME", help="recipe of a .pth, which doesn't hold its own"
    )
    sub.add_argument("--recipes", type=Path, default=Path("config/models.yaml"), help="its file")
    sub.add_argument(
        "--method",
        choices=["thesis", "released"],
        help="how the training data of a .pth were scaled (default released)",
    )
    sub.add_argument("--seed", type=seed, default=1, help="seed of the noise (default 1)")
    sub.add_argument(
        "--initial-pose",
        type=_pose_or_track,
        default="random",
        metavar="POSE",
        help="where the dance begins: random (a real dance's first pose), zero (the middle of the "
        "canvas), or a track (.npz) whose last pose is taken (default random)",
    )
    sub.add_argument(
        "--temperature", type=not_negative, default=1.0, help="factor of the noise (1)"
    )
    sub.add_argument(
        "--join",
        choices=["initial_pose", "cross_fade"],
        default="initial_pose",
        help="each piece from the last pose of the one before (thesis), or faded into it",
    )
    sub.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="TRACK@FROM:TO[:JOINTS]",
        help="seconds of another dance (.npz) that this one keeps, or some joints of them (head, "
        "arms, torso, legs, left_wrist, ...); may be given several times",
    )
    sub.add_argument("--loop", action="store_true", help="the end goes over into the beginning")

    sub = verb(
        "export-model",
        _export_model,
        "write a trained generator as a state dict with the released code's names",
        takes="MODEL",
        help_="folder that a training made, or its .safetensors",
    )
    _output(
        sub,
        "OUT",
        "the state dict (.pth)",
        what="a state dict",
        suffixes=(".pth",),
        foreign=True,
    )

    sub = verb(
        "evaluate",
        _evaluate,
        "measure dances against a dataset of real ones: Tables 2 and 2x",
        takes="DATASET",
        help_="dataset.h5 with training and test dances",
        report=True,
    )
    _output(
        sub,
        "DIR",
        "folder for table2.*, table2x_*.* and extractor.safetensors",
        what="a table",
        files=_evaluation_files,
    )
    sub.add_argument(
        "dances",
        metavar="DANCES",
        type=Path,
        help="folder with MODEL/seedN/SONG.npz or MODEL/SONG.npz",
    )
    sub.add_argument(
        "--songs", type=Path, metavar="DIR", help="SONG.wav, ... (default: DANCES/songs)"
    )
    sub.add_argument(
        "--extractor", type=Path, metavar="FILE", help="a trained one; else trained on DATASET"
    )
    sub.add_argument(
        "--method",
        choices=["thesis", "released"],
        default="thesis",
        help="how beats are found (docs/evaluation.md)",
    )
    sub.add_argument(
        "--judge",
        type=Path,
        metavar="WEIGHTS",
        help="weights.safetensors whose D_global gives the released code's FID",
    )
    sub.add_argument("--seed", type=seed, default=1, help="of extractor, noise and bootstrap")
    sub.add_argument(
        "--tracker",
        choices=[name for name, entry in TRACKERS.items() if not entry.needs_weights],
        default="librosa",
        help="whose music beats the method thesis takes (default: librosa, as its text has it)",
    )
    learned = {"type": Path, "metavar": "FILE", "help": "weights of beat_this, for its music beats"}
    sub.add_argument("--beat-this", **learned)

    sub = verb(
        "beats",
        _beats,
        "find the tempo and the beats of a song",
        takes="SONG",
        help_="any sound or video file that ffmpeg reads",
        report=True,
    )
    sub.add_argument(
        "--tracker",
        choices=list(TRACKERS),
        help=f"default: {DEFAULT_TRACKER}, or beat_this where its weights are given; "
        + "; ".join(f"{entry.name}: {entry.text}" for entry in TRACKERS.values()),
    )
    sub.add_argument("--beat-this", **learned)

    sub = verb(
        "render",
        _render,
        "draw a track as a video",
        takes="TRACK",
        help_="a track (.npz)",
    )
    _output(sub, "OUT", "the video (.mp4)", what="a track as a video", suffixes=(".mp4",))
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


def _output(sub, metavar, text, *, required=True, **output):
    writes(sub, "-o", "--output", required=required, metavar=metavar, help=text, **output)


def _threshold(sub):
    sub.add_argument(
        "--threshold",
        type=positive,
        default=50.0,
        metavar="PX",
        help="pixels a joint may move between frames (eq. 1; default 50)",
    )


def _threshold_height(sub):
    sub.add_argument(
        "--threshold-height",
        type=heights,
        metavar="FRACTION",
        help="the threshold as a fraction of the dancer's height, in the place of pixels",
    )


def _own_or_rate(text):
    return None if text == "own" else positive(text)


def _pose_or_track(text):
    return text if text in ("random", "zero") else Path(text)


def _standardised(name, folder):
    """Paths of what `standardise` writes; dots of the name are kept."""
    kinds = {"video": ".mp4", "audio": ".wav", "probe": ".json"}
    return {kind: Path(folder, name + suffix) for kind, suffix in kinds.items()}


def _videos(options):
    from choreo.videos.standardise import standardise

    files = _standardised(options.video.stem, options.output)
    if not options.force:
        _check_same_source(files["probe"], options.video)
    probe = standardise(
        options.video,
        **files,
        start=options.start,
        end=options.end,
        height=options.height,
        fps=options.fps,
        channels=options.channels,
        require_sound=False,
        min_seconds=0.0,
    )
    even = probe["source"]["fps_even"]
    own = "no constant rate from 10 to 60" if even is None else f"{even:g} fps"
    say(
        options,
        probe,
        [
            f"{files['video']}: {probe['frames']} frames of {probe['width']}x{probe['height']} "
            f"at {probe['fps']:g} fps (the source has {own})"
        ],
    )


def _check_same_source(probe, video):
    """Refuse to replace what was made of another video of the same name."""
    from choreo.files import sha256
    from choreo.files.outside import load_json, reading

    if not (probe.is_file() and video.is_file()):
        return
    with reading(probe, "a probe", remedy="Name another folder, or delete it"):
        made_of = load_json(probe, "a probe")["source"]
        name, digest = made_of["name"], made_of.get("sha256")
        same = (name, made_of["bytes"]) == (video.name, video.stat().st_size)
    # Cameras give the same names again, and without compression the same lengths.
    if not same or digest != sha256(video):
        raise ItemError(
            "this was made of another video of this name",
            where=probe,
            value=name,
            remedy="Name another folder, or give --force to replace it",
        )


def _progress(total, what, unit="frames"):
    from tqdm import tqdm

    return tqdm(total=total, unit=f" {unit}", desc=what, disable=None, file=sys.stderr)


def _poses(options):
    from choreo.poses.mediapipe import extract
    from choreo.videos.standardise import standardise

    with tempfile.TemporaryDirectory(prefix="choreo-") as folder:
        files = _standardised("video", folder)
        probe = standardise(
            options.video,
            **files,
            fps=options.fps,
            require_sound=False,
            min_seconds=0.0,
        )
        with _progress(probe["frames"], "MediaPipe") as bar:
            track = extract(
                files["video"],
                size=(probe["width"], probe["height"]),
                fps=probe["fps"],
                frames=probe["frames"],
                on_progress=lambda done: bar.update(done - bar.n),
            )
    track.with_(meta=track.meta | {"source": options.video.name}).to(options.skeleton).save(
        options.output
    )
    found = int(track.given.any(1).sum())
    tell(f"{options.output}: a person in {found} of {len(track)} frames")
    if probe["shift"]:
        tell(
            "Not every picture is shown at its own time. For exact times, give `choreo clean "
            "--probe` the .json that `choreo videos` makes of this video"
        )


def _import(options):
    from choreo.poses.formats.registry import rate, read

    said = {name: getattr(options, name) for name in ("size", "fps", "frames")}
    if options.video:
        from choreo.videos.source import even_clock

        twice = [name for name, value in said.items() if value is not None]
        if twice:
            raise ItemError(
                f"--video and --{twice[0]} both say it", remedy=f"Leave out --{twice[0]}"
            )
        said = dict(zip(said, even_clock(options.video)))
    elif said["size"] and said["fps"] is None:
        said["fps"] = rate(options.format, options.file)
    if said["size"] is None or said["fps"] is None:
        raise ItemError(
            "the size and the frames a second of the video must be known",
            where=options.file,
            remedy="Give --video VIDEO, or --size WxH and --fps (and --frames)",
        )
    track = read(
        options.format,
        options.file,
        **said,
        skeleton=options.skeleton,
        units=options.units,
        first_frame=options.first_frame,
        view=options.view,
        pick=options.person,
        linker=options.linker,
        video=options.video,
    )
    track.save(options.output)
    found = int(track.given.any(1).sum())
    tell(f"{options.output}: {track.skeleton}, a person in {found} of {len(track)} frames")


def _export_suffixes(options):
    if options.format == "openpose" and options.output.suffix != ".json":
        return ()
    return tuple(re.findall(r"[.]\w+", FORMATS[options.format].files))


def _export(options):
    from choreo.poses.formats.registry import write

    track = _load(options.track)
    if options.skeleton:
        track = track.to(options.skeleton)
    with outputs.replacing(options.output, force=options.force) as path:
        write(options.format, track, path)
    found = int(track.given.any(1).sum())
    tell(f"{options.output}: {track.skeleton}, a person in {found} of {len(track)} frames")


def _load(path):
    from choreo.pose.track import PoseTrack

    return PoseTrack.load(path)


def _quality(options):
    from choreo.comparison.quality import against_truth, quality

    track = _load(options.track)
    record = quality(
        track,
        method=options.method,
        threshold_px=options.threshold,
        threshold_height=options.threshold_height,
    )
    lines = [
        f"frames                {record['frames']}",
        f"missing               {record['missing']}",
        f"incorrect detections  {record['incorrect']}",
        f"confidence            {show(record['confidence'])}",
    ]
    if options.truth:
        record["truth"] = against_truth(track, _load(options.truth))
        lines += [
            f"mean error            {show(record['truth']['error_px'], '.1f', ' px')}",
            f"PCK@0.1               {show(record['truth']['pck_0_1'], '.3f')}",
        ]
    say(options, record, lines)


def _compare(options):
    from choreo.comparison.compare import compare
    from choreo.comparison.look import track_names
    from choreo.comparison.table1x import distances_table, table1x

    paths = [options.track, *options.others]
    tracks = dict(zip(track_names(paths), map(_load, paths)))
    truth = _load(options.truth) if options.truth else None
    record = compare(
        tracks,
        truth=truth,
        threshold_px=options.threshold,
        threshold_height=options.threshold_height,
    )
    record = {"video": options.track.stem} | record
    say(options, record, [table([record]).markdown() for table in (table1x, distances_table)])


def _look(options):
    from choreo.comparison.look import look, track_names
    from choreo.videos.background import as_tracked

    written = [path for path in (options.output, options.rerun) if path]
    if not written:
        raise ItemError("nothing to write", remedy="Give -o OUT, --rerun FILE, or both")
    tracks = dict(zip(track_names(options.tracks), map(_load, options.tracks)))
    first = next(iter(tracks.values()), None)
    with as_tracked(options.video, first) as (video, known):
        if options.output:
            look(video, tracks, options.output, samples=options.samples, **known)
        if options.rerun:
            from choreo.comparison.recording import write_recording

            write_recording(video, tracks, options.rerun, **known)
    tell(f"{', '.join(map(str, written))}: written")


def _clean(options):
    from choreo.cleaning.beats import beats_record
    from choreo.cleaning.retime import clean_at_frame_times, times_taken
    from choreo.cleaning.warning import warning
    from choreo.comparison.quality import check_same_video
    from choreo.files.outside import missing

    if (options.compare or options.video) and not options.picture:
        raise ItemError(
            "--compare and --video are about the picture", remedy="Give --picture FILE.png too"
        )
    if options.video and not options.video.is_file():
        raise missing(options.video)
    if options.track.suffix == ".json":
        raise ItemError(
            "an estimator's file, not a track",
            where=options.track,
            remedy="Run `choreo import FORMAT FILE --fps N --size WxH -o TRACK.npz` first "
            "(FORMAT: alphapose, openpose, coco or mmpose)",
        )
    settings = {
        "threshold_px": options.threshold,
        "threshold_height": options.threshold_height,
        "max_gap_seconds": options.max_gap,
    }
    before = _load(options.track)
    truth = _load(options.truth) if options.truth else None
    if truth is not None:
        check_same_video(before, truth)
    taken = times_taken(options.probe) if options.probe else None
    after, record = clean_at_frame_times(before, taken, method=options.method, **settings)
    record["motion_beats"] = beats = beats_record(before, after, truth)
    record["warning"] = warning(before, after, record, str(options.track))
    if options.picture:
        from choreo.cleaning import qc
        from choreo.videos.background import as_tracked

        with contextlib.ExitStack() as stack:
            video = options.video and stack.enter_context(as_tracked(options.video, before))[0]
            named = {"title": options.track.stem, "video": video}
            page = (
                qc.comparison(before, **named, **settings)
                if options.compare
                else qc.page(before, after, record, **named)
            )
        qc.write(page, options.picture)
    after.save(options.output)
    lines = [
        f"{options.output}: {record['missing']} missing and {record['incorrect']} incorrect "
        f"of {record['frames']} frames; {record['repaired_frames']} frames repaired",
        f"motion beats: {beats['before']} before, {beats['after']} after, F-measure of one "
        f"against the other {show(beats['f_of_before'], '.3f')}",
    ]
    if record["warning"]:
        lines.append("look at it: {message}. {remedy}".format_map(record["warning"]))
    if record["retimed"]:
        lines.append(
            f"poses moved to the frames' times by up to {record['retimed']['largest_ms']:.1f} ms; "
            f"{record['retimed']['repeated']} frames show a picture again"
        )
    if truth is not None:
        lines.append(
            f"F-measure against the true motion beats: {show(beats['f_of_truth_before'], '.3f')} "
            f"before, {show(beats['f_of_truth_after'], '.3f')} after"
        )
    say(options, record, lines)


def _train(options):
    from choreo.dataset.pack import ChunkDataset
    from choreo.models.recipes import load_recipes, recipe_named
    from choreo.training.devices import claimed
    from choreo.training.model_card import write_card
    from choreo.training.train import train

    recipe = recipe_named(load_recipes(options.recipes), options.model)
    if options.epochs is not None:
        recipe = recipe.with_(epochs=options.epochs)
    dataset = ChunkDataset(options.dataset, split="train")
    written = {
        "weights": options.output / "weights.safetensors",
        "metrics": options.output / "metrics.json",
        "losses": options.output / "losses.csv",
    }
    files = {"perceptual": options.perceptual}
    if "perceptual" in recipe.needs and options.perceptual is None:
        files["perceptual"] = _perceptual_network(dataset, options)
    with claimed(options.device) as device:
        summary = train(
            dataset,
            recipe,
            seed=options.seed,
            **written,
            log_dir=options.output / "tensorboard",
            checkpoint_dir=options.output / "checkpoints",
            look_every=options.look_every,
            batch_size=options.batch_size,
            files=files,
            device=device,
            precision=options.precision,
            threads=options.threads,
        )
    write_card(options.output / "card.md", summary, options.model, options.dataset)
    taken = ", ".join(recipe.own_files.values())
    done = f"taken from {taken}, not trained" if taken and not recipe.trained else "trained"
    tell(f"{written['weights']}: {done}")


def _training_files(options, folder):
    # Not what a training keeps for its next start, such as checkpoints/ and
    # perceptual.safetensors: it is checked where it is read, and made anew where damaged.
    names = ("weights.safetensors", "metrics.json", "losses.csv", "card.md")
    return [folder / name for name in names]


def _perceptual_network(dataset, options):
    """Path of the perceptual network of this dataset and seed, trained where it isn't there."""
    from choreo.config import Training
    from choreo.models.data import data_hash
    from choreo.models.gan.perceptual import load_perceptual
    from choreo.training.devices import claimed
    from choreo.training.perceptual import pretrain

    path, steps = options.output / "perceptual.safetensors", Training().perceptual_steps
    wanted = {"data": data_hash(dataset), "seed": options.seed, "steps": steps}
    with contextlib.suppress(ItemError):  # what can't be read is made anew
        _, made = load_perceptual(path)
        if wanted.items() <= made.items():
            return path
    with (
        claimed(options.device) as device,
        _progress(steps, "perceptual network", "step") as bar,
    ):
        pretrain(
            dataset,
            path,
            steps=steps,
            seed=options.seed,
            checkpoint_dir=options.output / "checkpoints",
            device=device,
            threads=options.threads,
            on_progress=lambda done, _: bar.update(done - bar.n),
        )
    return path


def _dance(options):
    from choreo.dances.editing import read_known
    from choreo.dances.generate import generate, load_generator
    from choreo.dataset.audio import CHANNELS
    from choreo.drawing import render_track
    from choreo.models.recipes import load_recipes, recipe_named
    from choreo.videos.audio import read_song

    initial_pose = options.initial_pose
    if initial_pose not in ("random", "zero"):
        initial_pose = _load(initial_pose)
    given = {"method": options.method} if options.method else {}
    if options.recipe:
        given["recipe"] = recipe_named(load_recipes(options.recipes), options.recipe)
    if given and options.model.suffix != ".pth":
        raise ItemError(
            "this model holds its own recipe and scaling",
            where=options.model,
            remedy=f"Leave out --{next(iter(given))}, which is for a .pth",
        )
    generator = load_generator(options.model, **given)
    song = read_song(options.song, channels=CHANNELS[generator.data.method])
    frames = generator.data.frames_of(len(song))
    track = generate(
        generator,
        song,
        seed=options.seed,
        initial_pose=initial_pose,
        temperature=options.temperature,
        join=options.join,
        known=read_known(options.keep, generator.data, frames),
        loop=options.loop,
    )
    if options.output.suffix == ".npz":
        track.save(options.output)
    else:
        render_track(track, options.output, audio=options.song)
    tell(f"{options.output}: {track.seconds:.1f} s of dance")


def _export_model(options):
    from choreo.dances.generate import load_generator
    from choreo.models.gan.networks import save_state

    if options.model.suffix == ".pth":
        raise ItemError(
            "this has the released layout already", where=options.model, remedy="Name another file"
        )
    generator = load_generator(options.model)
    network = getattr(generator.model, "generator", None)
    if network is None:
        raise ItemError(
            f"a model of family {generator.recipe.family} has no layout of the released code",
            where=options.model,
        )
    with outputs.replacing(options.output, force=options.force) as path:
        save_state(network, path)
    tell(
        f"{options.output}: {len(network.state_dict())} tensors; its songs and poses are scaled by "
        f"the method {generator.data.method}"
    )


def _beats(options):
    from choreo.beats.trackers import track_beats
    from choreo.media import SAMPLE_RATE
    from choreo.videos.audio import read_song

    tracker = options.tracker or (DEFAULT_TRACKER if options.beat_this is None else "beat_this")
    record = track_beats(read_song(options.song), SAMPLE_RATE, tracker, options.beat_this)
    record["tracker"] = tracker
    say(
        options,
        record,
        [
            f"tempo  {show(record['tempo'], '.1f', ' BPM')}",
            f"beats  {' '.join(f'{beat:.2f}' for beat in record['beats']) or 'none'}",
            f"tracker  {tracker}",
        ],
    )


def _evaluate(options):
    from choreo.evaluation.from_files import evaluate_dances, find_dances, find_songs

    dances = find_dances(options.dances)
    songs = find_songs(
        options.songs or options.dances / "songs", {song for d in dances.values() for song in d}
    )
    records = evaluate_dances(
        options.dataset,
        dances,
        songs,
        options.output,
        extractor=options.extractor,
        judge=options.judge,
        method=options.method,
        tracker=options.tracker,
        beat_this=options.beat_this,
        seed=options.seed,
    )
    lines = [
        f"{r['system']}{'' if r['seed'] is None else ' seed ' + str(r['seed'])}: FID "
        f"{r['distance']:.1f}, beat coverage {show(r['beat_coverage'], '.1f', '%')}, hit rate "
        f"{show(r['beat_hit_rate'], '.1f', '%')} (chance {show(r['chance_hit_rate'], '.1f', '%')})"
        for r in records
    ]
    say(options, records, [*lines, f"{options.output}: Tables 2 and 2x"])


def _evaluation_files(options, folder):
    from choreo.evaluation.table2x import TABLES

    stems = ["table2", *(f"table2x_{part}" for part in TABLES)]
    files = [file for stem in stems for file in outputs.table_files(folder / stem)]
    if options.extractor is None:
        files.append(folder / "extractor.safetensors")
    return files


def _render(options):
    from choreo.drawing import render_track
    from choreo.files.outside import missing
    from choreo.videos.audio import check_song
    from choreo.videos.background import as_tracked

    for path in (options.audio, options.video):
        if path is not None and not path.is_file():
            raise missing(path)
    track = _load(options.track)
    if options.audio:
        check_song(options.audio)
    with contextlib.ExitStack() as stack:
        video = options.video and stack.enter_context(as_tracked(options.video, track))[0]
        render_track(track, options.output, audio=options.audio, video=video)
    tell(f"{options.output}: written")


def _problems(options):
    from choreo.pipeline.jobs import forget, tombstones, warnings

    if not (options.results / "videos").is_dir():
        raise ItemError(
            "no folder of a study's results", where=options.results, remedy="Such as results/demo"
        )
    found = tombstones(options.results)
    items = {problem["item"]: problem for problem in found.values()}
    if options.retry:
        forget(options.results, found)
    lines = [
        f"{p['item']}: {p['stage']}: {p['message']}. {p['remedy']}".strip() for p in items.values()
    ]
    doubtful = warnings(options.results)
    lines += [f"{w['item']}: used, but {w['message']}. {w['remedy']}" for w in doubtful]
    if options.retry and items:
        lines.append("The next `snakemake --cores all` tries these again.")
    say(options, [*items.values(), *doubtful], lines or ["nothing was left out"])
