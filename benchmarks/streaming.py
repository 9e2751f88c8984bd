"""What rules that take the files of many videos need: memory and seconds, by how many there are.

``python benchmarks/streaming.py [--videos 100 10000] [--rules NAME ...] [--folder FOLDER]`` makes
a study of so many videos of 6 s (one chunk of 5 s each) and runs the script of each such rule on
it, in a process of its own. It prints a line a rule: the peak memory of that process and its
seconds at each number of videos, and by how many bytes a video the memory grows from the smallest
to the largest. A few dances are made (true tracks with known faults, nothing is rendered) and given
to all videos in turn, each with its own id, record and chunks; two estimators are compared, every
100th video is left out, 20 videos share a song, and a fifth of the songs is for testing.

Not run: Figure 2, which opens one video (there is none here); Table 3, which reads the same
qualities as Table 1; the table of estimators' errors, which cleans every video of known truth three
times over; `measure_bounds`, which does once a bounding row what `evaluate_model` does once; Table
2x, which reads what was measured on test songs alone; Snakemake's own `report.html`. ``append`` is
`choreo dataset append` of one more video.
"""

import argparse
import os
import platform
import resource
import runpy
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

# Numpy and the package are imported by the children alone: what a process needs counts for those
# that it starts too.

PROJECT = Path(__file__).parents[1]
SOURCES = [f"demo:{song}/ada/{take}" for song in ("neon", "strut", "dusty") for take in (1, 2)]
SECONDS = 6
VIDEOS_A_SONG = 20
LEFT_OUT = 100
"""One of so many videos is left out."""
ESTIMATORS = {"first": 0.05, "second": 0.1}
"""Estimator -> its share of frames with a fault."""
MODEL = "graph"


def ids(videos):
    """Ids of the videos, and of one more."""
    return [f"v{number:05d}" for number in range(videos + 1)]


def song_of(number):
    """Id of a video's song; the one more has one of the others'."""
    return f"s{number // VIDEOS_A_SONG:04d}"


def split_of(song):
    """Split of a song."""
    return "test" if int(song[1:]) % 5 == 0 else "train"


def songs_of(videos, split):
    """Songs of a split."""
    songs = dict.fromkeys(song_of(number) for number in range(videos))
    return [song for song in songs if split_of(song) == split]


def make_dance(source, folder):
    """Make one of the few dances; give what the product's functions say of it."""
    from choreo.cleaning.faults import corrupt
    from choreo.cleaning.track import clean_track
    from choreo.comparison.compare import THRESHOLD_HEIGHT, compare
    from choreo.comparison.quality import quality
    from choreo.dataset.normalise import normalise
    from choreo.media import SAMPLE_RATE
    from choreo.pose.track import PoseTrack
    from choreo.synth.clips import make_tracks
    from choreo.videos.wav import read_wav, write_song

    folder.mkdir(parents=True)
    truth = folder / "truth.npz"
    song, beats = folder / "stereo.wav", folder / "beats.json"
    make_tracks(source, truth=truth, song=song, beats=beats, start=0, end=SECONDS)
    true, samples = PoseTrack.load(truth), read_wav(song)
    write_song(folder / "song.wav", [samples], len(samples), rate=SAMPLE_RATE)
    tracks = {name: corrupt(true, rate, 1).track for name, rate in ESTIMATORS.items()}
    for name, track in tracks.items():
        track.save(folder / f"{name}.npz")
    cleaned, record = clean_track(
        tracks["first"],
        method="thesis",
        threshold_px=50.0,
        threshold_height=None,
        max_gap_seconds=1.0,
    )
    cleaned.save(folder / "cleaned.npz")
    found = compare(tracks, truth=true, threshold_px=50.0, threshold_height=THRESHOLD_HEIGHT)
    options = {"threshold_px": 50.0, "threshold_height": None, "truth": true}
    normalised = normalise(cleaned, method="thesis")
    save_dance(normalised, folder / "dance.npz")
    return SimpleNamespace(
        folder=folder,
        cleaning=record,
        comparison=found,
        qualities={name: quality(track, **options) for name, track in tracks.items()},
        normalised=normalised,
        samples=samples,
    )


def save_dance(normalised, path):
    """Write a chunk's poses as the dance of a model would be."""
    from choreo.dataset.normalise import CANVAS
    from choreo.pose.track import PoseTrack

    canvas = CANVAS["thesis"]
    keypoints = (normalised.poses + 1) / 2 * canvas
    scores = keypoints[..., 0] * 0 + 1
    PoseTrack(keypoints, scores, normalised.fps, canvas, "openpose18").save(path)


def write_chunk(dance, number, path):
    """Write the shard of one video: a little other poses and sound than any other's."""
    import numpy as np

    from choreo.dataset.pack import write_shard

    poses = dance.normalised.poses
    noise = np.random.default_rng(number).normal(scale=1e-3, size=poses.shape)
    poses = np.clip(poses + noise, -1, 1).astype(np.float32)
    name = ids(number)[number]
    write_shard(
        path,
        replace(dance.normalised, poses=poses),
        np.roll(dance.samples, number),
        video=name,
        song=song_of(number),
        dancer="ada",
        source=f"demo:{name}",
        max_repaired=1,
        provenance={"licence": "CC0-1.0"},
    )


