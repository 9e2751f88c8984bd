"""The networks of RTMPose: fetched once, and never by rtmlib while it runs."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from pathlib import Path
from typing import TextIO

from choreo.errors import ConfigError
from choreo.files import whole
from choreo.poses.estimator_weights import Asset, fetch

LICENCE = "RTMPose and YOLOX (OpenMMLab): Apache-2.0"

_BASE = "https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk"

# What rtmlib takes where nothing is said (its mode "balanced").
_FILES = {
    "detector": "yolox_m_8xb8-300e_humanart-c2c7a14a.zip",
    "weights17": "rtmpose-m_simcc-body7_pt-body7_420e-256x192-e48f03d0_20230504.zip",
    "weights26": "rtmpose-m_simcc-body7_pt-body7-halpe26_700e-256x192-4d3e73dd_20230605.zip",
}

ASSETS = {
    setting: Asset(
        name=name,
        url=f"{_BASE}/{name}",
        container="zip",
        licence=LICENCE,
        page="https://huggingface.co/Tau-J/RTMPose (rtmposev1/onnx_sdk), unzip it",
        setting=f"poses.rtmpose.{setting}",
    )
    for setting, name in _FILES.items()
}
"""A zip file with one network each, by the key of ``poses.rtmpose`` that names an .onnx
to use in its place. Their owner publishes neither sizes nor hashes."""

MAX_BYTES = 2 << 30
"""Largest network that is unpacked; a file of this format can't hold more."""


# Of every ONNX file: the tag of the field that says its version.
_FIRST = b"\x08"


def unpack(archive, output):
    """Take the one network out of a zip.

    Parameters
    ----------
    archive : str or Path
        Names and sizes that stand in it are not trusted.
    output : str or Path
        The .onnx, written whole or not at all.

    Raises
    ------
    ConfigError
        Where it is no zip, has not one .onnx, or that is no network, too large or damaged.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            networks = [m for m in opened.infolist() if m.filename.lower().endswith(".onnx")]
            if len(networks) != 1:
                raise ConfigError(
                    f"must have one .onnx file, but has {len(networks)}", where=archive
                )
            with (
                opened.open(networks[0]) as network,
                whole(output) as temporary,
                open(temporary, "wb") as file,
            ):
                if network.peek(1)[:1] != _FIRST:
                    raise ConfigError("its .onnx file is no network", where=archive)
                left = MAX_BYTES
                while block := network.read(1 << 20):
                    left -= len(block)
                    if left < 0:
                        raise ConfigError(
                            f"its .onnx file has more than {MAX_BYTES} bytes", where=archive
                        )
                    file.write(block)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError) as error:
        raise ConfigError(
            f"can't be unpacked ({error})",
            where=archive,
            remedy="Delete it and the .sha256 beside it, and fetch it again",
        ) from error


def fetch_network(setting: str, output: str | Path, *, terminal: TextIO | None = None) -> None:
    """Fetch a network and unpack it.

    Parameters
    ----------
    setting : {"detector", "weights17", "weights26"}
        A key of `ASSETS`.
    output : str or Path
        The .onnx. The zip stays beside it, so that it is never fetched twice.
    terminal : file, optional
        Where progress goes.

    Raises
    ------
    ConfigError
    """
    unpack(fetch(ASSETS[setting], Path(output).parent, terminal=terminal), output)
