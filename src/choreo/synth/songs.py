"""Synthesised songs: drums, bass, chords and a lead, with exactly known beats.

A song is made of bars of four beats. What a dancer (and a model) can hear in it: the
kick and the snare give the beat, a bell the first beat of a bar, a shaker plays in every
second bar only, the last bar of a section has a drum fill, verse and chorus start on a
crash, and the energy of a section decides which instruments play and how loud. Kinds of
songs beyond the first six (`choreo.synth.kinds`) have fewer of these, or none, change their
tempo, stop for some beats, and are mixed in many ways; their beats are as exactly known.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from choreo.synth.hearing import listen
from choreo.synth.kinds import KINDS, STYLES, Mix, draw_mix
from choreo.synth.names import derived_seed, one_of
from choreo.videos.wav import write_wav

SAMPLE_RATE = 44_100
BEATS_IN_BAR = 4
LEAD_IN = 0.6
"""Seconds before the first beat: silence, in which the dancer takes up the first pose."""
TAIL = 1.2
"""Seconds after the last beat's end, in which the sound dies away."""


@dataclass(frozen=True)
class Section:
    """A part of a song.

    Attributes
    ----------
    kind : str
        ``intro``, ``verse``, ``build``, ``chorus``, ``break`` or ``outro``.
    start, end : float
        Seconds.
    first_bar, bars : int
        Where it starts and how long it is, in bars.
    energy : float
        From 0 (silence) to 1 (everything plays).
    """

    kind: str
    start: float
    end: float
    first_bar: int
    bars: int
    energy: float


@dataclass(frozen=True)
class Song:
    """A synthesised song and what is known about it.

    Attributes
    ----------
    name : str
    seed : int
    tempo : float
        Beats a minute; the median of the bars' where it changes.
    style : str
        A key of `choreo.synth.kinds.KINDS`.
    beats : ndarray, shape (B,)
        Seconds; B is four times the number of bars.
    downbeats : ndarray, shape (B / 4,)
        Seconds of the first beat of every bar.
    sections : tuple of Section
    audio : ndarray of float32, shape (N, 2)
        Stereo samples in [-1, 1] at `SAMPLE_RATE`.
    fills : frozenset of int
        Bars that end in a fill.
    stops : tuple of (int, int)
        Where all instruments are silent: first beat, number of beats.
    """

    name: str
    seed: int
    tempo: float
    style: str
    beats: np.ndarray
    downbeats: np.ndarray
    sections: tuple
    audio: np.ndarray
    fills: frozenset = frozenset()
    stops: tuple = ()

    @cached_property
    def audible(self):
        """What a dancer hears on each beat (`choreo.synth.hearing.Audible`)."""
        return listen(self.audio, SAMPLE_RATE, self.beats)

    @property
    def duration(self):
        """Length in seconds."""
        return len(self.audio) / SAMPLE_RATE


# name: tempo (beats a minute), style
_CATALOGUE = {
    "neon": (124.0, "house"),
    "dusty": (92.0, "hiphop"),
    "strut": (108.0, "funk"),
    "sunset": (98.0, "tropical"),
    "voltage": (132.0, "electro"),
    "midnight": (116.0, "disco"),
    "amber": (101.0, "hiphop"),
    "hammer": (138.0, "electro"),
}

ENERGY = {
    "intro": 0.35,
    "verse": 0.6,
    "build": 0.75,
    "chorus": 1.0,
    "break": 0.3,
    "outro": 0.35,
}
"""Energy of a section by its kind."""

_FORMS = (
    "intro2 verse4 chorus4 break2 verse4 build2 chorus4 outro2",
    "verse4 build2 chorus4 break4 chorus4 verse4 outro2",
    "intro2 verse4 build2 chorus4 verse4 break2 chorus4 outro2",
    "intro2 chorus4 verse4 break2 build2 chorus4 verse2 outro2",
)

