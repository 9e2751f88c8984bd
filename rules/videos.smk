# Stage `videos`: one upright, constant-frame-rate mp4 a row, its probe and its 16 kHz song.
rule make_demo_clip:
    output:
        video=f"{OUT}/videos/demo/{{video}}.mp4",
        truth=f"{OUT}/videos/demo/{{video}}.truth.npz",
        song=f"{OUT}/videos/demo/{{video}}.song.wav",
        beats=f"{OUT}/videos/demo/{{video}}.beats.json",
    log:
        f"{OUT}/logs/make_demo_clip/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/make_demo_clip/{{video}}.tsv"
    wildcard_constraints:
        video=of_kind("demo"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=20,
    params:
        code=code("make_demo_clip.py"),
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        source=lambda w: ROWS[w.video].source,
        start=lambda w: ROWS[w.video].start,
        end=lambda w: ROWS[w.video].end,
        seed=STUDY.seed,
    message:
        "videos: drawing demo clip {wildcards.video}"
    script:
        "../workflow/scripts/make_demo_clip.py"


rule download_video:
    output:
        video=f"{OUT}/videos/downloads/{{video}}.video",
    log:
        f"{OUT}/logs/download_video/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/download_video/{{video}}.tsv"
    wildcard_constraints:
        video=of_kind("url"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        download=1,
        mem_mb=500,
        runtime=int(STUDY.videos.download_minutes) + 10,
        # Resources and no parameters: another bound fetches nothing anew.
        seconds=round(60 * STUDY.videos.download_minutes),
        allow_private=int(STUDY.videos.allow_private),
    params:
        code=code("download_video.py"),
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        url=lambda w: ROWS[w.video].source,
        retries=STUDY.videos.retries,
        # Outside the declared outputs, so that a killed download goes on where it was.
        partial=f"{OUT}/videos/downloads/.partial",
    message:
        "videos: fetching {wildcards.video}"
    script:
        "../workflow/scripts/download_video.py"


rule standardise_video:
    input:
        source=source_of,
    output:
        video=f"{OUT}/videos/{{video}}.mp4",
        audio=f"{OUT}/videos/{{video}}.wav",
        probe=f"{OUT}/videos/{{video}}.json",
    log:
        f"{OUT}/logs/standardise_video/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/standardise_video/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        code=code("standardise_video.py"),
        item=item,
        stage="videos",
        on_bad_video=STUDY.on_bad_video,
        path=source_path,
        state=source_state,
        # A demo clip was already cut from its song.
        start=lambda w: None if ROWS[w.video].kind == "demo" else ROWS[w.video].start,
        end=lambda w: None if ROWS[w.video].kind == "demo" else ROWS[w.video].end,
        fps=STUDY.videos.fps,
        # Everything after reads the song that is written here.
        channels="left" if STUDY.dataset.method == "released" else "mean",
        height=STUDY.videos.height,
        require_sound=STUDY.videos.require_sound,
        min_seconds=STUDY.videos.min_seconds,
    message:
        "videos: standardising {wildcards.video}"
    script:
        "../workflow/scripts/standardise_video.py"
