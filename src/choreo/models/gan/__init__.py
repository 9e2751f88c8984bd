"""The thesis's GAN, with all its recipes (thesis section 4.2)."""

from choreo.models.gan.recipe import Recipe

__all__ = ["Recipe"]
