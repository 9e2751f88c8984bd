"""The page: what is in it, and a participant who goes through it in a real browser."""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from browser import BINARY, Browser
from made_surveys import make

from choreo import media
from choreo.config.survey import LANGUAGES
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack
from choreo.survey.answers import read_answers
from choreo.survey.page import PARTS, catch_track, page, texts, write_page

NEEDS_BROWSER = pytest.mark.skipif(BINARY is None, reason="no Chromium on this machine")


def test_every_language_has_the_same_texts_with_the_same_places():
    assert {path.stem for path in PARTS.glob("*.json")} == set(LANGUAGES)
    found = texts(LANGUAGES)
    places = {
        language: {name: sorted(re.findall(r"\{\w+\}", said)) for name, said in own.items()}
        for language, own in found.items()
    }
    assert places["ko"] == places["nl"] == places["en"]
    assert all(said.strip() for own in found.values() for said in own.values())


def test_the_thesis_s_questions_are_asked_in_its_words():
    own = texts(["en"])["en"]
    assert [own[name] for name in ("beats", "natural", "dynamic", "like")] == [
        "Which dance matches the music beats better?",
        "Which dance is more natural/realistic?",
        "Which dance is more dynamic?",
        "Which dance do you like more?",
    ]


def test_the_page_asks_nothing_of_anyone_and_a_text_ends_no_script():
    made = page(make(), languages=["en"], consent={"en": "</script><script>alert(1)</script>"})
    assert "connect-src 'none'" in made or "connect-src &#x27;none&#x27;" in made
    assert made.count("</script>") == 2
    assert not re.search(r"https?://", made)
    sent = page(make(), languages=["en"], post_to="https://a.example/x?y")
    assert "connect-src https://a.example;" in sent


def test_the_page_s_text_names_no_model_and_no_catch_trial():
    made = page(make(songs=["waltz"], catches=["waltz"]), languages=["en"])
    data = json.loads(re.search(r'id="data">(.*?)</script>', made, re.DOTALL)[1])
    design = json.dumps({name: value for name, value in data.items() if name != "texts"})
    for word in ("original", "gru", "waltz", "frozen", "noise"):
        assert word not in design


def test_videos_of_another_survey_are_deleted(tmp_path):
    video = tmp_path / "a.mp4"
    video.write_bytes(b"a")
    write_page(tmp_path / "s", "one", {"0" * 16: video})
    write_page(tmp_path / "s", "two", {"1" * 16: video})
    assert [path.name for path in (tmp_path / "s" / "videos").iterdir()] == ["1" * 16 + ".mp4"]
    assert (tmp_path / "s" / "index.html").read_text() == "two"


def test_catch_trials_are_a_frozen_dance_or_noise_like_it():
    rng = np.random.default_rng(1)
    joints = rng.normal(size=(50, len(SKELETONS["openpose18"]), 2)).astype(np.float32) * 9 + 100
    joints[0, 3] = np.nan
    track = PoseTrack(joints, np.ones(joints.shape[:2]), 10, (200, 200), "openpose18")
    assert catch_track(track, "real", seed=1) is track
    frozen = catch_track(track, "frozen", seed=1).keypoints
    assert (frozen == joints[1]).all()
    noise = catch_track(track, "noise", seed=1).keypoints
    assert np.isfinite(noise).all()
    assert np.allclose(noise.std(0).mean(), joints[1:].std(0).mean(), rtol=0.1)
    np.testing.assert_array_equal(noise, catch_track(track, "noise", seed=1).keypoints)


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A survey of four pairs in a folder, with a video a dance."""
    folder = tmp_path_factory.mktemp("survey")
    key = make(songs=["a", "b", "c"], catches=["a"])
    video = folder / "grey.mp4"
    subprocess.run(
        [
            *(media.ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i"),
            *("testsrc=size=160x160:rate=10:duration=2", "-f", "lavfi", "-i"),
            *("sine=duration=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
            str(video),
        ],
        check=True,
    )
    videos = {hidden: video for pair in key.pairs for hidden in pair.videos}
    write_page(folder / "page", page(key, languages=list(LANGUAGES)), videos)
    return key, folder / "page"


def focused(browser):
    return browser.run("document.activeElement.id || document.activeElement.tagName")


def tab_to(browser, name):
    """Press Tab until something has the focus, as a person without a mouse does."""
    for _ in range(80):
        if focused(browser) == name:
            return
        browser.press("Tab")
    raise AssertionError(f"{name} can't be reached by Tab")


def show(browser, name):
    """Keep a picture where someone wants to look at them (CHOREO_PICTURES)."""
    if folder := os.environ.get("CHOREO_PICTURES"):
        browser.picture(Path(folder) / f"{name}.png")


FAULTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    const c = rgb(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c;
    return e.parentElement ? ground(e.parentElement) : [255, 255, 255];
  };
  const faults = [];
  for (const e of document.body.querySelectorAll('*')) {
    if (!e.offsetParent || ['SCRIPT', 'OPTION'].includes(e.tagName)) continue;
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const pair = [light(rgb(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
    if (own && (pair[0] + 0.05) / (pair[1] + 0.05) < 4.5) faults.push(['contrast', e.outerHTML]);
    if (/INPUT|SELECT/.test(e.tagName) && !e.labels.length) faults.push(['label', e.outerHTML]);
    const film = e.tagName === 'VIDEO';
    if (film && !e.getAttribute('aria-label')) faults.push(['label', e.outerHTML]);
    if (film && e.textTracks[0]?.kind !== 'captions') faults.push(['captions', '']);
    const touched = ['radio', 'checkbox'].includes(e.type) ? e.labels[0] : e;
    if (/INPUT|SELECT|BUTTON/.test(e.tagName) && touched.getBoundingClientRect().height < 24)
      faults.push(['size', e.outerHTML]);
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push(['h1', '']);
  if (!document.documentElement.lang) faults.push(['lang', '']);
  return faults;
})()"""
"""What of WCAG 2.2 AA a script can find: contrast, labels, captions, sizes, language."""


