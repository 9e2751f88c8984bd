# Stage `cleaning`: misdetections found and repaired (thesis section 3.3); Figure 5, a page
# a clip, and the cleaning benchmark.
rule clean_track:
    input:
        track=f"{OUT}/poses/{STUDY.poses.chosen}/{{video}}.npz",
        probe=[] if SIMULATED else f"{OUT}/videos/{{video}}.json",
    output:
        track=f"{OUT}/cleaning/{{video}}.npz",
        record=f"{OUT}/cleaning/{{video}}.json",
    log:
        f"{OUT}/logs/clean_track/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/clean_track/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("clean_track.py"),
        item=item,
        stage="cleaning",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.cleaning.method,
        threshold_px=STUDY.cleaning.threshold_px,
        threshold_height=STUDY.cleaning.threshold_height,
        max_gap_seconds=STUDY.cleaning.max_gap_seconds,
    message:
        "cleaning: {wildcards.video}"
    script:
        "../workflow/scripts/clean_track.py"


rule figure5:
    input:
        videos=[] if SIMULATED else collect(f"{OUT}/videos/{{video}}.mp4", video=VIDEOS),
        before=collect(f"{OUT}/poses/{STUDY.poses.chosen}/{{video}}.npz", video=VIDEOS),
        after=collect(f"{OUT}/cleaning/{{video}}.npz", video=VIDEOS),
        records=collect(f"{OUT}/cleaning/{{video}}.json", video=VIDEOS),
    output:
        report(
            f"{OUT}/figures/figure5.png",
            caption="../workflow/report/figure5.rst",
            category="3 Cleaning",
            labels={"what": "Figure 5: before and after cleaning"},
        ),
        pdf=f"{OUT}/figures/figure5.pdf",
    log:
        f"{OUT}/logs/figure5.log",
    benchmark:
        f"{OUT}/benchmarks/figure5.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("figure5.py"),
    message:
        "cleaning: Figure 5"
    script:
        "../workflow/scripts/figure5.py"


rule cleaning_page:
    input:
        video=[] if SIMULATED else f"{OUT}/videos/{{video}}.mp4",
        before=f"{OUT}/poses/{STUDY.poses.chosen}/{{video}}.npz",
        after=f"{OUT}/cleaning/{{video}}.npz",
        record=f"{OUT}/cleaning/{{video}}.json",
        truth=branch(
            lambda w: w.video in WITH_TRUTH,
            then=f"{OUT}/videos/demo/{{video}}.truth.npz",
            otherwise=[],
        ),
    output:
        page=report(
            f"{OUT}/cleaning/{{video}}.png",
            caption="../workflow/report/cleaning_page.rst",
            category="3 Cleaning",
            subcategory="Clips",
            labels={"what": "{video}"},
        ),
        beats=f"{OUT}/cleaning/beats/{{video}}.json",
    log:
        f"{OUT}/logs/cleaning_page/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/cleaning_page/{{video}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("cleaning_page.py"),
    message:
        "cleaning: what was found and done in {wildcards.video}"
    script:
        "../workflow/scripts/cleaning_page.py"


rule corrupt_truths:
    output:
        table=report(
            f"{ONCE}/tables/cleaning_benchmark.html",
            caption="../workflow/report/cleaning_benchmark.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Methods at rising rates of faults"},
        ),
        kinds=report(
            f"{ONCE}/tables/cleaning_kinds.html",
            caption="../workflow/report/cleaning_kinds.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Methods by kind of fault"},
        ),
        draws=report(
            f"{ONCE}/tables/cleaning_draws.html",
            caption="../workflow/report/cleaning_draws.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Spread over draws, 24 fps, low scores"},
        ),
        flicker=report(
            f"{ONCE}/tables/cleaning_flicker.html",
            caption="../workflow/report/cleaning_flicker.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Joints that flicker"},
        ),
        figure=report(
            f"{ONCE}/figures/cleaning_benchmark.png",
            caption="../workflow/report/cleaning_benchmark.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Errors, beats and accents"},
        ),
        forms=multiext(f"{ONCE}/tables/cleaning_benchmark", ".csv", ".md", ".tex"),
        kinds_forms=multiext(f"{ONCE}/tables/cleaning_kinds", ".csv", ".md", ".tex"),
        draws_forms=multiext(f"{ONCE}/tables/cleaning_draws", ".csv", ".md", ".tex"),
        flicker_forms=multiext(f"{ONCE}/tables/cleaning_flicker", ".csv", ".md", ".tex"),
        pdf=f"{ONCE}/figures/cleaning_benchmark.pdf",
    log:
        f"{ONCE}/logs/corrupt_truths.log",
    benchmark:
        f"{ONCE}/benchmarks/corrupt_truths.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("cleaning_benchmark.py"),
    message:
        "cleaning: the methods on corrupted true tracks"
    script:
        "../workflow/scripts/cleaning_benchmark.py"


rule cleaning_estimators:
    input:
        tracks=collect(
            f"{OUT}/poses/{{estimator}}/{{video}}.npz",
            estimator=ESTIMATORS,
            video=WITH_TRUTH,
        ),
        truths=collect(f"{OUT}/videos/demo/{{video}}.truth.npz", video=WITH_TRUTH),
    output:
        report(
            f"{OUT}/tables/cleaning_estimators.html",
            caption="../workflow/report/cleaning_estimators.rst",
            category="3 Cleaning",
            subcategory="Benchmark",
            labels={"what": "Estimators' own errors, cleaned"},
        ),
        multiext(f"{OUT}/tables/cleaning_estimators", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/cleaning_estimators.log",
    benchmark:
        f"{OUT}/benchmarks/cleaning_estimators.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code("cleaning_estimators.py"),
    message:
        "cleaning: the methods on the estimators' own errors"
    script:
        "../workflow/scripts/cleaning_estimators.py"
