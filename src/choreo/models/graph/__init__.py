"""The motion graph: real dances cut at beats and put together anew, without training."""

from choreo.models.graph.recipe import Recipe

__all__ = ["Recipe"]
