"""Tiny networks in ONNX's format, with the inputs and outputs of YOLOX and RTMPose.

They find rectangles of pure colour, so that rtmlib's own steps before and after a network
can be tested without weights. ONNX's files are protocol buffers of a few kinds of fields,
which are written here by hand.
"""

import struct

import numpy as np

FLOAT, INT64 = 1, 7


def _varint(number):
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number, value):
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _tensor(name, array):
    kind = INT64 if array.dtype == np.int64 else FLOAT
    data = array.astype("<i8" if kind == INT64 else "<f4").tobytes()
    dims = b"".join(_field(1, side) for side in array.shape)
    return dims + _field(2, kind) + _field(8, name) + _field(9, data)


def _attribute(name, value):
    if isinstance(value, int):
        return _field(1, name) + _field(3, value) + _field(20, 2)
    return _field(1, name) + b"".join(_field(8, v) for v in value) + _field(20, 7)


def _port(name, shape):
    dims = b"".join(_field(1, _field(1 if isinstance(d, int) else 2, d)) for d in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, FLOAT) + _field(2, dims)))


class Graph:
    """A network under construction; values are known by their names."""

    def __init__(self):
        self._nodes, self._constants, self._count = [], [], 0

    def _name(self):
        self._count += 1
        return f"v{self._count}"

    def constant(self, value, kind=np.float32):
        name = self._name()
        self._constants.append(_tensor(name, np.asarray(value, kind)))
        return name

    def __call__(self, operator, *inputs, output=None, **attributes):
        output = output or self._name()
        node = b"".join(_field(1, name) for name in inputs) + _field(2, output)
        node += _field(4, operator)
        node += b"".join(_field(5, _attribute(*item)) for item in attributes.items())
        self._nodes.append(node)
        return output

    def save(self, path, input_shape, outputs):
        graph = b"".join(_field(1, node) for node in self._nodes) + _field(2, "tiny")
        graph += b"".join(_field(5, constant) for constant in self._constants)
        graph += _field(11, _port("input", input_shape))
        graph += b"".join(_field(12, _port(*output)) for output in outputs.items())
        path.write_bytes(_field(1, 8) + _field(7, graph) + _field(8, _field(2, 11)))
        return path


def _edges(g, lit, axis, length):
    """First and last + 1 place (1, 1) along an axis of a picture (1, H, W) that is lit."""
    profile = g("ReduceMax", lit, axes=[3 - axis], keepdims=0)
    there = g("Greater", profile, g.constant([0.5]))
    places = np.arange(length, dtype=np.float32)[None]
    first = g("Where", there, g.constant(places), g.constant([9999.0]))
    last = g("Where", there, g.constant(places + 1), g.constant([-9999.0]))
    return (
        g("ReduceMin", first, axes=[1], keepdims=1),
        g("ReduceMax", last, axes=[1], keepdims=1),
    )


def detector(path, side=128, *, score=0.9):
    """Write a YOLOX with non-maximum suppression inside: two boxes with scores.

    The first is around what is full of the first channel, the second of the second
    channel; the third channel is not looked at.
    """
    g = Graph()
    rows = []
    for channel in (0, 1):
        plane = g("Gather", "input", g.constant(channel, np.int64), axis=1)
        lit = g("Cast", g("Greater", plane, g.constant([180.0])), to=FLOAT)
        (left, right), (top, bottom) = _edges(g, lit, 2, side), _edges(g, lit, 1, side)
        any_ = g("ReduceMax", lit, axes=[1, 2], keepdims=0)
        any_ = g("Reshape", any_, g.constant([1, 1], np.int64))
        sure = g("Mul", any_, g.constant([score]))
        rows.append(g("Concat", left, top, right, bottom, sure, axis=1))
    both = g("Concat", *rows, axis=1)
    g("Reshape", both, g.constant([1, 2, 5], np.int64), output="dets")
    return g.save(path, (1, 3, side, side), {"dets": (1, 2, 5)})


def pose(path, joints=17, height=64, width=48):
    """Write an RTMPose: the joints are the corners of what is bright, over and over.

    Right and lower, left and lower, right and upper, left and upper; the last joint is
    never found.
    """
    g = Graph()
    brightest = g("ReduceMax", "input", axes=[1], keepdims=0)
    lit = g("Cast", g("Greater", brightest, g.constant([1.0])), to=FLOAT)
    k = np.arange(joints)[:, None]
    for name, axis, length, falls in (
        ("simcc_x", 2, width, k % 2),
        ("simcc_y", 1, height, k // 2 % 2),
    ):
        profile = g("ReduceMax", lit, axes=[3 - axis], keepdims=0)
        profile = g("Reshape", profile, g.constant([1, length, 1], np.int64))
        doubled = g("Concat", profile, profile, axis=2)
        doubled = g("Reshape", doubled, g.constant([1, 1, 2 * length], np.int64))
        ramp = np.linspace(0.5, 1, 2 * length, dtype=np.float32)[None]
        ramp = np.where(falls, ramp[:, ::-1], ramp)
        ramp[-1] = 0
        g("Mul", doubled, g.constant(ramp[None]), output=name)
    outputs = {"simcc_x": (1, joints, 2 * width), "simcc_y": (1, joints, 2 * height)}
    return g.save(path, ("batch", 3, height, width), outputs)
