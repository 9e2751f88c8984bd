"""Dances follow the music: what hears it predicts them better than what does not."""

import numpy as np
import pytest
from soaking import soak_after

from choreo.beats.librosa_cache import librosa
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.songs import SAMPLE_RATE, make_song

RATE = 10
HIP = 19


def audible_and_danced(name, dancer):
    """Log-mel frames with 0.8 s around each, and joints against the hip, ten times a second."""
    song = make_song(name, 0)
    count = int(song.duration * RATE)
    sound = librosa.resample(
        song.audio.mean(1), orig_sr=SAMPLE_RATE, target_sr=16_000, res_type="soxr_qq"
    )
    mel = librosa.feature.melspectrogram(y=sound, sr=16_000, n_fft=1024, hop_length=400, n_mels=24)
    mel = np.log(1e-3 + mel).T[: 4 * count].reshape(count, -1)
    audible = np.concatenate([np.roll(mel, shift, 0) for shift in range(-8, 9)], 1)
    joints = make_dance(song, make_dancer(dancer), 1, 0).pose(np.arange(count) / RATE).joints
    return audible, (joints - joints[:, [HIP]])[..., :2].reshape(count, -1)


@pytest.mark.slow
@pytest.mark.parametrize(("songs", "others"), soak_after(1, [(4, 2), (12, 3)]))
def test_linear_prediction_from_the_own_music_beats_that_from_shifted_music(songs, others):
    known = [audible_and_danced(f"train-{i}", f"dancer-{i % 4}") for i in range(songs)]
    new = [audible_and_danced(f"test-{i}", f"dancer-{i % 4}") for i in range(others)]
    audible, danced = (np.concatenate(part) for part in zip(*known))
    mean, spread, pose = audible.mean(0), audible.std(0) + 1e-6, danced.mean(0)
    audible = (audible - mean) / spread
    ridge = 5e3 * np.eye(audible.shape[1])
    weights = np.linalg.solve(audible.T @ audible + ridge, audible.T @ (danced - pose))

    def error(shift):
        parts = [
            (
                (np.roll((a - mean) / spread, int(shift * len(a)), 0) @ weights + pose - b) ** 2
            ).mean()
            for a, b in new
        ]
        return np.mean(parts)

    still = np.mean([((pose - b) ** 2).mean() for _, b in new])
    own, other = error(0), error(0.37)
    print(f"explained: {1 - own / still:.3f}; with shifted music: {1 - other / still:.3f}")
    # What is danced is the dancer's choice, so a pose can't be told from few songs; when and how
    # much is audible, so the own music tells more than the same music at another time.
    assert own < 0.95 * other
