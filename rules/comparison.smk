# Stage `comparison`: the quality of every track, Table 1 and Figure 2.
rule measure_quality:
    input:
        code=code("measure_quality.py"),
        track=f"{OUT}/poses/{{estimator}}/{{video}}.npz",
        truth=branch(
            lambda w: ROWS[w.video].kind == "demo",
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
        item=item,
        stage="comparison",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.comparison.method,
        threshold_px=STUDY.comparison.threshold_px,
    message:
        "comparison: quality of {wildcards.estimator} on {wildcards.video}"
    script:
        "../workflow/scripts/measure_quality.py"


rule table1:
    input:
        code=code("table1.py"),
        qualities=collect(
            f"{OUT}/comparison/{{estimator}}/{{video}}.json",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
        problems=ancient(PROBLEMS),
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
        estimators=ESTIMATORS,
        study=STUDY.study,
    message:
        "comparison: Table 1"
    script:
        "../workflow/scripts/table1.py"


rule figure2:
    input:
        code=code("figure2.py"),
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
        estimators=ESTIMATORS,
    message:
        "comparison: Figure 2"
    script:
        "../workflow/scripts/figure2.py"
