"""Draw an early look: ``python -m choreo.training.render_look TRACK SONG LOG_DIR STEP``."""

import sys
from pathlib import Path

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from choreo.drawing import draw_pose, render_track
from choreo.pose.track import PoseTrack

_SHOWN = 6


def main(track, song, log_dir, step):
    """Write the mp4 beside the track, and six of its poses to TensorBoard."""
    path, track = Path(track), PoseTrack.load(track)
    render_track(track, path.with_suffix(".mp4"), audio=song, text=path.stem)
    width, height = track.size
    shown = np.linspace(0, len(track) - 1, _SHOWN).round().astype(int)
    strip = np.full((height, width * _SHOWN, 3), 250, np.uint8)
    for place, pose in enumerate(track.keypoints[shown]):
        draw_pose(strip[:, place * width : (place + 1) * width], pose, track.skeleton)
    with SummaryWriter(log_dir) as writer:
        writer.add_image("look", strip, int(step), dataformats="HWC")


if __name__ == "__main__":
    main(*sys.argv[1:])
