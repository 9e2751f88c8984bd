# Stage `report`: the page that people open, with every dance, and Snakemake's own page on how
# each file was made.
# What people look at.
MADE = [
    *collect(f"{OUT}/tables/{{table}}.html", table=TABLES + ["dataset"]),
    *collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),
    *collect(f"{OUT}/cleaning/{{video}}.png", video=VIDEOS),
    *collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
    *([f"{OUT}/comparison/speed.html"] if VIDEOS else []),
]
# The survey waits for people: what they answered is shown once it is there, and is no input, so
# that nothing is made anew for a page.
ANSWERED = {
    name: path
    for name in SURVEY_TABLES
    if (path := Path(f"{OUT}/tables/survey_{name}.html")).is_file()
}
ANSWERED_FIGURES = {
    name: path
    for name in SURVEY_FIGURES
    if (path := Path(f"{OUT}/figures/{name}.png")).is_file()
}


# The stages and which takes what of which, as Snakemake itself sees them.
rule figure1:
    output:
        report(
            f"{OUT}/figures/figure1.png",
            caption="../workflow/report/figure1.rst",
            category="1 Data",
            labels={"what": "Figure 1: the complete process"},
        ),
        pdf=f"{OUT}/figures/figure1.pdf",
    log:
        f"{OUT}/logs/figure1.log",
    benchmark:
        f"{OUT}/benchmarks/figure1.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("figure1.py"),
        stages=lambda w: {
            rule.name: Path(str(rule.snakefile)).stem for rule in workflow.rules
        },
        # What else says which rules a study needs; not how many videos it has.
        rules=[choreo.files.sha256(path) for path in sorted((ROOT / "rules").iterdir())],
        needs={
            "sources": sorted({row.kind for row in ROWS.values()}),
            "estimators": ESTIMATORS,
            "method": STUDY.comparison.method,
            "models": MODELS,
            "data": STUDY.training.data,
            "tables": TABLES,
            "figures": FIGURES,
            "made": bool(MADE_SONGS),
        },
    message:
        "report: Figure 1, the process as Snakemake sees it"
    script:
        "../workflow/scripts/figure1.py"


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
        shared={
            str(path): path.stat().st_mtime_ns
            for path in [*SHARED, *reported_survey()]
        },
        config=config,
        snakefile=workflow.main_snakefile,
    message:
        "report: {output}"
    script:
        "../workflow/scripts/report.py"


# The songs that a real dance is shown to. Dances to your songs, which have targets of their own,
# are shown once they are there, like the survey.
FILMED = [song for song in TEST_SONGS if filmed_to(song)]
DANCED = [
    path
    for song in DANCED_SONGS
    for model in MODELS
    if (path := Path(f"{OUT}/dances/{model}/{song}.mp4")).is_file()
]
SHOWN = {
    # In the order of the page.
    "tables": [
        *sorted(TABLES, key=lambda name: not name.startswith("table2")),
        *(Path(table).stem for table in [*TABLE3, *RECORDED]),
        "dataset",
    ],
    "figures": [*FIGURES, *ANSWERED_FIGURES],
    "models": MODELS,
    "seeds": SEEDS,
    "songs": TEST_SONGS,
    "filmed": FILMED,
    "danced": list(dict.fromkeys(path.stem for path in DANCED)),
    "videos": VIDEOS,
    "estimators": [] if SIMULATED else ESTIMATORS,
    "survey": bool(ANSWERED),
}


rule index:
    input:
        [
            f"{OUT}/tables/{table}{suffix}"
            for table in SHOWN["tables"]
            for suffix in (".html", ".csv")
        ],
        collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),
        collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
        collect(f"{OUT}/dances/real/{{song}}.mp4", song=FILMED),
        # What each dance is sorted by.
        (
            [
                f"{OUT}/evaluation/bounds.npz",
                *collect(
                    f"{OUT}/evaluation/{{model}}/seed{{seed}}.npz",
                    model=MODELS,
                    seed=SEEDS,
                ),
            ]
            if TEST_SONGS
            else []
        ),
        collect(
            f"{OUT}/cleaning/{{video}}{{suffix}}",
            video=VIDEOS,
            suffix=[".json", ".png"],
        ),
        collect(
            f"{OUT}/comparison/{{estimator}}/{{video}}.json",
            estimator=SHOWN["estimators"],
            video=VIDEOS,
        ),
        problems=f"{OUT}/videos/problems.csv",
    output:
        page=f"{OUT}/index.html",
    log:
        f"{OUT}/logs/index.log",
    benchmark:
        f"{OUT}/benchmarks/index.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("index.py"),
        study=STUDY.study,
        seed=STUDY.seed,
        shown=SHOWN,
        more={
            str(path): path.stat().st_mtime_ns
            for path in [
                *ANSWERED.values(),
                *ANSWERED_FIGURES.values(),
                *DANCED,
            ]
        },
    message:
        "report: {output}, the page to open"
    script:
        "../workflow/scripts/index.py"


# The same with its videos in one file, to mail or to lay on a web space.
rule index_zip:
    input:
        page=f"{OUT}/index.html",
    output:
        archive=f"{OUT}/{STUDY.study}.zip",
    log:
        f"{OUT}/logs/index_zip.log",
    benchmark:
        f"{OUT}/benchmarks/index_zip.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=code("index_zip.py"),
    message:
        "report: {output}"
    script:
        "../workflow/scripts/index_zip.py"
