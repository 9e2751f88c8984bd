"""How long Snakemake plans a study of many videos, and how much memory that takes.

``python benchmarks/planning.py [--videos 100 1000 10000] [--study NAME ...]`` plans the target
``dataset`` for tables of simulated videos of which nothing is there (`snakemake -n`), in a
process of its own each, and prints a line a size. With ``--parts 10`` also the plan of the first
tenth alone (``--batch pack_dataset=1/10``). With ``--study`` also what a finished study takes to
find that nothing is to be done (its config file is named).
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from choreo.files import PROJECT

CONFIG = """\
study: planned
table: {table}
poses: {{estimators: [simulated], chosen: simulated}}
"""
SONGS = ("neon", "strut", "dusty")
VIDEOS_A_SONG = 20


def write_study(folder, videos):
    """Write the table and the config of a study; return the config's path."""
    rows = ["id\tsource\tstart\tend\tsong\tdancer"]
    for i in range(videos):
        source = f"demo:{SONGS[i % len(SONGS)]}/ada/{i}"
        rows.append(f"v{i:05d}\t{source}\t0\t10\ts{i // VIDEOS_A_SONG}\tada")
    table = folder / "videos.tsv"
    table.write_text("\n".join(rows) + "\n")
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(table=table))
    return config


def plan(config, *targets, options=()):
    """Plan once; give wall seconds, CPU seconds, peak memory in MB and the number of jobs."""
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "host", *options]
    command += ["--configfile", str(config), "--", *targets]
    # Of this child alone: the largest of all children so far would hide the smaller ones.
    code = "import resource, subprocess, sys; r = subprocess.run(sys.argv[1:]).returncode; "
    code += "u = resource.getrusage(resource.RUSAGE_CHILDREN); "
    code += "print('measured', u.ru_utime + u.ru_stime, u.ru_maxrss); sys.exit(r)"
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *command], cwd=PROJECT, text=True, capture_output=True
    )
    wall = time.monotonic() - begun
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    _, cpu, memory = done.stdout.splitlines()[-1].split()
    totals = [line.split() for line in (done.stdout + done.stderr).splitlines()]
    jobs = next((int(words[1]) for words in totals if words[:1] == ["total"]), 0)
    return wall, float(cpu), int(memory) / (1 if sys.platform == "darwin" else 1024), jobs


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, nargs="*", default=[100, 1000, 10_000])
    parser.add_argument("--study", nargs="*", default=[], metavar="CONFIG")
    parser.add_argument("--parts", type=int, metavar="N", help="plan the first of N parts, too")
    options = parser.parse_args()
    print(f"{'what':<28}{'jobs':>8}{'wall s':>9}{'CPU s':>9}{'MB':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for videos in options.videos:
            config = write_study(Path(folder), videos)
            say(f"dataset of {videos} videos", *plan(config, "dataset"))
            if options.parts:
                part = ("--batch", f"pack_dataset=1/{options.parts}")
                say(f"the first of {options.parts} parts", *plan(config, "dataset", options=part))
    for config in options.study:
        say(f"nothing to do, {Path(config).name}", *plan(config))


def say(what, wall, cpu, memory, jobs):
    """Print one line."""
    print(f"{what:<28}{jobs:>8}{wall:>9.1f}{cpu:>9.1f}{memory:>7.0f}", flush=True)


if __name__ == "__main__":
    main()
