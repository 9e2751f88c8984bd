"""The house: a room of the package imports only rooms below it, and no module itself."""

import re
from pathlib import Path

from choreo.pipeline import imports

ROOT = Path(__file__).parents[2]


def test_imports_go_one_way():
    assert imports.upwards() == []


def test_every_folder_and_module_has_its_place():
    folder = imports.PACKAGE
    there = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert there == set(imports.ROOMS)


def test_the_page_for_contributors_has_the_rooms_in_their_order():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rows = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    assert re.findall(r"`(\w+)/?`", " ".join(rows)) == list(imports.ROOMS)


def test_an_import_against_the_order_is_seen(monkeypatch):
    found = {"choreo.files": {"choreo.media"}, "choreo.media": {"choreo.files", "choreo"}}
    monkeypatch.setattr(imports, "modules", lambda: found)
    assert imports.upwards() == ["choreo.files -> choreo.media"]


def test_the_config_knows_registries_of_the_stages_and_nothing_else_of_them():
    stages = imports.ROOMS[imports.ROOMS.index("pipeline") + 1 :]
    known = {
        target
        for module, targets in imports.modules().items()
        if imports.room(module) == "config"
        for target in targets
        if imports.room(target) in stages and imports.room(target) != "config"
    }
    assert known == {"choreo.poses.estimators", "choreo.poses.formats.registry"}


def test_no_module_imports_itself_through_others():
    """Also not through what is imported inside functions."""
    graph = imports.modules()
    done, circles = set(), []

    def follow(module, path):
        if module in path:
            circles.append(" -> ".join([*path[path.index(module) :], module]))
        elif module not in done:
            for target in sorted(graph.get(module, ())):
                follow(target, [*path, module])
            done.add(module)

    for module in graph:
        follow(module, [])
    assert circles == []
