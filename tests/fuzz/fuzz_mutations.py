"""Ways to make a hostile file of a whole one; the same seed gives the same bytes.

Every kind of file is changed by its bytes, and those with a structure by that too: JSON and YAML
value by value, tables cell by cell, archives member by member with right checksums, so that a
parser is met behind its first check.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import pickle
import random
import re
import resource
import struct
import warnings
import zipfile

import h5py
import numpy as np
import yaml

LARGEST = 1 << 20
"""Bytes that a hostile file has at most: what it makes of them in memory is what counts."""

_SECONDS = 3
NUMBERS = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "-1e308", "1e-320", "-0.0"),
    *("-1", "0", "1", "255", "65536", "2147483648", "-2147483649", "4294967296"),
    *("9223372036854775807", "9223372036854775808", "18446744073709551616", "1099511627776"),
    *("9" * 400, "9" * 5000, "0.1" + "0" * 5000, "1_000", "0x10", "\uff11\uff12", "1:60:60"),
)
TEXTS = (
    *("", " ", "null", "None", "nan", "../../outside", "/etc/passwd", "~", "-rf", "a" * 70_000),
    *("\0", "\x1b[2J", "\u202egpj.exe", "\ufeff", "\u2028", "a\nb", "a\tb", '"', "'", "\\"),
    *(
        "\U0001f483" * 300,
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "%s%n{0}{x.__class__}",
        "$(id)",
    ),
)
LENGTHS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
LENGTHS = (*LENGTHS, 1 << 40, (1 << 63) - 1, (1 << 64) - 1)
# What no `json.dumps` writes, put in the place of a value afterwards.
_RAW = (
    *NUMBERS,
    *("[" * 100_000, "[" * 900 + "]" * 900, '{"a":' * 3000 + "1" + "}" * 3000),
    *('"\\ud800"', '{"a":1,"a":2}', "undefined", "'a'", "[1,]", "/* */ 1", '"\\u0000"'),
)
_VALUES = (
    *(None, True, False, [], {}, [[]], [[[]]], {"": None}, -1, 0, 1, 0.5, 1e308, -1e308, 1 << 62),
    *(2**31, 2**63, 2**64, *TEXTS),
)
_YAML = (
    "&a [*a]",
    "!!python/object/apply:os.system ['touch outside']",
    "!!python/name:os.system",
    "{<<: *x}",
    "? [a]: b",
    "!!binary 'not base64'",
    "!!set {a, b}",
    "!!timestamp 2001-99-99",
    "0o7777777777777777777777777",
    ".inf",
    ".nan",
    "|\n  text",
    "%TAG ! tag:x,2000:",
    "- - - - - -",
    "@at",
    "`tick`",
    "*nobody",
    "&a [&b [&c [*a, *b], *c], *a]",
)
# Programs for the machine that reads pickles.
_PICKLES = (
    b"cos\nsystem\n(S'touch outside'\ntR.",
    b'cbuiltins\neval\n(S\'__import__("os").mkdir("outside")\'\ntR.',
    b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\rtouch outside\x85R.",
    b"cbuiltins\nbytearray\n(L99999999999L\ntR.",
    b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR.",
    b"cnumpy\ndtype\n(S'O'\ntR.",
    b"ccollections\nCounter\n(S'a'\ntR.",
    b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"]" + b"(" * 1000 + b"t" * 1000 + b".",
    b"](" + b"2" * 5000 + b"l.",
    b"L" + b"9" * 5000 + b"L\n.",
    b"\x8b\xff\xff\xff\x7f" + b"\1" * 60,
    b"j\xff\xff\xff\x7f.",
    b"Nr\xff\xff\xff\x7f.",
    b"Pnobody\n.",
    b"\x82\x01.",
    b"\x97.",
)


def mutated(kind, wholes, rng, most=LARGEST):
    """Make one hostile file.

    Parameters
    ----------
    kind : str
        A key of `KINDS`.
    wholes : sequence of bytes
        Files that are read, of which one is changed, perhaps by bytes of another.
    rng : random.Random
    most : int
        Bytes that it has at most.

    Returns
    -------
    bytes
    """
    whole = rng.choice(wholes)
    way = rng.choice(KINDS[kind])
    data = way(whole, rng, rng.choice(wholes))
    if way is not by_bytes and rng.random() < 0.15:
        data = by_bytes(data, rng, whole)
    return data[:most]


def by_bytes(whole, rng, other=b""):
    """Bits flipped, bytes lost, doubled, moved or of another file, numbers that lie, a cut."""
    data = bytearray(whole)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        # Half of the changes near the head, where formats say what follows.
        reach = len(data) if rng.random() < 0.5 else min(len(data), 300)
        at, length = rng.randrange(reach), rng.choice((1, 2, 4, 8, 30, 300))
        kind = rng.randrange(10)
        if kind == 0:
            for _ in range(rng.choice((1, 1, 3, 20))):
                data[rng.randrange(reach)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at : at + length] = bytes([rng.choice((0, 0x20, 0x7F, 0x80, 0xFF))]) * min(
                length, len(data) - at
            )
        elif kind == 2:
            width = rng.choice((1, 2, 4, 8))
            number = rng.choice(LENGTHS) & ((1 << 8 * width) - 1)
            data[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
        elif kind == 5:
            data[at:at] = rng.randbytes(length)
        elif kind == 6:
            start = rng.randrange(len(data))
            data[at : at + length] = data[start : start + length]
        elif kind == 7 and other:
            start = rng.randrange(len(other))
            data[at : at + length] = other[start : start + length]
        elif kind == 8:
            # A small number up or down, as of a length.
            data[at] = (data[at] + rng.choice((1, -1, 16, -16))) % 256
        else:
            del data[at:]
    return bytes(data)


_TOKEN = re.compile(r"[-+]?\d[\d.eE+-]*|\w+|\"[^\"\n]*\"")
_NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")
_BROKEN = (b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf8\x88", b"\0", b"\xef\xbb\xbf", b"\xff\xfe")


def by_cells(whole, rng, other=b""):
    """Numbers, words and lines of a text replaced, lost, doubled and moved."""
    text = whole.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 2, 5))):
        kind = rng.randrange(10)
        if kind < 4:
            found = list((_NUMBER if kind < 3 else _TOKEN).finditer(text))
            if found:
                one = rng.choice(found)
                new = rng.choice(NUMBERS if rng.random() < 0.7 else TEXTS)
                text = text[: one.start()] + new + text[one.end() :]
            continue
        lines = text.split("\n")
        at = rng.randrange(len(lines))
        if kind == 4:
            del lines[at]
        elif kind == 5:
            lines[at:at] = [lines[at]] * rng.choice((1, 2, 300))
        elif kind == 6:
            other_line = rng.randrange(len(lines))
            lines[at], lines[other_line] = lines[other_line], lines[at]
        elif kind == 7:
            mark = rng.choice((",", "\t", ";", " ", ":"))
            cells = lines[at].split(mark)
            place = rng.randrange(len(cells))
            cells[place : place + rng.randrange(2)] = [rng.choice((*TEXTS, *NUMBERS))]
            lines[at] = mark.join(cells)
        elif kind == 8:
            lines[at] = rng.choice(('"' + lines[at], lines[at] + '"', lines[at].replace(",", ";")))
        else:
            lines.insert(at, rng.choice((*TEXTS, "#", ",,,,", "\t\t\t")))
        text = rng.choice(("\n", "\n", "\n", "\r\n", "\r")).join(lines)
    data = text.encode("utf-8", "replace")
    if rng.random() < 0.15:
        at = rng.choice((0, rng.randrange(len(data) + 1)))
        data = data[:at] + rng.choice(_BROKEN) + data[at:]
    elif rng.random() < 0.05:
        data = text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig")), "replace")
    return data


def _place(value, rng):
    """Some place in nested lists and objects, as keys from the top."""
    place = []
    while isinstance(value, (dict, list)) and value and (not place or rng.random() < 0.75):
        key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
        place.append(key)
        value = value[key]
    return place


def changed_value(value, rng, raw=()):
    """Change nested lists and objects in some places.

    Returns
    -------
    value
        With texts ``RAW:n`` where `raw`'s n-th text shall stand.
    """
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = _place(value, rng) if rng.random() < 0.97 else []
        if not place:
            value = copy.deepcopy(rng.choice(_VALUES))
            continue
        holder = value
        for key in place[:-1]:
            holder = holder[key]
        key, kind = place[-1], rng.randrange(8)
        if kind < 3:
            holder[key] = copy.deepcopy(rng.choice(_VALUES))
        elif kind == 3 and raw:
            holder[key] = f"RAW:{rng.randrange(len(raw))}"
        elif kind == 4:
            del holder[key]
        elif kind == 5:
            one = holder[key]
            if isinstance(holder, list):
                many = not isinstance(one, (list, dict)) or len(one) < 100
                holder[key:key] = [one] * rng.choice((1, 3, 100 if many else 2))
            else:
                holder[rng.choice((str(key) + "s", "", "__class__", str(key).upper()))] = one
        elif kind == 6:
            holder[key] = rng.choice(([holder[key]], {"a": holder[key]}, str(holder[key])[:200]))
        else:
            one = holder[key]
            if isinstance(one, (int, float)) and not isinstance(one, bool):
                larger = one + 1 if abs(one) < 1e9 else 0
                holder[key] = rng.choice((-one, larger, float(one) / 3, str(one), [one]))
            elif isinstance(one, str):
                holder[key] = one[: len(one) // 2] + rng.choice(TEXTS)
            elif isinstance(one, list):
                rng.shuffle(one)
    return value


def _with_raw(text, raw):
    return re.sub(r"\"RAW:(\d+)\"|RAW:(\d+)", lambda m: raw[int(m[1] or m[2])], text)


def by_json(whole, rng, other=b""):
    """A JSON text whose values are lost, doubled, of another kind or no JSON at all."""
    value = changed_value(json.loads(whole), rng, _RAW)
    text = _with_raw(json.dumps(value), _RAW)
    return text.encode("utf-8", "surrogatepass")


def by_doubled_json(whole, rng, other=b""):
    """The same of a JSON text that is a text of JSON."""
    inside = by_json(json.loads(whole).encode(), rng).decode("utf-8", "replace")
    return json.dumps(inside).encode()


def by_yaml(whole, rng, other=b""):
    """A YAML text whose values are lost, doubled, of another kind or alive."""
    raw = (*_YAML, *NUMBERS, "[" * 5000, "{a: " * 300)
    value = changed_value(yaml.safe_load(whole), rng, raw)
    text = yaml.safe_dump(value, allow_unicode=True, width=1 << 20)
    return _with_raw(text.replace("'RAW:", "RAW:"), raw).encode("utf-8", "replace")


def by_pickle(whole, rng, other=b""):
    """A pickle of other values, or one with a program in it."""
    if rng.random() < 0.3:
        program = rng.choice(_PICKLES)
        at = rng.randrange(len(whole))
        return rng.choice((program, whole[:at] + program, whole[:at] + program + whole[at:]))
    try:
        value = pickle.loads(whole)
    except Exception:  # one that was changed before
        return by_bytes(whole, rng, other)
    value = changed_value(value, rng)
    if isinstance(value, dict):
        for key in list(value):
            if isinstance(value[key], np.ndarray) and rng.random() < 0.5:
                value[key] = _other_array(value[key], rng)
    try:
        return pickle.dumps(value, rng.randrange(6))
    except (ValueError, OverflowError):
        return whole[: len(whole) // 2]


def _other_array(array, rng):
    kinds = (
        lambda a: a.astype(object),
        lambda a: a.astype("U9"),
        lambda a: a.astype(complex),
        lambda a: a.astype(">f4"),
        lambda a: a.astype(np.float64) * np.nan,
        lambda a: a.astype(np.float64) * 1e300,
        lambda a: a[..., None],
        lambda a: a[:0],
        lambda a: a.reshape(-1),
        lambda a: a.T,
        lambda a: np.asfortranarray(a),
        lambda a: np.array(3.0),
        lambda a: np.zeros((0, 0, 0)),
        lambda a: np.full(a.shape, -1),
        lambda a: a.astype("M8[s]") if a.dtype.kind in "iu" else a > 0,
        lambda a: np.zeros(3, [("a", "f4"), ("b", "O")]),
    )
    with np.errstate(all="ignore"):
        return rng.choice(kinds)(array)


_DTYPES = ("|O", "<U99999999", "|V8", "<f2", "<M8[s]", "|b1", "<c16", "|S0", "(3,)<f4", "<f16")


def by_npy(whole, rng, other=b""):
    """An .npy whose header says another shape, type or length, or what is no header."""
    size = 2 if whole[6] == 1 else 4
    length = int.from_bytes(whole[8 : 8 + size], "little")
    header = whole[8 + size : 8 + size + length].decode("latin1")
    data = whole[8 + size + length :]
    kind = rng.randrange(7)
    if kind == 0:
        number = rng.choice([n for n in NUMBERS if n.strip("-").isdigit() and len(n) < 30])
        header = re.sub(r"\((\d+),", f"({number},", header, count=1)
    elif kind == 1:
        shapes = ("()", "(0,)", "(1, 0, 9223372036854775807)", "(-1,)", "(4294967296,)*2", "[3]")
        header = re.sub(r"\([^)]*\)", rng.choice((*shapes, "(1,)" * 40, "(" * 400)), header)
    elif kind == 2:
        header = re.sub(r"'[<>|][^']*'", f"'{rng.choice(_DTYPES)}'", header, count=1)
    elif kind == 3:
        header = by_cells(header.encode("latin1"), rng).decode("latin1")
    elif kind == 4:
        header = rng.choice(
            ("[" * 9000, "{" * 9000, "__import__('os').mkdir('outside')", "-" * 9999)
        )
    elif kind == 5 and data:
        # Of objects it is a pickle.
        way = by_pickle if "|O" in header and data[:1] == b"\x80" else by_bytes
        data = way(data, rng, data)
    else:
        header = header.replace("False", "True")
    text = header.encode("latin1", "replace")
    said = len(text) if rng.random() < 0.9 else rng.choice(LENGTHS)
    said &= (1 << 8 * size) - 1
    return whole[:8] + said.to_bytes(size, "little") + text + data


def by_members(whole, rng, other=b""):
    """A zip archive whose members are changed, renamed, doubled or huge, with right checksums."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    at = rng.randrange(len(members))
    name, data = members[at]
    kind = rng.randrange(10)
    if kind < 5:
        if data[:6] == b"\x93NUMPY":
            data = by_npy(data, rng, other)
        elif data[:1] == b"\x80" and rng.random() < 0.3:
            place = rng.randrange(len(data))
            data = data[:place] + rng.choice(_PICKLES) + data[place:]
        else:
            data = by_bytes(data, rng, other)
        members[at] = name, data
    elif kind == 5:
        del members[at]
    elif kind == 6:
        members.append((rng.choice((name, "../../outside.npy", "/outside.npy", "a/", "")), data))
    elif kind == 7:
        members[at] = rng.choice(("x.npy", name.upper(), "fps", "\U0001f483.npy")), data
    elif kind == 8:
        members[at] = name, data + bytes(rng.choice((1, 1000, 10_000_000)))
    else:
        second = rng.randrange(len(members))
        members[at], members[second] = (name, members[second][1]), (members[second][0], data)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in members:
            entry = zipfile.ZipInfo(name or "x")
            packed = len(data) > LARGEST or rng.random() < 0.2
            entry.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
            archive.writestr(entry, data)
    data = made.getvalue()
    if rng.random() < 0.1:
        # Sizes in the table at the end that are not those of the members.
        tail = data.rfind(b"PK\1\2")
        data = data[:tail] + by_bytes(data[tail : tail + 46], rng) + data[tail + 46 :]
    return data


