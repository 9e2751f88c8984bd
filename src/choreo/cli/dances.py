"""``choreo dance``."""

from pathlib import Path

from click import Choice

from choreo.choices import METHODS
from choreo.cli.arguments import argument, given, option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import load, progress, tell
from choreo.cli.outputs import output, replacing
from choreo.cli.parameter_types import COUNT, PATH, SEED, setting
from choreo.cli.poses import FILMED, format_files, format_suffixes
from choreo.cli.training import recipes_option
from choreo.config import Dances
from choreo.errors import ItemError
from choreo.files import ending
from choreo.models.shipped import DEFAULT, find_weights, shipped_names
from choreo.models.shipped import FOLDER as SHIPPED_FOLDER
from choreo.poses.formats.registry import FORMATS, format_by_ending

GENERATE = "choreo.dances.generate:generate"
VIDEO = "choreo.dances.video"
FIRST_POSES = setting(Dances, "initial_pose").choices

EPILOG = """\
examples:
  choreo dance song.mp3 -o dance.mp4
  choreo dance song.mp3 --seed 2 --beats --trails --waveform -o dance.mp4
  choreo dance song.mp3 --compare flow -o both.mp4           graph and flow, side by side
  choreo dance song.mp3 --style openpose -o control.mp4      for pose-to-video models
  choreo dance song.mp3 -o dance.bvh                         for Blender
  choreo dance song.mp3 --format openpose -o json/           a .json a frame
  choreo dance song.mp3 --model results/demo/training/gru/seed1 -o dance.mp4
  choreo dance song.mp3 --model generator_0350.pth --recipe gru_released -o dance.mp4
  choreo dance song.mp3 --model flow --keep old.npz@4:8:arms -o new.mp4

Without --model it needs no study and no training. A song of 3 minutes takes about half a
minute of processor time.
"""


def _keep(text):
    # Needs numpy, which `--help` does without.
    from choreo.dances.editing import parse_keep

    return parse_keep(text)


def _pose_or_track(text):
    return text if text in FIRST_POSES else Path(text)


def _format_of(options):
    """Name of the pose format that is asked for; None for a picture or a track."""
    return options.format or format_by_ending(ending(options.output))


def _suffixes(options):
    if options.format:
        return format_suffixes(options)
    endings = (entry.ending for entry in FORMATS.values() if entry.ending)
    return (*FILMED, ".npz", *endings)


