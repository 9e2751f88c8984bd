"""Settings of the stage `cleaning`."""

from typing import Literal

from pydantic import model_validator

from choreo.config.fields import Heights, Pixels, Seconds, Section

UNUSED = {
    "thesis": (),
    "released": ("max_gap_seconds",),
    "robust": ("threshold_px", "threshold_height"),
}
"""Methods, and the settings that have no effect with them."""


class Cleaning(Section):
    """Stage `cleaning`."""

    method: Literal[tuple(UNUSED)] = "thesis"
    """`thesis`: eq. (1)-(2) and spline. `released`: the code's. `robust`: joint by joint."""
    threshold_px: Pixels = 50.0
    """Eq. (1)'s threshold in pixels. `robust` has none: another than 50 is refused with it."""
    threshold_height: Heights | None = None
    """The same as a fraction (up to 2) of the dancer's height; null: pixels. Not with `robust`."""
    max_gap_seconds: Seconds | None = None
    """Longer gaps stay empty; null: `thesis` fills all, `robust` 0.5 s. Not with `released`."""

    @model_validator(mode="after")
    def _used(self):
        for name in UNUSED[self.method]:
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"{name} has no effect on cleaning with method {self.method}: "
                    "leave it out, or use method thesis"
                )
        return self
