"""Settings of the stage `comparison`."""

from typing import Literal

from pydantic import model_validator

from choreo.choices import METHODS
from choreo.config.fields import Heights, Pixels, Section


class Comparison(Section):
    """Stage `comparison`."""

    method: Literal[METHODS] = "thesis"
    """`thesis`: eq. (1)-(2) over the decoded frames. `released`: the rules of the code."""
    threshold_px: Pixels = 50.0
    """Eq. (1)'s threshold in pixels a frame. Refused with `released`, which has its own."""
    threshold_height: Heights | None = None
    """The same as a fraction (up to 2) of the dancer's height, in its place; not `released`."""

    @model_validator(mode="after")
    def _own_threshold(self):
        if self.method == "released":
            for name in ("threshold_px", "threshold_height"):
                if getattr(self, name) != type(self).model_fields[name].default:
                    raise ValueError(
                        f"{name} has no effect on Table 1 with method released, which has 100 px: "
                        "leave it out, or use method thesis"
                    )
        return self
