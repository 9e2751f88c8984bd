"""Switches of the motion graph. This module imports nothing heavy."""

from typing import Annotated, Literal

from pydantic import Field

from choreo.models.family import Recipe as Base

_Weight = Annotated[float, Field(ge=0, le=1e6)]


class Recipe(Base):
    """How real dances are cut and put together.

    Attributes
    ----------
    music : str
        Features with the beats of the whole song.
    most_units : int
        Beats of dance that are kept, which bounds the file: 0.2 kB a frame.
    dancers : int
        Among so many, whose units come nearest to the first pose, the best dance is chosen.
    pose, velocity, tempo, likeness : float
        Weights of what a choice costs: the jump of the joints and of their velocities, the
        ratio of tempi, and the difference of loudness. Of each, two units drawn at random
        differ by about 1.
    jump : float
        What a jump costs beside; more gives longer copies.
    noise : float
        Deviation of what is drawn for each unit, so that no two dances are the same.
    """

    family: Literal["graph"] = "graph"
    music: Literal["phase"] = "phase"
    most_units: Annotated[int, Field(ge=1, le=1_000_000)] = 6000
    dancers: Annotated[int, Field(ge=1, le=1000)] = 4
    pose: _Weight = 6.0
    velocity: _Weight = 2.0
    tempo: _Weight = 1.0
    likeness: _Weight = 2.0
    jump: _Weight = 0.5
    noise: _Weight = 0.1

    def build(self, data):
        """Make the model, which is empty before `begin`."""
        from choreo.models.graph.model import MotionGraph

        return MotionGraph(self, data)
