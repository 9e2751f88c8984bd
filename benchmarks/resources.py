"""What each rule takes, beside what it asks for: ``python benchmarks/resources.py STUDY ...``.

STUDY is the folder of a finished study (``results/demo``). Time and memory are those that
Snakemake measured of its jobs (``STUDY/benchmarks``); what a rule asks for stands in ``rules/``.
``--csv FILE`` writes the table, too: ``docs/resources.csv`` is one, and a test compares it with
the rules, so that one that has outgrown what it asks for is seen.

Memory is looked at every half second in a job's first 30 s and every 30 s afterwards, as
resident pages of the job's processes together, so that a job of a second has been seen once or
twice. Time is that of a machine that was as busy as it was.
"""

import argparse
import math
import re
from pathlib import Path

import pandas as pd

from choreo.files import PROJECT

HEADROOM = {"memory": 1.25, "time": 2.0}
"""How many times what was measured a rule is to ask for at least."""


def rules():
    """Name and text of every rule of the workflow.

    Returns
    -------
    dict of str to str
        A rule that is made of another one has the other one's text behind its own.
    """
    text = "\n".join(path.read_text() for path in sorted((PROJECT / "rules").glob("*.smk")))
    begin = r"^ *(?:use rule (\w+) as|rule) (\w+)(?: with)?:$"
    parts = re.split(begin, text, flags=re.MULTILINE)
    found = {}
    for of, name, own in zip(parts[1::3], parts[2::3], parts[3::3]):
        found[name] = own + found.get(of, "")
    return found


def asked(text):
    """What a rule asks for.

    Parameters
    ----------
    text : str
        Of the rule.

    Returns
    -------
    dict of str to int or None
        ``mem_mb`` and ``runtime`` (minutes); None where it asks for none, or as the config says.
    """
    found = {name: re.search(rf"\b{name}=(\d+),", text) for name in ("mem_mb", "runtime")}
    return {name: int(match[1]) if match else None for name, match in found.items()}


def measured(study):
    """Time and memory of each rule's jobs.

    Parameters
    ----------
    study : Path
        Folder of a study's results.

    Returns
    -------
    DataFrame
        Rows of study, rule, jobs, median_seconds, longest_seconds, cpu_seconds (of all jobs)
        and most_mb.

    Raises
    ------
    SystemExit
        Where the folder has no measurement.
    """
    folder, rows = Path(study) / "benchmarks", []
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).parts[0].removesuffix(".tsv")
        rows.append(pd.read_csv(path, sep="\t", na_values=["-"]).assign(rule=rule))
    if not rows:
        raise SystemExit(f"{folder}: no job was measured. Give the folder of a finished study.")
    by_rule = pd.concat(rows).groupby("rule")
    found = by_rule.agg(
        jobs=("s", "size"),
        median_seconds=("s", "median"),
        longest_seconds=("s", "max"),
        cpu_seconds=("cpu_time", "sum"),
        most_mb=("max_rss", "max"),
    )
    return found.round(1).reset_index().assign(study=Path(study).name)


def compared(studies):
    """Measurements of studies beside what their rules ask for.

    Parameters
    ----------
    studies : iterable of Path

    Returns
    -------
    DataFrame
        As `measured`, with asked_mb and asked_minutes, in the order of the rules.
    """
    known = rules()
    found = pd.concat([measured(study) for study in studies])
    found = found[found.rule.isin(known)]
    given = [asked(known[rule]) for rule in found.rule]
    found["asked_mb"] = [row["mem_mb"] for row in given]
    found["asked_minutes"] = [row["runtime"] for row in given]
    order = found.rule.map(list(known).index)
    columns = ["rule", "study", "jobs", "median_seconds", "longest_seconds", "cpu_seconds"]
    columns += ["most_mb", "asked_mb", "asked_minutes"]
    return found.assign(order=order).sort_values(["order", "study"])[columns].reset_index(drop=True)


def outgrown(frame):
    """Rules that ask for too little.

    Parameters
    ----------
    frame : DataFrame
        Of `compared`.

    Returns
    -------
    list of str
        A sentence each, with what to ask for.
    """
    said = []
    for row in frame.itertuples():
        pairs = (
            ("mem_mb", row.asked_mb, row.most_mb * HEADROOM["memory"], 100),
            ("runtime", row.asked_minutes, row.longest_seconds / 60 * HEADROOM["time"], 5),
        )
        said += [
            f"{row.rule} ({row.study}): {name}={given:g}, needs {math.ceil(need / step) * step}"
            for name, given, need, step in pairs
            if need > given
        ]
    return said


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", nargs="+", type=Path, metavar="STUDY")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table there, too")
    arguments = parser.parse_args()
    frame = compared(arguments.studies)
    print(frame.to_string(index=False))
    asking = [name for name, text in rules().items() if asked(text)["mem_mb"] is not None]
    others = [name for name in asking if name not in set(frame.rule)]
    print(f"\nNot measured here: {', '.join(others) or 'none'}.")
    for sentence in outgrown(frame):
        print(f"Too little: {sentence}.")
    if arguments.csv:
        frame.to_csv(arguments.csv, index=False)


if __name__ == "__main__":
    main()
