"""Files that new branches of the code lead to: ``python tests/fuzz/guided.py "pose track .npz"``.

In the place of files that are made blindly (``python tests/fuzz``), atheris (libFuzzer) keeps those
that reach a branch of this package's code which none reached before, and changes them on, by our
mutations and its own. What is a defect is judged as there. atheris is none of the locked packages
and has no build for every system; where it has one:

    .venv/bin/pip install --no-deps --target build/atheris atheris==3.0.0
    PYTHONPATH=build/atheris .venv/bin/python tests/fuzz/guided.py "pose track .npz" --seconds 600

``--corpus DIR`` keeps the files that were worth it, and goes on with them. It ends at the first
defect, whose file it names, with a status that isn't 0.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

OURS = 0.7
"""Share of files that are changed by the mutations which know their kind."""


def main(arguments=None):
    """Read files until the time is over or one is a defect; does not return."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz/guided.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("reader", help="a name of `python tests/fuzz --list`")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="where to keep files")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), metavar="DIR")
    asked = parser.parse_args(arguments)
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: `python tests/fuzz/guided.py --help` says how")

    with atheris.instrument_imports(include=["choreo"]):
        import fuzz_worker
        from fuzz_mutations import LARGEST, mutated
        from fuzz_readers import READERS

        if asked.reader not in READERS:
            sys.exit(f"{asked.reader}: no such reader; `python tests/fuzz --list` names them")
        reader = READERS[asked.reader]
        keep = asked.keep.resolve()
        corpus = asked.corpus and asked.corpus.resolve()
        # Not a temporary one: libFuzzer ends the process without any farewell.
        sandbox = keep / "guided"
        shutil.rmtree(sandbox, ignore_errors=True)
        for name in ("case", "out", "tmp", "corpus"):
            (sandbox / name).mkdir(parents=True)
        corpus = corpus or sandbox / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        fuzz_worker._prepare()
        os.chdir(sandbox / "out")
        tempfile.tempdir = os.environ["TMPDIR"] = str(sandbox / "tmp")
        warnings.simplefilter("ignore")
        wholes = [path.read_bytes() for path in reader.wholes(sandbox / "case")]
        case = sandbox / "case" / f"fuzzed{reader.suffix}"
        for number, whole in enumerate(wholes):
            (corpus / f"whole{number}").write_bytes(whole)
            case.write_bytes(whole)
            reader.read(case)  # what it imports when it is first called is seen, too

    def try_one(data):
        case.write_bytes(data)
        found = fuzz_worker.judged(asked.reader, case, sandbox)
        if found["outcome"] == "defect":
            raise RuntimeError(f"{found['kind']}: {found['said']}")

    def change(data, most, seed):
        rng = random.Random(seed)
        # Ours want a file of their kind, which one that was changed before need not be.
        with contextlib.suppress(Exception):
            if rng.random() < OURS:
                return mutated(reader.kind, [data or wholes[0]], rng, min(most, LARGEST))
        return atheris.Mutate(data, most)

    options = [f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", f"-max_len={LARGEST}"]
    options += [f"-artifact_prefix={keep}{os.sep}", "-timeout=60", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], try_one, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
