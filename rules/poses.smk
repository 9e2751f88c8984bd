# Stage `poses`: one PoseTrack an estimator and video.
rule mediapipe_poses:
    input:
        code=code("mediapipe_poses.py"),
        video=f"{OUT}/videos/{{video}}.mp4",
        probe=f"{OUT}/videos/{{video}}.json",
    output:
        coco17=f"{OUT}/poses/mediapipe17/{{video}}.npz",
        halpe26=f"{OUT}/poses/mediapipe26/{{video}}.npz",
    log:
        f"{OUT}/logs/mediapipe_poses/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/mediapipe_poses/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        settings={},
    message:
        "poses: MediaPipe on {wildcards.video}"
    script:
        "../workflow/scripts/mediapipe_poses.py"


# Worse on purpose, to show what the comparison's measures see: it detects anew in each
# frame, in pictures of a quarter of the width and height.
use rule mediapipe_poses as mediapipe_small_poses with:
    output:
        coco17=f"{OUT}/poses/mediapipe17_small/{{video}}.npz",
    log:
        f"{OUT}/logs/mediapipe_small_poses/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/mediapipe_small_poses/{{video}}.tsv"
    params:
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        settings={"static": True, "scale": 0.25},
    message:
        "poses: MediaPipe on small pictures of {wildcards.video}"


rule import_poses:
    input:
        code=code("import_poses.py"),
        poses=imported_file,
        probe=f"{OUT}/videos/{{video}}.json",
    output:
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
    log:
        f"{OUT}/logs/import_poses/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/import_poses/{{estimator}}/{{video}}.tsv"
    wildcard_constraints:
        estimator="|".join(STUDY.poses.imports) or "(?!)",
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        path=lambda w: STUDY.poses.imports[w.estimator].replace("{video}", w.video),
    message:
        "poses: importing {wildcards.estimator} of {wildcards.video}"
    script:
        "../workflow/scripts/import_poses.py"
