"""Deterministic weights from parameter NAME and SHAPE only (numpy >= 1.17, no torch RNG): lets any re-implementation build the
same state dict without the reference. value(name, shape) -> float32 array (int64 7 for num_batches_tracked)."""

import zlib, hashlib, numpy as np


def value(name, shape):
    if name.endswith("num_batches_tracked"):
        return np.array(7, np.int64)
    u = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode()))).random(
        size=tuple(shape)
    )  # float64 in [0,1)
    first = (
        ".activations.0.0." in name
    )  # first BatchNorm of the audio encoder sees int16-scale audio
    if name.endswith("running_mean"):
        v = (u - 0.5) * 0.2 * (500.0 if first else 1.0)
    elif name.endswith("running_var"):
        v = (0.5 + u) * (3e6 if first else 1.0)
    elif name.startswith("edge_importance"):
        v = 0.8 + 0.4 * u
    elif len(shape) == 1 and name.endswith("weight"):
        v = 0.8 + 0.4 * u  # BatchNorm gain
    elif len(shape) == 1:
        v = (u - 0.5) * 0.1  # every bias (incl. RNN biases)
    else:
        fan_in = int(np.prod(shape[1:]))
        k = 1.0 if ("_ih_" in name or "_hh_" in name) else np.sqrt(3.0)
        v = (2 * u - 1) * k / np.sqrt(fan_in)
    return v.astype(np.float32)


def fill(shapes):  # shapes: {name: shape} -> {name: array}
    return {k: value(k, s) for k, s in shapes.items()}


def checksum(
    sd,
):  # sd: ordered {name: float32 array}; sha256 over names and little-endian bytes, in the given order
    h = hashlib.sha256()
    for k, v in sd.items():
        if k.endswith("num_batches_tracked") or k == "A":
            continue
        h.update(k.encode())
        h.update(np.ascontiguousarray(v, dtype="<f4").tobytes())
    return h.hexdigest()
