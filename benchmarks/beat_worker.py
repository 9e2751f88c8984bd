"""Track every song of a folder by one tracker, in whatever Python has it.

``PYTHON beat_worker.py TRACKER FOLDER`` reads ``FOLDER/*.npy`` (float32, 16 kHz) and writes
``FOLDER/TRACKER.json``: of each song its beats in seconds and the CPU seconds that they took,
and the largest memory of this process. `benchmarks/beats.py` starts it, one process a tracker.
The trackers of other packages need nothing of Choreo.
"""

import json
import resource
import sys
import time
import types
from pathlib import Path

import numpy as np

RATE = 16_000


def choreo(name):
    """Tracker of Choreo's registry."""
    from choreo.beats.trackers import track_beats

    return lambda sound: track_beats(sound, RATE, name)["beats"]


def madmom_infer():
    """madmom-infer's state space over a plain spectral flux: it brings no trained model."""
    from madmom_infer.features import beats_hmm
    from madmom_infer.ml.hmm import HiddenMarkovModel
    from scipy.signal import stft

    class Observed(beats_hmm.RNNBeatTrackingObservationModel):
        def log_densities(self, observations):
            # That of the package gives numpy an argument that it does not know.
            others = np.log((1 - observations) / (self.observation_lambda - 1))
            return np.stack([others, np.log(observations)], 1)

    space = beats_hmm.BeatStateSpace(60 * 100 / 240, 60 * 100 / 42)
    changes = beats_hmm.BeatTransitionModel(space, 100)
    model = HiddenMarkovModel(changes, Observed(space, 16))

    def track(sound):
        spectra = np.abs(stft(sound, RATE, nperseg=1024, noverlap=1024 - 160)[2])
        rises = np.diff(np.log1p(100 * spectra), axis=1, prepend=0).clip(0).mean(0)
        path, _ = model.viterbi((rises / rises.max()).clip(0.01, 0.99))
        return np.nonzero(np.diff(space.state_positions[path]) < 0)[0] / 100 + 0.01

    return track


def beatnet():
    """BeatNet (Heydari et al., 2021), offline; madmom-infer in madmom's place."""
    import importlib

    import soxr

    parts = ("audio.signal", "audio.stft", "audio.spectrogram", "processors", "features")
    for name in ("", *parts):
        found = importlib.import_module(f"madmom_infer.{name}".rstrip("."))
        sys.modules[f"madmom.{name}".rstrip(".")] = found
    from madmom_infer.features.downbeats import DBNDownBeatTrackingProcessor

    sys.modules["madmom.features"].DBNDownBeatTrackingProcessor = DBNDownBeatTrackingProcessor
    sys.modules["pyaudio"] = types.ModuleType("pyaudio")
    from BeatNet.BeatNet import BeatNet

    model = BeatNet(1, mode="offline", inference_model="DBN", plot=[], thread=False)
    return lambda sound: np.reshape(model.process(soxr.resample(sound, RATE, 22_050)), (-1, 2))[
        :, 0
    ]


def essentia():
    """RhythmExtractor2013, multifeature."""
    import essentia.standard
    import soxr

    extract = essentia.standard.RhythmExtractor2013(method="multifeature")
    return lambda sound: extract(soxr.resample(sound, RATE, 44_100).astype(np.float32))[1]


def aubio():
    """aubio's own tracker."""
    import aubio

    def track(sound):
        tempo = aubio.tempo("default", 1024, 256, RATE)
        beats = []
        for start in range(0, len(sound) - 255, 256):
            if tempo(sound[start : start + 256])[0]:
                beats.append(tempo.get_last_s())
        return beats

    return track


OTHERS = {make.__name__: make for make in (madmom_infer, beatnet, essentia, aubio)}
"""Trackers of other packages by their name here."""


def main(name, folder):
    """Write the beats of every song."""
    track = OTHERS[name]() if name in OTHERS else choreo(name)
    clicks = np.zeros(5 * RATE, np.float32)
    clicks[6400 : 5 * RATE : 8000] = 0.5
    track(clicks)  # what is loaded and compiled once counts in no song
    songs = {}
    for path in sorted(Path(folder).glob("*.npy")):
        sound = np.load(path)
        start = time.process_time()
        try:
            beats, failed = [float(beat) for beat in track(sound)], None
        except Exception as error:
            beats, failed = [], f"{type(error).__name__}: {error}"
        songs[path.stem] = {
            "beats": beats,
            "cpu_seconds": time.process_time() - start,
            "failed": failed,
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # kB on Linux
    done = {"songs": songs, "peak_mb": peak}
    (Path(folder) / f"{name}.json").write_text(json.dumps(done))


if __name__ == "__main__":
    main(*sys.argv[1:])
