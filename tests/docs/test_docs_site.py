"""The docs as a site: every link leads somewhere, lists are lists, nothing is asked of anyone."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from scripts import load_script

ROOT = Path(__file__).parents[2]
LAPTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture(scope="module")
def hooks():
    return load_script(ROOT / "docs" / "hooks.py")


def test_links_of_the_project_become_links_of_the_site(hooks):
    linked = hooks.linked
    assert linked("[a](docs/poses.md#the-dancer)", "index.md", "README.md") == (
        "[a](poses.md#the-dancer)"
    )
    assert linked("[a `b`](../config/README.md)", "survey.md", "docs/survey.md") == (
        "[a `b`](settings.md)"
    )
    assert linked("[a\nb](../poses.md)", "adding/x.md", "docs/adding/x.md") == "[a\nb](../poses.md)"
    # What is no page is named; what is nowhere stays, and mkdocs warns of it.
    assert linked("[Makefile](Makefile)", "index.md", "README.md") == "`Makefile`"
    assert linked("[how](../Makefile)", "a.md", "docs/a.md") == "how (`Makefile`)"
    assert linked("[how](../none.py)", "a.md", "docs/a.md") == "[how](../none.py)"
    for kept in ("[a](https://a.b/docs/poses.md)", "`[a](docs/poses.md)`", "[a](#b)"):
        assert linked(kept, "index.md", "README.md") == kept
    code = "```\n[a](docs/poses.md)\n```\n\n    [a](docs/poses.md)\n"
    assert linked(code, "index.md", "README.md") == code


def test_lists_are_laid_out_as_the_site_wants_them(hooks):
    assert hooks.spaced("So\n- a\n- b\n") == "So\n\n- a\n- b\n"
    assert hooks.spaced("So\n|a|\n|-|\n") == "So\n\n|a|\n|-|\n"
    assert hooks.spaced("- a\n  goes on\n- b\n") == "- a\n    goes on\n- b\n"
    assert hooks.spaced("- a\n\n  more\n- b\n") == "- a\n\n    more\n\n- b\n"
    assert hooks.spaced("1. a\n\n   ```\n   x\n   ```\n") == "1. a\n\n    ```\n    x\n    ```\n"
    code = "```\nSo\n- a\n  b\n```\n"
    assert hooks.spaced(code) == code


def test_names_are_broken_between_their_parts_and_in_tables_alone(hooks):
    long = "<code>choreo.files.text_tables</code>"
    cell = "<code>choreo.<wbr>files.<wbr>text_<wbr>tables</code>"
    short = '<code class="short">{}</code>'.format
    block = "<pre><span></span><code>choreo.files</code></pre>"
    page = f"<p>{long} <code>--beats FILE</code></p><table><td>{long}</td><td><code>a.b</code></td>"
    assert hooks.breakable(f"{page}</table>{block}") == (
        f"<p>{long} {short('--beats FILE')}</p><table><td>{cell}</td><td>{short('a.b')}</td>"
        f"</table>{block}"
    )


def test_every_page_is_in_the_list_and_every_shipped_study_is_named():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        assert f": {page.relative_to(ROOT / 'docs').as_posix()}\n" in text, page
    settings = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    for study in (ROOT / "config").glob("*.yaml"):
        assert f"`{study.name}`" in settings, study


def test_the_tables_of_the_front_page_came_out_so():
    rows = {
        name: [line for line in (ROOT / name).read_text("utf-8").splitlines() if line[:1] == "|"]
        for name in ("README.md", "docs/demo_tables.md")
    }
    # The page has Table 2x behind them.
    count = len(rows["README.md"])
    assert 15 < count < len(rows["docs/demo_tables.md"])
    assert rows["README.md"] == rows["docs/demo_tables.md"][:count]


def test_the_page_on_gpus_names_settings_that_are_there():
    from choreo.config import Config

    text = (ROOT / "docs" / "gpu_node.md").read_text("utf-8")
    for section, name, field in re.findall(r"`(\w+)\.(\w+)(?:\.(\w+))?(?:: \w+)?`", text):
        found = Config.model_fields[section].annotation.model_fields[name]
        assert not field or field in found.annotation.model_fields
    profile = yaml.safe_load((ROOT / "profiles/default/profile.yaml").read_text())
    assert profile["resources"]["gpu_percent"] == 100


def test_the_targets_of_the_page_are_rules():
    rules = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    known = set(re.findall(r"^(?:rule|use rule \w+ as) (\w+)", rules, re.MULTILINE))
    table = (ROOT / "docs" / "targets.md").read_text("utf-8").split("| target |")[1]
    firsts = [line.split("|")[1] for line in table.split("\n\n")[0].splitlines()[2:]]
    named = [name for first in firsts for name in re.findall(r"`(\w+)`", first)]
    assert len(named) > 20
    assert set(named) - {"all"} <= known


def test_the_dance_of_the_front_page_is_small_and_ours():
    data = (ROOT / "docs" / "dance.gif").read_bytes()
    assert data[:6] == b"GIF89a"
    assert b"Made by Choreo" in data[-100:]
    assert len(data) < 1_500_000
    assert "](docs/dance.gif)" in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built by its own rules: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


@pytest.mark.slow
def test_no_page_asks_anyone_or_shows_marks_of_lists(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 35
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for tag in re.findall(r"<(?:script|img|source|iframe|link)\b[^>]*>", text):
            assert not re.search(r"(?:src|href)=\"?(?:https?:)?//", tag), (page, tag)
        words = re.sub(r"<(pre|script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
        for paragraph in re.findall(r"<p>(.*?)</p>", words, re.DOTALL):
            marks = re.search(r"^\s*([-*] |\d+\. |\|.*\||```)", paragraph, re.MULTILINE)
            assert not marks, (page, paragraph[:200])
    assert not list(site.rglob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("page", ["index.html", "metrics.html", "adding/format.html"])
def test_a_page_from_the_disk_is_whole_and_fits(browser, site, page, size):
    browser.screen(*size, phone=size == PHONE)
    browser.open((site / page).as_uri())
    assert browser.wait("document.readyState === 'complete'")
    assert browser.complaints() == []
    asked = [url for url in browser.requests() if not url.startswith("data:")]
    assert asked
    assert all(url.startswith(site.as_uri()) for url in asked), asked
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    pictures = "Array.from(document.images).every(i => i.complete && i.naturalWidth > 0)"
    assert browser.wait(pictures)


@pytest.mark.slow
def test_the_search_finds_without_a_server(browser, site):
    browser.screen(*LAPTOP)
    browser.open((site / "adding" / "metric.html").as_uri())
    browser.wait("document.querySelector('.md-search__input')")
    browser.run("document.querySelector('.md-search__input').focus()")
    for letter in "misdetection":
        browser.press(letter)
    found = "Array.from(document.querySelectorAll('.md-search-result__link')).map(a => a.href)"
    assert browser.wait(f"{found}.some(a => a.includes('glossary.html'))")
    assert browser.complaints() == []
