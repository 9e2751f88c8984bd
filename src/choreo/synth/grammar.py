"""The grammar that makes a dance of a song: what is heard, and what this dancer likes.

Every dancer knows a part of the vocabulary and has a taste in it. From bar to bar one of the
motifs that fit is drawn: those that suit the loudness, the timbre and the tempo, weighed by
the taste. A dancer repeats, comes back to what was danced in the last section of that kind,
goes at half or double time, puts the arms of one motif on the feet of another, and moves an
accent off the beat; how often is the dancer's own. Fills, drop-outs, silence and the entry of
a chorus are answered.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from choreo.synth.motifs import BAR, MOTIFS
from choreo.synth.names import derived_seed, one_of

LEAST_GAP = 0.27
"""Seconds between two accents, at least."""

LEAST_COUNT = 0.42
"""Seconds of a count, at least: faster songs are danced at half time."""

_MOST_COUNT = {"smooth": 1.1, "bouncy": 1.0, "sharp": 1.0}
_MOST_TURN = 0.75  # seconds of half a turn
_EASY_COUNT = 0.5
_PACES = (0.5, 1.0, 2.0)  # beats of a count
_OTHER_MOTIF = 0.12
_ENTRIES = ("jump", "drop", "plain")

_NAMES = tuple(MOTIFS)
_BARS = np.array([MOTIFS[name].bars for name in _NAMES])
_LOW, _HIGH = np.array([MOTIFS[name].energy for name in _NAMES]).T
_FEEL = np.array([{"smooth": -1, "bouncy": 0.2, "sharp": 1}[MOTIFS[n].feel] for n in _NAMES])
_GROUP = np.array([MOTIFS[name].group for name in _NAMES])

_SHORTEST = np.array([MOTIFS[name].shortest for name in _NAMES])
_TURNING = np.array([MOTIFS[name].turning for name in _NAMES])
_MOST = np.array([_MOST_COUNT[MOTIFS[name].feel] for name in _NAMES])

_ENDING = np.array([name.startswith("finish") for name in _NAMES])
_STILL = (_GROUP == "poses") & ~_ENDING
_DANCED = _GROUP != "poses"
_ROUND = np.array([any(abs(k.turn) > 90 for k in MOTIFS[n].keys) for n in _NAMES])
_ANSWER = (_ROUND & (_BARS == 1)) | np.isin(
    _NAMES, ("hit_hit_hold", "drop_pop", "gather", "clap_over", "freeze_hip", "tuck_hop")
)

_TASTE = {
    "house": {"steps": 1.8, "grooves": 1.2},
    "hiphop": {"grooves": 1.8, "accents": 1.4},
    "funk": {"grooves": 1.4, "turns": 1.4},
    "tropical": {"steps": 1.4, "grooves": 1.4},
    "electro": {"accents": 1.8, "levels": 1.3},
    "disco": {"turns": 1.4, "combinations": 1.5},
    "swing": {"steps": 2.0, "turns": 1.5},
    "ballad": {"levels": 1.6, "accents": 1.3},
    "chamber": {"levels": 1.5, "turns": 1.4},
    "punk": {"levels": 1.8, "steps": 1.4},
    "trap": {"accents": 1.8, "levels": 1.4},
    "breaks": {"steps": 1.6, "levels": 1.5},
}
"""How much more the groups are danced to a style, at most twice: a taste, no rule."""


@dataclass(frozen=True)
class Repertoire:
    """What a dancer knows and likes.

    Attributes
    ----------
    weights : ndarray
        Of every motif, in the order of `MOTIFS`; 0 for those that the dancer does not know.
    repeats, recalls, swaps_arms, syncopates, answers : float
        How often the dancer dances a motif again, comes back to the last section of that kind,
        takes the arms of another motif, moves an accent off the beat, answers a fill.
    slow : float
        Liking for half time, 0 to 1.
    between : float
        Liking for accents between two beats, 0 to 1; most dancers have little.
    lead : int
        The side on which even bars are danced.
    entry : str
        How a chorus is entered: ``jump``, ``drop`` or ``plain``.
    """

    weights: np.ndarray
    repeats: float
    recalls: float
    swaps_arms: float
    syncopates: float
    answers: float
    slow: float
    between: float
    lead: int
    entry: str


@lru_cache(maxsize=256)
def repertoire(name):
    """Repertoire of a dancer by name."""
    rng = np.random.default_rng(derived_seed("repertoire", name))
    taste = {group: rng.lognormal(0, 0.45) for group in dict.fromkeys(_GROUP)}
    weights = rng.lognormal(0, 0.9, len(_NAMES)) * [taste[group] for group in _GROUP]
    known = rng.random(len(_NAMES)) < 0.65
    # Everyone can turn, and stand.
    known |= np.isin(_NAMES, ("spin", "finish", "breathe", "sway", "bounce", "freeze_vee"))
    return Repertoire(
        np.where(known, weights, 0.0),
        repeats=float(rng.uniform(0.2, 0.5)),
        recalls=float(rng.uniform(0.3, 0.8)),
        swaps_arms=float(rng.uniform(0.0, 0.5)),
        syncopates=float(rng.uniform(0.0, 0.08)),
        answers=float(rng.uniform(0.5, 0.95)),
        slow=float(rng.uniform(0, 1)),
        between=float(0.5 * rng.uniform(0, 1) ** 2),
        lead=int(rng.integers(2)),
        entry=one_of(rng, _ENTRIES),
    )


@dataclass(frozen=True)
class Placed:
    """A motif in its place.

    Attributes
    ----------
    bar : int
        The song's bar in which it starts.
    bars : int
        How many it takes.
    name : str
    keys : tuple of Key
        `at` counts beats from the start of the bar.
    """

    bar: int
    bars: int
    name: str
    keys: tuple


def energy(song):
    """How much a dancer gives on each beat, 0 to 1: the section's energy and the loudness."""
    sections = np.zeros(len(song.beats))
    for section in song.sections:
        first = section.first_bar * BAR
        sections[first : first + section.bars * BAR] = section.energy
    return 0.6 * sections + 0.4 * song.audible.loud


