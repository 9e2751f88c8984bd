"""Texts whose parts take far more memory than they themselves: refused before they do."""

import tracemalloc

import pytest

from choreo import config
from choreo.dataset.importers import aist, brace
from choreo.errors import ChoreoError
from choreo.evaluation.others.reading import read_dance
from choreo.files.outside import load_json
from choreo.models.recipes import load_recipes

TEXTS = {
    "lines of a videos table": (config.read_table, "t.tsv", "id\tsource\n", "a\tb\n", 4_000_000),
    "comments of a table": (config.read_table, "t.tsv", "id\tsource\n", "#\n", 4_000_000),
    "names": (aist.read_names, "list.txt", "", "a\n", 4_000_000),
    "rows of commas": (brace.read_fps, "v.csv", "video_id,fps\n", "a,1\n", 4_000_000),
    "cells of commas": (brace.read_fps, "v.csv", "video_id,fps\n", ",", 14_000_000),
    "frames of a dance": (read_dance, "d.csv", "", "1\n", 4_000_000),
    "lists of a dance": (read_dance, "d.json", "[", "[],", 8_000_000),
    "beats": (lambda path: load_json(path, "beats"), "b.json", "[", "{},", 8_000_000),
    "recipes": (load_recipes, "m.yaml", "a: [", "1,", 400_000),
}


@pytest.mark.parametrize("name", TEXTS)
def test_many_small_parts_are_refused_before_memory_is_taken(tmp_path, name):
    read, file, begin, part, count = TEXTS[name]
    path = tmp_path / file
    path.write_text(begin + part * count)
    size = path.stat().st_size
    tracemalloc.start()
    try:
        with pytest.raises(ChoreoError, match=f"{file}.*more than [0-9,]+ ") as refused:
            read(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.remedy
    # A file is read into a place of its limit, 128 MiB at most; YAML keeps what it has read.
    assert peak < 3 * size + (250 << 20 if name == "recipes" else 160 << 20)