def by_tensor_header(whole, rng, other=b""):
    """A .safetensors whose header says other shapes, types, places or summaries."""
    (length,) = struct.unpack_from("<Q", whole)
    header = json.loads(whole[8 : 8 + length])
    about = header.get("__metadata__", {})
    kind = rng.randrange(3)
    if kind == 0 and "choreo" in about:
        # What the summary says, which is a JSON text in the header.
        about["choreo"] = by_json(about["choreo"].encode(), rng).decode("utf-8", "replace")
        text = json.dumps(header).encode()
    elif kind == 1:
        names = [name for name in header if name != "__metadata__"]
        one = header[rng.choice(names)]
        what = rng.choice(("shape", "dtype", "data_offsets"))
        one[what] = {
            "shape": [
                rng.choice((0, 1, 3, 1 << 40, (1 << 64) - 1))
                for _ in range(rng.choice((0, 1, 2, 70)))
            ],
            "dtype": rng.choice(("F64", "F16", "BF16", "I8", "U8", "BOOL", "F8_E4M3", "X9", "")),
            "data_offsets": [rng.choice(LENGTHS), rng.choice(LENGTHS)],
        }[what]
        text = json.dumps(header).encode()
    else:
        text = by_json(whole[8 : 8 + length], rng)
    said = len(text) if rng.random() < 0.9 else rng.choice(LENGTHS)
    data = whole[8 + length :]
    if rng.random() < 0.3 and len(data) >= 4:
        at = rng.randrange(0, len(data) - 3, 4)
        data = (
            data[:at]
            + struct.pack("<f", rng.choice((np.nan, np.inf, 3e38, -3e38)))
            + data[at + 4 :]
        )
    return struct.pack("<Q", said & ((1 << 64) - 1)) + text + data