_FORMS_BY_LENGTH = {
    "slow": (
        "intro1 verse4 chorus4 break2 chorus4 outro2",
        "verse4 build2 chorus4 verse2 chorus4 outro1",
        "intro2 verse4 break2 build2 chorus4 outro2",
    ),
    "medium": (
        *_FORMS,
        "intro2 verse8 chorus4 break2 chorus8 outro2",
        "verse4 chorus4 verse4 break4 build2 chorus4 outro2",
    ),
    "fast": (
        "intro4 verse8 chorus8 break4 verse8 build4 chorus8 outro2",
        "verse8 build4 chorus8 break4 chorus8 verse4 outro4",
        "intro2 chorus8 verse8 build2 chorus8 break4 chorus4 outro2",
    ),
}
"""Forms of the kinds beyond the first six: about a minute at every tempo."""

# Degrees of the scale, one a bar.
_PROGRESSIONS = {
    True: ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 2, 6, 3)),
    False: ((0, 4, 5, 3), (0, 5, 3, 4), (0, 2, 3, 4), (3, 4, 0, 5)),
}
_SCALES = {True: (0, 2, 3, 5, 7, 8, 10), False: (0, 2, 4, 5, 7, 9, 11)}


def make_song(name, seed):
    """Synthesise a song.

    Parameters
    ----------
    name : str
        One of `choreo.synth.names.SONGS`, or any other id: its tempo (90 to 140 beats a
        minute) and style are then drawn from a hash of the name and the seed. An id that
        begins with a key of `choreo.synth.kinds.KINDS` and a hyphen, such as ``swing-7``, is
        a song of that kind.
    seed : int
        Seed of the study; changes form, key, chords and melody.

    Returns
    -------
    Song
    """
    rng = np.random.default_rng(derived_seed("song", name, seed))
    kind, _, rest = name.partition("-")
    if name in _CATALOGUE:
        tempo, style = _CATALOGUE[name]
    elif rest and kind in KINDS:
        low, high = KINDS[kind].tempo
        tempo, style = float(rng.integers(2 * low, 2 * high + 1)) / 2, kind
    else:
        tempo, style = float(rng.integers(180, 281)) / 2, str(rng.choice(sorted(STYLES)))
    plan = KINDS[style]
    forms = _FORMS if style in STYLES else _FORMS_BY_LENGTH[_length(tempo)]
    words = _words(one_of(rng, forms))
    beats, lengths = _beats(words, tempo, plan, rng)
    sections = _sections(words, beats, lengths)
    fills, stops = frozenset(), ()
    if plan.drums == "full":
        fills = frozenset(s.first_bar + s.bars - 1 for s in sections if s.kind != "outro")
    mix = Mix()
    if style not in STYLES:
        stops = _stops(sections, rng)
        mix = draw_mix(plan, rng)
    audio = _Arrangement(plan, sections, beats, lengths, rng).mix(mix, stops)
    tempo = tempo if np.ptp(lengths) == 0 else round(60 / float(np.median(lengths)), 3)
    return Song(
        name, seed, tempo, style, beats, beats[::BEATS_IN_BAR], sections, audio, fills, stops
    )


def _words(form):
    return [(word[:-1], int(word[-1])) for word in form.split()]


def _length(tempo):
    return "slow" if tempo < 80 else "fast" if tempo > 150 else "medium"


def _beats(words, tempo, plan, rng):
    """Beats of a song and the length of a beat in each bar, in seconds."""
    bars = sum(bars for _, bars in words)
    beat = 60.0 / tempo
    if not plan.drift:
        return LEAD_IN + beat * np.arange(bars * BEATS_IN_BAR), np.full(bars, beat)
    share = np.arange(bars) / max(1, bars - 1)
    if plan.changes == "sections":
        speed = np.repeat(
            rng.choice((1 - plan.drift, 1.0, 1 + plan.drift), len(words)),
            [number for _, number in words],
        )
    elif plan.changes == "rise":
        speed = 1 + plan.drift * (2 * share - 1) * (1 if rng.random() < 0.7 else -1)
    else:
        turns, phase = rng.uniform(0.5, 2.5), rng.uniform(0, 2 * np.pi)
        speed = 1 + plan.drift * np.sin(2 * np.pi * turns * share + phase)
    lengths = beat / speed
    steps = np.repeat(lengths, BEATS_IN_BAR)
    return LEAD_IN + np.append(0.0, np.cumsum(steps)[:-1]), lengths


