"""Settings of the stage `videos`."""

from typing import Annotated

from pydantic import Field

from choreo.config.fields import Section


class Videos(Section):
    """Stage `videos`."""

    fps: Annotated[float, Field(ge=1, le=240)] | None = None
    """Frames a second of every video; null: its own even rate (10 to 60), 60 where it has none."""
    height: Annotated[int, Field(ge=64, le=4320)] | None = None
    """Scale to this height in pixels; null keeps the original size."""
    require_sound: bool = True
    """Refuse a video without sound. With false, Table 1 and cleaning work; the dataset can't."""
    min_seconds: Annotated[float, Field(ge=0, le=86_400)] = 5.0
    """Refuse a clip shorter than this: it would give no 5-second chunk."""
    retries: Annotated[int, Field(ge=0, le=100)] = 5
    """How often a download is tried again."""
    download_minutes: Annotated[float, Field(gt=0, le=10_000)] = 120.0
    """Longest download of one video; the next run goes on where it stopped."""
    allow_private: bool = False
    """Fetch also from addresses of this machine and its own network (127.0.0.1, 192.168...)."""
