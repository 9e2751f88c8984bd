"""A rectified flow on poses: noise becomes a dance in a few steps, led by the music."""

from choreo.models.flow.recipe import Recipe

__all__ = ["Recipe"]
