"""What a dataset is: how its poses and sound were scaled, its rates, lengths and joints.

Stored in every file (`choreo.dataset.layout`) and in the header of every model's weights,
and read from there. Nothing heavy is imported here: the process that builds the DAG asks
model families whether they take the data of a study.
"""

from dataclasses import asdict, dataclass

from choreo.errors import ConfigError
from choreo.rates import CHUNK_SECONDS, POSE_FPS, SAMPLE_RATE

CANVAS = {"thesis": (640, 320), "released": (640, 360)}
"""Width and height in pixels of the window that [-1, 1] stands for, by method."""
SKELETON = "openpose18"
"""Joints of a dataset's poses."""


@dataclass(frozen=True)
class DataDescription:
    """What a file of chunks holds.

    Attributes
    ----------
    method : {"thesis", "released"}
        How poses and sound were scaled.
    canvas : tuple of int
        Width and height in pixels that [-1, 1] stands for; by default the method's.
    fps : int
        Poses a second.
    chunk_seconds : float
        Length of a chunk, a whole number of poses and of samples.
    skeleton : str
        Key of `choreo.pose.skeletons.SKELETONS`.
    sample_rate : int
        Samples a second of the songs.

    Raises
    ------
    ConfigError
        Where a chunk is no whole number of poses and samples.
    """

    method: str = "thesis"
    canvas: tuple[int, int] | None = None
    fps: int = POSE_FPS
    chunk_seconds: float = CHUNK_SECONDS
    skeleton: str = SKELETON
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self):
        canvas = CANVAS[self.method] if self.canvas is None else self.canvas
        object.__setattr__(self, "canvas", tuple(int(n) for n in canvas))
        for what, rate in (("poses", self.fps), ("samples", self.sample_rate)):
            count = self.chunk_seconds * rate
            if count < 1 or abs(count - round(count)) > 1e-6:
                raise ConfigError(
                    f"a chunk must be a whole number of {what}",
                    where="dataset.chunk_seconds",
                    value=f"{self.chunk_seconds:g} s at {rate:g} a second",
                    remedy="Take another chunk_seconds or fps",
                )

    @property
    def joints(self) -> int:
        """Joints of a pose, J."""
        from choreo.pose.skeletons import SKELETONS

        return len(SKELETONS[self.skeleton])

    @property
    def chunk_frames(self) -> int:
        """Poses of a chunk, T."""
        return round(self.chunk_seconds * self.fps)

    @property
    def chunk_samples(self) -> int:
        """Samples of a chunk."""
        return round(self.chunk_seconds * self.sample_rate)

    @property
    def audio_frame(self) -> int:
        """Samples of a pose's audio frame, S; one more where a pose is no whole number."""
        return -(-self.sample_rate // self.fps)

    def samples_at(self, frame: int) -> int:
        """Sample with which the audio frame of a pose begins."""
        return frame * self.sample_rate // self.fps

    def frames_of(self, samples: int) -> int:
        """Poses that so many samples need: one for every begun audio frame."""
        return -(-samples * self.fps // self.sample_rate)

    def as_json(self) -> dict:
        """JSON values, from which the same description can be made."""
        return asdict(self) | {"canvas": list(self.canvas)}

    def differences(self, other: "DataDescription") -> list[str]:
        """What is not the same in another one, as words."""
        own, others = self.as_json(), other.as_json()
        return [f"{key} {own[key]}, not {others[key]}" for key in own if own[key] != others[key]]
