"""``choreo quality``, ``compare`` and ``look``: how good the tracks of estimators are."""

from choreo.cli.arguments import argument, json_option, option, path_option, track_argument
from choreo.cli.command import verb
from choreo.cli.messages import load, say, show, tell
from choreo.cli.outputs import output, writes
from choreo.cli.parameter_types import HEIGHTS, POSITIVE, WHOLE, constant, setting
from choreo.config import Comparison
from choreo.errors import ItemError

QUALITY = "choreo.comparison.quality:quality"
COMPARE = "choreo.comparison.compare:compare"

QUALITIES = """\
examples:
  choreo quality dance.npz
  choreo quality dance.npz --threshold-height 0.2     for a dancer of any size, at 30 fps
  choreo quality dance.npz --truth true.npz --json    with PCK and the error in pixels
"""
COMPARISONS = """\
examples:
  choreo compare mediapipe.npz alphapose.npz
  choreo compare mediapipe.npz alphapose.npz --truth true.npz --json
"""
LOOKS = """\
examples:
  choreo look dance.mp4 dance.npz -o look.mp4
  choreo look dance.mp4 mediapipe.npz alphapose.npz --samples 6 -o sheet.png    two tracks
"""


def threshold(of, kinds=""):
    """``--threshold``, of the function that is called."""
    return option(
        "--threshold",
        "threshold_px",
        type=POSITIVE,
        metavar="PX",
        of=of,
        help=f"{kinds}pixels a joint may move between frames (eq. 1)",
    )


def threshold_height(of, kinds="", *, beside=False, more=", in the place of pixels"):
    """``--threshold-height`` in the place of pixels, or beside them."""
    return option(
        "--threshold-height",
        type=HEIGHTS,
        metavar="FRACTION",
        of=of,
        instead_of=None if beside else "threshold_px",
        help=f"{kinds}the threshold as a fraction of the dancer's height{more}",
    )


@verb(epilog=QUALITIES)
@track_argument
@option(
    "--method",
    type=setting(Comparison, "method"),
    of=QUALITY,
    help="eq. 1 and 2, or the rules of the thesis's code, with its own 100 px",
)
@threshold(QUALITY)
@threshold_height(QUALITY)
@path_option("--truth", help="a true track, for the error in pixels and PCK")
@json_option
def quality(track, truth, **settings):
    """Count missing frames and incorrect detections of a track (eq. 1 and 2)."""
    from choreo.comparison.quality import quality

    record = quality(load(track), truth=load(truth) if truth else None, **settings)
    lines = [
        f"frames                {record['frames']}",
        f"missing               {record['missing']}",
        f"incorrect detections  {record['incorrect']}",
        f"confidence            {show(record['confidence'])}",
    ]
    if truth:
        lines += [
            f"mean error            {show(record['truth']['error_px'], '.1f', ' px')}",
            f"PCK@0.1               {show(record['truth']['pck_0_1'], '.3f')}",
        ]
    say(record, lines)


@verb(epilog=COMPARISONS)
@track_argument
@argument("others", nargs=-1, metavar="[TRACK]...", help="further tracks")
@threshold(COMPARE)
@threshold_height(COMPARE, beside=True, more=", for the column by height")
@path_option("--truth", help="the true track")
@json_option
def compare(track, others, truth, **thresholds):
    """Compare the tracks of several estimators on one video (Table 1x)."""
    from choreo.comparison.compare import compare
    from choreo.comparison.look import track_names
    from choreo.comparison.table1x import distances_table, table1x

    paths = [track, *others]
    tracks = dict(zip(track_names(paths), map(load, paths)))
    record = compare(tracks, truth=load(truth) if truth else None, **thresholds)
    record = {"video": track.stem} | record
    say(record, [table([record]).markdown() for table in (table1x, distances_table)])


@verb(epilog=LOOKS)
@argument("video", help="the video in which they were found")
@argument("tracks", nargs=-1, metavar="[TRACK]...", help="tracks (.npz)")
@output(
    "OUT",
    ".mp4, or .png for a contact sheet",
    what="a look",
    suffixes=constant("choreo.comparison.look:SUFFIXES"),
    required=False,
)
@option("--samples", type=WHOLE, of="choreo.comparison.look:look", help="frames of a contact sheet")
@writes(
    "--rerun",
    what="a look",
    suffixes=(".rrd",),
    metavar="FILE",
    help=".rrd for the Rerun viewer (needs rerun-sdk)",
)
def look(video, tracks, output, rerun, **samples):
    """Look at tracks on their video: skeletons, confidence, missing and incorrect frames."""
    from choreo.comparison.look import look, track_names
    from choreo.videos.background import as_tracked

    written = [path for path in (output, rerun) if path]
    if not written:
        raise ItemError("nothing to write", remedy="Give -o OUT, --rerun FILE, or both")
    tracks = dict(zip(track_names(tracks), map(load, tracks)))
    first = next(iter(tracks.values()), None)
    with as_tracked(video, first) as (video, known):
        if output:
            look(video, tracks, output, **samples, **known)
        if rerun:
            from choreo.comparison.recording import write_recording

            write_recording(video, tracks, rerun, **known)
    tell(f"{', '.join(map(str, written))}: written")
