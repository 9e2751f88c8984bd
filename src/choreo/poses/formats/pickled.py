"""Pickles of arrays and simple values, read without letting them run anything.

A pickle is a program that may call what it names. The unpickler here admits only the few
names that pickles of numpy arrays have, and in their place puts classes of this module
that take an array apart as data: numpy itself is never called with what a file says.
"""

import io
import math
import pickle
import pickletools
import re
from pathlib import Path

import numpy as np

from choreo.errors import ItemError
from choreo.files.outside import reading
from choreo.files.sealed import array_header

MAX_BYTES = 1 << 26
"""Largest pickle that is read; ten minutes of nine AIST++ cameras take half of it."""

_DTYPE = re.compile(r"[<>|=]?([biufcSUV])([0-9]{1,6})")
_PLAIN = "biuf"


class _Dtype:
    """What stands for a numpy dtype: a plain type and its byte order."""

    codes = _DTYPE

    def __init__(self, code="", *_):
        if isinstance(code, bytes):
            code = code.decode("latin1")
        if not isinstance(code, str) or not self.codes.fullmatch(code):
            raise pickle.UnpicklingError(f"an array of type {str(code)[:20]!r}")
        self.dtype = np.dtype(code)

    def __setstate__(self, state):
        # (version, byte order, subarray, names, fields, ...): of plain types only the second.
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise pickle.UnpicklingError("an array of records")
        order = state[1].decode("latin1") if isinstance(state[1], bytes) else state[1]
        if order not in ("<", ">", "|", "="):
            raise pickle.UnpicklingError("an array of unknown byte order")
        self.dtype = self.dtype.newbyteorder(order)


class _ObjectDtype(_Dtype):
    """The same for the outermost array of an ``.npy``, which may hold objects."""

    codes = re.compile(rf"{_DTYPE.pattern}|\|?O[48]?")


def _array(data, dtype, shape, fortran):
    if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple):
        raise pickle.UnpicklingError("a damaged array")
    if isinstance(data, str):
        # How Python 2 wrote bytes.
        data = data.encode("latin1")
    if isinstance(dtype, _ObjectDtype) and dtype.dtype.hasobject and isinstance(data, list):
        # The objects themselves, which this unpickler made: numpy is given none of them.
        return data
    if not isinstance(data, (bytes, bytearray)) or len(shape) > 8:
        raise pickle.UnpicklingError("an array of objects")
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in shape):
        raise pickle.UnpicklingError("an array of an impossible shape")
    flat = np.frombuffer(data, dtype.dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


class _Array:
    """What stands for a numpy array while it is read; `value` is the array."""

    def __init__(self, *_):
        self.value = None

    def __setstate__(self, state):
        # (version, shape, dtype, Fortran order, data)
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("a damaged array")
        _, shape, dtype, fortran, data = state
        self.value = _array(data, dtype, shape, fortran)


def _from_buffer(data, dtype, shape, order):
    made = _Array()
    made.value = _array(data, dtype, shape, order == "F")
    return made


def _scalar(dtype, data):
    return _array(data, dtype, (), False)[()].item()


def _ndarray(*_):
    raise pickle.UnpicklingError("an array that is made in an unusual way")


def _encode(text, encoding):
    # How protocols 0 to 2 write bytes.
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes that are made in an unusual way")
    return text.encode("latin1")


_STAND_INS = {
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _Dtype,
    ("numpy", "ndarray"): _ndarray,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _Array),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}
"""What pickles of arrays name, in numpy 1 and 2, and what is called instead."""


class _ArraysOnly(pickle.Unpickler):
    stand_ins = _STAND_INS

    def find_class(self, module, name):
        if (module, name) not in self.stand_ins:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is not an array")
        return self.stand_ins[module, name]

    def persistent_load(self, _):
        raise pickle.UnpicklingError("it asks for something outside of it")


class _WithObjects(_ArraysOnly):
    stand_ins = _STAND_INS | {("numpy", "dtype"): _ObjectDtype}


_MEMO = {"PUT", "BINPUT", "LONG_BINPUT"}


def loads(data, *, objects=False):
    """Read a pickle of simple values and arrays.

    Parameters
    ----------
    data : bytes
    objects : bool
        Whether an array may hold such values too; it is a list then.

    Returns
    -------
    object
        Python's own simple values; arrays are objects with the array in `value`.

    Raises
    ------
    pickle.UnpicklingError
        For anything else; nothing of it has run.
    """
    try:
        for opcode, argument, _ in pickletools.genops(data):
            # An unpickler makes room for as many values as the largest number.
            if opcode.name in _MEMO and int(argument) > len(data):
                raise pickle.UnpicklingError("a damaged pickle")
        kind = _WithObjects if objects else _ArraysOnly
        return kind(io.BytesIO(data), encoding="latin1").load()
    except pickle.UnpicklingError:
        raise
    # A damaged pickle can raise nearly anything.
    except Exception as error:
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from error


def arrays(path):
    """Read a file that holds a pickled dict of arrays.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    dict of str to ndarray
        Those values of the dict that are arrays of numbers; scalars and all else are
        left out.

    Raises
    ------
    ItemError
        Where the file is missing, too large, or would call anything.
    """
    with reading(path, "a pickle of arrays"):
        with open(Path(path), "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise ItemError(f"larger than {MAX_BYTES >> 20} MiB: no pickle of keypoints")
        value = loads(data)
        if not isinstance(value, dict):
            raise ItemError("not a pickle of arrays (it holds no dict)")
    return _arrays_of(value)


def _arrays_of(value):
    found = {key: item.value for key, item in value.items() if isinstance(item, _Array)}
    return {
        key: array
        for key, array in found.items()
        if isinstance(key, str) and isinstance(array, np.ndarray) and array.dtype.kind in _PLAIN
    }


def npy(path):
    """Read an ``.npy``: an array of numbers, or a dict of such that numpy pickled into it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    ndarray or dict of str to ndarray

    Raises
    ------
    ItemError
        Where the file is missing, too large, or would call anything.
    """
    what = "an .npy of numbers"
    with reading(path, what):
        if Path(path).stat().st_size > MAX_BYTES:
            raise ItemError(f"larger than {MAX_BYTES >> 20} MiB: no .npy of keypoints")
        with open(Path(path), "rb") as file:
            shape, fortran, dtype = array_header(file, "it")
            data = file.read()
        if not dtype.hasobject:
            if dtype.kind not in _PLAIN:
                raise ItemError(f"not {what} (it holds {dtype})")
            count = math.prod(shape)
            if min(shape, default=0) < 0 or len(data) < count * dtype.itemsize:
                raise ItemError(f"declares {shape} {dtype}, but holds less")
            flat = np.frombuffer(data, dtype, count)
            return flat.reshape(shape, order="F" if fortran else "C")
        value = loads(data, objects=True)
        value = value.value if isinstance(value, _Array) else value
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            raise ItemError(f"not {what} (it holds objects that are no dict of arrays)")
        return _arrays_of(value)