def compose(song, dancer, take, seed):
    """Choose the motifs of a song.

    Parameters
    ----------
    song : choreo.synth.songs.Song
    dancer : str
        Name.
    take : int
        Changes a motif in eight.
    seed : int
        Of the study.

    Returns
    -------
    list of Placed
        In order; every bar of the song is in one of them.
    """
    choice = np.random.default_rng(derived_seed("choreography", song.name, dancer, seed))
    change = np.random.default_rng(derived_seed("take", song.name, dancer, take, seed))
    return _Composer(song, repertoire(dancer), choice, change).placed


class _Composer:
    def __init__(self, song, own, rng, change):
        self.song, self.own, self.rng, self.change = song, own, rng, change
        self.energy, self.audible = energy(song), song.audible
        self.recalled, self.chosen, self.placed = {}, [], []
        taste = _TASTE.get(song.style, {})
        self.taste = own.weights * [taste.get(group, 1.0) for group in _GROUP]
        previous = None
        for section in song.sections:
            first = len(self.placed)
            self._section(section)
            if section.kind == "chorus" and previous != "chorus":
                self._enter(first)
            previous = section.kind

    def _section(self, section):
        last, bar = section.first_bar + section.bars - 1, section.first_bar
        again, answer = self.rng.random(2)
        script = []
        if again < self.own.recalls:
            script = list(self.recalled.get(section.kind, ()))
        danced = []
        answered = last in self.song.fills and answer < self.own.answers
        while bar <= last:
            room = last - bar + 1
            beats = slice(bar * BAR, bar * BAR + BAR)
            if bar == last and section is self.song.sections[-1]:
                one = self._draw(bar, 1, _ENDING)
            elif self.audible.silent[beats].sum() >= 2:
                one = self._draw(bar, 1, _STILL)
            elif bar == last and answered:
                one = self._draw(bar, 1, _ANSWER)
            else:
                room -= answered
                one = self._next(bar, max(room, 1), script, danced)
                danced.append(one)
            # What another take changes has no effect on what is chosen after it.
            self.chosen.append(one[0].split("+")[0])
            if self.change.random() < _OTHER_MOTIF:
                one = self._draw(bar, one[2], _DANCED, self.change, exactly=True) or one
            self._place(bar, one)
            bar += one[2]
        self.recalled[section.kind] = danced

    def _next(self, bar, room, script, danced):
        while script:
            one = script.pop(0)
            if one[2] <= room:
                return one
        draw = self.rng.random(2)
        if danced and draw[0] < self.own.repeats:
            one = danced[-2] if len(danced) > 1 and draw[1] < 0.5 else danced[-1]
            if one[2] <= room:
                return one
        name, pace, bars = self._draw(bar, room, _DANCED)
        motif = MOTIFS[name]
        if motif.group == "steps" and self.rng.random() < self.own.swaps_arms:
            arms = self._weights(bar, room) * (_GROUP == "accents")
            name += "+" + _NAMES[self._pick(arms, self.rng)]
        return name, pace, bars

    def _draw(self, bar, room, allowed, rng=None, *, exactly=False):
        """Name, beats a count, bars."""
        rng = rng or self.rng
        weights = self._weights(bar, room) * allowed
        beat = self._beat(bar)
        paced = np.stack([weights * self._paces(bar, pace, beat) for pace in _PACES])
        bars = np.maximum(np.outer(_PACES, _BARS), 1.0)
        paced *= (bars == room) if exactly else (bars <= room)
        # Whole bars only.
        paced *= bars % 1 == 0
        if not paced.any():
            if exactly:
                return None
            paced = self._last_resort(beat, room, bars)
        pace, which = divmod(self._pick(paced.ravel(), rng), len(_NAMES))
        return _NAMES[which], _PACES[pace], int(bars[pace, which])

    def _last_resort(self, beat, room, bars):
        """What always fits: a quiet motif of a bar, for songs and rooms where nothing else does."""
        pace = _PACES.index(1.0 if beat >= LEAST_COUNT else 2.0)
        paced = np.zeros(bars.shape)
        paced[pace, _NAMES.index("breathe")] = 1.0
        if bars[pace, _NAMES.index("breathe")] > room:
            paced[:] = 0
            paced[_PACES.index(1.0), _NAMES.index("breathe")] = 1.0
        return paced

    def _pick(self, weights, rng):
        total = np.cumsum(weights)
        return int(np.searchsorted(total, rng.random() * total[-1], "right"))

    def _beat(self, bar):
        beats = self.song.beats[bar * BAR : bar * BAR + 2 * BAR]
        return float(np.diff(beats).min())

    def _weights(self, bar, room):
        """How well every motif fits what is heard from a bar on."""
        beats = slice(bar * BAR, (bar + min(room, 2)) * BAR)
        level, bright = self.energy[beats].mean(), self.audible.bright[beats].mean()
        away = np.maximum(_LOW - level, 0) + np.maximum(level - _HIGH, 0)
        weights = self.taste * np.exp(-((away / 0.08) ** 2) + 1.2 * bright * _FEEL)
        for name in self.chosen[-3:]:
            weights[_NAMES.index(name)] *= 0.2
        return weights + 1e-9 * (self.taste > 0)

    def _paces(self, bar, pace, beat):
        """How well every motif goes at so many beats a count, 0 where it can't."""
        count = pace * beat
        level = self.energy[bar * BAR]
        easy = _EASY_COUNT * 2 ** (1.4 * self.own.slow * (0.6 - level))
        fits = (_SHORTEST * count >= LEAST_GAP - 1e-9) & (count <= _MOST)
        fits &= (count >= LEAST_COUNT) & (_TURNING * count <= _MOST_TURN)
        # Beats come first: what lies between two of them is for those who like it.
        liking = np.where(_SHORTEST * pace % 1 == 0, 1.0, self.own.between)
        return fits * liking * np.exp(-((np.log2(count / easy) / 0.55) ** 2))

    def _place(self, bar, one):
        name, pace, bars = one
        base, _, arms = name.partition("+")
        motif = MOTIFS[base].with_arms(MOTIFS[arms]) if arms else MOTIFS[base]
        keys, span = [], pace * BAR * motif.bars
        for round_ in range(round(bars * BAR / span)):
            # Odd bars, in which the shaker plays, are danced to the other side.
            turn_over = (bar // bars + round_ + self.own.lead) % 2
            shown = motif.mirrored() if turn_over else motif
            keys += [replace(key, at=span * round_ + pace * key.at) for key in shown.keys]
        keys = [key for key in keys if key.at < bars * BAR]
        keys = self._syncopated(bar, keys, pace)
        self.placed.append(Placed(bar, bars, name, tuple(keys)))

    def _syncopated(self, bar, keys, pace):
        draw, which = self.rng.random(2)
        if draw >= self.own.syncopates or 0.5 * self._beat(bar) < LEAST_GAP:
            return keys
        there = {key.at for key in keys}
        free = [
            index
            for index, key in enumerate(keys[1:], 1)
            if key.at % 1 == 0
            and not (key.turn or key.jump)
            and key.at - 0.5 not in there
            and key.at - 1 <= max(one for one in there if one < key.at)
        ]
        if free:
            index = free[int(which * len(free))]
            keys[index] = replace(keys[index], at=keys[index].at - 0.5)
        return keys

    def _enter(self, first):
        placed = self.placed[first]
        key = placed.keys[0]
        if self.own.entry == "jump" and not key.jump:
            key = replace(key, jump=0.10)
        elif self.own.entry == "drop" and not key.jump:
            key = replace(key, dip=key.dip + 0.14)
        self.placed[first] = replace(placed, keys=(key, *placed.keys[1:]))
