"""Figure 1 is the rule graph by stages: nothing in it that is not there, nothing left out."""

import pytest
from matplotlib.path import Path as Line
from matplotlib.text import Text

from choreo.figures import save
from choreo.report.figure1 import Stages, figure1, said_of, stages_of

FILES = {
    "film": "videos",
    "find": "poses",
    "table": "comparison",
    "clean": "cleaning",
    "pack": "dataset",
    "train": "training",
    "unused": "training",
    "song": "songs",
    "dance": "dances",
    "all": "Snakefile",
    "page": "report",
}
EDGES = (
    *(("film", "find"), ("film", "song"), ("find", "table"), ("find", "clean")),
    *(("film", "clean"), ("clean", "pack"), ("pack", "train"), ("train", "dance")),
    *(("song", "dance"), ("dance", "page"), ("table", "page"), ("page", "all"), ("film", "page")),
)
SAID = {stage: f"what {stage} makes" for stage in FILES.values() if stage != "Snakefile"}


def dot(edges):
    rules = list(dict.fromkeys(rule for edge in edges for rule in edge))
    lines = [f'\t{n}[label = "{r}", color = "0.1 0.6 0.85"];' for n, r in enumerate(rules)]
    lines += [f"\t{rules.index(a)} -> {rules.index(b)}" for a, b in edges]
    return "digraph snakemake_dag {\n" + "\n".join(lines) + "\n}"


@pytest.fixture
def stages():
    return stages_of(dot(EDGES), FILES, SAID)


def test_rules_are_gathered_by_their_files(stages):
    assert stages.rules["videos"] == ["film"]
    assert stages.rules["training"] == ["train"]
    assert "Snakefile" not in stages.rules
    assert ("videos", "cleaning") in stages.edges
    assert all(one != other for one, other in stages.edges)


def test_edges_that_others_imply_are_not_drawn(stages):
    assert stages.shown() == stages.edges - {("videos", "cleaning"), ("videos", "report")}


def test_each_stage_stands_under_what_it_takes(stages):
    layers = stages.layers()
    depth = {stage: number for number, layer in enumerate(layers) for stage in layer}
    assert set(depth) == set(stages.rules)
    assert all(depth[one] < depth[other] for one, other in stages.edges)


def test_stages_that_take_of_each_other_are_one():
    back = stages_of(dot([*EDGES, ("dance", "train")]), FILES, SAID)
    assert back.rules["training and dances"] == ["train", "dance"]
    assert ("training and dances", "report") in back.edges
    assert not {"training", "dances"} & set(back.rules)
    figure1(back)


def test_the_figure_has_every_stage_with_its_rules_and_as_many_arrows_as_edges(stages, tmp_path):
    figure = figure1(stages)
    said = [text.get_text() for text in figure.findobj(Text) if text.get_text()]
    assert set(stages.rules) <= set(said)
    for stage, rules in stages.rules.items():
        assert ", ".join(rules) in said
        assert SAID[stage] in said
    patches = [type(patch).__name__ for patch in figure.axes[0].patches]
    assert patches.count("FancyArrowPatch") == len(stages.shown())
    save(figure, tmp_path / "figure1")
    save(figure1(stages), tmp_path / "again")
    assert (tmp_path / "figure1.png").read_bytes() == (tmp_path / "again.png").read_bytes()


def test_no_lines_cross_where_none_must(stages):
    """A song goes past on one side and the tables on the other."""
    figure = figure1(stages)
    lines = [
        Line(patch.get_path().vertices[:-4])  # without the head
        for patch in figure.axes[0].patches
        if type(patch).__name__ == "FancyArrowPatch"
    ]
    assert len(lines) == len(stages.shown())
    for number, one in enumerate(lines):
        assert not any(one.intersects_path(other, filled=False) for other in lines[:number])


def test_a_single_stage_is_a_figure():
    figure1(Stages({"videos": ["film"]}, set()))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Stage `poses`: one track a video.\n# More.\nrule x:", ("poses", "one track a video")),
        ("# Stage `a`: found (section 3.3); B\n", ("a", "found (section 3.3)")),
        ("# Stage `a`: over\n# two lines.\n", ("a", "over two lines")),
        ("# What people type.\n", ("", "")),
        ("rule x:\n# Stage `a`: b\n", ("", "")),
    ],
)
def test_a_stage_says_in_its_file_s_head_what_it_makes(text, said):
    assert said_of(text) == said
