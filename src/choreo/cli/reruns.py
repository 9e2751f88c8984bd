"""Which rules an edit of the package reruns: `python -m choreo.cli.reruns [FILE ...]`.

Without a file, all of them. Edits of comments, docstrings, layout, annotations and the words of
errors rerun nothing (`choreo.pipeline.digest`).
"""

import re
import sys
from pathlib import Path

from choreo.files import PROJECT
from choreo.models import FAMILIES
from choreo.models.music_features import FEATURES
from choreo.pipeline.digest import NAME, _file, uses

_RULE = re.compile(r"^ *(?:use )?rule (\w+)(?: as (\w+) with)?:", re.MULTILINE)
_CODE = re.compile(r'code=(?:lambda w: )?code\(\s*"([^"]+)"(, \*?\w)?')


def scripts(rules=PROJECT / "rules"):
    """Script of every rule that has one, and the modules that it finds by name.

    Parameters
    ----------
    rules : str or Path
        The folder of the rule files.

    Returns
    -------
    dict of str to tuple
        The script's path, and names of modules: of a rule about models, every family's, and
        those of all that models hear.
    """
    found, of_models = {}, (*FAMILIES.values(), *(entry.module for entry in FEATURES.values()))
    for path in sorted(Path(rules).glob("*.smk")):
        text = path.read_text(encoding="utf-8")
        starts = [*_RULE.finditer(text)]
        ends = [match.start() for match in starts[1:]] + [len(text)]
        for match, end in zip(starts, ends):
            name, derived = match.groups()
            code = _CODE.search(text, match.start(), end)
            if code:
                script = Path(rules).parent / "workflow" / "scripts" / code[1]
                found[derived or name] = (script, *(of_models if code[2] else ()))
            elif derived and name in found:
                found[derived] = found[name]
    return found


def reruns(rules=PROJECT / "rules"):
    """Rules that an edit of a module makes outdated by themselves, without what follows.

    Returns
    -------
    dict of str to dict of str to list of str
        Module -> definition in it -> rules, all sorted.
    """
    found = {}
    for rule, code in scripts(rules).items():
        for module, names in uses(*code).items():
            for name in names:
                found.setdefault(module, {}).setdefault(name, set()).add(rule)
    return {
        module: {name: sorted(rules) for name, rules in sorted(names.items())}
        for module, names in sorted(found.items())
    }


def main(arguments):
    """Print what an edit of some modules (paths or dotted names) reruns."""
    found = reruns()
    wanted = [_dotted(argument) for argument in arguments] or list(found)
    for module in wanted:
        names = found.get(module, {})
        if module.endswith(".py"):  # a rule's script
            names = {"": sorted(rule for rule, code in scripts().items() if module == code[0].name)}
        print(f"{module}: {', '.join(sorted(set().union(*names.values()))) or 'nothing'}")
        if arguments:
            for name, rules in names.items():
                print(f"  {name}: {', '.join(rules)}")


def _dotted(argument):
    path = Path(argument)
    if path.suffix == ".smk" or path.name == "Snakefile":
        raise SystemExit(f"{argument}: Snakemake itself compares what stands in rules")
    if path.suffix != ".py":
        if path.is_file():
            raise SystemExit(f"{argument}: no code; the rule that takes it as input or parameter")
        if not _file(argument):
            raise SystemExit(f"{argument}: no module of the package")
        return argument
    if not path.is_file():
        raise SystemExit(f"{argument}: no such file")
    parts = path.resolve().with_suffix("").parts
    if NAME not in parts or parts[-2] == "scripts":
        return path.name
    first = len(parts) - 1 - parts[::-1].index(NAME)
    return ".".join(parts[first:]).removesuffix(".__init__")


if __name__ == "__main__":
    main(sys.argv[1:])
