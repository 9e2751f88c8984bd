# Stage `report`: one HTML page with everything above, made by Snakemake itself.
# What people look at.
MADE = [
    *collect(f"{OUT}/tables/{{table}}.html", table=TABLES + ["dataset"]),
    *collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),
    *collect(f"{OUT}/cleaning/{{video}}.png", video=VIDEOS),
    *collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
    *([f"{OUT}/comparison/speed.html"] if VIDEOS else []),
]


# What was left out, from what is there when everything else is: no stage waits for it. (Every
# run, also of one target, brings the files up to date at its end.)
rule problems:
    input:
        MADE,
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
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("problems.py"),
        results=lambda wildcards, output: Path(output[0]).parents[1].as_posix(),
    message:
        "report: listing what was left out"
    script:
        "../workflow/scripts/problems.py"


rule report:
    input:
        MADE,
        TABLE3,
        RECORDED,
        f"{OUT}/videos/problems.html",
        captions=sorted(
            str(path) for path in (ROOT / "workflow" / "report").glob("*.rst")
        ),
    output:
        f"{OUT}/report.html",
    log:
        f"{OUT}/logs/report.log",
    benchmark:
        f"{OUT}/benchmarks/report.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("report.py"),
        # The report is about the DAG that made its inputs, so it is asked for with the
        # same files and values; `all` would contain the report itself.
        targets=lambda w, input: [f for f in input if not f.endswith(".rst")],
        # No inputs: what is the same for every study is shown, and not made anew for one.
        shared={str(path): path.stat().st_mtime_ns for path in SHARED},
        config=config,
        snakefile=workflow.main_snakefile,
    message:
        "report: {output}"
    script:
        "../workflow/scripts/report.py"
