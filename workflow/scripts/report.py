import json
import subprocess
import sys
from pathlib import Path

from choreo.errors import ChoreoError
from choreo.files import whole, write_text
from choreo.media import last_lines
from choreo.pipeline.jobs import run


def action(terminal):
    p = snakemake.params
    values = Path(snakemake.log[0]).with_suffix(".config.json")
    write_text(values, json.dumps(p.config, indent=2))
    with whole(snakemake.output[0]) as temporary:
        command = [sys.executable, "-m", "snakemake", "--snakefile", p.snakefile]
        command += ["--configfile", str(values), "--cores", "1", "--nolock"]
        command += ["--report", str(temporary), "--", *p.targets, *p.shared]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(done.stdout)
        if done.returncode:
            raise ChoreoError(f"snakemake --report failed: {last_lines(done.stdout)}")


run(snakemake, action)
