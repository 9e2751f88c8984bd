"""What a network was trained on, kept with it, so that a leak can be refused later."""

import hashlib

import numpy as np

from choreo.dataset import layout
from choreo.errors import ConfigError, ItemError

_NAMES = {"songs": "song", "videos": "video", "dancers": "dancer", "clips": "sha256"}


def seen_in(dataset):
    """What is in a part of a packed dataset.

    Parameters
    ----------
    dataset : Chunks
        Such as a `choreo.dataset.pack.ChunkDataset` of one split.

    Returns
    -------
    dict of str to list of str, or None
        `songs`, `videos`, `dancers`: sorted ids; `clips`: hashes of the clips' chunks.
        None for data that has no clips.
    """
    if getattr(dataset, "clips", None) is None:
        return None
    clips = [dataset.clips[number] for number in np.unique(dataset.clip)]
    return {key: sorted({clip[name] for clip in clips}) for key, name in _NAMES.items()}


def refuse_seen(seen, tested, *, dancers, where):
    """Refuse what was trained on something that it is tested on.

    Parameters
    ----------
    seen, tested : dict
        Of `seen_in`.
    dancers : bool
        Whether a dancer in both is a leak too.
    where : str or Path
        What was trained.

    Raises
    ------
    ItemError
        Naming what is in both.
    """
    for key, what in {
        "songs": "a test song",
        "videos": "a test video",
        "clips": "a test clip under another name (the same chunks)",
        **({"dancers": "a test dancer"} if dancers else {}),
    }.items():
        both = sorted(set(seen.get(key, ())) & set(tested[key]))
        if both:
            raise ItemError(
                f"was trained on {what}",
                where=where,
                value=", ".join(both[:5]),
                remedy="Evaluate it on songs, videos and dancers that it was not trained on",
            )


def same_content(path):
    """Find content that two splits share under different names.

    Parameters
    ----------
    path : str or Path
        A packed file; every chunk is read once.

    Returns
    -------
    list of str
        Problems: two videos of different splits with a chunk of the same poses, or, where
        their songs have different names, of the same sound. Still poses and silence don't
        count.
    """
    content, found = Content(), {}
    with layout.open_dataset(path) as file:
        clips, owner = layout.clips_of(file), file["clip"][:]
        for start in range(0, len(owner), layout.BLOCK):
            block = slice(start, start + layout.BLOCK)
            poses, audio = file["pose"][block], file["audio"][block]
            for k, number in enumerate(owner[block].tolist()):
                clip = clips[number]
                for what, other in content.shared(clip, poses[k : k + 1], audio[k : k + 1]):
                    found.setdefault((what, other["video"], clip["video"]), (what, other, clip))
    return [
        f"{b['video']} ({b['split']}) has the same {what} in a chunk as {a['video']} ({a['split']})"
        for what, a, b in found.values()
    ]


class Content:
    """The chunks that were seen so far, to find them again in another split."""

    def __init__(self):
        self._first = {}

    def shared(self, clip, poses, audio):
        """Take chunks in, and find those that another split has under another name.

        Parameters
        ----------
        clip : dict
            With ``video``, ``song`` and ``split``.
        poses, audio : ndarray, shape (N, ...)
            Of its chunks.

        Yields
        ------
        what : {"poses", "sound"}
        other : dict
            The clip that had it first.
        """
        for chunk in zip(poses, audio):
            for what, values in zip(("poses", "sound"), chunk):
                if (values != values[0]).any():
                    digest = hashlib.blake2b(values.tobytes(), digest_size=16).digest()
                    other = self._first.setdefault(what.encode() + digest, clip)
                    if _leaks(what, other, clip):
                        yield what, other

    def refuse_shared(self, clip, poses, audio, *, where):
        """As `shared`, and refuse what is found.

        Parameters
        ----------
        clip, poses, audio
            As in `shared`.
        where : str or Path
            The dataset.

        Raises
        ------
        ConfigError
            Naming both videos, with the remedy.
        """
        for what, other in self.shared(clip, poses, audio):
            raise ConfigError(
                f"two videos of different splits have the same {what} under different names",
                where=where,
                value=f"{other['video']} ({other['split']}) and {clip['video']} ({clip['split']})",
                remedy="Give both the same name in the videos table's column `song` (choreo "
                "dataset shard --song)"
                if what == "sound"
                else "Name the dance in the videos table once, or put both into one split there",
            )


def _leaks(what, a, b):
    return a["split"] != b["split"] and (what == "poses" or a["song"] != b["song"])
