import pytest

from choreo.errors import AccidentError, ConfigError, DamagedError, ItemError, check_known


def test_an_unknown_word_is_refused_with_those_there_are():
    check_known("left", ("mean", "left"), what="choice")
    with pytest.raises(
        ConfigError, match=r"a: unknown choice \(got 'right'\)\. Use one of mean, left$"
    ):
        check_known("right", ("mean", "left"), what="choice", where="a")
    # What YAML may give in the place of a word.
    for value in (["left"], {"left": 1}, None, 3):
        with pytest.raises(ItemError, match="unknown choice"):
            check_known(value, {"left": 1}, what="choice", kind=ItemError)


@pytest.mark.parametrize("kind", [ConfigError, ItemError, AccidentError])
def test_an_error_is_restated_with_all_that_it_said(kind):
    error = DamagedError("no", where="a.npz", value=3, remedy="Make it anew")
    assert str(error.restated(kind)) == str(error)
    assert type(error.restated(kind)) is kind
    other = error.restated(kind, where="b.npz", remedy=None)
    assert str(other) == "b.npz: no (got 3)"
