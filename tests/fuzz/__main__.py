"""Hostile files for every reader of outside data: ``python tests/fuzz --cases 1000``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from fuzz_readers import READERS, cheap_ones, dear_ones
from fuzz_runs import Worker, run


def main(arguments=None):
    """Run, print a table, and keep the smallest file of each defect; 1 where there is one."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=200, help="hostile files a reader")
    parser.add_argument(
        "--dear-cases", type=int, help="those of readers that start other programs; a tenth"
    )
    parser.add_argument("--seed", type=int, default=0, help="the same gives the same files")
    parser.add_argument(
        "--reader", action="append", metavar="NAME", help="only those with this in their name"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        default=Path("build/fuzz"),
        metavar="DIR",
        help="for the defects' files",
    )
    parser.add_argument("--list", action="store_true", help="name the readers, and stop")
    asked = parser.parse_args(arguments)
    names = [
        name
        for name in (*cheap_ones(), *dear_ones())
        if not asked.reader or any(part in name for part in asked.reader)
    ]
    if asked.list or not names:
        print("\n".join(names or READERS))
        return 0 if names else 2
    dear = asked.cases // 10 if asked.dear_cases is None else asked.dear_cases
    print("| reader | cases | read | refused | defects | CPU s | MiB at most |")
    print("|---|---:|---:|---:|---:|---:|---:|", flush=True)
    total, defects = 0, []
    with Worker() as worker:
        for name in names:
            counts = run(worker, name, dear if READERS[name].dear else asked.cases, seed=asked.seed)
            total += counts.cases
            found = sum(defect.count for defect in counts.defects.values())
            print(
                f"| {name} | {counts.cases} | {counts.read} | {counts.refused} | {found} "
                f"| {counts.seconds:.0f} | {counts.peak >> 20} |",
                flush=True,
            )
            for defect in counts.defects.values():
                defects.append(defect)
                _keep(asked.keep, name, defect)
    print(f"\n{total} files, {len(defects)} kinds of defects", flush=True)
    return 1 if defects else 0


def _keep(folder, name, defect):
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^A-Za-z0-9.-]+", "_", f"{name}-{defect.kind}")[:150]
    path = folder / f"{stem}{READERS[name].suffix}"
    path.write_bytes(defect.data)
    print(f"  {name}: {defect.kind} ({defect.count} times): {defect.said}", file=sys.stderr)
    print(f"    {path} ({len(defect.data)} bytes)", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
