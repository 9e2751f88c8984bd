"""The rule that draws the real dancer: of the video whose sound is the song, where it is usable."""

import runpy
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from choreo import media
from choreo.pipeline.tombstones import problem_in, write_problem
from choreo.pose.skeletons import SKELETONS
from choreo.pose.track import PoseTrack

SCRIPT = Path(__file__).parents[2] / "workflow" / "scripts" / "render_real_dance.py"


def save_dancer(path, frames, empty=()):
    """A dancer who sways, found in all frames but some."""
    names = SKELETONS["openpose18"].joints
    pose = np.stack([300 + 3 * np.arange(len(names)), 80 + 12 * np.arange(len(names))], -1)
    keypoints = np.repeat(pose[None].astype(float), frames, axis=0)
    keypoints[..., 0] += 20 * np.sin(np.arange(frames))[:, None]
    keypoints[list(empty)] = np.nan
    scores = np.where(np.isfinite(keypoints[..., 0]), 1.0, np.nan)
    PoseTrack(keypoints, scores, 10.0, (640, 360), "openpose18").save(path)


def save_sound(path, seconds):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.zeros(int(16_000 * seconds), np.int16).tobytes())


@pytest.fixture
def run(tmp_path):
    """Runs the script on videos of one song: name -> (frames or None, seconds of sound)."""

    def run(videos, empty=()):
        (tmp_path / "cleaning").mkdir()
        (tmp_path / "videos").mkdir()
        tracks, audio = [], []
        for name, (frames, seconds) in videos.items():
            tracks.append(str(tmp_path / "cleaning" / f"{name}.npz"))
            audio.append(str(tmp_path / "videos" / f"{name}.wav"))
            save_sound(audio[-1], seconds)
            if frames is None:
                write_problem(tracks[-1], {"item": name, "message": f"{name} can't be used"})
            else:
                save_dancer(tracks[-1], frames, empty)
        output = str(tmp_path / "dances" / "real" / "song.mp4")
        made = {"tracks": tracks, "audio": audio}
        files = type("Inputs", (list,), made)([*tracks, *audio])

        class Outputs(list):
            video = output

        job = SimpleNamespace(
            rule="render_real_dance",
            input=files,
            output=Outputs([output]),
            log=[str(tmp_path / "logs" / "render_real_dance" / "song.log")],
            params=SimpleNamespace(
                item="song", stage="dances", on_bad_video="skip", text="real", style="stick"
            ),
        )
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
        return Path(output)

    return run


def test_the_dancer_of_the_longest_sound_is_drawn(run):
    video = run({"short": (10, 1.0), "long": (20, 2.0), "as_long": (30, 2.0)})
    assert media.count_packets(video) == 60  # 30 a second


def test_a_video_that_was_left_out_is_passed_over(run):
    assert media.count_packets(run({"short": (10, 1.0), "long": (None, 2.0)})) == 30


def test_frames_that_cleaning_left_empty_stop_nothing(run):
    video = run({"one": (20, 2.0)}, empty=(0, 1, 9, 10, 11, 19))
    assert media.count_packets(video) == 60


def test_where_every_video_was_left_out_the_problem_is_passed_on(run):
    assert problem_in(run({"one": (None, 1.0)}))["message"] == "one can't be used"
