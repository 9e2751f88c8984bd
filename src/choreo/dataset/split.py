"""Training, validation and test without leaks; imported while the DAG is built."""

import hashlib

from choreo.choices import KEYS, SPLITS
from choreo.errors import ConfigError, check_known


def assign_splits(
    rows, *, by=("song",), test=0.2, validation=0.0, seed=0, score=None, column="split"
):
    """Put every video into a split, so that no two splits share a song (or what `by` says).

    Videos that share a value of any key in `by`, directly or through others, are a
    group, and a group is never divided. Groups are ordered by a seeded hash of their
    name; the first ones are for testing, the next for validation. A new video of a known
    group changes nothing, a new group moves at most the groups at the borders.

    Parameters
    ----------
    rows : iterable
        Objects with the attributes `id`, `source`, `song`, `dancer`, and `split` and
        `score` where they are used (`choreo.config.Row`).
    by : str or sequence of str
        "song", "video" (the same source), "dancer", or several of them.
    test, validation : float
        Shares of the groups, rounded. With two or more groups at least one is for
        testing unless `test` is 0, and at least one for training.
    seed : int
        Another seed, another order.
    score : float, optional
        The thesis's way: groups whose `score` is at least this are for training, the
        others for testing; `test`, `validation` and `seed` have no effect then.
    column : str, optional
        Attribute that holds "train", "validation" or "test" for videos whose whole
        group shall be there; empty for the others. None: no such column.

    Returns
    -------
    dict of str to str
        id -> split, in the order of the rows.

    Raises
    ------
    ConfigError
        For an unknown key in `by`; where one group is asked to be in two splits, or a
        split is unknown, or a score is missing, naming the rows.
    """
    rows = list(rows)
    by = _keys(by)
    groups = _groups(rows, by)
    if test + validation >= 1:
        raise ConfigError(
            "nothing is left for training",
            where="dataset.split",
            value=f"test {test:g}, validation {validation:g}",
            remedy="Make test and validation together less than 1",
        )
    fixed = {name: _asked(group, column, by) for name, group in groups.items()} if column else {}
    fixed = {name: split for name, split in fixed.items() if split}
    free = sorted(set(groups) - set(fixed), key=lambda name: (_hash(seed, name), name))
    chosen = dict(fixed)
    if score is not None:
        chosen |= {name: _by_score(groups[name], score, by) for name in free}
    else:
        already = list(fixed.values())
        counts = _counts(len(groups), len(free), already, test, validation)
        for position, name in enumerate(free):
            chosen[name] = (
                "test"
                if position < counts["test"]
                else "validation"
                if position < counts["test"] + counts["validation"]
                else "train"
            )
    split_of = {row.id: chosen[name] for name, group in groups.items() for row in group}
    return {row.id: split_of[row.id] for row in rows}


def check_no_leak(rows, splits, *, by=("song",)):
    """Refuse splits that share a song (or what `by` says).

    Parameters
    ----------
    rows : iterable
        As for `assign_splits`.
    splits : dict of str to str
        id -> split.
    by : str or sequence of str
        Keys that no two splits may share.

    Raises
    ------
    ConfigError
        Naming the shared song, video or dancer and a row of each split.
    """
    for key in _keys(by):
        seen = {}
        for row in rows:
            first = seen.setdefault(_value(row, key), row)
            if splits[first.id] != splits[row.id]:
                raise ConfigError(
                    f"{key} {_value(row, key)!r} is in two splits",
                    where=f"rows {first.id} ({splits[first.id]}) and {row.id} ({splits[row.id]})",
                    remedy=f"Give both the same split, or take {key!r} out of dataset.split.by",
                )


def _keys(by):
    by = (by,) if isinstance(by, str) else tuple(by)
    for key in by:
        check_known(key, KEYS, what="key", where="dataset.split.by")
    if not by:
        raise ConfigError("no key given", where="dataset.split.by", remedy=f"Use {', '.join(KEYS)}")
    return by


def _value(row, key):
    # Two rows cut from one source are one video. An empty song or dancer is the row's own.
    return (row.source if key == "video" else getattr(row, key)) or row.id


def _groups(rows, by):
    """Connected components: group name -> its rows. The name is the smallest first key."""
    root = {}

    def find(node):
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for row in rows:
        nodes = [(key, _value(row, key)) for key in by]
        for node in nodes:
            root.setdefault(node, node)
        for node in nodes[1:]:
            a, b = sorted((find(nodes[0]), find(node)))
            root[b] = a
    groups = {}
    for row in rows:
        groups.setdefault(find((by[0], _value(row, by[0]))), []).append(row)
    return {min(_value(row, by[0]) for row in group): group for group in groups.values()}


def _asked(group, column, by):
    asked = {}
    for row in group:
        split = getattr(row, column, None)
        if split:
            check_known(split, SPLITS, what="split", where=f"row {row.id}, column {column}")
            asked.setdefault(split, row.id)
    if len(asked) > 1:
        rows = " and ".join(f"{row} ({split})" for split, row in asked.items())
        raise ConfigError(
            f"videos that share a {' or '.join(by)} are asked to be in two splits",
            where=f"column {column}, rows {rows}",
            remedy="Give them the same split, or leave one of the cells empty",
        )
    return next(iter(asked), None)


def _by_score(group, score, by):
    sides = {}
    for row in group:
        if row.score is None:
            raise ConfigError(
                "the score is missing",
                where=f"row {row.id}, column score",
                remedy="Give every video a score, or take `score` out of dataset.split",
            )
        sides.setdefault("train" if row.score >= score else "test", row.id)
    if len(sides) > 1:
        rows = " and ".join(f"{row} ({split})" for split, row in sides.items())
        raise ConfigError(
            f"videos that share a {' or '.join(by)} lie on both sides of the score {score:g}",
            where=f"rows {rows}",
            remedy="Name their split in the column `split`, or divide by video as the thesis did",
        )
    return next(iter(sides))


def _counts(n_groups, n_free, already, test, validation):
    """How many free groups go to test and validation, after those that were asked for."""
    want_test = max(round(test * n_groups), 1 if test > 0 and n_groups > 1 else 0)
    want_validation = max(round(validation * n_groups), 1 if validation > 0 and n_groups > 2 else 0)
    # One group must be left to train on.
    room = n_free - (0 if "train" in already else 1)
    give_test = max(0, min(want_test - already.count("test"), room))
    give_validation = max(0, min(want_validation - already.count("validation"), room - give_test))
    return {"test": give_test, "validation": give_validation}


def _hash(seed, name):
    return hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest()