def _sections(words, beats, lengths):
    ends = np.append(beats[::BEATS_IN_BAR], beats[-1] + lengths[-1])
    sections, bar = [], 0
    for kind, bars in words:
        start, end = float(ends[bar]), float(ends[bar + bars])
        sections.append(Section(kind, start, end, bar, bars, ENERGY[kind]))
        bar += bars
    return tuple(sections)


def _stops(sections, rng):
    """Now and then all instruments stop for the last beats of a section, or for a bar in it."""
    found = []
    for section in sections[1:-1]:
        draw, beats = rng.random(), int(rng.integers(1, 4))
        end = (section.first_bar + section.bars) * BEATS_IN_BAR
        if draw < 0.12:
            found.append((end - beats, beats))
        elif draw < 0.18 and section.bars > 2:
            found.append((end - 2 * BEATS_IN_BAR, BEATS_IN_BAR))
    return tuple(found)


def save_song(path, audio):
    """Write a song as 16-bit wav, whole or not at all.

    Parameters
    ----------
    path : str or Path
    audio : ndarray, shape (N, channels)
        Samples in [-1, 1], at `SAMPLE_RATE`.
    """
    samples = np.round(np.clip(audio, -1, 1) * 32767).astype(np.int16)
    write_wav(path, [samples], rate=SAMPLE_RATE)


# --- instruments: each returns a mono float32 array -------------------------------------


def _seconds(length):
    return np.arange(int(length * SAMPLE_RATE), dtype=np.float32) / SAMPLE_RATE


def _fade(sound, seconds=0.005):
    """Fade the end out, so that cutting a note makes no click."""
    n = min(len(sound), int(seconds * SAMPLE_RATE))
    sound[len(sound) - n :] *= np.linspace(1, 0, n, dtype=np.float32)
    return sound


def _sweep(length, low, high, fall, decay):
    t = _seconds(length)
    phase = 2 * np.pi * (low * t + (high - low) * fall * (1 - np.exp(-t / fall)))
    return _fade(np.sin(phase) * np.exp(-t / decay))


def _bright(noise, order):
    """High-pass by differences, scaled back to unit deviation."""
    for _ in range(order):
        noise = np.diff(noise, prepend=noise[:1])
    return noise / (noise.std() + 1e-9)


def _noise(rng, length, decay, order):
    t = _seconds(length)
    sound = _bright(rng.standard_normal(len(t)).astype(np.float32), order)
    return _fade(sound * np.exp(-t / decay) * 0.3)


def _kit(rng):
    """Drum samples by name."""
    kick = _sweep(0.3, 47, 170, 0.03, 0.11)
    click = _noise(rng, 0.03, 0.008, 1)
    kick[: len(click)] += 0.9 * click
    snare = 0.9 * _noise(rng, 0.22, 0.06, 1)
    snare += 0.5 * _sweep(0.22, 185, 290, 0.02, 0.06)
    tail = _noise(rng, 0.25, 0.07, 1)
    clap = tail.copy()
    for delay in (0.010, 0.021):
        shift = int(delay * SAMPLE_RATE)
        clap[shift:] += 0.8 * tail[: len(tail) - shift] * np.exp(-_seconds(0.25)[shift:] / 0.1)
    return {
        "kick": kick,
        "snare": snare,
        "clap": 0.8 * clap,
        "hat": 0.6 * _noise(rng, 0.07, 0.018, 2),
        "open": 0.55 * _noise(rng, 0.32, 0.11, 2),
        "crash": 0.7 * _noise(rng, 1.6, 0.45, 1),
        "shaker": 0.5 * _attack(_noise(rng, 0.06, 0.02, 2), 0.012),
        "rim": 0.7 * _sweep(0.06, 820, 1500, 0.004, 0.012),
        "tom0": _sweep(0.3, 150, 240, 0.05, 0.12),
        "tom1": _sweep(0.3, 115, 190, 0.05, 0.13),
        "tom2": _sweep(0.34, 85, 150, 0.05, 0.15),
    }