def by_hdf5(whole, rng, other=b""):
    """An HDF5 file whose parts have other types, shapes and values, or lead elsewhere.

    Made in a process of its own, which the library crashes or keeps busy now and then.
    """
    drawn = random.Random(rng.getrandbits(64))
    ours, childs = os.pipe()
    child = os.fork()
    if not child:
        used = resource.getrusage(resource.RUSAGE_SELF)
        most = int(used.ru_utime + used.ru_stime) + _SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (most, most))
        with contextlib.suppress(BaseException), os.fdopen(childs, "wb") as pipe:
            pipe.write(_changed_parts(whole, drawn))
        os._exit(0)
    os.close(childs)
    with os.fdopen(ours, "rb") as pipe:
        made = pipe.read()
    os.waitpid(child, 0)
    return made or by_bytes(whole, drawn, other)


def _changed_parts(whole, rng):
    buffer = io.BytesIO(whole)
    with h5py.File(buffer, "r+") as file:
        names = []
        file.visit(names.append)
        for _ in range(rng.choice((1, 1, 2))):
            # Links that lead round or nowhere hold nothing to change.
            with contextlib.suppress(KeyError, RuntimeError, OSError, TypeError):
                _change_part(file, rng.choice(names), rng)
    return buffer.getvalue()


def _change_part(file, name, rng):
    part = file[name]
    kind = rng.randrange(12)
    holder = rng.choice((part, file))
    if kind < 3 and len(holder.attrs):
        key = rng.choice(list(holder.attrs))
        value = rng.choice((*_VALUES[5:], np.zeros((3, 3)), np.array([1e999]), b"\xff\xfe", 3.5))
        del holder.attrs[key]
        if (
            value is not None
            and rng.random() < 0.9
            and not (isinstance(value, str) and "\0" in value)
        ):
            try:
                holder.attrs[key] = value
            except (TypeError, ValueError, OverflowError, OSError, RuntimeError):
                holder.attrs[key] = "?"
        return
    if kind < 6 and isinstance(part, h5py.Dataset) and part.size and part.dtype.kind in "iufO":
        at = rng.randrange(part.shape[0]) if part.shape else ()
        values = (
            (-1, 0, 2**31 - 1, -(2**31))
            if part.dtype.kind in "iu"
            else (np.nan, np.inf, -1e38, 1e9)
        )
        if part.dtype.kind == "O":
            values = [text.replace("\0", "") for text in TEXTS]
        try:
            part[at] = np.array(rng.choice(values)).astype(part.dtype)
        except (TypeError, ValueError, OverflowError, OSError):
            part[at] = rng.choice(values)
        return
    array = part[()] if isinstance(part, h5py.Dataset) and part.size < 100_000 else None
    parent, _, last = name.rpartition("/")
    group = file[parent] if parent else file
    del group[last]
    if kind == 6:
        return
    if kind == 7:
        group[last] = rng.choice(
            (
                h5py.SoftLink("/" + name),
                h5py.SoftLink("/nowhere"),
                h5py.ExternalLink("outside.h5", "/"),
                h5py.ExternalLink("/etc/passwd", "/"),
            )
        )
    elif kind == 8:
        shape = rng.choice(((1 << 40,), (1 << 20, 1 << 20), (0,), (1 << 62,), ()))
        chunks = {"chunks": (min(shape[0], 1 << 16), *[1] * (len(shape) - 1))} if any(shape) else {}
        group.create_dataset(
            last, shape, rng.choice(("f4", "i8", "u1", h5py.string_dtype())), **chunks
        )
    elif kind == 9 and isinstance(array, np.ndarray) and array.dtype.kind in "fiu":
        group[last] = _storable(array, rng)
    elif kind == 10:
        kinds = (h5py.ref_dtype, h5py.vlen_dtype(np.int8), np.dtype([("a", "f4")]), "S5", "c16")
        group.create_dataset(last, (3,), rng.choice(kinds))
    elif isinstance(array, np.ndarray) and array.dtype.kind in "fiu" and array.ndim:
        group.create_dataset(
            last, data=np.concatenate([array] * rng.choice((2, 3))), compression="gzip"
        )
    else:
        group.create_group(last)


