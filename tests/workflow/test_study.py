"""A tiny study from nothing to its report, and what a change, a kill or bad input does to it."""

import csv
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest
from scripts import load_script

from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack
from choreo.report.archive import files_beside
from choreo.survey.design import FIGURES, TABLES, Key
from choreo.survey.simulated_answers import simulate, write_simulated

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


def test_every_output_is_there(finished):
    results = finished.results / "tiny"
    extended = [f"table2x_{part}" for part in ("distances", "beats", "motion", "pairs")]
    for name in ("table1", "seams", "table2", *extended):
        for suffix in ("csv", "md", "tex", "html"):
            assert (results / "tables" / f"{name}.{suffix}").stat().st_size > 0
    for name in ("figure1", "figure2", "figure3", "figure4", "figure5", "figure7", "figureA1"):
        assert (results / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert (results / "figures" / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert "three" not in (results / "videos" / "problems.csv").read_text()
    report = (results / "report.html").read_text()
    for word in ("Table 1", "Table 2", "Figure 2", "Figure 5", "Figure 7", "Figure A1", "dusty"):
        assert word in report, word
    page = (results / "index.html").read_text()
    shown = {path.relative_to(results).as_posix() for path in files_beside(results / "index.html")}
    assert shown >= {f"dances/{of}/dusty.mp4" for of in ("real", "original/seed1", "gru/seed1")}
    assert shown >= {f"cleaning/{video}.png" for video in ("one", "two", "three")}
    assert page.count("<li>") >= 5
    figures = re.findall(r"<figcaption>Figure (\d|A1):", page)
    assert figures == [*"12345", "7", "A1"]
    assert "Not made in this study: Figure 6." in page


def test_table1_has_our_rows_and_the_published_ones(finished):
    table = pd.read_csv(finished.results / "tiny" / "tables" / "table1.csv")
    ours = table[table["origin"] == "this study"]
    assert list(ours["estimator"]) == ["mediapipe17", "mediapipe26"]
    assert list(ours["videos"]) == [3, 3]
    assert (ours["pck_0_1"] > 0.5).all()
    published = table[table["origin"] == "published"]
    assert list(published["incorrect_mean"]) == [76.2, 127.4, 339.1]


def test_table2x_has_its_bounding_rows(finished):
    """One test song of one chunk: every value is defined or empty, none is made up."""
    tables = finished.results / "tiny" / "tables"
    beats = pd.read_csv(tables / "table2x_beats.csv").set_index("system")
    models = ["real", "original", "gru"]
    bounds = ["shifted", "frozen", "mean_pose", "noise", "retrieval"]
    assert beats.index.tolist() == models + bounds
    assert beats.loc["frozen", "beat_coverage"] == 0
    assert beats.beat_hit_rate_interval.isna().all()
    distances = pd.read_csv(tables / "table2x_distances.csv")
    assert distances.frechet.notna().all()
    assert (distances.chunks == 1).all()
    pairs = pd.read_csv(tables / "table2x_pairs.csv")
    assert pairs.sentence.str.endswith("cannot be told from 1 song and 1 training.").all()


def test_every_table_says_what_it_was_made_by(finished):
    tables = sorted((finished.results / "tiny").rglob("tables/*.csv"))
    assert len(tables) >= 8
    hashes = set()
    for path in tables:
        frame = pd.read_csv(path)
        assert (frame["commit"] == "no git").all(), path
        hashes |= set(frame["config"])
        said = path.with_suffix(".md").read_text().splitlines()[-1]
        assert said.startswith("*Study tiny: 3 videos, 3 songs (1 for testing); seed 1"), path
    assert len(hashes) == 1


def test_another_commit_or_line_of_the_table_makes_nothing_anew(copy):
    commands = (["init"], ["add", "src", "Snakefile", "rules"], ["commit", "-m", "one"])
    for command in commands:
        own = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *own, *command], cwd=copy.folder, check=True, capture_output=True)
    # Every row stands a line lower.
    table = copy.folder / "config" / "tiny.tsv"
    table.write_text(table.read_text().replace("\n", "\n# a comment\n", 1))
    # The report of a copied project is made anew: it lies in another folder.
    assert copy.planned() <= {"report", "all"}


