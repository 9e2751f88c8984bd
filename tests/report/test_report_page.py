"""The page: what stands in it, in what order, and what may never."""

import re
import zipfile
from html.parser import HTMLParser

import pytest
import report_study
from report_study import HOSTILE, SHOWN, VIDEOS

from choreo.report.archive import files_beside, write_archive
from choreo.report.page import FIGURES, Contents, Quality, page
from choreo.report.study import gather, qualities_of, times


class Elements(HTMLParser):
    """Start tags of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        if self.tags[-1][0] not in ("style", "script"):
            self.text += data


@pytest.fixture(scope="module")
def text(results):
    return (results / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text)


def test_the_parts_stand_in_their_order(text):
    ids = re.findall(r'<h2 id="(\w+)"', text)
    assert ids == [
        *("found", "dance", "tables", "figures", "gallery", "extended", "quality"),
        *("problems", "provenance"),
    ]


def test_texts_from_outside_stay_texts(text, elements):
    assert HOSTILE in elements.text
    assert sum(tag == "script" for tag, _ in elements.tags) == 1
    assert not any("onerror" in attributes for _, attributes in elements.tags)
    sources = [a["src"] for _, a in elements.tags if "src" in a]
    assert all(s.startswith(("data:image/", "dances/")) for s in sources), sources
    # Nor may what they hide move a reader's eye.
    hidden = page(Contents("a\u202eb\x1b", ["x\u202ey"]))
    assert "\u202e" not in hidden
    assert "\\u202e" in hidden


def test_nothing_is_named_that_lies_elsewhere(elements):
    named = [a.get(name) for _, a in elements.tags for name in ("src", "href", "poster")]
    assert not [address for address in named if address and re.match(r"(?!data:)\w+:|//", address)]


def test_no_interval_of_a_handful_of_songs_is_printed(elements):
    assert "600" not in elements.text
    assert "44.4 (too few songs)" in elements.text
    assert "lower than with other by 2.00 points (too few videos)" in elements.text


def test_with_songs_enough_intervals_are_printed(tmp_path):
    report_study.write_study(tmp_path / "made", songs=8)
    said = Elements(page(gather(tmp_path / "made", study="made", **SHOWN))).text
    assert "44.4 ± 600.0" in said
    assert "46.5 points under the published: another value" in said


def test_table_2_stands_beside_the_published_numbers(elements):
    said = elements.text
    assert "Hit rate 5.0 points over its chance level 40.0%" in said
    assert "46.5 points under the published (too few songs: no verdict)" in said


def test_the_best_model_dances_first_beside_the_real_dancer(elements):
    first = [a for tag, a in elements.tags if tag == "video" and "autoplay" in a]
    assert [a["src"] for a in first] == ["dances/real/neon.mp4", "dances/gru/seed1/neon.mp4"]
    assert all("muted" in a and "loop" in a and "playsinline" in a for a in first)
    assert all(a["poster"].startswith("data:image/jpeg;base64,") for a in first)


def test_figures_that_are_not_made_are_named(elements):
    assert "Not made in this study: Figures 1, 3, 4, 5, 6, 7, A1." in elements.text


def test_videos_are_listed_worst_first_with_their_pages(results, elements):
    found = qualities_of(results, VIDEOS)
    assert [q.video for q in found] == ["three", "two", "one"]
    assert found[0].left_out
    assert found[0].remark.startswith("left out: can't be used")
    pages = [a["href"] for tag, a in elements.tags if tag == "a" and "cleaning" in a["href"]]
    assert pages == ["cleaning/one.png"]
    doubtful = Quality("b", 100, 50.0, 50.0), Quality("a", 100, 0.0, 0.0, remark="look")
    assert sorted(doubtful, key=lambda q: q.badness)[0].video == "a"


@pytest.mark.parametrize("simulated", [False, True])
def test_what_dancers_answered_is_shown_and_who_did_not(tmp_path, simulated):
    report_study.write_survey(tmp_path, simulated=simulated)
    asked = {"study": "asked", "figures": ["figure6"]}
    text = page(gather(tmp_path, **asked, survey=True))
    said = Elements(text).text
    assert '<h2 id="dancers"' in text
    liked = re.search(r"Dances of gru were liked more than those of lstm in ([\d.]+)% of 72", said)
    assert float(liked[1]) > 75
    assert "more than chance gives" in said
    assert "± by song" in said
    caption = re.search(r"Figure 6: what dancers answered\.[^<]*", text)[0]
    for words in (text.partition('id="dancers"')[2], caption):
        assert ("Simulated" in words) == simulated
    # Where nobody was asked nothing is said of it.
    assert '<h2 id="dancers"' not in page(gather(tmp_path, **asked))


def test_dances_to_songs_of_one_s_own_are_in_the_gallery_once_they_are_there(results, tmp_path):
    (tmp_path / "dances" / "gru").mkdir(parents=True)
    video = results / "dances" / "gru" / "seed1" / "neon.mp4"
    for name in ("mine", "neon"):
        (tmp_path / "dances" / "gru" / f"{name}.mp4").write_bytes(video.read_bytes())
    shown = {"models": ["lstm", "gru"], "seeds": [1], "songs": ["neon"]}
    dances = gather(tmp_path, study="s", danced=["mine", "other"], **shown).dances
    assert [(d.song, d.who, d.video) for d in dances] == [
        ("mine", "GRU", "dances/gru/mine.mp4"),
    ]


def test_a_figure_s_own_file_is_a_link(results, elements):
    links = [a["href"] for tag, a in elements.tags if tag == "a" and "figures/" in a["href"]]
    assert links == ["figures/figure2.pdf"]
    assert (results / links[0]) in files_beside(results / "index.html")


def test_the_figures_stand_in_the_thesis_s_order(results):
    contents = gather(results, study="made", **SHOWN)
    contents.figures = dict.fromkeys(reversed(FIGURES), b"")
    found = re.findall(r"<figcaption>Figure (\w+):", page(contents))
    assert found == [*"1234567", "A1"]


def test_the_same_files_give_the_same_page(results, text):
    assert page(gather(results, study="made", **SHOWN)) == text


def test_a_study_without_anything_has_a_page(tmp_path):
    said = Elements(page(gather(tmp_path, study="empty"))).text
    assert "No dance was evaluated" in said
    assert "Every item of the study could be used." in said


def test_times_are_of_rules(tmp_path):
    for name, seconds in (("a/x", 2), ("a/y", 3), ("b", 10), ("index", 99)):
        path = tmp_path / f"{name}.tsv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"s\th:m:s\n{seconds}\t-\n")
    (tmp_path / "c.tsv").write_text("nothing")
    assert times(tmp_path) == [("b", 1, 10.0, 10.0), ("a", 2, 5.0, 3.0)]


def test_the_archive_has_the_page_and_what_it_shows(results, tmp_path):
    write_archive(results / "index.html", tmp_path / "made.zip")
    names = zipfile.ZipFile(tmp_path / "made.zip").namelist()
    assert names[0] == "made/index.html"
    dances = [f"made/dances/{video}/neon.mp4" for video in ("gru/seed1", "lstm/seed1", "real")]
    assert set(dances) <= set(names)
    assert "made/cleaning/one.png" in names
    assert len(names) == 1 + 6 + 1 + 1
    write_archive(results / "index.html", tmp_path / "again.zip")
    one, two = (zipfile.ZipFile(tmp_path / f"{n}.zip") for n in ("made", "again"))
    for name, other in zip(names, two.namelist(), strict=True):
        assert one.read(name) == two.read(other)


def test_the_archive_takes_nothing_from_outside_the_folder(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    (folder / "a b.png").write_text("x")
    links = ("../secret", "/etc/passwd", "https://example.org/a", "a%20b.png", "#top", "lost.png")
    html = "".join(f'<a href="{link}">x</a>' for link in links)
    (folder / "index.html").write_text(html)
    assert [path.name for path in files_beside(folder / "index.html")] == ["a b.png"]
