"""``choreo train`` and ``export-model``."""

from choreo.cli.arguments import argument, given, option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import progress, tell
from choreo.cli.outputs import output, replacing
from choreo.cli.parameter_types import COUNT, DATASET, SEED, WHOLE, setting
from choreo.config import Training
from choreo.errors import ItemError
from choreo.files import ending

_STUDY = Training()

TRAIN = """\
examples:
  choreo train results/demo/dataset/dataset.h5 -o gru/                      as long as the thesis
  choreo train results/demo/dataset/dataset.h5 --epochs 20 -o gru/          a first look
  choreo train results/demo/dataset/dataset.h5 --model flow_tuned -o flow/  from shipped weights

The thesis's 350 epochs take days on a CPU. The same command goes on where it was. Then:
  choreo dance song.mp3 --model gru/ -o dance.mp4
"""
EXPORT = """\
example:
  choreo export-model results/demo/training/gru/seed1 -o generator.pth
  choreo dance song.mp3 --model generator.pth --recipe gru --method thesis -o dance.mp4
"""


recipes_option = path_option("--recipes", default=_STUDY.recipes, help="the file of the recipes")
"""The file that defines the models."""


def _setting(flag, text=None, **attributes):
    name = flag.strip("-").replace("-", "_")
    kind, default = setting(Training, name), getattr(_STUDY, name)
    return option(flag, type=kind, default=default, help=text, **attributes)


def _files(options, folder):
    # Not what a training keeps for its next start, such as checkpoints/ and
    # perceptual.safetensors: it is checked where it is read, and made anew where damaged.
    return [*_written(folder).values(), folder / "card.md"]


def _written(folder):
    return {
        "weights": folder / "weights.safetensors",
        "metrics": folder / "metrics.json",
        "losses": folder / "losses.csv",
    }


@verb(epilog=TRAIN)
@argument("dataset", type=DATASET, help="dataset.h5 of a study")
@output(
    "DIR",
    "folder for weights.safetensors, metrics.json, losses.csv and TensorBoard",
    what="a model",
    files=_files,
)
@option("--model", metavar="NAME", default="gru", help="a recipe, such as gru, lstm, graph, flow")
@recipes_option
@option("--seed", type=SEED, default=1, help="of first weights, order and noise")
@option("--epochs", type=WHOLE, help="rounds over the dataset, instead of the recipe's")
@option("--batch-size", type=COUNT, help="chunks a step, instead of the recipe's")
@path_option(
    "--perceptual",
    metavar="FILE",
    help="the network of a pose perceptual loss (Ren et al.'s GCN.pth); else trained first",
)
@_setting("--look-every", "dance a sample so often; 0: never", metavar="EPOCHS")
@_setting("--precision", "auto: tf32 on a GPU that has it, else float32")
@_setting("--device", "auto: a GPU where there is one")
@_setting("--threads", "CPU threads")
def train(
    dataset, output, model, recipes, seed, epochs, perceptual, look_every, device, threads, **more
):
    """Train a model on a packed dataset; a killed training goes on where it was.

    A model that isn't trained (epochs: 0) is taken from its weights_file.
    """
    from choreo.dataset.pack import ChunkDataset
    from choreo.models.recipes import load_recipes, recipe_named
    from choreo.training.model_card import write_card
    from choreo.training.train import train

    recipe = recipe_named(load_recipes(recipes), model)
    if epochs is not None:
        recipe = recipe.with_(epochs=epochs)
    chunks = ChunkDataset(dataset, split="train")
    run = {"seed": seed, "checkpoint_dir": output / "checkpoints"}
    run |= {"device": device, "threads": threads}
    if "perceptual" in recipe.needs and perceptual is None:
        perceptual = _perceptual_network(chunks, output / "perceptual.safetensors", run)
    summary = train(
        chunks,
        recipe,
        **run,
        **_written(output),
        **more,
        log_dir=output / "tensorboard",
        look_every=look_every,
        files={"perceptual": perceptual},
    )
    write_card(output / "card.md", summary, model, dataset)
    taken = ", ".join(recipe.own_files.values())
    done = f"taken from {taken}, not trained" if taken and not recipe.trained else "trained"
    tell(f"{output / 'weights.safetensors'}: {done}")


def _perceptual_network(chunks, path, run):
    from choreo.training.perceptual import pretrained

    steps = Training().perceptual_steps
    with progress(steps, "perceptual network", "step") as bar:
        return pretrained(
            chunks,
            path,
            **run,
            steps=steps,
            on_progress=lambda done, _: bar.update(done - bar.n),
        )


@verb("export-model", epilog=EXPORT)
@argument("model", help="folder that a training made, or its .safetensors")
@output("OUT", "the state dict (.pth)", what="a state dict", suffixes=(".pth",), foreign=True)
def export_model(model, output):
    """Write a trained generator as a state dict with the released code's names."""
    from choreo.dances.generate import load_generator
    from choreo.models.gan.networks import save_state

    if ending(model) == ".pth":
        raise ItemError(
            "this has the released layout already", where=model, remedy="Name another file"
        )
    generator = load_generator(model)
    network = getattr(generator.model, "generator", None)
    if network is None:
        raise ItemError(
            f"a model of family {generator.recipe.family} has no layout of the released code",
            where=model,
        )
    with replacing(output, force=given("force")) as path:
        save_state(network, path)
    tell(
        f"{output}: {len(network.state_dict())} tensors; its songs and poses are scaled by "
        f"the method {generator.data.method}"
    )
