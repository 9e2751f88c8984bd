"""``choreo fetch``."""

import os
import subprocess
import sys

from choreo.cli.arguments import option, path_option
from choreo.cli.command import verb
from choreo.cli.messages import tell
from choreo.errors import AccidentError
from choreo.files import PROJECT, shipped
from choreo.files.outside import missing

EPILOG = """\
examples:
  choreo fetch --configfile config/mine.yaml
  choreo fetch --configfile config/mine.yaml --config table=config/more.tsv

Then, without a network:
  snakemake --cores all --configfile config/mine.yaml --config offline=true
"""


@verb(epilog=EPILOG)
@path_option("--configfile", help="the study's config (default: config/config.yaml)")
@option("--config", multiple=True, metavar="KEY=VALUE", help="a setting in the file's place")
def fetch(configfile, config):
    """Fetch all that a study needs from the network, for machines that have none.

    Videos, and what the estimators' tools are made of, go to where the rules look for them;
    each is checked as it is fetched. Then run the study with --config offline=true: it ends
    before it starts where something is missing.
    """
    if configfile and not os.path.isfile(configfile := shipped(configfile)):
        raise missing(configfile)
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile")]
    command += ["--cores", "2", "--quiet", "rules", "progress", "host"]
    command += ["--configfile", str(configfile)] if configfile else []
    command += ["--config", *config] if config else []
    if subprocess.run([*command, "--", "fetch"]).returncode:
        raise AccidentError(
            "not all could be fetched; what is missing, or wrong, stands above",
            remedy="Mend that where it needs to be; the same command goes on where it was",
        )
    tell("All that this study needs is here; what videos were left out stands above.")
