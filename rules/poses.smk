# Stage `poses`: one PoseTrack an estimator and video.
rule mediapipe_poses:
    input:
        code=code("mediapipe_poses.py"),
        video=f"{OUT}/videos/{{video}}.mp4",
        probe=f"{OUT}/videos/{{video}}.json",
    output:
        coco=f"{OUT}/poses/mediapipe17/{{video}}.npz",
        halpe=f"{OUT}/poses/mediapipe26/{{video}}.npz",
    params:
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
    log:
        f"{OUT}/logs/mediapipe_poses/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/mediapipe_poses/{{video}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    conda:
        "../envs/choreo.yaml"
    message:
        "poses: MediaPipe on {wildcards.video}"
    script:
        "../workflow/scripts/mediapipe_poses.py"


def imported_file(wildcards):
    """The AlphaPose file of a video; none where it does not exist (the job says so)."""
    path = STUDY.poses.imports[wildcards.estimator].format(video=wildcards.video)
    return path if Path(path).is_file() else []


rule import_poses:
    input:
        code=code("import_poses.py"),
        poses=imported_file,
        probe=f"{OUT}/videos/{{video}}.json",
    output:
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
    params:
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        path=lambda w: STUDY.poses.imports[w.estimator].format(video=w.video),
    wildcard_constraints:
        estimator="|".join(STUDY.poses.imports) or "(?!)",
    log:
        f"{OUT}/logs/import_poses/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/import_poses/{{estimator}}/{{video}}.tsv"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    conda:
        "../envs/choreo.yaml"
    message:
        "poses: importing {wildcards.estimator} of {wildcards.video}"
    script:
        "../workflow/scripts/import_poses.py"
