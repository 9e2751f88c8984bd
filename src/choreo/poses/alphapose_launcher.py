"""Runs AlphaPose's own ``scripts/demo_inference.py`` without its compiled parts.

AlphaPose wants extensions built against the torch at hand. The models of Table 1 need none
of them, so this program puts stand-ins in their place, guards what the script does
carelessly, and then runs the script as it is; nothing is written to the checkout:

- compiled parts: non-maximum suppression in torch; what no model of ours calls says so;
- ``torch.load`` takes weights only, never code; no pretrained ResNet is downloaded;
- the detector's weights may lie anywhere;
- a thread or a script that fails ends the process. By itself the script would wait for the
  dead thread for ever, or print the error and report success.

It imports nothing of this package and begins with the standard library alone: any Python
that has AlphaPose's requirements can run it by its path, in the folder of the checkout::

    python alphapose_launcher.py [--built] [--detector-weights FILE] [--cuda]
                                 [--report FILE] -- ARGUMENTS OF demo_inference.py
"""

import argparse
import contextlib
import functools
import importlib.util
import json
import os
import platform
import runpy
import sys
import threading
import traceback
import types
from pathlib import Path

SCRIPT = Path("scripts", "demo_inference.py")
RESULTS = "alphapose-results.json"
REFUSED = 3
"""Exit status where the settings can't work; the last line says why."""
FAILED = 70
"""Exit status where AlphaPose failed."""


class Refused(Exception):
    """The settings can't work with this launcher."""


def stand_in(name, **contents):
    """Put a module in the place of one that is not there.

    Parameters
    ----------
    name : str
        Its full name. Other names than `contents` raise when they are called for.
    **contents
        What it has.
    """
    module = types.ModuleType(name, f"Stand-in for {name}.")
    module.__dict__.update(contents)

    def missing(attribute):
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return functools.partial(_needed, f"{name}.{attribute}")

    module.__getattr__ = missing
    sys.modules[name] = module


def _needed(name, *_, **__):
    raise Refused(
        f"{name} is a compiled part of AlphaPose for which there is no stand-in; build a "
        "checkout of your own and name it and its Python in poses.alphapose"
    )


def nms(boxes, threshold):
    """Greedy non-maximum suppression, by AlphaPose's compiled rule.

    Boxes include both of their border pixels, and overlap suppresses from `threshold` on.

    Parameters
    ----------
    boxes : Tensor, shape (N, 5)
        x1, y1, x2, y2 and score.
    threshold : float
        Intersection over union.

    Returns
    -------
    Tensor of int64
        Indices of the boxes that are kept, ascending.
    """
    import torch

    corners, scores = boxes[:, :4], boxes[:, 4]
    areas = (corners[:, 2:] - corners[:, :2] + 1).prod(1)
    kept = torch.ones(len(boxes), dtype=torch.bool)
    order = torch.argsort(scores, descending=True, stable=True)
    for place, index in enumerate(order.tolist()):
        if not kept[index]:
            continue
        rest = order[place + 1 :]
        low = torch.maximum(corners[index, :2], corners[rest, :2])
        high = torch.minimum(corners[index, 2:], corners[rest, 2:])
        shared = (high - low + 1).clamp(min=0).prod(1)
        overlap = shared / (areas[index] + areas[rest] - shared)
        kept[rest[overlap >= threshold]] = False
    return torch.nonzero(kept).squeeze(1)


def _flatten(nested):
    """Items of nested lists and tuples as one tuple (``tkinter._flatten``)."""
    flat = []
    for item in nested:
        if isinstance(item, (list, tuple)):
            flat.extend(_flatten(item))
        elif item is not None:
            flat.append(item)
    return tuple(flat)


def put_stand_ins():
    """Put stand-ins for AlphaPose's compiled parts and for what today's numpy lacks."""
    for device in ("cpu", "cuda"):
        stand_in(f"detector.nms.nms_{device}", nms=nms)
    for name in (
        "detector.nms.soft_nms_cpu",
        "alphapose.utils.roi_align.roi_align_cuda",
        "alphapose.models.layers.dcn.deform_conv_cuda",
        "alphapose.models.layers.dcn.deform_pool_cuda",
    ):
        stand_in(name)
    if importlib.util.find_spec("cython_bbox") is None:
        stand_in("cython_bbox")
    try:
        import tkinter  # noqa: F401
    except ImportError:
        stand_in("tkinter", _flatten=_flatten)

    import numpy

    for name, kind in {"float": float, "int": int, "bool": bool, "object": object}.items():
        if name not in vars(numpy):
            setattr(numpy, name, kind)


def import_torchvision():
    """Import torchvision, also one whose compiled operators do not fit this torch."""
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms" not in str(error):
            raise
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        # Kept for good: the operators go when their library does.
        library = import_torchvision.library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import torchvision  # noqa: F401


def forbid_downloads():
    """Make torchvision's ResNets without their pretrained weights.

    AlphaPose asks for these before it loads its checkpoint over them.
    """
    import torchvision.models as models

    for depth in (18, 34, 50, 101, 152):
        name = f"resnet{depth}"
        setattr(models, name, functools.partial(_untrained, getattr(models, name)))


