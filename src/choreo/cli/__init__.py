"""``choreo``: one verb a stage, for a single file; each calls what its rule calls."""

import errno
import sys
from importlib import import_module

import click

from choreo import __version__
from choreo.cli.command import Group
from choreo.cli.messages import tell
from choreo.errors import ChoreoError, ItemError, accident, print_anywhere

EPILOG = """\
examples:
  choreo dance song.mp3 -o dance.mp4           a dance to any song, without a study
  choreo poses video.mp4 -o poses.npz          the dancer's joints in every frame
  choreo import --help                         the same from another tool's files
  choreo quality poses.npz                     missing frames, incorrect detections, confidence
  choreo look video.mp4 poses.npz -o look.mp4  the poses on the video, and where they fail
  choreo clean poses.npz -o clean.npz          misdetections repaired (thesis section 3.3)
  choreo render clean.npz -o clean.mp4         a stick figure to look at
  choreo beats song.mp3                        tempo and beats
  choreo dataset info dataset.h5               what is in a dataset
  choreo train dataset.h5 -o gru/              a model of your own
  choreo evaluate dataset.h5 dances/ -o tables/
  choreo evaluate-others edge/ bailando/ --reference aist/ -o tables/   any project's dances
  choreo verify results/demo                   damage on the disk, and what to delete
  choreo fetch --configfile config/mine.yaml   what a study needs, for nodes without a network

A whole study, from a table of videos to every table and figure, is run by
`snakemake --cores all` (see README.md). `choreo VERB --help` tells about one verb, with examples.
No verb writes over what it reads. A file that Choreo did not make is replaced only
with --force.
"""

VERBS = {
    "videos": "videos:videos",
    "poses": "poses:poses",
    "import": "poses:import_",
    "export": "poses:export",
    "quality": "comparison:quality",
    "compare": "comparison:compare",
    "look": "comparison:look",
    "clean": "cleaning:clean",
    "dataset": "dataset:dataset",
    "videos-table": "videos:videos_table",
    "verify": "verify:verify_verb",
    "train": "training:train",
    "dance": "dances:dance",
    "export-model": "training:export_model",
    "evaluate": "evaluation:evaluate",
    "evaluate-others": "evaluation_others:evaluate_others",
    "beats": "beats:beats",
    "render": "poses:render",
    "problems": "problems:problems",
    "fetch": "fetch:fetch",
    "study": "survey:study",
}
"""Verb -> its module here and its name there, in the order of `--help`."""


class _Verbs(Group):
    """The verbs, each imported when it is needed."""

    def list_commands(self, ctx):
        return list(VERBS)

    def get_command(self, ctx, name):
        if name not in VERBS:
            return None
        module, _, name = VERBS[name].partition(":")
        return getattr(import_module(f"choreo.cli.{module}"), name)


@click.group(
    cls=_Verbs,
    epilog=EPILOG,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="choreo %(version)s")
def choreo():
    """Music-driven choreography from video: one verb a stage, for single files."""


def main(arguments=None):
    """Run one verb; returns the exit status (0, or 1 after a message on stderr)."""
    print_anywhere()
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with choreo.make_context("choreo", words.copy()) as context:
            choreo.invoke(context)
    except click.exceptions.Exit as end:
        raise SystemExit(end.exit_code) from None
    except click.UsageError as error:
        usage = f"{error.ctx.get_usage()}\n{error.ctx.command_path}: "
        tell(f"{usage}error: {error.format_message()}", file=sys.stderr)
        raise SystemExit(2) from None
    except ChoreoError as error:
        return _failed(words, error)
    except BrokenPipeError:
        # The reader of our output (such as `head`) has seen enough.
        sys.stdout = None
        return 0
    except (OSError, MemoryError) as error:
        return _failed(words, accident(error) or _said_by_system(error))
    except KeyboardInterrupt:
        print(f"choreo {words[0]}: interrupted; nothing half-written is left", file=sys.stderr)
        return 130
    return 0


def _failed(words, error):
    print(f"choreo {words[0]}: {error}", file=sys.stderr)
    return 1


def _said_by_system(error):
    where, remedy = error.filename, None
    if error.errno == errno.ENAMETOOLONG:
        # No file has such a name: most likely a text stands in its place.
        where, remedy = f"{str(where)[:60]}...", "Name the file, by a shorter path"
    elif isinstance(error, PermissionError):
        remedy = "You lack the right to this: have its permissions changed, or name another place"
    return ItemError(error.strerror or error, where=where, remedy=remedy)