def make_study(folder, videos):
    """Write what the rules read of a study of so many videos."""
    from choreo.files import write_json
    from choreo.pipeline.tombstones import write_problem

    def linked(path, source):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, path)

    dances = [
        make_dance(source, folder / "made" / str(number)) for number, source in enumerate(SOURCES)
    ]
    (folder / "made/page.png").write_bytes(b"a picture")
    (folder / "made/times.tsv").write_text("s\tmax_rss\n1.5\t100\n")
    for number, video in enumerate(ids(videos)):
        dance = dances[number % len(dances)]
        shard = folder / f"dataset/shards/{video}.h5"
        records = {folder / f"comparison/{video}.json": {"video": video} | dance.comparison}
        records[folder / f"cleaning/{video}.json"] = {"video": video} | dance.cleaning
        links = {folder / f"videos/demo/{video}.truth.npz": "truth.npz"}
        links[folder / f"cleaning/{video}.npz"] = "cleaned.npz"
        for name in ESTIMATORS:
            named = {"estimator": name, "video": video}
            records[folder / f"comparison/{name}/{video}.json"] = named | dance.qualities[name]
            links[folder / f"poses/{name}/{video}.npz"] = f"{name}.npz"
            linked(folder / f"benchmarks/{name}/{video}.tsv", folder / "made/times.tsv")
        if number % LEFT_OUT == 1:
            problem = {"item": video, "stage": "poses", "message": "nobody was found"}
            for path in [*records, *links, shard]:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_problem(path, problem)
            continue
        for path, record in records.items():
            write_json(path, record)
        for path, source in links.items():
            linked(path, dance.folder / source)
        linked(folder / f"cleaning/{video}.png", folder / "made/page.png")
        write_chunk(dance, number, shard)
    for number, song in enumerate(songs_of(videos, "test")):
        dance = dances[number % len(dances)].folder
        linked(folder / f"dances/songs/{song}.wav", dance / "song.wav")
        linked(folder / f"dances/{MODEL}/seed1/{song}.npz", dance / "dance.npz")
    write_json(folder / "evaluation/true_beats.json", {})
    trained = {name: [] for name in ("songs", "videos", "dancers", "clips")}
    metrics = {"trained_on": trained, "recipe": {"epochs": 1}, "data": {"chunks": videos}}
    write_json(folder / f"training/{MODEL}/seed1/metrics.json", metrics)


class Files(list):
    """Files of a job, some by name, as Snakemake gives them to a script."""

    def __init__(self, *plain, **named):
        super().__init__(plain)
        for name, value in named.items():
            self += [value] if isinstance(value, str) else value
            setattr(self, name, value)

    def get(self, name, default=None):
        """A file, or files, by name."""
        return getattr(self, name, default)

    def __getitem__(self, at):
        return getattr(self, at) if isinstance(at, str) else super().__getitem__(at)