def _untrained(constructor, *_, **__):
    return constructor()


def load_weights_only():
    """Make ``torch.load`` refuse everything but tensors."""
    import torch

    load = torch.load

    @functools.wraps(load)
    def safe(*arguments, **settings):
        return load(*arguments, **{**settings, "weights_only": True})

    if "weights_only" not in load.__code__.co_varnames:
        print(
            "launcher: this torch is too old to load weights only: checkpoints may run code",
            flush=True,
        )
        return
    torch.load = safe


def end_with_threads():
    """End the process when one of its threads fails, instead of waiting for ever."""

    def failed(arguments):
        _fail(arguments.exc_value)

    threading.excepthook = failed


def _fail(error):
    """Say what went wrong, and end the process."""
    if isinstance(error, Refused):
        print(f"launcher: refused: {error}", file=sys.stderr)
        _leave(REFUSED)
    # With three arguments, for older Pythons.
    traceback.print_exception(type(error), error, error.__traceback__)
    _leave(FAILED)


def _leave(status):
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    # Threads that wait for each other would keep the process alive.
    os._exit(status)


def check_arguments(arguments):
    """Refuse what can't work with stand-ins, before anything is loaded.

    Parameters
    ----------
    arguments : list of str
        Of demo_inference.py.

    Raises
    ------
    Refused
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cfg")
    parser.add_argument("--detector", default="yolo")
    for flag in ("--sp", "--pose_track", "--pose_flow"):
        parser.add_argument(flag, action="store_true")
    given, _ = parser.parse_known_args(arguments)
    own = "build a checkout of your own and name it and its Python in poses.alphapose"
    if given.pose_track or given.pose_flow or given.detector == "tracker":
        raise Refused(f"AlphaPose's trackers need its compiled parts; {own}")
    if given.detector != "yolo":
        raise Refused(f"only the detector yolo runs without compiled parts; {own}")
    if not given.sp:
        raise Refused("--sp is needed: other processes would not have the stand-ins")
    if given.cfg:
        import yaml

        try:
            config = yaml.safe_load(Path(given.cfg).read_text(encoding="utf-8"))
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise Refused(f"{given.cfg} can't be read: {error}") from None
        model = config.get("MODEL", {}) if isinstance(config, dict) else {}
        if "DCN" in model:
            raise Refused(
                f"{given.cfg} has deformable convolutions, which need AlphaPose's compiled "
                f"parts; {own}"
            )


def _outputs(arguments):
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--outdir", default="examples/res/")
    return Path(parser.parse_known_args(arguments)[0].outdir, RESULTS)


def _prepare(options):
    checkout = Path.cwd()
    if not SCRIPT.is_file():
        raise Refused(f"{checkout} is no checkout of AlphaPose: {SCRIPT} is not there")
    # This file's own folder holds names that AlphaPose may look for elsewhere.
    here = str(Path(__file__).resolve().parent)
    sys.path[:] = [p for p in sys.path if p and str(Path(p).resolve()) != here]
    sys.path.insert(0, str(checkout))
    sys.dont_write_bytecode = True
    if not options.built:
        check_arguments(options.arguments)

    import torch

    if options.cuda and not torch.cuda.is_available():
        raise Refused(
            f"torch {torch.__version__} finds no GPU; set poses.alphapose.device to auto or cpu"
        )
    if not options.built:
        put_stand_ins()
    import_torchvision()
    forbid_downloads()
    load_weights_only()
    if options.detector_weights:
        from detector.yolo_cfg import cfg

        cfg.WEIGHTS = options.detector_weights
    if options.report:
        cuda = torch.cuda.is_available() and "--gpus=-1" not in options.arguments
        report = {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "device": torch.cuda.get_device_name(0) if cuda else "cpu",
            "stand_ins": not options.built,
        }
        Path(options.report).write_text(json.dumps(report), encoding="utf-8")


def main(arguments=None):
    """Run demo_inference.py in the checkout that is the working folder.

    Parameters
    ----------
    arguments : list of str, optional
        See the module; without it those of the command line.
    """
    parser = argparse.ArgumentParser(prog="alphapose_launcher", allow_abbrev=False)
    parser.add_argument("--built", action="store_true", help="use the checkout's compiled parts")
    parser.add_argument("--detector-weights", metavar="FILE", help="yolov3-spp.weights")
    parser.add_argument("--cuda", action="store_true", help="refuse to run without a GPU")
    parser.add_argument("--report", metavar="FILE", help="where to write what it runs on (JSON)")
    parser.add_argument("arguments", nargs="*", help="those of demo_inference.py, after --")
    options = parser.parse_args(arguments)
    end_with_threads()
    try:
        _prepare(options)
        sys.argv = [str(SCRIPT), *options.arguments]
        runpy.run_path(str(SCRIPT), run_name="__main__")
    except SystemExit as error:
        if error.code:
            print(error.code, file=sys.stderr)
            _leave(error.code if isinstance(error.code, int) else FAILED)
    except BaseException as error:
        _fail(error)
    if not _outputs(options.arguments).is_file():
        print("launcher: AlphaPose ended without its results", file=sys.stderr)
        _leave(FAILED)
    _leave(0)


if __name__ == "__main__":
    main()
