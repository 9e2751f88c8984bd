"""Every motif, danced on its own to both sides, by a small and a tall dancer, fast and slow."""

from types import SimpleNamespace

import numpy as np
import pytest
from soaking import soak_after

from choreo.pose.skeletons import HALPE26
from choreo.synth import grammar
from choreo.synth.body import KNEE_LIMIT
from choreo.synth.dancers import _Writer, make_dance, make_dancer
from choreo.synth.hearing import Audible
from choreo.synth.motifs import ARMS, BAR, MOTIFS
from choreo.synth.songs import Section

RATE = 120
JOINT = {name: index for index, name in enumerate(HALPE26.joints)}
MOST = {"hip": 40, "nose": 90, "left_knee": 110, "left_ankle": 110, "left_wrist": 300}


def test_the_vocabulary_is_wide_and_well_formed():
    assert len(MOTIFS) >= 100
    assert len({motif.keys for motif in MOTIFS.values()}) == len(MOTIFS)
    assert {motif.bars for motif in MOTIFS.values()} == {1, 2, 4}
    assert sum(motif.shortest < 1 for motif in MOTIFS.values()) >= 15
    for motif in MOTIFS.values():
        at = [key.at for key in motif.keys]
        assert at[0] == 0
        assert at == sorted(set(at))
        assert at[-1] < BAR * motif.bars
        assert all(time * 2 % 1 == 0 for time in at)
        assert {arm for key in motif.keys for arm in (key.left, key.right)} <= set(ARMS)
        # Whoever turns faces the camera again at the end.
        assert sum(key.turn for key in motif.keys) % 360 == 0, motif.name


def alone(motif, dancer, count):
    """A dance of one motif, then its mirror image, at so many seconds a count."""
    beats = BAR * motif.bars * 2 + 1
    song = SimpleNamespace(
        beats=0.6 + count * np.arange(beats),
        sections=(Section("chorus", 0, 0, 0, -(-beats // BAR), 1.0),),
        audible=Audible(np.ones(beats), np.ones(beats), np.zeros(beats, bool)),
    )
    writer = _Writer(song, make_dancer(dancer), np.random.default_rng(1))
    for turn, shown in enumerate((motif, motif.mirrored())):
        for key in shown.keys:
            writer.add(turn * BAR * motif.bars + key.at, key)
    return writer.finish(())


def counts(motif):
    """The fastest and an easy count at which the grammar lets a motif be danced."""
    least = max(grammar.LEAST_COUNT, grammar.LEAST_GAP / motif.shortest)
    return {least, max(least, min(0.7, grammar._MOST_TURN / (motif.turning or 1)))}


@pytest.mark.parametrize("dancer", soak_after(1, ["chika", "bruno"]))
@pytest.mark.parametrize("name", MOTIFS)
def test_every_motif_keeps_limbs_limits_and_feet(name, dancer):
    motif = MOTIFS[name]
    for count in counts(motif):
        dance = alone(motif, dancer, count)
        t = np.arange(0, dance.accents[-1], 1 / RATE)
        pose, body = dance.pose(t), dance.dancer.body
        joints = {joint: pose.joints[:, index] for joint, index in JOINT.items()}
        assert pose.joints[..., 1].min() > 0
        for joint, most in MOST.items():
            for one in {joint, joint.replace("left", "right")}:
                change = np.diff(joints[one], 2, axis=0) * RATE**2
                assert np.linalg.norm(change, axis=-1).max() < most, one
        places = dance.motion.places(t)
        lift = dance.motion.lift(t)
        assert (places[lift < 1e-6][:, :, 1].min(1) < 0.02).all()
        for i, side in enumerate(("left", "right")):
            thigh = joints[f"{side}_hip"] - joints[f"{side}_knee"]
            shank = joints[f"{side}_knee"] - joints[f"{side}_ankle"]
            assert np.linalg.norm(thigh, axis=-1) == pytest.approx(body.thigh, abs=1e-9)
            assert np.linalg.norm(shank, axis=-1) == pytest.approx(body.shank, abs=1e-9)
            cos = (thigh * shank).sum(-1) / (body.thigh * body.shank)
            bend = np.degrees(np.arccos(np.clip(cos, -1, 1)))
            assert bend.min() > 5
            assert bend.max() < KNEE_LIMIT
            down = places[:, i, 1] + lift < 1e-9
            still = down[1:] & down[:-1]
            moved = np.linalg.norm(np.diff(joints[f"{side}_ankle"], axis=0), axis=-1)[still]
            assert moved.max() < 0.002


def test_a_dancer_knows_a_part_of_the_vocabulary_and_has_a_taste():
    known = [grammar.repertoire(f"dancer-{i}").weights > 0 for i in range(20)]
    shares = np.mean(known, 1)
    assert (shares > 0.5).all()
    assert (shares < 0.85).all()
    assert len(np.unique(known, axis=0)) == 20
    assert {grammar.repertoire(f"dancer-{i}").entry for i in range(20)} == set(grammar._ENTRIES)


def test_a_section_and_a_style_do_not_tell_the_motif(songs):
    """A table of motifs by kind, style and bar, made of some dances, names few of others."""
    table, right = {}, []
    for number in range(24):
        song = list(songs.values())[number % len(songs)]
        motifs = make_dance(song, make_dancer(f"d{number}"), 1, 0).motifs
        for section in song.sections:
            for bar in range(section.bars):
                key, name = (section.kind, song.style, bar), motifs[section.first_bar + bar][1]
                if number >= 14 and key in table:
                    right.append(table[key] == name)
                table.setdefault(key, name)
    assert len(right) > 100
    assert np.mean(right) < 0.15


def test_silence_is_held_and_energy_chooses(songs):
    song = songs["neon"]
    audible = Audible(song.audible.loud, song.audible.bright, song.audible.silent.copy())
    first = song.sections[1].first_bar * BAR
    audible.silent[first : first + 2 * BAR] = True
    quiet = SimpleNamespace(**{**vars(song), "audible": audible})
    dance = make_dance(quiet, make_dancer("ada"), 1, 0)
    inside = (dance.counts >= first) & (dance.counts < first + 2 * BAR)
    assert not inside.any()
    t = np.arange(song.beats[first + 1], song.beats[first + 2 * BAR - 2], 0.02)
    speed = np.linalg.norm(np.diff(dance.pose(t).joints, axis=0), axis=-1) / 0.02
    assert speed.mean() < 0.12
    loud = make_dance(song, make_dancer("ada"), 1, 0).pose(t).joints
    assert np.linalg.norm(np.diff(loud, axis=0), axis=-1).mean() / 0.02 > 2 * speed.mean()
