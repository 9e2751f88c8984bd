# Stage `report`: one HTML page with everything above, made by Snakemake itself.
rule report:
    input:
        collect(f"{OUT}/tables/{{table}}.html", table=TABLES + ["dataset"]),
        TABLE3,
        collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),
        collect(f"{OUT}/cleaning/{{video}}.png", video=VIDEOS),
        collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
        f"{OUT}/comparison/speed.html" if VIDEOS else [],
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
        config=config,
        snakefile=workflow.main_snakefile,
    message:
        "report: {output}"
    script:
        "../workflow/scripts/report.py"
