"""Songs that nobody was filmed to: found, named, refused, and measured in a table."""

import numpy as np
import pytest
from test_song_beats import clicking

from choreo import config
from choreo.errors import ConfigError
from choreo.evaluation.extractor import train_extractor
from choreo.evaluation.measurements import measure
from choreo.evaluation.own_songs import check_apart, made_names, songs_in
from choreo.evaluation.recorded import recorded_table
from choreo.evaluation.segments import join
from choreo.evaluation.true_beats import true_beats
from choreo.files import is_id
from choreo.synth.songs import make_song

STUDY = {"study": "s", "table": "t.tsv"}


def test_a_folder_s_sound_files_are_songs_by_their_names(tmp_path):
    for name in ("Goin' Under!.mp3", "b.WAV", "notes.txt", "~.ogg"):
        (tmp_path / name).touch()
    (tmp_path / "more.wav").mkdir()
    found = songs_in(tmp_path, where="evaluation.songs")
    assert list(found) == ["Goin_Under", "b", "song"]
    assert all(map(is_id, found))
    assert found["b"] == str(tmp_path / "b.WAV")


def test_a_table_names_songs_beside_it_or_anywhere(tmp_path):
    (tmp_path / "x.mp3").touch()
    table = tmp_path / "songs.tsv"
    table.write_text(f"song\tpath\nfirst\tx.mp3\nsecond\t{tmp_path}/none.wav\n")
    found = songs_in(table, where="evaluation.songs")
    assert found == {"first": str(tmp_path / "x.mp3"), "second": f"{tmp_path}/none.wav"}


@pytest.mark.parametrize("name", ["x" * 5000, "~nobody-is-called-so/x.mp3"])
def test_a_path_that_no_system_takes_is_told_of_where_it_is_read(tmp_path, name):
    table = tmp_path / "songs.tsv"
    table.write_text(f"song\tpath\na\t{name}\n")
    assert songs_in(table, where="evaluation.songs") == {"a": name}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no folder and no table of songs"),
        ("song\tpath\n", "there is no song"),
        ("song\tpath\na b\tx.wav\n", r"songs.tsv, line 2: not a name for a song.*'a b'"),
        ("song\tpath\na\n", r"line 2: no path"),
        ("song\tpath\na\tx.wav\nA\ty.wav\n", "two songs of one name"),
        ("song\tfile\na\tx.wav\n", "path"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, text, message):
    path = tmp_path / "songs.tsv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        songs_in(path, where="evaluation.songs")


def test_an_empty_folder_and_files_that_would_have_one_name_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="there is no song"):
        songs_in(tmp_path, where="evaluation.recordings")
    for name in ("a b.mp3", "a_b.wav"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigError, match="two songs of one name"):
        songs_in(tmp_path, where="evaluation.recordings")


def test_songs_of_the_study_s_names_are_refused():
    check_apart(["new"], ["neon"], where="evaluation.songs")
    with pytest.raises(ConfigError, match=r"evaluation.songs: .*names already.*neon"):
        check_apart(["Neon"], ["neon"], where="evaluation.songs")


def test_the_config_takes_a_path_or_a_number():
    def songs(value):
        return config.read_config(STUDY | {"evaluation": {"songs": value}}).evaluation.songs

    assert (songs("music").folder, songs("music").made) == ("music", 0)
    assert (songs({"made": 24}).folder, songs({"made": 24}).made) == (None, 24)
    with pytest.raises(ConfigError, match=r"evaluation.songs.made"):
        songs({"made": -1})
    assert len(set(made_names(24))) == 24
    assert all(map(is_id, made_names(100)))


def test_beats_of_what_was_made_are_those_of_its_song():
    beats = make_song("made-01", 3).beats
    np.testing.assert_allclose(true_beats("demo:made-01/none/1", seed=3), beats, atol=1e-6)
    late = true_beats("demo:made-01/ada/2", start=4.0, seed=3)
    np.testing.assert_allclose(late, beats[beats >= 4] - 4, atol=1e-6)
    assert true_beats("https://example.org/a.mp4", seed=3) is None


@pytest.fixture(scope="module")
def measured():
    held_out, _ = clicking(3, song="own")
    training, _ = clicking(4, song="trained")
    extractor = train_extractor(training.pixels, training.songs, steps=3)
    songs = [clicking(2, period=0.4 + 0.04 * k, song=f"r{k}")[0] for k in range(3)]
    dancing = join(songs)
    still = join(songs)
    frozen = np.broadcast_to(still.pixels[:, :1], still.pixels.shape)
    object.__setattr__(still, "pixels", frozen)
    return [measure(part, extractor) for part in (held_out, training, dancing, still)]


def test_the_table_of_recordings_shows_a_dancer_who_froze(measured):
    held_out, training, dancing, still = measured
    models = {"good": [dancing, dancing], "frozen": [still]}
    table = recorded_table(models, held_out, training, study="s", replicates=20)
    frame = table.frame.set_index("system")
    assert list(frame.index) == ["real", "good", "frozen"]
    assert frame.songs.tolist() == [1, 3, 3]
    assert frame.energy["frozen"] == 0
    assert frame.freeze["frozen"] == 100
    assert frame.fid["frozen"] > frame.fid["good"]
    for listener in ("librosa", "state_space"):
        counts = dancing.song_beats[listener]
        assert frame[f"hit_{listener}"]["good"] == pytest.approx(
            100 * counts.aligned.sum() / counts.motion.sum()
        )
        assert frame[f"hit_{listener}_chance"]["good"] < frame[f"hit_{listener}"]["good"]
        assert np.isnan(frame[f"hit_{listener}"]["frozen"])
    assert np.isfinite(frame.fid_interval["good"])
    assert "hit_truth" not in frame
    assert "So few songs (under 6)" in " ".join(table.notes)
