"""``choreo problems``."""

from choreo.cli.arguments import argument, json_option, option
from choreo.cli.command import verb
from choreo.cli.messages import say
from choreo.errors import ItemError

EPILOG = """\
examples:
  choreo problems results/demo
  choreo problems results/demo --retry    after a file was mended
"""


@verb(epilog=EPILOG)
@argument("results", help="folder of the study, such as results/demo")
@option(
    "--retry",
    is_flag=True,
    help="delete what stands for these items, so that the next run tries them again",
)
@json_option
def problems(results, retry):
    """List what a study left out and why."""
    from choreo.pipeline.jobs import forget
    from choreo.pipeline.tombstones import tombstones, warnings

    if not (results / "videos").is_dir():
        raise ItemError(
            "no folder of a study's results",
            where=results,
            remedy="Name results/<study> of a study that has been run, or correct the path",
        )
    found = tombstones(results)
    items = {problem["item"]: problem for problem in found.values()}
    if retry:
        forget(results, found)
    lines = [
        f"{p['item']}: {p['stage']}: {p['message']}. {p['remedy']}".strip() for p in items.values()
    ]
    doubtful = warnings(results)
    lines += [f"{w['item']}: used, but {w['message']}. {w['remedy']}" for w in doubtful]
    if retry and items:
        lines.append(
            "The study's own command, with its --configfile or --config, tries these again."
        )
    say([*items.values(), *doubtful], lines or ["nothing was left out"])
