"""Counts in the names of parity inputs: ``twenty_five_frames``, ``25_frames``, ``no_entries``."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {
    **{word: value for value, word in enumerate(_UNITS)},
    **{word: 10 * value for value, word in enumerate(_TENS, start=2)},
    "no": 0,
    "a": 1,
    "hundred": 100,
    "thousand": 1000,
}


def named_count(name):
    """Read the number that a name begins with.

    Returns
    -------
    count : int
    what : str
        The rest of the name, such as "frames".

    Raises
    ------
    AssertionError
        Where the name begins with no number, or holds nothing else.
    """
    words = name.lower().replace("-", "_").split("_")
    count = used = 0
    total = 0
    while used < len(words) and (words[used] in _VALUES or words[used].isdecimal()):
        value = int(words[used]) if words[used].isdecimal() else _VALUES[words[used]]
        if words[used] == "hundred":
            count = max(count, 1) * 100
        elif words[used] == "thousand":
            total, count = total + max(count, 1) * 1000, 0
        else:
            count += value
        used += 1
        # "one hundred and three".
        if used + 1 < len(words) and words[used] == "and" and words[used + 1] in _VALUES:
            used += 1
    assert 0 < used < len(words), f"the name {name!r} of an input is not understood"
    return total + count, "_".join(words[used:])
