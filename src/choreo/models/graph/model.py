"""The motion graph as a family of models: learns by keeping, dances by choosing."""

import numpy as np
import torch

from choreo.errors import ItemError
from choreo.models.family import Model
from choreo.models.graph.blend import perform
from choreo.models.graph.path import Joins, cheapest, first_pose
from choreo.models.graph.song_units import folded, song_units
from choreo.models.graph.units import Units, cut
from choreo.models.songs import songs_of

_TRIED = 8
"""Training songs that it dances to, to say how often it jumps."""


def ids(dataset):
    """Dancer and song of each dance of a dataset; of data without clips each chunk is one."""
    if getattr(dataset, "clips", None) is None:
        return [(number, number) for number in range(len(dataset))]
    clips = [dataset.clips[number] for number in np.unique(dataset.clip)]
    return [(clip["dancer"], clip["song"]) for clip in clips]


class MotionGraph(Model):
    """Units of real dance, and the way through them for a song."""

    def __init__(self, recipe, data):
        super().__init__(recipe, data)
        self._units, self._joins, self._about = None, None, {}

    def begin(self, dataset, setting):
        """Cut the training dances into units."""
        dancers, songs, kept = {}, {}, []

        def numbered():
            for dance, (dancer, name) in zip(
                songs_of(dataset, self.recipe.music).dances, ids(dataset)
            ):
                seconds = np.arange(len(dance.poses)) / self.data.fps
                song = song_units(dance.features.at(seconds), self.data.fps)
                number = songs.setdefault(name, len(songs))
                kept.append((number, song))
                yield dance.poses, song, dancers.setdefault(dancer, len(dancers)), number

        self._take(cut(numbered(), self.recipe.most_units))
        self._about = self._jumps(kept[:: -(-len(kept) // _TRIED)], setting.seed)

    def _take(self, units):
        self._units, self._joins = units, Joins.of(units, self.recipe, self.data)

    def _jumps(self, songs, seed):
        """How often it jumps in dances to training songs, made of other songs' units."""
        jumps = beats = 0
        for number, song in songs:
            path = self._path(song, rng=np.random.default_rng(seed), without=number)
            jumps += int((self._units.following[path[:-1]] != path[1:]).sum())
            beats += len(path)
        units = self._units
        found = {
            "units": len(units),
            "dancers": len(np.unique(units.dancers)),
            "songs": len(np.unique(units.songs)),
            "beats_a_jump": beats / max(jumps, 1),
        }
        note = (
            f"It copies: every beat of a dance is one of {len(units)} beats of real dances by "
            f"{found['dancers']} dancers to {found['songs']} songs, and one dance is one "
            f"dancer's. It goes on to another place every {found['beats_a_jump']:.1f} beats, "
            "measured on dances to training songs made of other songs' dances."
        )
        return {"graph": found, "notes": [note]}

    def about(self):
        """How much it keeps, and how often it jumps."""
        return self._about

    def _path(self, song, **options):
        return cheapest(self._units, self._joins, song, self.recipe, **options)

    def sample(self, requests, *, temperature=1.0, join="whole"):
        """Dance to each song as a whole."""
        usual = float(np.median(self._units.intervals))
        dances = []
        for request in requests:
            song = folded(song_units(request.music, self.data.fps), usual)
            start = first_pose(request.start, self._joins, self.data)
            path = self._path(song, start=start, temperature=temperature, rng=request.rng)
            dances.append(
                perform(
                    self._units,
                    path,
                    song,
                    len(request.music),
                    self.data,
                    start=None if start is None else request.start,
                )
            )
        return dances

    def state(self):
        """The units."""
        return {name: torch.from_numpy(a) for name, a in self._units.as_arrays().items()}

    def load_state(self, state):
        """Take units."""
        try:
            units = Units(**{name: value.numpy() for name, value in state.items()})
        except TypeError as error:
            raise ItemError(f"not the units of a motion graph ({error})") from error
        units.check(self.data)
        self._take(units)

    def parameters(self):
        """Nothing is learned but what is kept."""
        return {"poses": self._units.poses.size}
