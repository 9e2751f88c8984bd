"""``choreo dance``."""

from pathlib import Path

from click import Choice

from choreo.cli.answers import load, tell
from choreo.cli.arguments import argument, option, path_option
from choreo.cli.command import verb
from choreo.cli.kinds import SEED, setting
from choreo.cli.outputs import output
from choreo.cli.training import recipes_option
from choreo.config import Dances
from choreo.errors import ItemError

GENERATE = "choreo.dances.generate:generate"
FIRST_POSES = setting(Dances, "initial_pose").choices


def _pose_or_track(text):
    return text if text in FIRST_POSES else Path(text)


@verb()
@argument("song", help="any sound or video file that ffmpeg reads")
@output("OUT", "the dance: .mp4 with the song, or .npz", what="a dance", suffixes=(".mp4", ".npz"))
@path_option(
    "--model",
    required=True,
    metavar="MODEL",
    help="folder that a training made, its .safetensors, or a released generator_*.pth",
)
@option("--recipe", metavar="NAME", help="recipe of a .pth, which doesn't hold its own")
@recipes_option("its file")
@option(
    "--method",
    type=Choice(["thesis", "released"]),
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
    help="each chunk from the last pose of the one before (thesis), or faded into it",
)
def dance(song, output, model, recipe, recipes, method=None, **settings):
    """Let a trained model dance to a song."""
    from choreo.dances.generate import generate, load_generator
    from choreo.dataset.audio import CHANNELS
    from choreo.drawing import render_track
    from choreo.models.recipes import load_recipes, recipe_named
    from choreo.videos.audio import read_song

    first = settings.get("initial_pose", FIRST_POSES[0])
    if first not in FIRST_POSES:
        settings["initial_pose"] = load(first)
    own = {"method": method} if method else {}
    if recipe:
        own["recipe"] = recipe_named(load_recipes(recipes), recipe)
    if own and model.suffix != ".pth":
        raise ItemError(
            "this model holds its own recipe and scaling",
            where=model,
            remedy=f"Leave out --{next(iter(own))}, which is for a .pth",
        )
    generator = load_generator(model, **own)
    channels = CHANNELS[generator.data.method]
    track = generate(generator, read_song(song, channels=channels), **settings)
    if output.suffix == ".npz":
        track.save(output)
    else:
        render_track(track, output, audio=song)
    tell(f"{output}: {track.seconds:.1f} s of dance")