def jobs(folder, videos):
    """Input, output and params of every rule: dict of str to (Files, Files, dict).

    In an order in which each finds what it reads.
    """

    def of(pattern, names=None):
        names = ids(videos)[:videos] if names is None else names
        return [f"{folder}/{pattern.format(name)}" for name in names]

    def table(*names):
        return Files(*(f"{folder}/tables/{name}.html" for name in names))

    def figure(name):
        return Files(f"{folder}/figures/{name}.png")

    study = {"study": "streaming", "seed": 1, "estimators": list(ESTIMATORS)}
    qualities = [path for name in ESTIMATORS for path in of(f"comparison/{name}/{{}}.json")]
    tracks = [path for name in ESTIMATORS for path in of(f"poses/{name}/{{}}.npz")]
    comparisons = Files(comparisons=of("comparison/{}.json"))
    dataset = f"{folder}/dataset/dataset.h5"
    splits = {v: split_of(song_of(n)) for n, v in enumerate(ids(videos))}
    packing = {"study": "streaming", "splits": splits, "by": "song", "max_repaired": 1}
    songs = songs_of(videos, "test")
    real = {
        "item": "dances",
        "stage": "evaluation",
        "on_bad_video": "fail",
        "method": "thesis",
        "tolerance": 0.2,
        "tracker": "librosa",
        "seed": 1,
    }
    measured = {
        "dataset": dataset,
        "extractor": f"{folder}/evaluation/extractor.safetensors",
        "truth": f"{folder}/evaluation/true_beats.json",
    }
    metrics = f"{folder}/training/{MODEL}/seed1/metrics.json"
    danced = f"{folder}/evaluation/{MODEL}/seed1"
    reference = f"{folder}/evaluation/real_train.npz"
    shown = {
        "tables": ["table2", "table1", "table1x", "dataset"],
        "figures": ["figure5", "figure1x_thresholds"],
        "videos": ids(videos)[:videos],
        "estimators": list(ESTIMATORS),
    }
    return {
        "table1": (Files(qualities=qualities), table("table1"), study),
        "table1x": (
            comparisons,
            table("table1x", "table1x_distances", "table1x_threshold"),
            study,
        ),
        "figure1x_thresholds": (comparisons, figure("figure1x_thresholds"), study),
        "estimator_speed": (
            Files(tracks=tracks),
            Files(f"{folder}/comparison/speed.html"),
            study
            | {"benchmarks": f"{folder}/benchmarks", "jobs": {name: name for name in ESTIMATORS}},
        ),
        "figure5": (
            Files(
                videos=[],
                before=of("poses/first/{}.npz"),
                after=of("cleaning/{}.npz"),
                records=of("cleaning/{}.json"),
            ),
            figure("figure5"),
            {},
        ),
        "pack_dataset": (
            Files(shards=of("dataset/shards/{}.h5")),
            Files(dataset=dataset),
            packing,
        ),
        "describe_dataset": (
            Files(dataset=dataset),
            Files(
                card=f"{folder}/dataset/card.json",
                text=f"{folder}/dataset/card.md",
                table=f"{folder}/tables/dataset.html",
            ),
            {},
        ),
        "train_extractor": (
            Files(dataset=dataset),
            Files(extractor=measured["extractor"]),
            real,
        ),
        "evaluate_real": (
            Files(**measured),
            Files(reference=reference, record=f"{folder}/evaluation/real.json"),
            real,
        ),
        "evaluate_model": (
            Files(
                **measured,
                reference=reference,
                metrics=metrics,
                tracks=of(f"dances/{MODEL}/seed1/{{}}.npz", songs),
                songs=of("dances/songs/{}.wav", songs),
            ),
            Files(record=f"{danced}.json", measured=f"{danced}.npz"),
            real | {"songs": songs},
        ),
        "table2": (
            Files(
                real=f"{folder}/evaluation/real.json",
                models=[f"{danced}.json"],
                metrics=[metrics],
            ),
            table("table2"),
            study | real,
        ),
        "problems": (
            Files(),
            Files(f"{folder}/videos/problems.html"),
            {"results": str(folder)},
        ),
        "index": (
            Files(problems=f"{folder}/videos/problems.csv"),
            Files(page=f"{folder}/index.html"),
            study | {"shown": shown},
        ),
        "append": (Files(of("dataset/shards/{}.h5", ids(videos)[videos:])[0]), Files(dataset), {}),
    }


def run_rule(name, folder, videos):
    """Run a rule's own script here, and print what this process took."""
    inputs, outputs, params = jobs(folder, videos)[name]
    begun = time.monotonic()
    if name == "append":
        from choreo.dataset.pack import append

        split = split_of(song_of(videos))
        append(inputs, outputs[0], splits={ids(videos)[videos]: split}, max_repaired=1)
    else:
        job = SimpleNamespace(
            rule=name,
            input=inputs,
            output=outputs,
            params=SimpleNamespace(**params),
            wildcards=SimpleNamespace(model=MODEL, seed="1"),
            log=[f"{folder}/logs/{name}.log"],
        )
        script = PROJECT / "workflow/scripts" / f"{name}.py"
        runpy.run_path(str(script), init_globals={"snakemake": job})
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"measured {seconds:.2f} {peak * (1 if sys.platform == 'darwin' else 1024)}")


def child(*words):
    """Run this file in a fresh process; give the last line that it prints."""
    found = subprocess.run(
        [sys.executable, __file__, *map(str, words)], text=True, capture_output=True
    )
    if found.returncode:
        sys.exit(f"{' '.join(map(str, words))}:\n{found.stdout[-2000:]}{found.stderr[-2000:]}")
    return found.stdout.strip().rpartition("\n")[2]


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--videos", type=int, nargs="+", default=[100, 10_000])
    parser.add_argument("--rules", nargs="*", default=[], metavar="NAME", help="all by default")
    parser.add_argument("--folder", help="keep the studies here, and take those that are there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = {}
        for videos in options.videos:
            folder = Path(options.folder or temporary) / str(videos)
            begun = time.monotonic()
            if not (folder / "made").is_dir():
                child("make", folder, videos)
            print(f"# {videos} videos made in {time.monotonic() - begun:.0f} s", flush=True)
            for name in options.rules or jobs(folder, videos):
                _, seconds, peak = child("rule", folder, videos, name).split()
                found.setdefault(name, []).append((float(peak), float(seconds)))
                print(f"# {videos} {name}: {float(peak) / 1e6:.0f} MB {seconds} s", flush=True)
    columns = [f"{videos:,}: MB | s" for videos in options.videos]
    print(f"| rule | {' | '.join(columns)} | bytes a video |")
    print("| --- |" + " --: | --: |" * len(columns) + " --: |")
    for name, measured in found.items():
        more = max(options.videos) - min(options.videos)
        growth = f"{(measured[-1][0] - measured[0][0]) / more:,.0f}" if more else "-"
        cells = " | ".join(f"{peak / 1e6:.0f} | {seconds:.1f}" for peak, seconds in measured)
        print(f"| `{name}` | {cells} | {growth} |")
    print(f"# {platform.system()} {platform.machine()}, {os.cpu_count()} cores")


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make_study(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:2] == ["rule"]:
        run_rule(sys.argv[4], Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
