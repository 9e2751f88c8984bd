"""The page in a real browser: nothing goes wrong, nothing is asked of anyone, and it fits."""

import cv2
import numpy as np
import pytest
import report_study

from choreo.dances.video import HEIGHT
from choreo.report import style
from choreo.report.page import page
from choreo.report.study import gather
from choreo.survey.page import PARTS

pytestmark = pytest.mark.slow

LAPTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def opened(request, browser, results):
    browser.screen(*request.param, phone=request.param == PHONE)
    browser.open((results / "index.html").as_uri())
    return browser


def test_nothing_goes_wrong_and_nothing_is_asked_of_anyone(opened, results):
    assert opened.wait("document.readyState === 'complete'")
    assert opened.complaints() == []
    beside = results.as_uri()
    asked = [url for url in opened.requests() if not url.startswith("data:")]
    assert asked
    assert all(url.startswith(beside) for url in asked), asked


def test_the_first_dances_play_at_once_muted(opened):
    first = "Array.from(document.querySelectorAll('.pair video'))"
    assert opened.run(f"{first}.length") == 2
    # A browser plays by itself what is seen.
    opened.run("document.querySelector('.pair').scrollIntoView({behavior: 'instant'})")
    assert opened.wait(f"{first}.every(v => !v.paused && v.muted && v.loop && v.currentTime > 0)")


def test_a_button_turns_the_sound_on_and_off(opened):
    sound = "document.getElementById('sound')"
    muted = "Array.from(document.querySelectorAll('.pair video')).map(v => v.muted)"
    assert opened.run(f"{sound}.click(), {muted}") == [False, True]
    assert opened.run(f"{sound}.textContent") == "Sound off"
    assert opened.run(f"{sound}.click(), {muted}") == [True, True]


def test_who_wants_no_motion_gets_none(browser, results):
    calm = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser("Emulation.setEmulatedMedia", features=calm)
    try:
        browser.open((results / "index.html").as_uri())
        first = "Array.from(document.querySelectorAll('.pair video'))"
        assert browser.run(f"{first}.every(v => v.paused && v.controls)")
    finally:
        browser("Emulation.setEmulatedMedia", features=[])


def test_a_dance_of_the_gallery_plays_and_loads_nothing_before(opened):
    video = "document.querySelector('#songs video')"
    assert opened.run(f"{video}.networkState") != 2
    assert not any("gru" in url and "strut" in url for url in opened.requests())
    opened.run(f"{video}.muted = true; {video}.play().then(() => true)")
    assert opened.wait(f"{video}.currentTime > 0 && {video}.videoWidth === {HEIGHT}")


