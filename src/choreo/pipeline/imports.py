"""Which room of the package imports which: `python -m choreo.pipeline.imports` draws it.

Imports inside functions count, too.
"""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name
ROOMS = (
    *("choices", "errors", "rates", "files", "gpus", "provenance", "media", "tables", "figures"),
    *("pose", "drawing", "beats", "statistics", "pipeline"),
    # The config reads the registries of the first stages.
    *("videos", "poses", "config", "synth", "comparison", "cleaning", "dataset"),
    *("models", "training", "dances", "evaluation", "survey", "report", "cli"),
)
"""Every room, from the ground floor up: it imports only rooms that stand before it."""


def modules():
    """Every module of the package, and the modules of it that it imports.

    Returns
    -------
    dict of str to set of str
        Dotted names.
    """
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = (NAME, *path.relative_to(PACKAGE).with_suffix("").parts)
        name = ".".join(parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[name] = {target for node in ast.walk(tree) for target in _imported(node)} - {name}
    return found


def _imported(node):
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        names = [_module(f"{node.module}.{alias.name}") or node.module for alias in node.names]
    else:
        names = []
    return [name for name in names if name.split(".")[0] == NAME]


def _module(name):
    base = PACKAGE.joinpath(*name.split(".")[1:])
    return name if base.with_suffix(".py").is_file() or (base / "__init__.py").is_file() else None


def room(module):
    """The room that a module stands in; None for the package itself."""
    return [*module.split("."), None][1]


def rooms():
    """Room -> rooms that it imports, with the modules that do: ``importer -> imported``."""
    found = {}
    for module, targets in modules().items():
        for target in targets:
            one, other = room(module), room(target)
            if one and other and one != other:
                found.setdefault(one, {}).setdefault(other, []).append(f"{module} -> {target}")
    return found


def upwards():
    """Imports against the order of `ROOMS`, each as ``importer -> imported``."""
    place = {name: number for number, name in enumerate(ROOMS)}
    return [
        edge
        for one, others in rooms().items()
        for other, edges in others.items()
        for edge in edges
        if place.get(other, -1) >= place.get(one, len(ROOMS))
    ]


def main():
    """Print a line a room, the highest first, with the rooms below that it imports."""
    found = rooms()
    for name in reversed(ROOMS):
        below = sorted(found.get(name, {}), key=ROOMS.index)
        print(f"{name:>11}  {' '.join(below)}")
    for edge in upwards():
        print(f"against the order: {edge}")


if __name__ == "__main__":
    main()