@pytest.mark.soak
def test_table3_runs_small_and_says_so(copy):
    path = copy.folder / "config" / "tiny.yaml"
    settings = "{sensitivity: {seconds: 10, dancers: 1}"
    text = path.read_text()
    assert settings in text
    path.write_text(text.replace(settings, settings + ", audit: {switches: {epochs: 1}}"))
    copy.run("table3")
    table = pd.read_csv(copy.results / "tiny" / "tables" / "table3.csv", dtype={"number": str})
    assert table["number"].tolist() == ["1", "2a", "2b", *"3456789", "10"]
    trained = table[table["seeds"].notna()]
    assert set(trained["verdict"]) == {"not decidable with this data"}
    assert (trained["seeds"] == 1).all()
    assert table["effect"].iloc[1].startswith("PCK@0.1")
    assert trained["why"].str.contains("1 training|not defined").all()
    assert (trained["groups"] == 1).all()
    assert (table["commit"] == "no git").all()
    assert table["config"].nunique() == 1
    assert list(table["training_seeds"].unique()) == [1]
    assert table["study_seed"].tolist() == [1] * 11
    # From now on the report shows it.
    report = copy.results / "tiny" / "report.html"
    assert "tables/table3.html" not in report.read_text()
    assert copy.planned("report") == {"report"}
    copy.run("report")
    assert "tables/table3.html" in report.read_text()
    text = (copy.results / "tiny" / "tables" / "table3.md").read_text()
    assert "This is a small run" in text
    assert "on 4 chunks of 5 s; epochs: 1, of the original model 2; test songs: 1." in text


def test_table3_trains_models_of_its_own_on_the_study_s_dataset(copy):
    planned = copy.planned("table3")
    assert {"train_model", "evaluate_model", "measure_regeneration", "table3"} <= planned
    assert not planned & {"make_demo_clip", "standardise_video", "mediapipe_poses", "clean_track"}


def test_dances_are_as_long_as_their_song(finished):
    track = PoseTrack.load(finished.results / "tiny" / "dances" / "gru" / "seed1" / "dusty.npz")
    assert (track.skeleton, track.fps) == ("openpose18", 10)
    assert len(track) == 70
    assert not list((finished.results / "tiny" / "dances" / "gru").rglob("neon*"))


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.run().stdout


@pytest.mark.soak
def test_editing_cleaning_reruns_it_and_what_follows(copy):
    """Which rules an edit of each module reruns: reruns.yaml and test_reruns.py."""
    path = copy.folder / "src" / "choreo" / "cleaning" / "clean.py"
    text = path.read_text()
    path.write_text(text + "\n# edited\n")
    script = copy.folder / "workflow" / "scripts" / "clean_track.py"
    script.write_text("# edited\n" + script.read_text())
    # The report of a copied project is made anew: it lies in another folder.
    assert copy.planned() <= {"report", "all"}
    path.write_text(text.replace("AT_THE_ENDS = ", "AT_THE_ENDS = True and ", 1))
    assert path.read_text() != text
    planned = copy.planned()
    assert {"clean_track", "figure5", "write_shard", "pack_dataset", "train_model"} <= planned
    assert {"generate_dances", "table2", "report"} <= planned
    assert not planned & {"make_demo_clip", "standardise_video", "mediapipe_poses", "table1"}


def test_changing_the_threshold_reruns_cleaning_and_what_follows(copy):
    path = copy.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + "cleaning: {threshold_px: 40}\n")
    planned = copy.planned()
    assert {"clean_track", "write_shard", "train_model"} <= planned
    assert not planned & {"make_demo_clip", "standardise_video", "mediapipe_poses", "table1"}


def test_a_target_runs_what_its_name_says(project):
    assert project.planned("table1") == {
        *("make_demo_clip", "standardise_video", "mediapipe_poses", "measure_quality", "table1")
    }
    assert project.planned("dataset") == {
        *("make_demo_clip", "standardise_video", "mediapipe_poses"),
        *("clean_track", "write_shard", "pack_dataset", "describe_dataset", "dataset"),
    }


def test_a_large_study_can_be_planned_in_parts(project):
    """As docs/reruns.md says: a part makes the shards of its videos."""
    options = ("--dry-run", "--quiet", "host", "--batch", "pack_dataset=1/3")
    first = project.run("dataset", options=options).stdout
    assert re.search(r"write_shard +1\b", first), first
    assert "pack_dataset " not in first


def test_what_is_the_same_for_every_study_is_no_part_of_one(finished):
    assert finished.planned("sensitivity") == {"sensitivity"}
    assert not (finished.results / "shared").exists()


