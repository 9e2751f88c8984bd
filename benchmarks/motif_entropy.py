"""Print how much of a made dance its song foretells, and what a clip costs.

Run as ``python benchmarks/motif_entropy.py [--songs 24] [--dancers 3] [--seed 0]``. Each song is
danced by some of twelve dancers. What is known of a bar is its section, the song's style and the
bar's place in the section: a table made of half of the songs names the likeliest motif for each,
and the mean pose, and is tried on the other half. The table in docs/synth.md is printed by this.
"""

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from choreo.synth.clips import make_tracks
from choreo.synth.dancers import make_dance, make_dancer
from choreo.synth.motifs import BAR
from choreo.synth.songs import make_song

DANCERS = 12
PLACES = 8
"""Moments of a bar at which poses are compared."""
HIP = 19
"""Joint that the others are measured against."""


def main():
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=24)
    parser.add_argument("--dancers", type=int, default=3, help="dances to each song")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    bars, takes, dancers, songs = [], [], [], []
    before = {}
    for number in range(chosen.songs):
        song = make_song(f"entropy-{number}", chosen.seed)
        same_song = []
        for k in range(chosen.dancers):
            name = f"dancer-{(number + k * (DANCERS // chosen.dancers)) % DANCERS}"
            danced = _bars(song, name, 1, chosen.seed)
            bars += [(number, name, *bar) for bar in danced]
            takes.append(_apart(danced, _bars(song, name, 2, chosen.seed)))
            dancers += [_apart(danced, other) for other in same_song]
            same_song.append(danced)
            if name in before:
                songs.append(_apart(danced, before[name]))
            before[name] = danced
    print("| | measured |\n|---|---|")
    for row in (*_foretold(bars), ("another take", f"{np.mean(takes):.3f} m")):
        print(f"| {row[0]} | {row[1]} |")
    print(f"| another dancer to the same song | {np.mean(dancers):.3f} m |")
    print(f"| the same dancer to another song | {np.mean(songs):.3f} m |")
    print(f"| CPU-seconds a clip of 25 s, song and truth | {_cost(chosen.seed):.2f} |")


def _bars(song, dancer, take, seed):
    """What is known of each bar, its motif, and poses (PLACES, J, 2) against the hip."""
    dance = make_dance(song, make_dancer(dancer), take, seed)
    ends = np.append(song.beats, 2 * song.beats[-1] - song.beats[-2])
    counts = np.arange(len(dance.motifs) * PLACES) * BAR / PLACES
    joints = dance.pose(np.interp(counts, np.arange(len(ends)), ends)).joints
    poses = (joints - joints[:, [HIP]])[..., :2].reshape(-1, PLACES, joints.shape[1], 2)
    known = {}
    for section in song.sections:
        for place in range(section.bars):
            known[section.first_bar + place] = section.kind, song.style, place
    return [(known[bar], dance.motifs[bar][1], poses[bar]) for bar in range(len(dance.motifs))]


def _apart(one, other):
    """Mean distance of joints in metres, over the bars that both dances have."""
    pairs = zip(one, other)
    return float(np.mean([np.linalg.norm(a[2] - b[2], axis=-1).mean() for a, b in pairs]))


def _foretold(bars):
    motifs = Counter(motif for *_, motif, _ in bars)
    given = defaultdict(Counter)
    for _, _, known, motif, _ in bars:
        given[known][motif] += 1
    conditional = sum(c.total() / len(bars) * _entropy(c) for c in given.values())
    table, poses = defaultdict(Counter), defaultdict(list)
    known_bars = [bar for bar in bars if bar[0] % 2 == 0]
    for _, _, known, motif, pose in known_bars:
        table[known][motif] += 1
        poses[known].append(pose)
    mean = np.mean([bar[-1] for bar in known_bars], 0)
    tried = [bar for bar in bars if bar[0] % 2 and bar[2] in table]
    named = np.mean([table[known].most_common(1)[0][0] == motif for _, _, known, motif, _ in tried])
    left = sum(np.square(pose - np.mean(poses[known], 0)).sum() for *_, known, _, pose in tried)
    whole = sum(np.square(pose - mean).sum() for *_, pose in tried)
    return [
        ("entropy of a bar's motif", f"{_entropy(motifs):.2f} bits"),
        ("the same, given section, style and bar", f"{conditional:.2f} bits"),
        ("the table names the motif of a bar of another song", f"{named:.1%}"),
        ("the table's mean pose explains of the movement", f"{1 - left / whole:.1%}"),
        ("bars; those of other songs that the table knows", f"{len(bars)}; {len(tried)}"),
    ]


def _entropy(counts):
    shares = np.array(list(counts.values())) / counts.total()
    return float(-(shares * np.log2(shares)).sum())


def _cost(seed, clips=8):
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(clips):
            make_tracks(
                f"demo:cost-{number}/dancer-{number}/1",
                truth=Path(folder, "t.npz"),
                song=Path(folder, "s.wav"),
                beats=Path(folder, "b.json"),
                start=4,
                end=29,
                seed=seed,
            )
    return (time.process_time() - start) / clips


if __name__ == "__main__":
    main()
