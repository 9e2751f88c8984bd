"""``choreo poses``, ``import``, ``export`` and ``render``: tracks, and what they are made of."""

import contextlib
import re

from click import Choice

from choreo.cli.arguments import argument, given, option, path_option, track_argument
from choreo.cli.command import verb
from choreo.cli.messages import load, progress, tell
from choreo.cli.outputs import output, replacing
from choreo.cli.parameter_types import POSITIVE, WHOLE, setting, size
from choreo.cli.videos import fps_option, standardised
from choreo.config import Import, Poses
from choreo.errors import ItemError
from choreo.files import ending
from choreo.files.temporary import temporary_folder
from choreo.pose.skeletons import SKELETONS
from choreo.poses.formats.registry import FORMATS, read_formats

READ = "choreo.poses.formats.registry:read"


def _listed(names):
    entries = [FORMATS[name] for name in names]
    return "formats:\n" + "".join(f"  {e.name:<11} {e.files}: {e.text}\n" for e in entries)


POSES = """\
examples:
  choreo poses dance.mp4 -o dance.npz
  choreo poses dance.mp4 --skeleton halpe26 -o dance.npz    26 joints, with the feet's

At 30 frames a second it takes about the video's length on one core. Look at what was found:
  choreo look dance.mp4 dance.npz -o look.mp4
"""

RENDER = """\
examples:
  choreo render clean.npz -o clean.mp4
  choreo render clean.npz --audio song.wav -o clean.mp4     with its song
  choreo render dance.npz --video dance.mp4 -o over.mp4     on the video

`choreo look` draws scores and incorrect frames as well.
"""

IMPORTS = f"""\
{_listed(read_formats())}
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
{_listed(FORMATS)}
examples:
  choreo export alphapose dance.npz -o alphapose-results.json
  choreo export openpose dance.npz --skeleton body25 -o output_json/
  choreo export deeplabcut dance.npz -o dance.csv
  choreo export movement dance.npz -o dance.nc
  choreo export bvh dance.npz --fps 30 -o dance.bvh
"""

FILMED = (".mp4", ".gif")
_track = output("TRACK", "the track (.npz)", what="a track", suffixes=(".npz",))


def _format(names):
    return argument("format", metavar="FORMAT", type=Choice(names), help="see below")


@verb(epilog=POSES)
@argument("video", help="any file that ffmpeg reads; it is brought to a constant frame rate first")
@_track
@option(
    "--skeleton",
    type=Choice(["coco17", "halpe26", "mediapipe33"]),
    default="coco17",
    help="joints to write",
)
@fps_option
def poses(video, output, skeleton, **rate):
    """Find the dancer's joints in every frame of a video with MediaPipe."""
    from choreo.poses.mediapipe import extract
    from choreo.videos.standardise import standardise

    with temporary_folder() as folder:
        files = standardised("video", folder)
        probe = standardise(video, **files, **rate, require_sound=False, min_seconds=0.0)
        with progress(probe["frames"], "MediaPipe") as bar:
            try:
                track = extract(
                    files["video"],
                    size=(probe["width"], probe["height"]),
                    fps=probe["fps"],
                    frames=probe["frames"],
                    on_progress=lambda done: bar.update(done - bar.n),
                )
            except ItemError as error:
                # The standardised one lies in a folder that is gone by then.
                raise error.restated(type(error), where=video) from error
    track.with_(meta=track.meta | {"source": video.name}).to(skeleton).save(output)
    tell(f"{output}: {_found(track)}")
    if probe["shift"]:
        tell(
            "Not every picture is shown at its own time. For exact times, give `choreo clean "
            "--probe` the .json that `choreo videos` makes of this video"
        )


def _found(track):
    return f"a person in {int(track.given.any(1).sum())} of {len(track)} frames"