def _frequency(note):
    return 440.0 * 2 ** ((note - 69) / 12)


_WHOLE = np.arange(1, 17, dtype=np.float32)


def _harmonics(frequency, length, amplitudes, decays, detune=0.0):
    """Sum of harmonics, each with its own decay (seconds)."""
    t = _seconds(length)
    # What can't be heard, or is not there, is not made.
    audible = np.flatnonzero(
        (np.asarray(amplitudes) != 0) & (_WHOLE[: len(amplitudes)] * frequency < 9000)
    )
    amplitudes, decays = (part[: audible[-1] + 1] for part in (amplitudes, decays))
    k = np.arange(1, len(amplitudes) + 1, dtype=np.float32)[:, None]
    # One complex exponential raised to its powers is several times cheaper than a sine
    # for each harmonic.
    turn = np.exp(2j * np.pi * frequency * (1 + detune) * t).astype(np.complex64)
    powers = np.cumprod(np.broadcast_to(turn, (len(amplitudes), len(t))), axis=0)
    amplitudes = np.asarray(amplitudes, np.float32)[:, None] * (k * frequency < 9000)
    envelope = np.exp(-t[None] / np.asarray(decays, np.float32)[:, None])
    return (powers.imag * amplitudes * envelope).sum(0)


def _attack(sound, seconds):
    n = min(len(sound), max(1, int(seconds * SAMPLE_RATE)))
    sound[:n] *= np.linspace(0, 1, n, dtype=np.float32)
    return sound


def _bass_note(note, length):
    k = np.arange(1, 10)
    sound = _harmonics(
        _frequency(note), length, 1 / k * np.exp(-k / 5), 0.5 / np.sqrt(k) * np.ones(9)
    )
    return _fade(_attack(np.tanh(1.4 * sound), 0.004), 0.02)


def _key_note(kind, note, length, detune):
    frequency = _frequency(note)
    if kind == "saw":
        k = np.arange(1, 9)
        sound = _harmonics(frequency, length, 0.5 / k * np.exp(-k / 6), np.full(8, 1.6), detune)
        return _fade(_attack(sound, 0.02), 0.05)
    if kind == "piano":
        k = np.arange(1, 7)
        sound = _harmonics(frequency, length, 0.8 / k**1.6, 0.9 / k**0.8, detune)
        return _fade(_attack(sound, 0.003), 0.04)
    if kind == "pluck":
        k = np.arange(1, 8)
        sound = _harmonics(frequency, length, 0.8 / k**1.1, 0.35 / k**0.7, detune)
        return _fade(_attack(sound, 0.002), 0.02)
    if kind == "pad":
        k = np.arange(1, 5)
        sound = _harmonics(frequency, length, 0.6 / k**1.5, np.full(4, 4.0), detune)
        return _fade(_attack(sound, 0.12), 0.2)
    if kind == "organ":
        k = np.array([1, 2, 3, 4, 6, 8])
        sound = _harmonics(frequency, length, _at(k, 0.35 / k**0.6), np.full(8, 9.0), detune)
        return _fade(_attack(sound, 0.01), 0.03)
    if kind == "strings":
        k = np.arange(1, 9)
        sound = _harmonics(frequency, length, 0.4 / k**1.2, np.full(8, 5.0), detune)
        return _fade(_attack(sound, 0.06), 0.12)
    if kind == "marimba":
        sound = _harmonics(
            frequency, length, _at((1, 4, 7), (0.9, 0.3, 0.1)), np.full(8, 0.16), detune
        )
        return _fade(_attack(sound, 0.002), 0.02)
    if kind == "flute":
        k = np.arange(1, 5)
        sound = _harmonics(frequency, length, (0.9, 0.25, 0.1, 0.03), np.full(4, 3.0), detune)
        return _fade(_attack(sound, 0.03), 0.06)
    if kind == "guitar":
        k = np.arange(1, 9)
        sound = _harmonics(frequency, length, 0.9 / k, np.full(8, 0.9), detune)
        return _fade(_attack(0.6 * np.tanh(3 * sound), 0.004), 0.02)
    k = np.arange(1, 9)  # stab
    sound = _harmonics(frequency, length, 0.6 / k, 0.22 / k**0.3, detune)
    return _fade(_attack(sound, 0.003), 0.02)


