# Stage `comparison`: the quality of every track, Table 1 and Figure 2; all estimators of
# a video against each other, Table 1x and Figure 1x.
COMPARISONS = collect(f"{OUT}/comparison/{{video}}.json", video=VIDEOS)


rule measure_quality:
    input:
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
        people=native_people,
        truth=branch(
            lambda w: w.video in WITH_TRUTH,
            then=f"{OUT}/videos/demo/{{video}}.truth.npz",
            otherwise=[],
        ),
    output:
        quality=f"{OUT}/comparison/{{estimator}}/{{video}}.json",
    log:
        f"{OUT}/logs/measure_quality/{{estimator}}/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/measure_quality/{{estimator}}/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("measure_quality.py"),
        item=item,
        stage="comparison",
        on_bad_video=STUDY.on_bad_video,
        file=native_file,
        method=STUDY.comparison.method,
        threshold_px=STUDY.comparison.threshold_px,
        threshold_height=STUDY.comparison.threshold_height,
    message:
        "comparison: quality of {wildcards.estimator} on {wildcards.video}"
    script:
        "../workflow/scripts/measure_quality.py"


rule table1:
    input:
        qualities=collect(
            f"{OUT}/comparison/{{estimator}}/{{video}}.json",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
    output:
        report(
            f"{OUT}/tables/table1.html",
            caption="../workflow/report/table1.rst",
            category="2 Pose estimation",
            labels={"what": "Table 1: comparison of estimators"},
        ),
        multiext(f"{OUT}/tables/table1", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/table1.log",
    benchmark:
        f"{OUT}/benchmarks/table1.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("table1.py"),
        estimators=ESTIMATORS,
        study=STUDY.study,
        seed=STUDY.seed,
    message:
        "comparison: Table 1"
    script:
        "../workflow/scripts/table1.py"


rule figure2:
    input:
        videos=collect(f"{OUT}/videos/{{video}}.mp4", video=VIDEOS),
        tracks=collect(
            f"{OUT}/poses/{{estimator}}/{{video}}.npz",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
    output:
        report(
            f"{OUT}/figures/figure2.png",
            caption="../workflow/report/figure2.rst",
            category="2 Pose estimation",
            labels={"what": "Figure 2: sample poses"},
        ),
        pdf=f"{OUT}/figures/figure2.pdf",
    log:
        f"{OUT}/logs/figure2.log",
    benchmark:
        f"{OUT}/benchmarks/figure2.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("figure2.py"),
        estimators=ESTIMATORS,
    message:
        "comparison: Figure 2"
    script:
        "../workflow/scripts/figure2.py"


rule compare_tracks:
    input:
        tracks=lambda w: collect(
            f"{OUT}/poses/{{estimator}}/{w.video}.npz", estimator=ESTIMATORS
        ),
        truth=branch(
            lambda w: w.video in WITH_TRUTH,
            then=f"{OUT}/videos/demo/{{video}}.truth.npz",
            otherwise=[],
        ),
    output:
        f"{OUT}/comparison/{{video}}.json",
    log:
        f"{OUT}/logs/compare_tracks/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/compare_tracks/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("compare_tracks.py"),
        item=item,
        stage="comparison",
        on_bad_video=STUDY.on_bad_video,
        threshold_px=STUDY.comparison.threshold_px,
        threshold_height=STUDY.comparison.threshold_height,
    message:
        "comparison: all estimators of {wildcards.video}"
    script:
        "../workflow/scripts/compare_tracks.py"


rule table1x:
    input:
        comparisons=COMPARISONS,
    output:
        report(
            f"{OUT}/tables/table1x.html",
            caption="../workflow/report/table1x.rst",
            category="2 Pose estimation",
            labels={"what": "Table 1x: extended comparison"},
        ),
        report(
            f"{OUT}/tables/table1x_distances.html",
            caption="../workflow/report/table1x_distances.rst",
            category="2 Pose estimation",
            labels={"what": "Table 1x: distances between estimators"},
        ),
        report(
            f"{OUT}/tables/table1x_threshold.html",
            caption="../workflow/report/table1x_threshold.rst",
            category="2 Pose estimation",
            labels={"what": "Table 1x: what the threshold means"},
        ),
        multiext(f"{OUT}/tables/table1x", ".csv", ".md", ".tex"),
        multiext(f"{OUT}/tables/table1x_distances", ".csv", ".md", ".tex"),
        multiext(f"{OUT}/tables/table1x_threshold", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/table1x.log",
    benchmark:
        f"{OUT}/benchmarks/table1x.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("table1x.py"),
        estimators=ESTIMATORS,
        study=STUDY.study,
        seed=STUDY.seed,
    message:
        "comparison: Table 1x"
    script:
        "../workflow/scripts/table1x.py"


rule figure1x_thresholds:
    input:
        comparisons=COMPARISONS,
    output:
        report(
            f"{OUT}/figures/figure1x_thresholds.png",
            caption="../workflow/report/figure1x_thresholds.rst",
            category="2 Pose estimation",
            labels={"what": "Figure 1x: incorrect frames by threshold"},
        ),
        pdf=f"{OUT}/figures/figure1x_thresholds.pdf",
    log:
        f"{OUT}/logs/figure1x_thresholds.log",
    benchmark:
        f"{OUT}/benchmarks/figure1x_thresholds.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("figure1x_thresholds.py"),
        estimators=ESTIMATORS,
        seed=STUDY.seed,
    message:
        "comparison: Figure 1x"
    script:
        "../workflow/scripts/figure1x_thresholds.py"


# Times differ from run to run, so they are not among the tables.
rule estimator_speed:
    input:
        tracks=collect(
            f"{OUT}/poses/{{estimator}}/{{video}}.npz",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
    output:
        report(
            f"{OUT}/comparison/speed.html",
            caption="../workflow/report/speed.rst",
            category="2 Pose estimation",
            labels={"what": "Speed of estimators"},
        ),
        multiext(f"{OUT}/comparison/speed", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/estimator_speed.log",
    benchmark:
        f"{OUT}/benchmarks/estimator_speed.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("estimator_speed.py"),
        estimators=ESTIMATORS,
        study=STUDY.study,
        benchmarks=f"{OUT}/benchmarks",
        # Jobs that are the estimator itself; foreign tools have a record of their run.
        jobs={
            name: entry.rule
            for name, entry in KNOWN.items()
            if entry.filmed and not entry.format
        },
    message:
        "comparison: speed of estimators"
    script:
        "../workflow/scripts/estimator_speed.py"