@verb("import", epilog=IMPORTS)
@_format(read_formats())
@argument("file", help="the tool's file, or the folder of OpenPose's --write_json")
@_track
@path_option("--video", of=READ, help="the video that they were found in, for size, fps and frames")
@option("--size", type=size, metavar="WxH", help="its size in pixels")
@option("--fps", type=POSITIVE, help="its frames a second, where the file has none")
@option("--frames", type=WHOLE, help="its frames (default: up to the last one with a person)")
@option(
    "--skeleton",
    type=Choice(SKELETONS),
    of=READ,
    help="joints of the file, where it can't tell (BODY_25 and BODY_25B look alike)",
)
@option(
    "--units",
    type=setting(Import, "units"),
    of=READ,
    help="what the coordinates are in: pixels, or shares of the width and height from 0 to 1 "
    "(default: pixels, unless they look otherwise, which is refused)",
)
@option(
    "--first-frame",
    type=WHOLE,
    metavar="N",
    help="number that the file gives the first frame, where it can't tell (0 or 1)",
)
@option("--view", metavar="CAMERA", help="camera of an AIST++ file, such as c01")
@option(
    "--person",
    "pick",
    metavar="WHO",
    of=READ,
    help="the dancer among several: a click x,y@seconds, a box x,y,width,height@seconds, or "
    "id:N, the file's own number of the person (default: chosen)",
)
@option(
    "--linker",
    type=setting(Poses, "linker"),
    of=READ,
    help="how people are followed from frame to frame",
)
def import_(format, file, output, size, fps, frames, **options):
    """Read another tool's poses."""
    from choreo.poses.formats.registry import rate, read

    said = {"size": size, "fps": fps, "frames": frames}
    if "video" in options:
        from choreo.videos.source import even_clock

        twice = [name for name, value in said.items() if value is not None]
        if twice:
            raise ItemError(
                f"--video and --{twice[0]} both say it", remedy=f"Leave out --{twice[0]}"
            )
        said = dict(zip(said, even_clock(options["video"])))
    elif size and fps is None:
        said["fps"] = rate(format, file)
    if said["size"] is None or said["fps"] is None:
        raise ItemError(
            "the size and the frames a second of the video must be known",
            where=file,
            remedy="Give --video VIDEO, or --size WxH and --fps (and --frames)",
        )
    track = read(format, file, **said, **options)
    track.save(output)
    tell(f"{output}: {track.skeleton}, {_found(track)}")


def format_suffixes(options):
    """Suffixes that `options.output` may have in the format `options.format`; none: a folder."""
    if options.format == "openpose" and ending(options.output) != ".json":
        return ()
    return tuple(re.findall(r"[.]\w+", FORMATS[options.format].files))


def format_files(options, path):
    """Files that are written in the format `options.format`; of a folder's the first."""
    if format_suffixes(options):
        return [path]
    from choreo.poses.formats.openpose import file_name

    return [path / file_name(path, 0)]


@verb(epilog=EXPORTS)
@_format(FORMATS)
@track_argument
@output(
    "OUT",
    "the file, or a new folder for OpenPose's",
    what="this format",
    suffixes=format_suffixes,
    files=format_files,
    foreign=True,
    owned=True,
)
@option("--skeleton", type=Choice(SKELETONS), help="convert to these joints first")
@option(
    "--fps",
    type=POSITIVE,
    help="frames a second, with joints on cubic splines between the track's (default: the track's)",
)
def export(format, track, output, skeleton, fps):
    """Write a track in another tool's format."""
    from choreo.dances.framing import at_rate
    from choreo.poses.formats.registry import write

    track = load(track)
    if skeleton:
        track = track.to(skeleton)
    if fps:
        track = at_rate(track, fps)
    with replacing(output, force=given("force")) as path:
        write(format, track, path)
    tell(f"{output}: {track.skeleton}, {_found(track)}")


@verb(epilog=RENDER)
@track_argument
@output(
    "OUT",
    "the video (.mp4), or a .gif, which has no sound",
    what="a track as a video",
    suffixes=FILMED,
)
@path_option("--audio", help="a song that starts with the track")
@path_option("--video", help="draw on this video, in which it was found")
def render(track, output, audio, video):
    """Draw a track as a video."""
    from choreo.drawing import render_track
    from choreo.files.outside import missing
    from choreo.videos.audio import check_song
    from choreo.videos.background import as_tracked

    for path in (audio, video):
        if path is not None and not path.is_file():
            raise missing(path)
    if audio and ending(output) == ".gif":
        raise ItemError("a gif has no sound", where=output, remedy="Leave out --audio, or an .mp4")
    track = load(track)
    if audio:
        check_song(audio)
    with contextlib.ExitStack() as stack:
        drawn_on = video and stack.enter_context(as_tracked(video, track))[0]
        render_track(track, output, audio=audio, video=drawn_on)
    tell(f"{output}: written")
