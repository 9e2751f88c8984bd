"""Kinds of songs: what the instruments play, how fast, and how it is mixed.

A song's name chooses its kind (`choreo.synth.songs.make_song`).
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter, oaconvolve

RATE = 44_100


@dataclass(frozen=True)
class Style:
    """What the instruments play in a bar of 16 steps ("x" loud, "o" soft, "." rest).

    The two kick patterns are for even and odd bars. `swing` delays every second step by
    that share of a step, `shuffle` the second half of every beat. `bass` gives the chord's
    degree a step (0 root, 1 fifth, 2 octave). `drums` is ``full``, ``sparse`` (kick and snare
    only) or ``none``; `tempo` the range in beats a minute; `drift` the share by which the tempo
    changes, as `changes` says: ``waves``, ``rise`` (or fall), ``sections``. `dull` keeps the
    mix from being bright, `pad` and `solo` are the instruments of quiet parts and the tune.
    """

    kick: tuple
    snare: str
    hat: str
    bass: str
    chords: str
    swing: float
    backbeat: str
    keys: str
    lead: str
    minor: bool
    shuffle: float = 0.0
    drums: str = "full"
    tempo: tuple = (90, 140)
    drift: float = 0.0
    changes: str = "waves"
    pad: str = "pad"
    solo: str = "pluck"
    bell: bool = True
    dull: bool = False


STYLES = {
    "house": Style(
        kick=("x...x...x...x...", "x...x...x...x.o."),
        snare="....x.......x...",
        hat="x.o.x.o.x.o.x.o.",
        bass="..0.0.2...0.0.1.",
        chords="x..o..o.x..o..o.",
        swing=0.0,
        backbeat="clap",
        keys="stab",
        lead="x..x..x.x..x..x.",
        minor=True,
    ),
    "hiphop": Style(
        kick=("x......ox.x.....", "x......ox.x...o."),
        snare="....x.......x...",
        hat="x.x.x.x.x.x.x.x.",
        bass="0......00.1.....",
        chords="x.......x.......",
        swing=0.28,
        backbeat="snare",
        keys="piano",
        lead="x.....x.x...x...",
        minor=True,
    ),
    "funk": Style(
        kick=("x..o..x.x.....o.", "x..o..x.x..o..x."),
        snare="....x..o.o..x..o",
        hat="x.oox.oox.oox.oo",
        bass="0..00.2.0.1.0.2.",
        chords="x..o..o.x...o.o.",
        swing=0.12,
        backbeat="snare",
        keys="stab",
        lead="x.x..x..x.x..x..",
        minor=False,
    ),
    "tropical": Style(
        kick=("x...x...x...x...", "x...x...x...x.x."),
        snare="....x.o.....x.o.",
        hat="x.o.x.o.x.o.x.o.",
        bass="0..00.1.0..00.2.",
        chords="x..o..o.x..o..o.",
        swing=0.0,
        backbeat="snare",
        keys="pluck",
        lead="x..x..x.x.x.x...",
        minor=False,
    ),
    "electro": Style(
        kick=("x...x...x...x...", "x...x...x..xx..."),
        snare="....x.......x...",
        hat="x.x.x.x.x.x.x.x.",
        bass="0.0.0.0.0.0.0.2.",
        chords="x.......x.......",
        swing=0.0,
        backbeat="snare",
        keys="saw",
        lead="x.x.x.x.x.x.x.x.",
        minor=True,
    ),
    "disco": Style(
        kick=("x...x...x...x...", "x...x...x...x..."),
        snare="....x.......x...",
        hat="x.x.x.x.x.x.x.x.",
        bass="0.2.0.2.0.2.1.2.",
        chords="..x...x...x.x...",
        swing=0.05,
        backbeat="clap",
        keys="piano",
        lead="x...x.x.x...x.x.",
        minor=False,
    ),
}
"""The first six kinds: drums throughout, one tempo, one mix."""


def _kind(kick, snare, hat, bass, chords, lead, backbeat, keys, minor, **others):
    others = {"swing": 0.0, **others}
    kick = kick if isinstance(kick, tuple) else (kick, kick)
    return Style(
        kick=kick,
        snare=snare,
        hat=hat,
        bass=bass,
        chords=chords,
        lead=lead,
        backbeat=backbeat,
        keys=keys,
        minor=minor,
        **others,
    )


_NONE = "." * 16

KINDS = STYLES | {
    "swing": _kind(
        ("x.......x.......", "x.......x.....o."),
        "......o...o...x.",
        "x...x.x.x...x.x.",
        "0...1...0...2...",
        "..o...x...o.....",
        "x.x...x.x...x.x.",
        "rim",
        "piano",
        False,
        shuffle=0.62,
        tempo=(110, 200),
        drift=0.02,
    ),
    "ballad": _kind(
        ("x.......o.......", "x.....o.x......."),
        "........x.......",
        _NONE,
        "0.......1.......",
        "x...o...x...o...",
        "x...x...x.x.x...",
        "rim",
        "piano",
        False,
        drums="sparse",
        tempo=(60, 84),
        drift=0.03,
        pad="strings",
        solo="flute",
    ),
    "chamber": _kind(
        _NONE,
        _NONE,
        _NONE,
        "0...0...1...0...",
        "x...x...x...x...",
        "x.x.x...x.x.x...",
        "rim",
        "strings",
        True,
        drums="none",
        tempo=(66, 132),
        drift=0.03,
        pad="strings",
        solo="flute",
        bell=False,
    ),
    "music_box": _kind(
        _NONE,
        _NONE,
        _NONE,
        "0.......1.......",
        "x.o.x.o.x.o.x.o.",
        "x.x.x.x.x.x.x.x.",
        "rim",
        "marimba",
        False,
        drums="none",
        tempo=(70, 130),
        solo="marimba",
    ),
    "sparse": _kind(
        ("x.......x.......", "x.......x.....x."),
        "....x.......x...",
        _NONE,
        "0.......0.....2.",
        "x.......x.......",
        "x.....x.....x...",
        "clap",
        "organ",
        True,
        drums="sparse",
        tempo=(70, 130),
        bell=False,
    ),
    "rock": _kind(
        ("x.......x.x.....", "x.....x.x.x....."),
        "....x.......x...",
        "x.x.x.x.x.x.x.x.",
        "0.0.0.0.0.0.1.2.",
        "x.x.x.x.x.x.x.x.",
        "x...x.x.x.x.x...",
        "snare",
        "guitar",
        True,
        tempo=(100, 160),
        drift=0.01,
        solo="guitar",
        bell=False,
    ),
    "punk": _kind(
        ("x...x...x...x...", "x...x...x.x.x..."),
        "..x...x...x...x.",
        "x.x.x.x.x.x.x.x.",
        "0.0.0.0.0.0.0.0.",
        "x...x...x...x...",
        "x...x...x...x...",
        "snare",
        "guitar",
        False,
        tempo=(160, 210),
        drift=0.01,
        solo="guitar",
        bell=False,
    ),
    "breaks": _kind(
        ("x.....o...x.....", "x..x......x..o.."),
        "....x..o.o..x..o",
        "x.x.x.x.x.x.x.x.",
        "0.....0...1.....",
        "x.......x.......",
        "x..x..x.x..x..x.",
        "snare",
        "saw",
        True,
        tempo=(150, 182),
    ),
    "trap": _kind(
        ("x......x..x.....", "x.....x...x..x.."),
        "........x.......",
        "x.x.x.xxx.x.xxx.",
        "0......0..0.....",
        "x.......x.......",
        "x.....x.x...x...",
        "snare",
        "pluck",
        True,
        tempo=(126, 156),
        bell=False,
    ),
    "reggae": _kind(
        ("........x.......", "........x.....o."),
        "........x.......",
        "x.o.x.o.x.o.x.o.",
        "0...0.1.....0.2.",
        "..x...x...x...x.",
        "x.....x...x.x...",
        "rim",
        "organ",
        False,
        shuffle=0.3,
        tempo=(66, 96),
        solo="organ",
    ),
    "latin": _kind(
        ("x..x...xx..x...x", "x..x...xx..x..xx"),
        "x..x..x...x.x...",
        "x.xox.xox.xox.xo",
        "0..0..1.0..0..2.",
        "x.x.xx.x.x.x.xx.",
        "x..x..x...x.x...",
        "rim",
        "piano",
        True,
        tempo=(88, 126),
        drift=0.01,
    ),
    "polka": _kind(
        "x.......x.......",
        "....x.......x...",
        "....x.......x...",
        "0.......1.......",
        "....x.......x...",
        "x.x.x.x.x.xxx...",
        "snare",
        "organ",
        False,
        tempo=(110, 150),
        solo="organ",
    ),
    "lofi": _kind(
        ("x.....o.x.......", "x......xx.....o."),
        "....x.......x...",
        "x.o.x.o.x.o.x.o.",
        "0.....0...1.....",
        "x.......x..o....",
        "x.....x...x.....",
        "rim",
        "piano",
        True,
        swing=0.3,
        tempo=(66, 92),
        dull=True,
    ),
    "march": _kind(
        "x...o...x...o...",
        "x.oox.oox.oox.o.",
        _NONE,
        "0...1...0...1...",
        "..x...x...x...x.",
        "x..xx...x..xx...",
        "snare",
        "organ",
        False,
        tempo=(104, 126),
        solo="flute",
        bell=False,
    ),
    "rising": _kind(
        ("x...x...x...x...", "x...x...x...x.o."),
        "....x.......x...",
        "x.o.x.o.x.o.x.o.",
        "0.0.1.0.0.0.1.2.",
        "..x...x...x...x.",
        "x.x.x...x.x.x...",
        "clap",
        "stab",
        True,
        tempo=(84, 140),
        drift=0.16,
        changes="rise",
    ),
    "medley": _kind(
        ("x.....x.x.......", "x.....x.x...x..."),
        "....x.......x...",
        "x.x.x.x.x.x.x.x.",
        "0..0..1.0..0..2.",
        "x..o..x.x..o..x.",
        "x..x..x.x...x...",
        "snare",
        "strings",
        False,
        tempo=(90, 140),
        drift=0.14,
        changes="sections",
    ),
    "rubato": _kind(
        ("x.......x.......", "x.......x...o..."),
        "....o.......o...",
        _NONE,
        "0...1...0...1...",
        "x...x...x...x...",
        "x...x.x.x...x...",
        "rim",
        "piano",
        True,
        drums="sparse",
        tempo=(72, 120),
        drift=0.08,
        pad="strings",
        solo="flute",
    ),
}
"""Every kind by name."""


@dataclass(frozen=True)
class Mix:
    """How a song's parts are put together, and what is done to the whole.

    Attributes
    ----------
    drums, bass, music : float
        Gains of the buses.
    reverb : float
        Loudness of a hall, 0 to 1, against the sound itself.
    decay : float
        Seconds in which the hall falls by 60 dB.
    dull : float
        How much the high frequencies are taken away, 0 to 1.
    thin : float
        How much the low frequencies are taken away, 0 to 1.
    drive : float
        How far the sound is pressed into saturation.
    noise : float
        Deviation of hiss against the loudest sample.
    width : float
        1 for stereo, 0 for one channel twice.
    peak : float
        Largest sample.
    """

    drums: float = 1.0
    bass: float = 1.0
    music: float = 1.0
    reverb: float = 0.0
    decay: float = 0.6
    dull: float = 0.0
    thin: float = 0.0
    drive: float = 0.9
    noise: float = 0.0
    width: float = 1.0
    peak: float = 0.9

    def apply(self, sound, rng):
        """Do to a song, shape (2, N), what the mix asks for; `rng` gives hall and hiss."""
        middle = sound.mean(0)
        sound = middle + self.width * (sound - middle)
        if self.reverb:
            t = np.arange(int(self.decay * RATE)) / RATE
            hall = rng.standard_normal(len(t)) * np.exp(-6.9 * t / self.decay)
            hall *= self.reverb / np.sqrt((hall**2).sum())
            wet = oaconvolve(middle, hall.astype(np.float32))[: sound.shape[1]]
            sound = sound + np.stack([wet, np.roll(wet, 210)])
        if self.dull:
            # One pole: 9 kHz for a little, 900 Hz for all.
            pole = np.exp(-2 * np.pi * 9000 * 0.1**self.dull / RATE)
            sound = lfilter([1 - pole], [1, -pole], sound, axis=1).astype(np.float32)
        if self.thin:
            pole = np.exp(-2 * np.pi * 20 * 16**self.thin / RATE)
            sound = lfilter([1, -1], [1, -pole], sound, axis=1).astype(np.float32)
        sound = np.tanh(np.float32(self.drive) * sound.astype(np.float32))
        if self.noise:
            hiss = rng.standard_normal(sound.shape[1], np.float32)
            sound = sound + np.float32(self.noise * np.abs(sound).max()) * hiss
        return sound


def draw_mix(style, rng):
    """Draw the mix of a song of a kind beyond the first six."""
    draws = rng.random(5)
    return Mix(
        drums=float(np.exp(rng.normal(0, 0.3))),
        bass=float(np.exp(rng.normal(0, 0.3))),
        music=float(np.exp(rng.normal(0.1, 0.3))),
        reverb=float(rng.uniform(0.1, 0.6)) if draws[0] < 0.6 else 0.0,
        decay=float(rng.uniform(0.3, 1.6)),
        dull=1.0 if style.dull else float(rng.uniform(0.1, 0.9)) if draws[1] < 0.5 else 0.0,
        thin=float(rng.uniform(0.1, 0.8)) if draws[2] < 0.3 else 0.0,
        drive=float(rng.uniform(0.6, 2.5)),
        noise=float(10 ** rng.uniform(-3.5, -2)) if draws[3] < 0.4 or style.dull else 0.0,
        width=float(rng.uniform(0, 1)) if draws[4] < 0.5 else 1.0,
        peak=float(rng.uniform(0.1, 0.95)),
    )
