# Stage `poses`: one PoseTrack an estimator and video.
# Pose Flow's matching looks at the pictures, too.
seen_by_linker = (
    f"{OUT}/videos/{{video}}.mp4" if STUDY.poses.linker == "pose_flow" else []
)


rule mediapipe_poses:
    input:
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
        code=code("mediapipe_poses.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        pick=lambda w: ROWS[w.video].dancer_pick,
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
        pick=lambda w: ROWS[w.video].dancer_pick,
        settings={"static": True, "scale": 0.25},
    message:
        "poses: MediaPipe on small pictures of {wildcards.video}"


rule import_poses:
    input:
        poses=imported_file,
        probe=f"{OUT}/videos/{{video}}.json",
        video=seen_by_linker,
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
        code=code("import_poses.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        path=imported_path,
        state=imported_state,
        format=lambda w: STUDY.poses.imports[w.estimator].format,
        skeleton=lambda w: STUDY.poses.imports[w.estimator].skeleton,
        first_frame=lambda w: STUDY.poses.imports[w.estimator].first_frame,
        units=lambda w: STUDY.poses.imports[w.estimator].units,
        view=lambda w: STUDY.poses.imports[w.estimator].view,
        pick=lambda w: ROWS[w.video].dancer_pick,
        linker=STUDY.poses.linker,
    message:
        "poses: importing {wildcards.estimator} of {wildcards.video}"
    script:
        "../workflow/scripts/import_poses.py"


rule fetch_openpose_image:
    output:
        image=OPENPOSE_IMAGE,
    log:
        f"{OUT}/logs/fetch_openpose_image.log",
    benchmark:
        f"{OUT}/benchmarks/fetch_openpose_image.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        code=code("fetch_openpose_image.py"),
        image=STUDY.poses.openpose.image,
        stall_minutes=STUDY.poses.openpose.stall_minutes,
    message:
        "poses: fetching the image of OpenPose"
    script:
        "../workflow/scripts/fetch_openpose_image.py"


rule openpose_people:
    input:
        video=f"{OUT}/videos/{{video}}.mp4",
        probe=f"{OUT}/videos/{{video}}.json",
        image=openpose_image,
    output:
        people=f"{OUT}/poses/{{estimator}}/{{video}}.json",
        record=f"{OUT}/poses/{{estimator}}/{{video}}.run.json",
    log:
        f"{OUT}/logs/openpose_people/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/openpose_people/{{estimator}}/{{video}}.tsv"
    wildcard_constraints:
        estimator=run_by("openpose_people"),
    conda:
        "../envs/choreo.yaml"
    threads: 2
    resources:
        gpu=wants_gpu("auto"),
        gpu_percent=gpu_percent("auto", STUDY.poses.gpu_share),
        mem_mb=6000,
        runtime=720,
    params:
        code=code("openpose_people.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        program=STUDY.poses.openpose.program,
        models=STUDY.poses.openpose.models,
        net_resolution=STUDY.poses.openpose.net_resolution,
        stall_minutes=STUDY.poses.openpose.stall_minutes,
    message:
        "poses: OpenPose on {wildcards.video}"
    script:
        "../workflow/scripts/openpose_people.py"


rule fetch_rtmpose_weights:
    output:
        network=f"{RESOURCES}/rtmpose/{{network}}.onnx",
    log:
        f"{OUT}/logs/fetch_rtmpose_weights/{{network}}.log",
    benchmark:
        f"{OUT}/benchmarks/fetch_rtmpose_weights/{{network}}.tsv"
    wildcard_constraints:
        network=networks_of("rtmpose_people"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=120,
    params:
        code=code("fetch_rtmpose_weights.py"),
    message:
        "poses: fetching RTMPose's {wildcards.network}"
    script:
        "../workflow/scripts/fetch_rtmpose_weights.py"


rule rtmpose_people:
    input:
        video=f"{OUT}/videos/{{video}}.mp4",
        probe=f"{OUT}/videos/{{video}}.json",
        detector=rtmpose_network(detector=True),
        weights=rtmpose_network(),
    output:
        people=f"{OUT}/poses/{{estimator}}/{{video}}.json",
        record=f"{OUT}/poses/{{estimator}}/{{video}}.run.json",
    log:
        f"{OUT}/logs/rtmpose_people/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/rtmpose_people/{{estimator}}/{{video}}.tsv"
    wildcard_constraints:
        estimator=run_by("rtmpose_people"),
    conda:
        "../envs/choreo.yaml"
    threads: 4
    resources:
        gpu=wants_gpu(STUDY.poses.rtmpose.device),
        gpu_percent=gpu_percent(STUDY.poses.rtmpose.device, STUDY.poses.gpu_share),
        mem_mb=2000,
        runtime=720,
    params:
        code=code("rtmpose_people.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        joints=lambda w: KNOWN[w.estimator].joints,
        device=STUDY.poses.rtmpose.device,
    message:
        "poses: RTMPose ({params.joints} joints) on {wildcards.video}"
    script:
        "../workflow/scripts/rtmpose_people.py"


# The source and the weights lie beside these records, undeclared: an edit of our code
# checks them again instead of fetching most of a gigabyte.
rule fetch_alphapose:
    output:
        record=f"{RESOURCES}/alphapose/source.json",
    log:
        f"{OUT}/logs/fetch_alphapose.log",
    benchmark:
        f"{OUT}/benchmarks/fetch_alphapose.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        download=1,
        mem_mb=500,
        runtime=60,
    params:
        code=code("fetch_alphapose.py"),
        accept_licence=STUDY.poses.alphapose.accept_licence,
        folder=subpath(output.record, strip_suffix=".json"),
    message:
        "poses: fetching AlphaPose's source"
    script:
        "../workflow/scripts/fetch_alphapose.py"


rule fetch_alphapose_weights:
    output:
        record=f"{RESOURCES}/alphapose/{{part}}.json",
    log:
        f"{OUT}/logs/fetch_alphapose_weights/{{part}}.log",
    benchmark:
        f"{OUT}/benchmarks/fetch_alphapose_weights/{{part}}.tsv"
    wildcard_constraints:
        part=networks_of("alphapose_people"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        download=1,
        mem_mb=500,
        runtime=240,
    params:
        code=code("fetch_alphapose_weights.py"),
        accept_licence=STUDY.poses.alphapose.accept_licence,
        folder=subpath(output.record, parent=True),
    message:
        "poses: fetching AlphaPose's {wildcards.part}"
    script:
        "../workflow/scripts/fetch_alphapose_weights.py"


rule alphapose_people:
    input:
        video=f"{OUT}/videos/{{video}}.mp4",
        probe=f"{OUT}/videos/{{video}}.json",
        source=alphapose_source,
        weights=alphapose_part(),
        detector=alphapose_part(detector=True),
    output:
        people=f"{OUT}/poses/{{estimator}}/{{video}}.json",
        record=f"{OUT}/poses/{{estimator}}/{{video}}.run.json",
    log:
        f"{OUT}/logs/alphapose_people/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/alphapose_people/{{estimator}}/{{video}}.tsv"
    wildcard_constraints:
        estimator=run_by("alphapose_people"),
    conda:
        "../envs/choreo.yaml"
    threads: 4
    resources:
        gpu=wants_gpu(STUDY.poses.alphapose.device),
        gpu_percent=gpu_percent(STUDY.poses.alphapose.device, STUDY.poses.gpu_share),
        mem_mb=8000,
        runtime=1440,
    params:
        code=code("alphapose_people.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        joints=lambda w: KNOWN[w.estimator].joints,
        settings=STUDY.poses.alphapose.model_dump(),
        folder=subpath(output.record, parent=True),
    message:
        "poses: AlphaPose ({params.joints} joints) on {wildcards.video}"
    script:
        "../workflow/scripts/alphapose_people.py"


# Everyone that a tool found -> the track of the dancer.
PEOPLE = [name for name, entry in KNOWN.items() if entry.format]


rule read_people:
    input:
        people=f"{OUT}/poses/{{estimator}}/{{video}}.json",
        record=f"{OUT}/poses/{{estimator}}/{{video}}.run.json",
        probe=f"{OUT}/videos/{{video}}.json",
        video=seen_by_linker,
    output:
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
    log:
        f"{OUT}/logs/read_people/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/read_people/{{estimator}}/{{video}}.tsv"
    wildcard_constraints:
        estimator="|".join(PEOPLE),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=20,
    params:
        code=code("read_people.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        estimator=lambda w: w.estimator,
        format=lambda w: KNOWN[w.estimator].format,
        skeleton=lambda w: KNOWN[w.estimator].skeleton,
        pick=lambda w: ROWS[w.video].dancer_pick,
        linker=STUDY.poses.linker,
    message:
        "poses: the dancer of {wildcards.video} among {wildcards.estimator}'s people"
    script:
        "../workflow/scripts/read_people.py"


rule dancer_picture:
    input:
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
        video=f"{OUT}/videos/{{video}}.mp4",
    output:
        picture=f"{OUT}/poses/{{estimator}}/{{video}}.png",
    log:
        f"{OUT}/logs/dancer_picture/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/dancer_picture/{{estimator}}/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code("dancer_picture.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
    message:
        "poses: who was followed by {wildcards.estimator} in {wildcards.video}"
    script:
        "../workflow/scripts/dancer_picture.py"
