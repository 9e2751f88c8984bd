import numpy as np
import pytest

from choreo.dances.seams import seam_jumps, seam_table
from choreo.errors import ItemError
from choreo.pose.track import PoseTrack


def track(x, join):
    """All joints at (x, 0); one value a frame."""
    keypoints = np.zeros((len(x), 18, 2))
    keypoints[..., 0] = np.asarray(x)[:, None]
    meta = {} if join is None else {"join": join}
    return PoseTrack(keypoints, np.ones((len(x), 18)), 10, (640, 320), "openpose18", meta)


@pytest.mark.parametrize("join", ["initial_pose", "cross_fade"])
def test_even_motion_has_no_seams(join):
    x = np.cumsum(np.tile([1.0, 3.0, 2.0], 60))  # 50 and 40 frames end at other steps each time
    assert seam_jumps(track(x, join)) == {
        "speed": pytest.approx(1, abs=0.1),
        "acceleration": pytest.approx(1, abs=0.2),
    }


def test_a_jump_at_a_join_is_measured():
    steps = np.ones(119)
    steps[[49, 99]] = 8  # into frames 50 and 100
    x = np.concatenate([[0], np.cumsum(steps)])
    jumps = seam_jumps(track(x + np.resize([0, 0.25], 120), "initial_pose"))
    assert jumps["speed"] == pytest.approx(8, rel=0.1)
    assert jumps["acceleration"] == pytest.approx(7 / 0.5, rel=0.1)


def test_a_fade_is_measured_as_a_whole():
    steps = np.ones(79)
    steps[29:40] = 3  # into frames 30 to 40
    steps[69:80] = 3
    x = np.concatenate([[0], np.cumsum(steps)])
    assert seam_jumps(track(x + np.resize([0, 1e-3], 80), "cross_fade"))["speed"] == (
        pytest.approx(3, rel=0.01)
    )


def test_dances_without_joins_are_refused():
    with pytest.raises(ItemError, match="one segment has no joins"):
        seam_jumps(track(np.arange(50), "initial_pose"))
    with pytest.raises(ItemError, match="not a generated dance"):
        seam_jumps(track(np.arange(99), None))


def test_the_table_has_a_row_a_model_and_join():
    steps = np.tile([1.0, 3.0, 2.0], 40)
    jump = steps.copy()
    jump[[50, 100]] = 40  # into frames 50 and 100
    one, other = (track(np.cumsum(x), "initial_pose") for x in (steps, jump))
    short = track(np.arange(50.0), "initial_pose")
    faded = track(np.cumsum(steps), "cross_fade")
    table = seam_table([("gru", one), ("gru", other), ("gru", short), ("gru", faded)])
    frame = table.frame.set_index("join")
    assert frame.loc["initial_pose", "dances"] == 2
    assert frame.loc["initial_pose", "speed_highest"] == seam_jumps(other)["speed"]
    assert frame.loc["initial_pose", "speed_lowest"] == seam_jumps(one)["speed"]
    assert frame.loc["cross_fade", "acceleration"] == seam_jumps(faded)["acceleration"]
    assert "one segment, which have no join: 1" in table.notes[-1]
    assert "overlap and cross-fade" in table.markdown()


def test_a_table_of_dances_without_joins_is_empty():
    table = seam_table([("gru", track(np.arange(40.0), "initial_pose"))])
    assert table.frame.speed.isna().all()
    assert table.cells()[0][2:] == ["0"] + ["\N{EN DASH}"] * 6
    assert seam_table([]).cells() == []
    assert "Segments joined by" in seam_table([]).markdown()