@pytest.mark.soak
def test_a_sensitivity_study_of_ones_own_is_made_by_its_target_and_shown(copy):
    """In the study's folder, since its settings are not those of all; the next report shows it."""
    copy.run("sensitivity")
    assert not (copy.results / "shared").exists()
    made = copy.results / "tiny" / "tables" / "sensitivity.csv"
    assert "commit" not in pd.read_csv(made).columns
    report = copy.results / "tiny" / "report.html"
    assert "tables/sensitivity.html" not in report.read_text()
    assert copy.planned() <= {"report", "all"}
    copy.run("report")
    assert "tables/sensitivity.html" in report.read_text()


@pytest.mark.soak
def test_what_dancers_answered_is_in_both_reports_and_made_by_neither(copy):
    path, results = copy.folder / "config" / "tiny.yaml", copy.results / "tiny"
    copy.run("study")
    key = Key.load(results / "survey_key.json")
    answers = copy.folder / "answers"
    write_simulated(simulate(key, {"original": 1, "gru": 3}, 5), answers)
    path.write_text(path.read_text() + "survey: {answers: answers}\n")
    copy.run("study_results")
    pages = [results / name for name in ("report.html", "index.html")]
    assert not any("Which metric predicted the dancers?" in page.read_text() for page in pages)
    assert copy.planned() == {"report", "index", "all"}
    copy.run()
    report, index = (page.read_text() for page in pages)
    for name, title in TABLES.items():
        assert f"tables/survey_{name}.html" in report
        assert title in report
    for name, title in FIGURES.items():
        assert f"figures/{name}.png" in report
        assert title in report
    assert "Figure 6: what dancers answered" in index
    assert "Which metric predicted the dancers?" in index
    # More answers make neither page wait; without the folder the next report goes without them.
    write_simulated(simulate(key, {"original": 1, "gru": 3}, 6)[5:], answers)
    assert copy.planned() <= {"all"}
    shutil.rmtree(answers)
    copy.run("report")
    assert "tables/survey_metrics.html" not in pages[0].read_text()


def test_a_sensitivity_study_with_the_usual_settings_is_that_of_all(copy):
    path = copy.folder / "config" / "tiny.yaml"
    text = path.read_text()
    assert "sensitivity: {seconds: 10, dancers: 1}" in text
    path.write_text(text.replace("sensitivity: {seconds: 10, dancers: 1}", ""))
    assert copy.planned("results/shared/tables/sensitivity.html") == {"sensitivity"}


def test_editing_a_caption_reruns_the_report_alone(copy):
    path = copy.folder / "workflow" / "report" / "table1.rst"
    path.write_text(path.read_text() + "\nEdited.\n")
    assert copy.planned() == {"report", "all"}


@pytest.mark.soak
def test_a_study_that_is_killed_and_run_again_has_the_same_files(finished, copy):
    """SIGKILL to the run and its jobs in the middle of training; then the same command."""
    for name in ("training", "dances", "evaluation", "tables", "figures", "report.html"):
        subprocess.run(["rm", "-rf", copy.results / "tiny" / name], check=True)
    run = subprocess.Popen(
        copy.command(),
        cwd=copy.folder,
        env=copy.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    checkpoints = copy.results / "tiny" / "training" / ".checkpoints"
    deadline = time.monotonic() + 300
    while not any(checkpoints.rglob("*")) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.1)
    assert run.poll() is None, "it ended before it could be killed"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert any((copy.folder / ".snakemake" / "locks").iterdir()), "a killed run leaves its lock"
    # The whole study as users run it: the finished one came from forked processes.
    copy.run(forked=False)
    assert copy.tables() == finished.tables()
    weights = "results/tiny/training/gru/seed1/weights.safetensors"
    assert (copy.folder / weights).read_bytes() == (finished.folder / weights).read_bytes()
    # What Snakemake measured of a forked job is none of its memory; these were processes.
    taken = load_script(ROOT / "benchmarks" / "resources.py").compared([copy.results / "tiny"])
    assert taken.set_index("rule").most_mb["train_model"] > 200
    assert taken[taken.most_mb > taken.asked_mb].empty, taken.to_string()


BAD = {
    "missing": ("no/such/file.mp4", "no such file"),
    "empty": ("empty.mp4", "0 bytes"),
    "text": ("text.mp4", "no video"),
    "silent": ("silent.mp4", "no sound"),
    "short": ("short.mp4", "short"),
    "nobody": ("nobody.mp4", "nobody"),
}


