"""``choreo evaluate-others``."""

import math

from click import Choice

from choreo.cli.arguments import argument, json_option, option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import say
from choreo.cli.outputs import output, table_files
from choreo.cli.parameter_types import POSITIVE, SEED, constant, size

EVALUATE = "choreo.evaluation.others.table:evaluate_others"
VIEWS = "choreo.evaluation.others.bodies:VIEWS"
EPILOG = """\
examples:
  choreo evaluate-others edge/ bailando/ --reference aist/ --fps 30 -o tables/
  choreo evaluate-others mine/ --reference real/ --songs music/ -o tables/
  choreo evaluate-others coco/ --format coco --size 640x360 --fps 30 -o tables/

Folders may hold .pkl, .npy, .npz, .bvh, .json or .csv of most projects: docs/published_metrics.md
says which, what each column is, and where the published formulas are wrong.
"""


@verb(epilog=EPILOG)
@argument("dances", nargs=-1, required=True, help="a folder of dances for each row, or a file")
@output("DIR", "folder for others.*", what="a table", files=lambda _, d: table_files(d / "others"))
@path_option("--reference", metavar="DIR", help="folder of real dances, for FID, Dist and `real`")
@path_option("--songs", metavar="DIR", help="NAME.wav, ... whose beats are tracked")
@path_option("--beats", metavar="FILE", help="JSON of dances or songs and their beats in seconds")
@option("--fps", type=POSITIVE, help="frames a second, where files do not say")
@option(
    "--view", type=Choice(constant(VIEWS)), of=EVALUATE, help="where the camera stands, for 2-D"
)
@option("--format", metavar="NAME", help="pose format of 2-D files (choreo import --help)")
@option("--size", type=size, metavar="WxH", help="picture of these")
@option("--seed", type=SEED, of=EVALUATE, help="of held-out real dances and the motion graph")
@option("--no-graph", is_flag=True, help="all of the reference is real, no motion graph of half")
@json_option
def evaluate_others(
    dances, output, reference, songs, beats, fps, format, size, no_graph, **settings
):
    """Measure dances of any project: metrics as published and right."""
    from choreo.evaluation.others.music import music_of
    from choreo.evaluation.others.reading import read_systems
    from choreo.evaluation.others.table import evaluate_others

    known = music_of(songs, beats)
    about = {"fps": fps, "beats": known, "format": format, "size": size}
    systems, real = read_systems(dances, reference, **about)
    table = evaluate_others(systems, real, graph=not no_graph, **settings)
    table.write(output / "others", of_study=False)
    records = [
        {key: None if isinstance(v, float) and math.isnan(v) else v for key, v in row.items()}
        for row in table.frame.to_dict("records")
    ]
    lines = ["  ".join(row) for row in table.cells()]
    say(records, [*lines, f"{output / 'others.html'}: {table.frame['system'].nunique()} systems"])
