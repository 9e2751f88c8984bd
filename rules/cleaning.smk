# Stage `cleaning`: misdetections found and repaired (thesis section 3.3).
rule clean_track:
    input:
        code=code("clean_track.py"),
        track=f"{OUT}/poses/{STUDY.poses.chosen}/{{video}}.npz",
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
        item=item,
        stage="cleaning",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.cleaning.method,
        threshold_px=STUDY.cleaning.threshold_px,
        max_gap_seconds=STUDY.cleaning.max_gap_seconds,
    message:
        "cleaning: {wildcards.video}"
    script:
        "../workflow/scripts/clean_track.py"


rule figure5:
    input:
        code=code("figure5.py"),
        videos=collect(f"{OUT}/videos/{{video}}.mp4", video=VIDEOS),
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
    message:
        "cleaning: Figure 5"
    script:
        "../workflow/scripts/figure5.py"