def begin(browser):
    tab_to(browser, "next")
    browser.press("Enter")
    assert "tick" in browser.run("document.getElementById('problem').textContent")
    assert focused(browser) == "agree"
    browser.press(" ")
    tab_to(browser, "next")
    browser.press("Enter")
    tab_to(browser, "level-professional")
    browser.press(" ")
    tab_to(browser, "years")
    browser.press("7")
    tab_to(browser, "style-street")
    browser.press(" ")
    show(browser, "background")
    assert browser.run(FAULTS) == []
    tab_to(browser, "next")
    browser.press("Enter")


def answer(browser, questions=("beats", "natural", "dynamic", "like")):
    """Answer questions of a pair with B, by keyboard alone."""
    for question in questions:
        browser.run("document.querySelector('h1').focus()")
        tab_to(browser, f"{question}-left")
        browser.press("ArrowRight")


def finish(browser):
    for _ in range(20):
        if browser.run("Boolean(document.getElementById('download'))"):
            return
        answer(browser)
        tab_to(browser, "next")
        browser.press("Enter")


def fits(browser):
    return browser.run("document.documentElement.scrollWidth <= innerWidth")


@NEEDS_BROWSER
@pytest.mark.slow
@pytest.mark.parametrize(
    "phone", [pytest.param(False, marks=pytest.mark.soak), True], ids=["laptop", "phone"]
)
def test_a_participant_by_keyboard_reloads_crashes_returns_and_downloads(survey, tmp_path, phone):
    key, folder = survey
    address = (folder / "index.html").as_uri() + "?p=5"
    how = {"size": (390, 844) if phone else (1280, 900), "phone": phone}
    look = "phone" if phone else "laptop"
    browser = Browser(tmp_path / "profile", **how)
    try:
        browser.open(address)
        browser.wait("document.querySelector('h1')")
        show(browser, f"{look}-consent")
        assert fits(browser)
        assert browser.run(FAULTS) == []
        begin(browser)
        answer(browser, ["beats", "natural"])
        show(browser, f"{look}-pair")
        assert fits(browser)
        assert browser.run(FAULTS) == []
        # What is not answered is said, and gets the focus.
        tab_to(browser, "next")
        browser.press("Enter")
        assert "dynamic" in browser.run("document.getElementById('problem').textContent")
        assert focused(browser) == "dynamic-left"
        browser.wait("[...document.querySelectorAll('video')].every(v => v.readyState > 0)")
        browser("Page.reload")
        browser.wait("document.getElementById('natural-right')?.checked")
        assert browser.run("document.getElementById('beats-right').checked")
        answer(browser, ["dynamic", "like"])
        tab_to(browser, "next")
        browser.press("Enter")
        assert "2" in browser.run("document.querySelector('h1').textContent")
        asked, said = browser.requests(), browser.complaints()
        browser.wait(
            "document.querySelector('main').dataset.onDisk === "
            "String(JSON.parse(Object.values({...localStorage})[0]).kept)"
        )
        # The machine goes down; the page is opened again tomorrow.
        browser.crash()
    except BaseException:
        browser.close()
        raise
    browser = Browser(tmp_path / "profile", **how)
    try:
        browser("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path / "in"))
        browser.open(address)
        browser.wait("document.querySelector('h1')")
        assert "2" in browser.run("document.querySelector('h1').textContent")
        finish(browser)
        show(browser, f"{look}-end")
        assert browser.run(FAULTS) == []
        tab_to(browser, "download")
        browser.press("Enter")
        browser.wait("document.getElementById('status').textContent")
        for _ in range(200):
            if list((tmp_path / "in").glob("answers-*.json")):
                break
            browser.run("new Promise(done => setTimeout(done, 50))")
        asked += browser.requests()
        said += browser.complaints()
    finally:
        browser.close()
    assert {address.partition(":")[0] for address in asked} <= {"file", "data", "blob"}
    assert said == []
    read = read_answers(tmp_path / "in", key)
    assert read.refused.empty, read.refused.reason.tolist()
    assert read.participants.level.tolist() == ["professional"]
    assert read.participants.years.tolist() == [7]
    assert set(read.votes.side) == {"right"}
    assert len(read.votes) == 3 * 4
    assert not read.simulated


@NEEDS_BROWSER
@pytest.mark.slow
def test_without_storage_the_page_says_so_and_goes_on_in_another_language(survey, tmp_path):
    _, folder = survey
    browser = Browser(tmp_path / "profile")
    try:
        for name in ("localStorage", "indexedDB"):
            refuse = f"Object.defineProperty(window, '{name}', {{get() {{ throw new Error(); }}}})"
            browser("Page.addScriptToEvaluateOnNewDocument", source=refuse)
        browser.open((folder / "index.html").as_uri())
        browser.wait("document.querySelector('.warning[role=status]')")
        for language in LANGUAGES:
            browser.run(
                f"(() => {{ const s = document.getElementById('language'); s.value = '{language}';"
                "s.dispatchEvent(new Event('change')); })()"
            )
            assert browser.run("document.documentElement.lang") == language
            own = texts([language])[language]
            assert browser.run("document.querySelector('h1').textContent") == own["consent_title"]
            show(browser, f"consent-{language}")
        begin_in = browser.run("document.querySelector('.warning').textContent")
        assert begin_in == texts(["nl"])["nl"]["not_kept"]
    finally:
        browser.close()


class _Takes(http.server.BaseHTTPRequestHandler):
    """An address of a researcher: refuses the first file, takes the next."""

    taken: ClassVar[list] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.taken.append(body)
        self.send_response(500 if len(self.taken) == 1 else 204)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()

    def log_message(self, *_):
        pass


@NEEDS_BROWSER
@pytest.mark.slow
@pytest.mark.soak
def test_answers_are_sent_where_the_researcher_says_and_downloaded_where_that_fails(
    survey, tmp_path
):
    key, folder = survey
    _Takes.taken.clear()
    server = http.server.HTTPServer(("127.0.0.1", 0), _Takes)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    post_to = f"http://127.0.0.1:{server.server_port}/in"
    shutil.copytree(folder, tmp_path / "page")
    index = tmp_path / "page" / "index.html"
    index.write_text(page(key, languages=["en"], post_to=post_to))
    browser = Browser(tmp_path / "profile")
    try:
        browser.open(index.as_uri() + "?p=2")
        browser.wait("document.querySelector('h1')")
        begin(browser)
        finish(browser)
        tab_to(browser, "send")
        browser.press("Enter")
        browser.wait("document.getElementById('status').textContent.includes('did not work')")
        browser.wait("document.activeElement.id === 'download'")
        assert browser.run("document.getElementById('again').hidden")
        browser.run("document.querySelector('h1').focus()")
        tab_to(browser, "send")
        browser.press("Enter")
        browser.wait("document.getElementById('status').textContent.includes('have arrived')")
        # The next person on this device begins anew.
        tab_to(browser, "again")
        browser.press("Enter")
        assert not browser.run("document.getElementById('agree').checked")
    finally:
        browser.close()
        server.shutdown()
        server.server_close()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sent.json").write_bytes(_Takes.taken[1])
    read = read_answers(tmp_path / "in", key)
    assert read.refused.empty, read.refused.reason.tolist()
    assert len(read.votes) == 3 * 4
