"""``choreo clean``."""

import contextlib

from choreo.cli.arguments import json_option, option, path_option, track_argument
from choreo.cli.command import verb
from choreo.cli.comparison import threshold, threshold_height
from choreo.cli.messages import load, say, show
from choreo.cli.outputs import output, writes
from choreo.cli.parameter_types import setting
from choreo.config import Cleaning
from choreo.errors import ItemError
from choreo.files import ending

CLEAN = "choreo.cleaning.clean:clean"

EPILOG = """\
examples:
  choreo clean dance.npz -o clean.npz
  choreo clean dance.npz --method robust -o clean.npz      dancers of any size
  choreo clean dance.npz -o clean.npz --picture page.png --video dance.mp4

What the methods do: docs/cleaning.md. The threshold's 50 px are meant for a dancer some 250 px
tall at 30 frames a second; --threshold-height 0.2 is the same for any size.
"""


@verb(epilog=EPILOG)
@track_argument
@output("OUT", "the cleaned track (.npz)", what="a track", suffixes=(".npz",))
@option(
    "--method",
    type=setting(Cleaning, "method"),
    of=CLEAN,
    help="thesis: eq. 1 and 2 over whole frames, then a spline; released: as the thesis's code "
    "did; robust: each joint by itself, in units of the dancer's size",
)
@threshold(CLEAN)
@threshold_height(CLEAN)
@option(
    "--max-gap",
    "max_gap_seconds",
    type=setting(Cleaning, "max_gap_seconds"),
    metavar="SECONDS",
    of=CLEAN,
    help="leave longer gaps empty (default: thesis fills every gap, robust half a second)",
)
@path_option(
    "--probe",
    metavar="JSON",
    help="what `choreo videos` wrote beside the video: poses are brought from the times of "
    "its pictures to those of its frames",
)
@path_option("--truth", help="the true track, for its motion beats")
@writes(
    "--picture",
    what="the picture",
    suffixes=(".png",),
    metavar="FILE",
    help="a page to judge the cleaning by (.png)",
)
@path_option("--video", help="the video of the track, for the picture")
@option("--compare", is_flag=True, help="let the picture show what each of the methods flagged")
@json_option
def clean(track, output, probe, truth, picture, video, compare, **settings):
    """Find misdetections and repair them (thesis section 3.3)."""
    from choreo.cleaning.beats import beats_record
    from choreo.cleaning.track import clean_track
    from choreo.files.outside import missing
    from choreo.videos.background import as_tracked

    if (compare or video) and not picture:
        raise ItemError(
            "--compare and --video are about the picture", remedy="Give --picture FILE.png too"
        )
    if video and not video.is_file():
        raise missing(video)
    if ending(track) == ".json":
        raise ItemError(
            "an estimator's file, not a track",
            where=track,
            remedy="Run `choreo import FORMAT FILE --fps N --size WxH -o TRACK.npz` first "
            "(FORMAT: alphapose, openpose, coco or mmpose)",
        )
    before, truth = load(track), load(truth) if truth else None
    after, record = clean_track(before, probe=probe, item=str(track), **settings)
    record["motion_beats"] = beats_record(before, after, truth)
    if picture:
        from choreo.cleaning import qc

        with contextlib.ExitStack() as stack:
            drawn_on = video and stack.enter_context(as_tracked(video, before))[0]
            named = {"title": track.stem, "video": drawn_on}
            settings.pop("method", None)
            page = (
                qc.comparison(before, **named, **settings)
                if compare
                else qc.page(before, after, record, **named)
            )
        qc.write(page, picture)
    after.save(output)
    beats = record["motion_beats"]
    lines = [
        f"{output}: {record['missing']} missing and {record['incorrect']} incorrect "
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
    say(record, lines)
