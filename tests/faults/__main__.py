"""``python tests/faults``: one accident after the other, and a table of what came of each."""

import argparse
import csv
import dataclasses
import itertools
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import soak
from accidents import KINDS
from trials import Bench, Row, try_one

NAMES = [field.name for field in dataclasses.fields(Row)]


def order(kinds, seed):
    """The kinds in one random order after another, so that each comes as often."""
    rng = random.Random(seed)
    while True:
        yield from rng.sample(sorted(kinds), len(kinds))


def read(path):
    """Rows of a table that an earlier call has begun, by number."""
    if not path.exists():
        return {}
    with open(path, newline="") as file:
        rows = [Row(**row) for row in csv.DictReader(file)]
    return {
        int(row.number): dataclasses.replace(
            row, number=int(row.number), seconds=float(row.seconds)
        )
        for row in rows
    }


def summary(rows):
    """Lines of a Markdown table: of each kind how many trials, and what they came to."""
    yield "| accident | trials | passed | failed | skipped |"
    yield "|---|--:|--:|--:|--:|"
    found = Counter((row.kind, row.verdict) for row in rows)
    total = Counter()
    for name in sorted({row.kind for row in rows}):
        count = Counter()
        for (kind, verdict), number in found.items():
            if kind == name:
                count[verdict if verdict in ("passed", "skipped") else "failed"] += number
        total += count
        yield _line(name, count)
    yield _line("all", total)


def _line(name, count):
    numbers = [count.total(), *(count[verdict] for verdict in ("passed", "failed", "skipped"))]
    return f"| {name} | {' | '.join(map(str, numbers))} |"


def main():
    parser = argparse.ArgumentParser(prog="python tests/faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="decides kinds and points (default: 1)")
    parser.add_argument("--only", action="append", choices=sorted(KINDS), help="a kind; repeatable")
    parser.add_argument("--table", type=Path, default=Path("faults.csv"), help="goes on with it")
    parser.add_argument("--folder", type=Path, help="of the trials (default: a temporary one)")
    parser.add_argument("--keep", action="store_true", help="folders of trials that failed")
    others = parser.add_subparsers(dest="other", title="in the place of trials")
    soak.add_arguments(
        others.add_parser("soak", description=soak.__doc__, help="a study that grows")
    )
    asked = parser.parse_args()
    if asked.other:
        sys.exit(soak.main(asked))
    rows = read(asked.table)
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as own:
        bench = Bench((asked.folder or Path(own)).absolute())
        try:
            kinds = itertools.islice(order(asked.only or KINDS, asked.seed), asked.trials)
            for number, name in enumerate(kinds, 1):
                if number in rows:
                    continue
                row = rows[number] = try_one(
                    bench, number, KINDS[name], asked.seed, keep=asked.keep
                )
                new = not asked.table.exists()
                with open(asked.table, "a", newline="") as file:
                    writer = csv.DictWriter(file, NAMES, lineterminator="\n")
                    if new:
                        writer.writeheader()
                    writer.writerow(dataclasses.asdict(row))
                said = f"{row.kind}, {row.point} ({row.seen}; {row.seconds:.0f} s): {row.verdict}"
                print(f"{number}/{asked.trials} {said}", flush=True)
        finally:
            bench.close()
    print(*summary(rows.values()), sep="\n")
    failed = [row for row in rows.values() if row.verdict not in ("passed", "skipped")]
    for row in failed:
        print(f"trial {row.number}: {row.kind}: {row.verdict}", file=sys.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
