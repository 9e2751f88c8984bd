# Stage `evaluation`: distances, beats and Table 2.
rule train_extractor:
    input:
        code=code("train_extractor.py"),
        dataset=f"{OUT}/dataset/dataset.h5",
    output:
        extractor=f"{OUT}/evaluation/extractor.safetensors",
    log:
        f"{OUT}/logs/train_extractor.log",
    benchmark:
        f"{OUT}/benchmarks/train_extractor.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        item="the real training dances",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        seed=STUDY.seed,
    message:
        "evaluation: feature extractor from real training dances"
    script:
        "../workflow/scripts/train_extractor.py"


rule evaluate_real:
    input:
        code=code("evaluate_real.py"),
        dataset=f"{OUT}/dataset/dataset.h5",
        extractor=f"{OUT}/evaluation/extractor.safetensors",
    output:
        reference=f"{OUT}/evaluation/real_train.npz",
        record=f"{OUT}/evaluation/real.json",
    log:
        f"{OUT}/logs/evaluate_real.log",
    benchmark:
        f"{OUT}/benchmarks/evaluate_real.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        item="the real test dances",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.evaluation.method,
        tolerance=STUDY.evaluation.tolerance_seconds,
    message:
        "evaluation: real dances"
    script:
        "../workflow/scripts/evaluate_real.py"


rule evaluate_model:
    input:
        code=code("evaluate_model.py"),
        tracks=collect(
            f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/{{song}}.npz",
            song=TEST_SONGS,
        ),
        songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=TEST_SONGS),
        extractor=f"{OUT}/evaluation/extractor.safetensors",
        reference=f"{OUT}/evaluation/real_train.npz",
    output:
        record=f"{OUT}/evaluation/{{model}}/seed{{seed}}.json",
    log:
        f"{OUT}/logs/evaluate_model/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{OUT}/benchmarks/evaluate_model/{{model}}/seed{{seed}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        item=lambda w: f"the dances of {w.model}, seed {w.seed}",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        songs=TEST_SONGS,
        method=STUDY.evaluation.method,
        tolerance=STUDY.evaluation.tolerance_seconds,
    message:
        "evaluation: {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/evaluate_model.py"


rule table2:
    input:
        code=code("table2.py"),
        real=with_test_songs(f"{OUT}/evaluation/real.json"),
        models=collect(
            f"{OUT}/evaluation/{{model}}/seed{{seed}}.json", model=MODELS, seed=SEEDS
        ),
        metrics=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/metrics.json",
            model=MODELS,
            seed=SEEDS,
        ),
    output:
        report(
            f"{OUT}/tables/table2.html",
            caption="../workflow/report/table2.rst",
            category="6 Evaluation",
            labels={"what": "Table 2: quantitative evaluation"},
        ),
        multiext(f"{OUT}/tables/table2", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/table2.log",
    benchmark:
        f"{OUT}/benchmarks/table2.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        item="Table 2",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        study=STUDY.study,
    message:
        "evaluation: Table 2"
    script:
        "../workflow/scripts/table2.py"