def _storable(array, rng):
    found = _other_array(array, rng)
    return found if found.dtype.kind in "fiub" else np.zeros((2, 2))


def by_boxes(whole, rng, other=b""):
    """A video or sound whose boxes or chunks are lost, doubled, moved or of lying lengths."""
    marks = [
        m.start() for m in re.finditer(rb"[a-zA-Z]{4}|\x1a\x45\xdf\xa3|\x1f\x43\xb6\x75", whole)
    ]
    if len(marks) < 2:
        return by_bytes(whole, rng, other)
    data = bytearray(whole)
    for _ in range(rng.choice((1, 1, 2, 3))):
        one, two = sorted(rng.sample(marks, 2))
        kind = rng.randrange(6)
        if kind == 0:
            width = rng.choice((4, 4, 8))
            number = rng.choice(LENGTHS) & ((1 << 8 * width) - 1)
            data[one - 4 : one - 4 + width] = number.to_bytes(width, rng.choice(("big", "little")))
        elif kind == 1:
            del data[one - 4 : two - 4]
        elif kind == 2:
            data[two - 4 : two - 4] = data[one - 4 : two - 4][:65536]
        elif kind == 3:
            data[one : one + 4] = data[two : two + 4]
        elif kind == 4:
            # Numbers behind a name: rates, sizes, times, counts.
            at = one + 4 + rng.randrange(40)
            data[at : at + 4] = (rng.choice(LENGTHS) & 0xFFFFFFFF).to_bytes(4, "big")
        else:
            data += other if rng.random() < 0.5 else whole
    return bytes(data)


KINDS = {
    "bytes": (by_bytes,),
    "cells": (by_bytes, by_cells, by_cells, by_cells),
    "json": (by_bytes, by_cells, by_json, by_json, by_json, by_json),
    "doubled json": (by_bytes, by_cells, by_doubled_json, by_doubled_json),
    "yaml": (by_bytes, by_cells, by_yaml, by_yaml, by_yaml),
    "pickle": (by_bytes, by_bytes, by_pickle, by_pickle),
    "npy": (by_bytes, by_npy, by_npy),
    "zip": (by_bytes, by_members, by_members, by_members),
    "tensors": (by_bytes, by_tensor_header, by_tensor_header, by_tensor_header),
    "hdf5": (by_bytes, by_hdf5),
    "media": (by_bytes, by_bytes, by_boxes, by_boxes),
}
"""Ways to change each kind of file."""