def _at(harmonics, amplitudes):
    """Amplitudes of the first eight harmonics, 0 for those that are not named."""
    out = np.zeros(8)
    out[np.asarray(harmonics) - 1] = amplitudes
    return out


_HITS = {"x": 1.0, "o": 0.45}


class _Arrangement:
    """All notes of one song, mixed on stereo buses."""

    def __init__(self, style, sections, beats, lengths, rng):
        self.style, self.sections, self.rng = style, sections, rng
        self.beats, self.lengths = beats, lengths
        self.steady = np.ptp(lengths) == 0
        self.length = int((beats[-1] + lengths[-1] + TAIL) * SAMPLE_RATE)
        self.drums = np.zeros((2, self.length), np.float32)
        self.bass = np.zeros(self.length, np.float32)
        self.music = np.zeros((2, self.length), np.float32)
        self.lead = np.zeros(self.length, np.float32)
        self.kicks = []
        self.kit = _kit(rng)
        self.notes = {}
        self.root = int(rng.integers(45, 53))
        progressions = _PROGRESSIONS[style.minor]
        pair = rng.choice(len(progressions), 2, replace=False)
        self.progressions = {"chorus": progressions[pair[0]], "verse": progressions[pair[1]]}
        # The same tune in every chorus is what makes it one.
        self.tune = rng.integers(0, 4, 64)
        for section in sections:
            for bar in range(section.bars):
                self._bar(section, bar)
        # The last chord rings after the last bar.
        end = float(beats[-1] + lengths[-1])
        if style.drums != "none":
            self._drum("kick", end, 0.8)
        self._chord(0, end, TAIL, "pad", 0.5)
        self._add(self.bass, self._bass(0, 0, TAIL), end, 0.5)

    def _degree(self, degree, octave=0):
        scale = _SCALES[self.style.minor]
        return self.root + scale[degree % 7] + 12 * (degree // 7 + octave)

    def _add(self, bus, sound, seconds, gain):
        start = round(seconds * SAMPLE_RATE)
        stop = min(start + len(sound), bus.shape[-1])
        bus[..., start:stop] += gain * sound[: stop - start]

    def _drum(self, name, seconds, gain, pan=0.0):
        if name == "kick":
            self.kicks.append(seconds)
        for side, sign in enumerate((-1, 1)):
            self._add(self.drums[side], self.kit[name], seconds, gain * (1 + sign * pan))

    def _cached(self, key, make):
        if key not in self.notes:
            self.notes[key] = make()
        return self.notes[key]

    def _bass(self, degree, kind, length):
        note = self._degree(degree, -1) + (0, 7, 12)[kind]
        return self._cached(("bass", note, length), lambda: _bass_note(note, length))

    def _bell(self, degree):
        note = self._degree(degree, 2)
        return self._cached(("bell", note), lambda: _key_note("pluck", note, 0.6, 0.0))

    def _chord(self, degree, seconds, length, keys, gain):
        for side, detune in enumerate((-0.0015, 0.0015)):
            sound = self._cached(
                (keys, degree, length, side),
                lambda detune=detune: sum(
                    _key_note(keys, self._degree(degree + third, 0), length, detune)
                    for third in (0, 2, 4, 6)
                ),
            )
            self._add(self.music[side], sound, seconds, gain)

    def _steps(self, pattern, start):
        for index, mark in enumerate(pattern):
            if mark != ".":
                late = self.style.swing * self.step if index % 2 else 0.0
                if index % 4 > 1:
                    late += self.style.shuffle * self.step
                yield index, mark, start + index * self.step + late

    def _bar(self, section, bar):
        start = float(self.beats[(section.first_bar + bar) * BEATS_IN_BAR])
        self.beat = float(self.lengths[section.first_bar + bar])
        self.step = self.beat / 4
        last = bar == section.bars - 1
        self._drums(section, bar, start, fill=last and section.kind != "outro")
        degree = self._progression(section)[(section.first_bar + bar) % 4]
        energy = section.energy
        if self.style.bell:
            self._add(self.music, self._bell(degree), start, 0.10 + 0.08 * energy)
        if section.kind in ("verse", "build", "chorus"):
            lengths = self._lengths(self.style.bass)
            for (_, mark, time), length in zip(self._steps(self.style.bass, start), lengths):
                self._add(
                    self.bass, self._bass(degree, int(mark), length), time, 0.3 + 0.25 * energy
                )
        if section.kind in ("intro", "break", "outro"):
            long = self._rounded(BEATS_IN_BAR * self.beat)
            self._chord(degree, start, long, self.style.pad, 0.1)
            if self.style.drums == "none":
                # Without drums somebody else keeps time.
                short = self._rounded(0.9 * self.beat)
                for _, mark, time in self._steps("x...o...o...o...", start):
                    self._chord(degree, time, short, self.style.keys, 0.05 * _HITS[mark])
        else:
            length = min(self._lengths(self.style.chords)[0], 2 * self.beat)
            for _, mark, time in self._steps(self.style.chords, start):
                gain = _HITS[mark] * (0.05 + 0.07 * energy)
                self._chord(degree, time, length, self.style.keys, gain)
        if section.kind == "chorus":
            self._tune(degree, bar, start)

    def _progression(self, section):
        return self.progressions["chorus" if section.kind in ("chorus", "build") else "verse"]

    def _lengths(self, pattern):
        """Seconds from each note of a pattern to the next."""
        at = [index for index, mark in enumerate(pattern) if mark != "."]
        return [
            self._rounded((following - index) * self.step * 0.95)
            for index, following in zip(at, [*at[1:], len(pattern) + at[0]])
        ]

    def _rounded(self, length):
        """Where the tempo changes, notes are used again: to a twentieth of a second."""
        return length if self.steady else max(1, round(20 * length)) / 20

    def _tune(self, degree, bar, start):
        for index, _, time in self._steps(self.style.lead, start):
            third = (0, 2, 4, 7)[self.tune[(16 * (bar % 4) + index) % 64]]
            note = self._degree(degree + third, 1)
            sound = self._cached(
                ("lead", note),
                lambda note=note: _key_note(self.style.solo, note, 0.5, 0.0),
            )
            self._add(self.lead, sound, time, 0.16)

    def _drums(self, section, bar, start, *, fill):
        style, kind, energy = self.style, section.kind, section.energy
        if style.drums == "none":
            return
        odd = (section.first_bar + bar) % 2
        steps = range(8) if fill else range(16)
        if style.drums == "sparse":
            return self._sparse(section, start, odd)
        if bar == 0 and kind in ("verse", "chorus"):
            self._drum("crash", start, 0.55 * energy, 0.2)
        kick, snare, hat = style.kick[odd], style.snare, style.hat
        if kind in ("intro", "outro"):
            kick, snare = "x...x...x...x...", "." * 16
        elif kind == "break":
            kick, snare, hat = "x.......x.......", "." * 16, "x...x...x...x..."
            for beat in (1, 3):
                self._drum("rim", start + beat * self.beat, 0.7, -0.2)
        elif kind == "build":
            kick, snare = "x...x...x...x...", "o...o...o...o..." if bar == 0 else "o.o.o.o.oooooooo"
            steps = range(16)
        loud = 0.45 + 0.55 * energy
        for index, mark, time in self._steps(kick, start):
            if index in steps:
                self._drum("kick", time, 0.95 * loud * _HITS[mark])
        for index, mark, time in self._steps(snare, start):
            if index in steps:
                self._drum(style.backbeat, time, 0.8 * loud * _HITS[mark])
                if kind == "chorus" and mark == "x" and style.backbeat != "clap":
                    self._drum("clap", time, 0.35, 0.15)
        for index, mark, time in self._steps(hat, start):
            accent = 1.3 if index % 4 == 0 else 0.7
            self._drum("hat", time, 0.4 * loud * accent * _HITS[mark], 0.25)
        if kind == "chorus":
            for index in (2, 6, 10, 14):
                self._drum("open", start + index * self.step, 0.16, -0.2)
        if odd:
            for index, _, time in self._steps("x" * 16, start):
                accent = 1.0 if index % 4 == 0 else 0.6
                self._drum("shaker", time, (0.25 + 0.25 * energy) * accent, -0.3)
        if fill and kind != "build":
            self._fill(start + 2 * self.beat, loud)

    def _sparse(self, section, start, odd):
        """Kick and snare where the style has them, softly, and nothing else."""
        loud = 0.35 + 0.45 * section.energy
        for drum, pattern in (
            ("kick", self.style.kick[odd]),
            (self.style.backbeat, self.style.snare),
        ):
            if drum != "kick" and section.kind not in ("verse", "build", "chorus"):
                continue
            for _, mark, time in self._steps(pattern, start):
                self._drum(drum, time, 0.7 * loud * _HITS[mark])

    def _fill(self, start, loud):
        for index, drum in enumerate(
            ("snare", None, "tom0", "tom0", "tom1", "tom1", "tom2", "tom2")
        ):
            if drum:
                self._drum(drum, start + index * self.step, 0.7 * loud, 0.1 * (index % 3 - 1))
        self._drum("kick", start, 0.8 * loud)
        self._drum("kick", start + self.beat, 0.7 * loud)

    def _duck(self):
        """Gain that falls at each kick and comes back, which makes the music breathe."""
        t = _seconds(0.28)
        dip = 0.55 * np.exp(-t / 0.09)
        gain = np.ones(self.length, np.float32)
        for time in self.kicks:
            start = round(time * SAMPLE_RATE)
            stop = min(start + len(dip), self.length)
            np.minimum(gain[start:stop], 1 - dip[: stop - start], out=gain[start:stop])
        return gain

    def mix(self, mix, stops):
        """Return the stereo song, shape (N, 2)."""
        duck = self._duck()
        music = self.music * duck
        delay = int(0.75 * float(np.median(self.lengths)) * SAMPLE_RATE)
        for side, taps in enumerate(((1, 3), (2, 4))):
            music[side] += self.lead
            for tap in taps:
                music[side, tap * delay :] += 0.4**tap * self.lead[: self.length - tap * delay]
        dry = self.drums * mix.drums + self.bass * duck * mix.bass + music * mix.music
        room = self._room(music + 0.25 * self.drums)
        if stops:
            gate = self._gate(stops)
            dry, room = dry * gate, room * gate
        out = np.tanh(0.9 * (dry + room)) if mix == Mix() else mix.apply(dry + room, self.rng)
        # The tail ends in silence.
        fade = int(0.4 * SAMPLE_RATE)
        out[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        return np.ascontiguousarray((mix.peak / np.abs(out).max() * out).T)

    def _gate(self, stops):
        gate = np.ones(self.length, np.float32)
        edges = np.append(self.beats, self.beats[-1] + self.lengths[-1])
        # Up to the beat's own sound, that comes in as it is.
        fade = int(0.01 * SAMPLE_RATE)
        for first, count in stops:
            start, end = (round(edges[at] * SAMPLE_RATE) for at in (first, first + count))
            gate[start:end] = 0
            gate[start - fade : start] *= np.linspace(1, 0, fade, dtype=np.float32)
        return gate

    def _room(self, sound):
        """Sparse reflections of a small room."""
        out = np.zeros_like(sound)
        delays = np.sort(self.rng.integers(600, 9000, (2, 7)), axis=1)
        for side in range(2):
            for delay in delays[side]:
                gain = 0.22 * np.exp(-delay / 4000) * (1 if delay % 2 else -1)
                out[side, delay:] += gain * sound[1 - side, : self.length - delay]
        return out
