# Stage `videos`: one upright, constant-frame-rate mp4 a row, its probe and its 16 kHz song.
DEMO_VIDEOS = [video for video, row in ROWS.items() if row.kind == "demo"]


rule make_demo_clip:
    input:
        code=code("make_demo_clip.py"),
    output:
        video=f"{OUT}/videos/demo/{{video}}.mp4",
        truth=f"{OUT}/videos/demo/{{video}}.truth.npz",
        song=f"{OUT}/videos/demo/{{video}}.song.wav",
        beats=f"{OUT}/videos/demo/{{video}}.beats.json",
    params:
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        source=lambda w: ROWS[w.video].source,
        start=lambda w: ROWS[w.video].start,
        end=lambda w: ROWS[w.video].end,
        seed=STUDY.seed,
    wildcard_constraints:
        video=of_kind("demo"),
    log:
        f"{OUT}/logs/make_demo_clip/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/make_demo_clip/{{video}}.tsv"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    conda:
        "../envs/choreo.yaml"
    message:
        "videos: drawing demo clip {wildcards.video}"
    script:
        "../workflow/scripts/make_demo_clip.py"


rule download_video:
    input:
        code=code("download_video.py"),
    output:
        video=f"{OUT}/videos/downloads/{{video}}.video",
    params:
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        url=lambda w: ROWS[w.video].source,
        retries=STUDY.videos.retries,
        # Outside the declared outputs, so that a killed download goes on where it was.
        partial=f"{OUT}/videos/downloads/.partial",
    wildcard_constraints:
        video=of_kind("url"),
    log:
        f"{OUT}/logs/download_video/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/download_video/{{video}}.tsv"
    threads: 1
    resources:
        download=1,
        mem_mb=500,
        runtime=120,
    conda:
        "../envs/choreo.yaml"
    message:
        "videos: fetching {wildcards.video}"
    script:
        "../workflow/scripts/download_video.py"


def source_of(wildcards):
    """The file to standardise; none where a local path does not exist (the job says so)."""
    row = ROWS[wildcards.video]
    if row.kind == "demo":
        return f"{OUT}/videos/demo/{row.id}.mp4"
    if row.kind == "url":
        return f"{OUT}/videos/downloads/{row.id}.video"
    path = choreo.config.local_path(row, STUDY.table)
    return str(path) if path.is_file() else []


rule standardise_video:
    input:
        code=code("standardise_video.py"),
        source=source_of,
    output:
        video=f"{OUT}/videos/{{video}}.mp4",
        audio=f"{OUT}/videos/{{video}}.wav",
        probe=f"{OUT}/videos/{{video}}.json",
    params:
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        path=lambda w: str(choreo.config.local_path(ROWS[w.video], STUDY.table)),
        # A demo clip was already cut from its song.
        start=lambda w: None if ROWS[w.video].kind == "demo" else ROWS[w.video].start,
        end=lambda w: None if ROWS[w.video].kind == "demo" else ROWS[w.video].end,
        fps=STUDY.videos.fps,
        height=STUDY.videos.height,
        require_sound=STUDY.videos.require_sound,
        min_seconds=STUDY.videos.min_seconds,
    log:
        f"{OUT}/logs/standardise_video/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/standardise_video/{{video}}.tsv"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    conda:
        "../envs/choreo.yaml"
    message:
        "videos: standardising {wildcards.video}"
    script:
        "../workflow/scripts/standardise_video.py"


rule problems:
    input:
        code=code("problems.py"),
        items=collect(f"{OUT}/dataset/shards/{{video}}.h5", video=VIDEOS),
        qualities=collect(
            f"{OUT}/comparison/{{estimator}}/{{video}}.json",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
    output:
        report(
            multiext(f"{OUT}/videos/problems", ".html"),
            caption="../workflow/report/problems.rst",
            category="1 Data",
            labels={"what": "Videos left out"},
        ),
        multiext(f"{OUT}/videos/problems", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/problems.log",
    benchmark:
        f"{OUT}/benchmarks/problems.tsv"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    conda:
        "../envs/choreo.yaml"
    message:
        "videos: listing what was left out"
    script:
        "../workflow/scripts/problems.py"