@verb(epilog=EPILOG)
@argument("song", help="any sound or video file that ffmpeg reads")
@output(
    "OUT",
    "the dance. Its ending says what is written: .mp4 with the song, .gif, .npz (a track), .csv, "
    ".json (COCO), .nc (movement), .trc, .bvh",
    what="a dance",
    suffixes=_suffixes,
    files=lambda options, path: format_files(options, path) if options.format else [path],
    foreign=lambda options: _format_of(options) is not None,
    owned=True,
    remedy=lambda options: (
        f"Name it so, or leave out --format {options.format}: without it the ending says the format"
        if options.format
        else "Other formats, and OpenPose's folder, need --format"
    ),
)
@option(
    "--format",
    type=Choice(FORMATS),
    help="write joints in this format, whatever the ending; openpose: into a new folder, a .json a "
    "frame with the canvas's size (`choreo export --help` lists all)",
)
@path_option(
    "--model",
    metavar="MODEL",
    help="folder that a training made, its .safetensors, a released generator_*.pth, or the name "
    f"of a model that comes with the install: {', '.join(shipped_names()) or 'none does'}  "
    f"[default: {DEFAULT}]",
)
@option("--recipe", metavar="NAME", help="recipe of a .pth, which doesn't hold its own")
@recipes_option
@option(
    "--method",
    type=Choice(METHODS),
    of="choreo.dances.generate:load_generator",
    help="how the training data of a .pth were scaled",
)
@option("--seed", type=SEED, default=1, help="seed of the noise")
@option(
    "--initial-pose",
    type=_pose_or_track,
    metavar="POSE",
    of=GENERATE,
    help="where the dance begins: random (a real dance's first pose), zero (the middle of the "
    "canvas), or a track (.npz) whose last pose is taken",
)
@option(
    "--temperature", type=setting(Dances, "temperature"), of=GENERATE, help="factor of the noise"
)
@option(
    "--join",
    type=setting(Dances, "join"),
    of=GENERATE,
    help="each segment from the last pose of the one before (thesis), or faded into it; for "
    "models that dance in segments (the thesis's)",
)
@option(
    "--keep",
    "keeps",
    type=_keep,
    multiple=True,
    metavar="TRACK@FROM:TO[:JOINTS]",
    help="keep what a track has from FROM to TO in seconds, whole or some joints (arms, legs, "
    "torso, head, names with commas); may be given several times; for models that can hold "
    "poses (flow)",
)
@option(
    "--loop",
    is_flag=True,
    help="the end goes over into the beginning; for models that can loop (flow)",
)
@option(
    "--style",
    type=setting(Dances, "style"),
    of=f"{VIDEO}:render_dances",
    help="a body with volume; joints and bones; or OpenPose's colours on black, to control "
    "pose-to-video models",
)
@option(
    "--height",
    type=COUNT,
    of=f"{VIDEO}:render_dances",
    help="of the picture in pixels; of a .gif 360 without it",
)
@option("--beats", is_flag=True, help="the floor lights up on every beat")
@option("--trails", is_flag=True, help="hands and feet leave trails")
@option("--waveform", is_flag=True, help="the song with its beats runs under the picture")
@option(
    "--compare",
    "others",
    type=PATH,
    multiple=True,
    metavar="MODEL",
    help="another model, or a track (.npz) of a dance to the song, beside the first; may be "
    "given several times",
)
def dance(
    song,
    output,
    format,
    model,
    recipe,
    recipes,
    others,
    beats,
    trails,
    waveform,
    method=None,
    style=None,
    height=None,
    **settings,
):
    """Let a model dance to a song: one that comes with the install, or one of your own."""
    from choreo.dances.generate import dance_to, load_generator
    from choreo.dataset.audio import CHANNELS
    from choreo.models.recipes import load_recipes, recipe_named
    from choreo.poses.formats.registry import write

    model = find_weights(model)

    first = settings.get("initial_pose", FIRST_POSES[0])
    if first not in FIRST_POSES:
        settings["initial_pose"] = load(first)
    own = {"method": method} if method else {}
    if recipe:
        own["recipe"] = recipe_named(load_recipes(recipes), recipe)
    if own and ending(model) != ".pth":
        raise ItemError(
            "this model holds its own recipe and scaling",
            where=model,
            remedy=f"Leave out --{next(iter(own))}, which is for a .pth",
        )
    format = format or format_by_ending(ending(output))
    filmed = format is None and ending(output) in FILMED
    if others and not filmed:
        raise ItemError(
            "a track holds one dance", where=output, remedy="Leave out --compare, or write an .mp4"
        )
    pictured = {"style": style, "height": height, "beats": beats, "trails": trails}
    pictured |= {"waveform": waveform}
    drawn = [name for name, value in pictured.items() if value]
    if drawn and not filmed:
        raise ItemError(
            "nothing is drawn",
            where=output,
            remedy=f"Leave out --{drawn[0]}, or write an .mp4 or .gif",
        )
    if beats and style == "openpose":
        raise ItemError(
            "OpenPose's picture has no floor that could light up",
            value="--beats",
            remedy="Leave out --beats or --style openpose; --waveform shows the beats under it",
        )
    generators = [load_generator(model, **own)]
    generators += [
        None if _is_track(path) else load_generator(find_weights(path)) for path in others
    ]
    if "join" in settings and not any(g and settings["join"] in g.model.joins for g in generators):
        raise ItemError(
            "no model here dances in segments that could be joined so",
            value=f"--join {settings['join']}",
            remedy="Leave out --join, or name a model that can, such as a gru",
        )
    songs = {}

    def danced(generator):
        samples = _read(song, songs, CHANNELS[generator.data.method])
        try:
            return dance_to(generator, samples, **settings)
        except ItemError as error:
            # Of samples that came from anywhere, such as silence.
            error.where = error.where or str(song)
            raise

    tracks = [
        load(path) if generator is None else danced(generator)
        for path, generator in zip((model, *others), generators)
    ]
    if format:
        track = tracks[0].to(FORMATS[format].skeleton or tracks[0].skeleton)
        with replacing(output, force=given("force")) as path:
            write(format, track, path)
    elif not filmed:
        tracks[0].save(output)
    else:
        names = [_name_of(path) for path in (model, *map(find_weights, others))] if others else None
        shown = {"style": style, "height": height}
        shown = {name: value for name, value in shown.items() if value is not None}
        shown |= {"trails": trails, "names": names}
        _film(tracks, song, songs, output, beats=beats, waveform=waveform, **shown)
    tell(f"{output}: {tracks[0].seconds:.1f} s of dance")


def _is_track(path):
    return ending(path) == ".npz" and not path.is_dir()


def _read(song, songs, channels="mean"):
    """Samples of the song, read once for all models."""
    from choreo.videos.audio import read_song

    if channels not in songs:
        songs[channels] = read_song(song, channels=channels)
    return songs[channels]


def _name_of(path):
    """What stands in the picture: of ``training/gru/seed1``, gru seed1."""
    if _is_track(path) or (not path.is_dir() and path.parent == SHIPPED_FOLDER):
        return path.stem
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    return f"{folder.parent.name} {folder.name}"


def _film(tracks, song, songs, path, *, beats, waveform, **shown):
    from choreo.beats.trackers import track_beats
    from choreo.dances.video import FPS, GIF, render_dances
    from choreo.media import SAMPLE_RATE

    if ending(path) == ".gif":
        shown = GIF | shown
    if beats or waveform:
        samples = _read(song, songs)
        shown["beats"] = track_beats(samples, SAMPLE_RATE)["beats"]
        if waveform:
            shown["sound"] = samples, SAMPLE_RATE
    frames = round(max(track.seconds for track in tracks) * shown.get("fps", FPS))
    with progress(frames, "drawing") as bar:
        step = lambda done: bar.update(done - bar.n)  # noqa: E731
        render_dances(tracks, path, audio=song, progress=step, flash=beats, **shown)