@pytest.mark.parametrize("of", ["report", "survey"])
def test_the_bar_of_controls_leaves_the_feet_visible(browser, tmp_path, of):
    css = style.CSS if of == "report" else (PARTS / "page.css").read_text(encoding="utf-8")
    cv2.imwrite(str(tmp_path / "white.png"), np.full((64, 64, 3), 255, np.uint8))
    (tmp_path / "page.html").write_text(
        f"<!doctype html><style>{css}</style><div style='width:300px'>"
        "<video controls preload='none' poster='white.png' src='none.mp4'></video></div>"
    )
    browser.screen(*LAPTOP, phone=False)
    browser.open((tmp_path / "page.html").as_uri())
    box = browser.run(
        "(({x, y, width, height}) => [x, y, width, height])"
        "(document.querySelector('video').getBoundingClientRect())"
    )
    left, top, width, height = (round(side) for side in box)
    browser.picture(tmp_path / "window.png")
    seen = cv2.imread(str(tmp_path / "window.png"), cv2.IMREAD_GRAYSCALE)
    seen = seen[top : top + height, left : left + width]
    assert seen[height // 2].min() > 200  # the poster is there
    lower = seen[height * 3 // 4 : height - 10, 10:-10]
    assert np.median(lower) > 200
    assert lower.min() < 110  # and so are the buttons


WIDER = """
Array.from(document.querySelectorAll('body *')).filter(function (e) {
  return !e.closest('.wide') || e.classList.contains('wide');
}).filter(function (e) {
  var box = e.getBoundingClientRect();
  return box.width && (box.right > window.innerWidth + 1 || box.left < -1);
}).map(function (e) { return e.tagName + ': ' + e.textContent.slice(0, 60); })
"""


def test_no_text_is_wider_than_the_screen(opened):
    opened.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert opened.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert opened.run(WIDER) == []


@pytest.mark.parametrize("screen", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_what_dancers_answered_fits_too(browser, tmp_path, screen):
    report_study.write_survey(tmp_path, simulated=True)
    contents = gather(tmp_path, study="asked", figures=["figure6"], survey=True)
    (tmp_path / "index.html").write_text(page(contents), encoding="utf-8")
    browser.screen(*screen, phone=screen == PHONE)
    browser.open((tmp_path / "index.html").as_uri())
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.run("document.getElementById('dancers').textContent").startswith("What dancers")
    assert browser.run("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.run(WIDER) == []
    assert browser.complaints() == []


def test_a_wide_table_scrolls_and_keeps_its_first_column(browser, results):
    browser.screen(*PHONE, phone=True)
    browser.open((results / "index.html").as_uri())
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    boxes = (
        "Array.from(document.querySelectorAll('.wide')).filter(b => b.scrollWidth > b.clientWidth)"
    )
    assert browser.run(f"{boxes}.length") > 0
    kept = browser.run(
        f"{boxes}.map(b => {{ b.scrollLeft = 200; return b.querySelector('td')"
        ".getBoundingClientRect().left - b.getBoundingClientRect().left; })"
    )
    assert all(abs(left) < 2 for left in kept), kept
    columns = "Array.from(document.querySelectorAll('tr')).map(r => r.children.length)"
    assert max(browser.run(columns)) <= 1 + 8


CUT = """
Array.from(document.querySelectorAll('.wide')).filter(e => e.scrollWidth > e.clientWidth + 1)
  .map(e => 'table: ' + e.textContent.slice(0, 60))
"""


def test_on_paper_everything_is_unfolded_and_nothing_is_cut(browser, results):
    browser.screen(700, 1000, phone=False)  # what A4 leaves between a printer's margins
    browser.open((results / "index.html").as_uri())
    folded = "Array.from(document.querySelectorAll('details')).filter(d => !d.open).length"
    assert browser.run(folded) > 0
    assert browser("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]
    assert browser.run(folded) == 0
    browser("Emulation.setEmulatedMedia", media="print")
    try:
        assert browser.run(f"[...{WIDER.strip()}, ...{CUT.strip()}]") == []
    finally:
        browser("Emulation.setEmulatedMedia", media="")


def test_sorting_by_a_metric_moves_songs_and_dances(opened):
    assert opened.run("!document.querySelector('.sorting').hidden")
    names = "Array.from(document.querySelectorAll('#songs h3')).map(h => h.textContent)"
    assert opened.run(names) == ["neon", "strut"]
    texts = opened.run(
        "Array.from(document.querySelectorAll('#metric option'), o => o.textContent)"
    )
    energy = next(i for i, text in enumerate(texts) if text.startswith("Energy"))
    chosen = f"""
      var c = document.getElementById('metric'); c.selectedIndex = {energy};
      c.dispatchEvent(new Event('change'));
    """
    opened.run(chosen)
    assert opened.run(names) == ["strut", "neon"]
    dances = opened.run(
        "Array.from(document.querySelectorAll('#songs article:first-child figcaption a'))"
        ".map(a => a.textContent)"
    )
    assert dances == ["Real dancer", "GRU", "LSTM"]
    assert opened.run("document.querySelector('.dance:not(.real) .score').textContent").startswith(
        "Energy"
    )


def test_without_scripts_every_dance_is_there(browser, results):
    browser("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.screen(*LAPTOP)
        browser.open((results / "index.html").as_uri())
        found = browser("DOM.getDocument", depth=-1)
        text = str(found)
        assert text.count("'localName': 'video'") == 2 + 6
    finally:
        browser("Emulation.setScriptExecutionDisabled", value=False)
