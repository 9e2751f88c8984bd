"""The file of a trained model, whatever its family: its tensors, and a summary in the header."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BaseModel, Field, PositiveInt, ValidationError

from choreo.dataset.description import CANVAS, DataDescription
from choreo.errors import ConfigError, ItemError, first_complaint
from choreo.files.outside import reading
from choreo.files.sealed import load_tensors, save_tensors
from choreo.models.recipes import recipe_from
from choreo.pose.skeletons import SKELETONS
from choreo.rates import CHUNK_SECONDS, POSE_FPS, SAMPLE_RATE

WEIGHTS = "weights.safetensors"
INITIAL_POSES = "initial_poses"
_KEPT_INITIAL_POSES = 64


class _Data(BaseModel):
    """What a summary says of the data; older files say less."""

    method: Literal[tuple(CANVAS)] | None = None
    canvas: tuple[PositiveInt, PositiveInt] | None = None
    fps: Annotated[int, Field(ge=1, le=240)] = POSE_FPS
    chunk_seconds: Annotated[float, Field(gt=0, le=3600)] = CHUNK_SECONDS
    skeleton: Literal[tuple(SKELETONS)] = "openpose18"
    sample_rate: Annotated[int, Field(ge=1000, le=192_000)] = SAMPLE_RATE


class Summary(BaseModel):
    """What is read of a training's summary (``metrics.json``, and the header of weights)."""

    recipe: dict
    data: _Data = _Data()
    trained_on: dict[str, list[str]] | None = None

    @classmethod
    def of(cls, summary):
        """Check a summary that anybody may have written.

        Raises
        ------
        ValueError
            Naming the first entry that is wrong.
        """
        try:
            return cls.model_validate(summary)
        except ValidationError as error:
            name, message, _ = first_complaint(error)
            raise ValueError(f"{name}: {message}") from error

    @property
    def description(self):
        """`DataDescription` of the data; needs their method and canvas."""
        return DataDescription(**self.data.model_dump())


def read_trained(
    path,
    *,
    prefix="",
    also=(),
    data=(),
    family=None,
    remedy="Give the .safetensors that training wrote",
):
    """Read the file that training wrote.

    Parameters
    ----------
    path : str or Path
    prefix : str
        Only tensors whose names begin so, such as ``generator.``; it is taken off.
    also : tuple of str
        Whole names of further tensors.
    data : tuple of str
        What the summary must say of the data, such as ``method``.
    family : str, optional
        Whose model it must be.
    remedy : str
        For the message.

    Returns
    -------
    recipe : Recipe
    summary : dict
        What ``metrics.json`` holds.
    state : dict of str to Tensor

    Raises
    ------
    ItemError
        Where the file is missing, no such file, or of another version's switches.
    """
    what = "a model of choreo"
    summary, tensors = load_tensors(
        path,
        what,
        wanted=lambda name: name.startswith(prefix) or name in also,
        remedy=remedy,
    )
    with reading(path, what, remedy=remedy):
        checked = Summary.of(summary)
        read = {key: getattr(checked.data, key) for key in data}
        missing = [key for key, value in read.items() if value is None]
        missing += [name for name in also if name not in tensors]
        if missing:
            raise KeyError(missing[0])
        state = {name.removeprefix(prefix): value for name, value in tensors.items()}
        broken = [name for name, value in tensors.items() if not torch.isfinite(value).all()]
        if broken:
            raise ItemError(f"weights that are not finite ({broken[0]})", where=path)
    try:
        recipe = recipe_from(summary["recipe"])
    except ConfigError as error:
        raise ItemError(
            f"the recipe in its header is not of this version of choreo ({error.where}: "
            f"{error.message})",
            where=path,
            value=error.value,
            remedy="Train it anew, or use the version that wrote it (`code` in metrics.json)",
        ) from error
    if family not in (None, recipe.family):
        raise ItemError(f"not a model of family {family}", where=path, value=recipe.family)
    return recipe, summary, state


def read_model(path):
    """Read a model that was trained here.

    Parameters
    ----------
    path : str or Path
        The ``.safetensors``, or its folder.

    Returns
    -------
    model : choreo.models.family.Model
    initial_poses : ndarray of float32, shape (n, J, 2)
        First poses of real dances of its training data; may be empty.
    summary : dict
        What ``metrics.json`` holds.

    Raises
    ------
    ItemError
        Where the file is missing, broken or of another model.
    """
    path = Path(path)
    if path.is_dir():
        path = path / WEIGHTS
    recipe, summary, state = read_trained(
        path,
        also=(INITIAL_POSES,),
        data=("method", "canvas"),
        remedy="Give the .safetensors that training wrote, or a released .pth",
    )
    # A family need not foresee every kind of number that a file may hold.
    with reading(path, "a model of choreo"):
        initial_poses = state.pop(INITIAL_POSES).numpy()
        try:
            description = Summary.of(summary).description
            recipe.check_state(state, description)
            model = recipe.build(description)
            model.load_state(state)
        except ConfigError as error:
            raise error.restated(ItemError, where=None) from error
    joints = model.data.joints
    if initial_poses.ndim != 3 or initial_poses.shape[1:] != (joints, 2):
        raise ItemError(
            f"first poses must have {joints} joints", where=path, value=initial_poses.shape
        )
    return model, initial_poses, summary


def save_weights(state, dataset, path, summary):
    """Write a model's weights as ``.safetensors``.

    Parameters
    ----------
    state : dict of str to Tensor
        As `choreo.models.family.Model.state` gives it.
    dataset : Chunks
        Up to 64 of its first poses go along, to begin dances from.
    path : str or Path
    summary : dict
        Goes into the header; what ``metrics.json`` holds.
    """
    count = min(_KEPT_INITIAL_POSES, len(dataset))
    poses = dataset.batch(np.linspace(0, len(dataset) - 1, count).astype(int))["pose"]
    first = torch.from_numpy(np.ascontiguousarray(poses[:, 0], np.float32))
    save_tensors(path, {**state, INITIAL_POSES: first}, summary)
