"""``choreo beats``."""

from click import Choice

from choreo.beats.registry import DEFAULT, TRACKERS
from choreo.cli.arguments import argument, json_option, option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import say, show

EPILOG = """\
examples:
  choreo beats song.mp3
  choreo beats song.mp3 --tracker librosa --json    beats in seconds
"""

beat_this_option = path_option(
    "--beat-this", metavar="FILE", help="weights of beat_this, for its music beats"
)


@verb(epilog=EPILOG)
@argument("song", help="any sound or video file that ffmpeg reads")
@option(
    "--tracker",
    type=Choice(TRACKERS),
    help=f"default: {DEFAULT}, or beat_this where its weights are given; "
    + "; ".join(f"{entry.name}: {entry.text}" for entry in TRACKERS.values()),
)
@beat_this_option
@json_option
def beats(song, tracker, beat_this):
    """Find the tempo and the beats of a song."""
    from choreo.beats.trackers import track_beats
    from choreo.media import SAMPLE_RATE
    from choreo.videos.audio import read_song

    tracker = tracker or (DEFAULT if beat_this is None else "beat_this")
    record = track_beats(read_song(song), SAMPLE_RATE, tracker, beat_this)
    record["tracker"] = tracker
    lines = [
        f"tempo  {show(record['tempo'], '.1f', ' BPM')}",
        f"beats  {' '.join(f'{beat:.2f}' for beat in record['beats']) or 'none'}",
        f"tracker  {tracker}",
    ]
    say(record, lines)
