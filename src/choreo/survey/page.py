"""The page that dancers answer: a folder of one ``index.html`` and videos, without a server."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from choreo import MADE_BY
from choreo.errors import ItemError
from choreo.files import sha256, whole, write_text
from choreo.pipeline.tombstones import problem_in
from choreo.pose.track import PoseTrack
from choreo.survey.design import REAL, Key, make_key, shown, videos_of

PARTS = Path(__file__).with_name("page")


def texts(languages):
    """Texts of the page by language, from one small file each."""
    return {
        language: json.loads((PARTS / f"{language}.json").read_text(encoding="utf-8"))
        for language in languages
    }


def page(key, *, languages, consent=None, contact=None, post_to=None):
    """The survey's ``index.html``, which needs nothing but the videos beside it.

    Parameters
    ----------
    key : Key
        Of which nothing that tells a model is in the page.
    languages : sequence of str
        The first is that of a browser of none of them.
    consent : dict of str to str, optional
        The researcher's own text, by language.
    contact : str, optional
    post_to : str, optional
        Address that answers are sent to; without it no request is allowed at all.

    Returns
    -------
    str
    """
    said = texts(languages)
    data = shown(key) | {
        "texts": said,
        "consent": consent or {},
        "contact": contact,
        "post_to": post_to,
    }
    style, script = ((PARTS / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    origin = re.match(r"https?://[^/]+", post_to)[0] if post_to else "'none'"
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        f"media-src 'self' file:; img-src data:; connect-src {origin}; base-uri 'none'; "
        "form-action 'none'"
    )
    parts = {
        "made_by": escape(MADE_BY),
        "policy": escape(policy),
        "title": escape(said[languages[0]]["title"]),
        "style": style,
        "script": script,
        # What ends a script can't stand in one, whatever a text of consent holds.
        "data": json.dumps(data, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c"),
    }
    template = (PARTS / "index.html").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda found: parts[found[1]], template)


def _digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def write_page(folder, text, videos):
    """Write the page, and copy its videos under their hidden names.

    Parameters
    ----------
    folder : str or Path
        Videos of another survey in its ``videos`` are deleted.
    text : str
        Of `page`.
    videos : dict of str to path
        Hidden name -> video.
    """
    folder = Path(folder)
    for name, video in videos.items():
        with whole(folder / "videos" / f"{name}.mp4") as temporary:
            shutil.copyfile(video, temporary)
    for path in (folder / "videos").glob("*.mp4"):
        if path.stem not in videos:
            path.unlink()
    write_text(folder / "index.html", text)


def catch_track(track: PoseTrack, kind: str, *, seed: int) -> PoseTrack:
    """The dance of a catch trial.

    Parameters
    ----------
    track : PoseTrack
        A real dance, without gaps.
    kind : {"real", "frozen", "noise"}
        As it is; standing still in its first whole pose; every joint at random about its
        mean place, as far from it as in the dance.
    seed : int
        Of the noise.

    Returns
    -------
    PoseTrack

    Raises
    ------
    ItemError
        Where no frame of it has all joints.
    """
    if kind == "real":
        return track
    joints = np.asarray(track.keypoints)
    good = np.isfinite(joints).all((1, 2))
    if not good.any():
        raise ItemError("no frame of this dance has all joints", value=f"{len(joints)} frames")
    if kind == "frozen":
        fake = np.broadcast_to(joints[good][0], joints.shape)
    else:
        spread, mean = joints[good].std(0), joints[good].mean(0)
        fake = mean + spread * np.random.default_rng(seed).normal(size=joints.shape)
    return track.with_(keypoints=fake, repaired=None)


def make_survey(
    folder: str | Path,
    dances: Mapping[tuple[str, str], str | Path],
    catches: Mapping[tuple[str, str], str | Path],
    *,
    study: str,
    seed: int,
    **settings: Any,
) -> Key:
    """Make the whole folder that dancers are given.

    Parameters
    ----------
    folder : str or Path
    dances : dict of (str, str) to path
        Videos by model and song. Songs of which one model's dance was left out are left out.
    catches : dict of (str, str) to path
        Videos by ``real`` or what stands beside it, and song.
    study : str
    seed : int
    **settings
        Of `page`.

    Returns
    -------
    Key

    Raises
    ------
    ItemError
        Where no song is left.
    """
    bad = {song for (_, song), path in dances.items() if problem_in(path)}
    models = list(dict.fromkeys(model for model, _ in dances))
    songs = [song for song in dict.fromkeys(song for _, song in dances) if song not in bad]
    missing = {song for (_, song), path in catches.items() if problem_in(path)}
    beside = [(song, kind) for kind, song in catches if kind != REAL and song not in missing]
    used = [path for (_, song), path in dances.items() if song not in bad]
    used += [path for (_, song), path in catches.items() if song not in missing]
    content = "".join(sha256(path) for path in used)
    key = make_key(study, models, songs, beside, seed=seed, content=content)
    write_page(folder, page(key, **settings), videos_of(key, dances, catches))
    return key