@pytest.fixture
def with_bad_rows(project):
    """A project whose table has one good row and six bad ones."""
    from choreo.media import ffmpeg_binary

    (project.folder / "empty.mp4").touch()
    (project.folder / "text.mp4").write_text("this is no video")

    def make(name, seconds, sound):
        lavfi = ["-f", "lavfi", "-i", f"testsrc=s=320x240:r=30:d={seconds}"]
        tone = ["-f", "lavfi", "-i", f"sine=d={seconds}"] if sound else []
        command = [ffmpeg_binary(), "-loglevel", "error", *lavfi, *tone]
        command += ["-pix_fmt", "yuv420p", str(project.folder / name)]
        subprocess.run(command, check=True)

    make("silent.mp4", 6, False)
    make("short.mp4", 3, True)
    make("nobody.mp4", 6, True)
    lines = ["id\tsource\tstart\tend\tsong", "good\tdemo:neon/ada/1\t0\t6\tneon"]
    lines += [f"{name}\t{source}\t\t\t{name}" for name, (source, _) in BAD.items()]
    (project.folder / "config" / "tiny.tsv").write_text("\n".join(lines) + "\n")
    path = project.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + "poses: {estimators: [mediapipe17]}\n")
    return project


def test_bad_rows_are_left_out_and_listed(with_bad_rows):
    done = with_bad_rows.run("dataset", "table1")
    results = with_bad_rows.results / "tiny"
    with open(results / "videos" / "problems.csv", newline="") as file:
        problems = {row["item"].split()[0]: row for row in csv.DictReader(file)}
    assert set(problems) == set(BAD)
    for line, (name, (_, message)) in enumerate(BAD.items(), 3):
        row = problems[name]
        assert row["item"] == f"{name} (config/tiny.tsv, line {line})"
        assert re.search(message, row["message"], re.IGNORECASE), row
        assert row["remedy"], row
        assert f"left out: {name} (config/tiny.tsv, line {line})" in done.stdout
    assert problems["nobody"]["stage"] == "poses"
    assert "6 item(s) left out" in done.stdout
    card = json.loads((results / "dataset" / "card.json").read_text())
    assert card["all"]["videos"] == 1
    assert problem_in(results / "videos" / "empty.mp4")["message"]
    # Nothing is tried again by itself; after `--retry` it is.
    assert "Nothing to be done" in with_bad_rows.run("dataset").stdout


def test_with_stop_the_run_fails_with_one_line(with_bad_rows):
    path = with_bad_rows.folder / "config" / "tiny.yaml"
    path.write_text(path.read_text() + "on_bad_video: stop\n")
    done = with_bad_rows.run("results/tiny/videos/empty.json", check=False)
    assert done.returncode
    assert any("standardise_video:" in x and "empty.mp4" in x for x in done.stdout.splitlines())
    assert not (with_bad_rows.results / "tiny" / "videos" / "empty.mp4").exists()


def test_videos_are_fetched_and_what_can_not_be_is_said_in_one_line(project):
    """Over http from this machine: a video, a page that is not there, and one that is no video."""
    from choreo.media import ffmpeg_binary

    served = project.folder / "served"
    served.mkdir()
    (served / "page.mp4").write_text("<html><body>Please log in</body></html>")
    command = [ffmpeg_binary(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=s=320x240:d=6"]
    command += ["-f", "lavfi", "-i", "sine=d=6", "-pix_fmt", "yuv420p", str(served / "good.mp4")]
    subprocess.run(command, check=True)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=served)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        lines = ["id\tsource"]
        for name in ("good", "gone", "page"):
            lines.append(f"{name}\thttp://127.0.0.1:{server.server_port}/{name}.mp4")
        (project.folder / "config" / "tiny.tsv").write_text("\n".join(lines) + "\n")
        path = project.folder / "config" / "tiny.yaml"
        path.write_text(path.read_text() + "videos: {retries: 0, allow_private: true}\n")
        done = project.run("videos")
        server.shutdown()
    results = project.results / "tiny" / "videos"
    assert (
        json.loads((results / "good.json").read_text())["frames"] == 150
    )  # 6 s at its own 25 frames a second
    gone, page = (problem_in(results / f"{name}.mp4") for name in ("gone", "page"))
    assert "404" in gone["message"]
    assert "no video" in page["message"].lower() or "not a video" in page["message"].lower()
    for name in ("gone", "page"):
        said = [x for x in done.stdout.splitlines() if x.startswith(f"left out: {name} (")]
        assert said, done.stdout
    assert project.run("videos").stdout.count("Nothing to be done") == 1
