"""``choreo evaluate``."""

from click import Choice

from choreo.beats.registry import without_weights
from choreo.cli.arguments import argument, json_option, option, path_option
from choreo.cli.beats import beat_this_option
from choreo.cli.command import verb
from choreo.cli.messages import say, show
from choreo.cli.outputs import output, table_files
from choreo.cli.parameter_types import DATASET, SEED, setting
from choreo.config import Evaluation
from choreo.evaluation.metrics import PARTS

EVALUATE = "choreo.evaluation.from_files:evaluate_dances"
EPILOG = """\
examples:
  choreo evaluate results/demo/dataset/dataset.h5 results/demo/dances -o tables/
  choreo evaluate dataset.h5 dances/ --songs music/ --extractor tables/extractor.safetensors \\
      -o again/

What each number means, and its chance level: docs/metrics.md.
"""


def _files(options, folder):
    stems = ["table2", *(f"table2x_{part}" for part in PARTS)]
    files = [file for stem in stems for file in table_files(folder / stem)]
    if options.extractor is None:
        files.append(folder / "extractor.safetensors")
    return files


@verb(epilog=EPILOG)
@argument("dataset", type=DATASET, help="dataset.h5 with training and test dances")
@argument("dances", help="folder with MODEL/seedN/SONG.npz or MODEL/SONG.npz")
@output(
    "DIR",
    "folder for table2.*, table2x_*.* and extractor.safetensors",
    what="a table",
    files=_files,
)
@path_option("--songs", metavar="DIR", help="SONG.wav, ... (default: DANCES/songs)")
@path_option("--extractor", metavar="FILE", help="a trained one; else trained on DATASET")
@option(
    "--method",
    type=setting(Evaluation, "method"),
    of=EVALUATE,
    help="how beats are found (docs/evaluation.md)",
)
@path_option(
    "--judge",
    metavar="WEIGHTS",
    help="weights.safetensors whose D_global gives the released code's FID",
)
@option("--seed", type=SEED, of=EVALUATE, help="of extractor, noise and bootstrap")
@option(
    "--tracker",
    type=Choice(without_weights()),
    of=EVALUATE,
    help="whose music beats the method thesis takes (librosa, as its text has it)",
)
@beat_this_option
@json_option
def evaluate(dataset, dances, output, songs, **settings):
    """Measure dances against a dataset of real ones: Tables 2 and 2x."""
    from choreo.evaluation.from_files import evaluate_dances, find_dances, find_songs

    found = find_dances(dances)
    songs = find_songs(songs or dances / "songs", {song for d in found.values() for song in d})
    records = evaluate_dances(dataset, found, songs, output, **settings)
    lines = [
        f"{r['system']}{'' if r['seed'] is None else ' seed ' + str(r['seed'])}: FID "
        f"{r['distance']:.1f}, beat coverage {show(r['beat_coverage'], '.1f', '%')}, hit rate "
        f"{show(r['beat_hit_rate'], '.1f', '%')} (chance {show(r['chance_hit_rate'], '.1f', '%')})"
        for r in records
    ]
    say(records, [*lines, f"{output}: Tables 2 and 2x"])
