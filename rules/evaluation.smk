# Stage `evaluation`: Table 2 and its extended form, what the metrics are worth, and Table 3.
from choreo.evaluation.claims import REGENERATED

# The released code takes its features from the GRU model's own discriminator.
JUDGE = [
    f"{OUT}/training/{model}/seed{SEEDS[0]}/weights.safetensors"
    for model in TRAINED
    if "judge" in RECIPES[model].roles and STUDY.evaluation.method == "released"
][-1:]


rule train_extractor:
    input:
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
        code=code("train_extractor.py"),
        item="the real training dances",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        seed=STUDY.seed,
    message:
        "evaluation: feature extractor from real training dances"
    script:
        "../workflow/scripts/train_extractor.py"


rule measure_bounds:
    input:
        dataset=f"{OUT}/dataset/dataset.h5",
        extractor=f"{OUT}/evaluation/extractor.safetensors",
        beat_this=STUDY.evaluation.beat_this or [],
        truth=f"{OUT}/evaluation/true_beats.json",
    output:
        bounds=f"{OUT}/evaluation/bounds.npz",
    log:
        f"{OUT}/logs/measure_bounds.log",
    benchmark:
        f"{OUT}/benchmarks/measure_bounds.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("measure_bounds.py"),
        item="the real test dances",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        seed=STUDY.seed,
        method=STUDY.evaluation.method,
        tolerance=STUDY.evaluation.tolerance_seconds,
        tracker=STUDY.evaluation.tracker,
    message:
        "evaluation: held-out real dances and the rows that bound the tables"
    script:
        "../workflow/scripts/measure_bounds.py"


rule evaluate_real:
    input:
        dataset=f"{OUT}/dataset/dataset.h5",
        extractor=f"{OUT}/evaluation/extractor.safetensors",
        beat_this=STUDY.evaluation.beat_this or [],
        truth=f"{OUT}/evaluation/true_beats.json",
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
        code=code("evaluate_real.py"),
        item="the real dances",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.evaluation.method,
        tolerance=STUDY.evaluation.tolerance_seconds,
        tracker=STUDY.evaluation.tracker,
    message:
        "evaluation: real dances"
    script:
        "../workflow/scripts/evaluate_real.py"


rule evaluate_model:
    input:
        tracks=collect(
            f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/{{song}}.npz",
            song=EVALUATED_SONGS,
        ),
        songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=EVALUATED_SONGS),
        extractor=f"{OUT}/evaluation/extractor.safetensors",
        beat_this=STUDY.evaluation.beat_this or [],
        reference=f"{OUT}/evaluation/real_train.npz",
        dataset=f"{OUT}/dataset/dataset.h5",
        released_fid=(
            f"{OUT}/evaluation/{{model}}/released_fid_seed{{seed}}.json"
            if JUDGE
            else []
        ),
        metrics=f"{OUT}/training/{{model}}/seed{{seed}}/metrics.json",
        truth=f"{OUT}/evaluation/true_beats.json",
    output:
        record=f"{OUT}/evaluation/{{model}}/seed{{seed}}.json",
        measured=f"{OUT}/evaluation/{{model}}/seed{{seed}}.npz",
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
        code=code("evaluate_model.py"),
        item=lambda w: f"the dances of {w.model}, seed {w.seed}",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        songs=EVALUATED_SONGS,
        method=STUDY.evaluation.method,
        tolerance=STUDY.evaluation.tolerance_seconds,
        tracker=STUDY.evaluation.tracker,
    message:
        "evaluation: {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/evaluate_model.py"


# With evaluation.method: released alone.
rule measure_released_fid:
    input:
        tracks=collect(
            f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/{{song}}.npz",
            song=EVALUATED_SONGS,
        ),
        songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=EVALUATED_SONGS),
        dataset=f"{OUT}/dataset/dataset.h5",
        judge=JUDGE,
    output:
        record=f"{OUT}/evaluation/{{model}}/released_fid_seed{{seed}}.json",
    log:
        f"{OUT}/logs/measure_released_fid/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{OUT}/benchmarks/measure_released_fid/{{model}}/seed{{seed}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("measure_released_fid.py"),
        item=lambda w: f"the dances of {w.model}, seed {w.seed}",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        songs=EVALUATED_SONGS,
        seed=STUDY.seed,
    message:
        "evaluation: the released “FID” of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/measure_released_fid.py"


rule table2:
    input:
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
        code=code("table2.py"),
        item="Table 2",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        study=STUDY.study,
    message:
        "evaluation: Table 2"
    script:
        "../workflow/scripts/table2.py"


rule table2x:
    input:
        bounds=with_test_songs(f"{OUT}/evaluation/bounds.npz"),
        reference=f"{OUT}/evaluation/real_train.npz",
        models=collect(
            f"{OUT}/evaluation/{{model}}/seed{{seed}}.npz", model=MODELS, seed=SEEDS
        ),
    output:
        report(
            collect(f"{OUT}/tables/table2x_{{part}}.html", part=PARTS_OF_TABLE2X),
            caption="../workflow/report/table2x.rst",
            category="6 Evaluation",
            labels={"what": "Table 2x: extended evaluation"},
        ),
        collect(
            f"{OUT}/tables/table2x_{{part}}{{suffix}}",
            part=PARTS_OF_TABLE2X,
            suffix=[".csv", ".md", ".tex"],
        ),
    log:
        f"{OUT}/logs/table2x.log",
    benchmark:
        f"{OUT}/benchmarks/table2x.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("table2x.py"),
        # What is no Python is no part of the digest of the code.
        worth=[
            choreo.files.sha256(ROOT / "src/choreo/evaluation" / name)
            for name in ("worth.csv", "worth_spoiled.csv")
        ],
        item="Table 2x",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        study=STUDY.study,
        models=[model for model in MODELS for _ in SEEDS],
        seed=STUDY.seed,
    message:
        "evaluation: Table 2x"
    script:
        "../workflow/scripts/table2x.py"


rule sensitivity:
    output:
        figure=report(
            f"{SENSITIVITY}/figures/sensitivity.png",
            caption="../workflow/report/sensitivity.rst",
            category="6 Evaluation",
            labels={"what": "Do the metrics measure anything? (figure)"},
        ),
        table=report(
            f"{SENSITIVITY}/tables/sensitivity.html",
            caption="../workflow/report/sensitivity.rst",
            category="6 Evaluation",
            labels={"what": "Do the metrics measure anything? (table)"},
        ),
        pdf=f"{SENSITIVITY}/figures/sensitivity.pdf",
        forms=multiext(f"{SENSITIVITY}/tables/sensitivity", ".csv", ".md", ".tex"),
    log:
        f"{SENSITIVITY}/logs/sensitivity.log",
    benchmark:
        f"{SENSITIVITY}/benchmarks/sensitivity.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        **STUDY.evaluation.sensitivity.model_dump(),
        code=code("sensitivity.py"),
        seed=1,  # no study's own: these dances are the same for all
    message:
        "evaluation: do the metrics measure anything?"
    script:
        "../workflow/scripts/sensitivity.py"


# The claims audit (Table 3). Its models are trained, dance and are measured by the rules of
# all models. One of them needs a dataset of its own: poses of which only gaps are filled.
use rule clean_track as fill_gaps with:
    output:
        track=f"{OUT}/cleaning/uncleaned/{{video}}.npz",
        record=f"{OUT}/cleaning/uncleaned/{{video}}.json",
    log:
        f"{OUT}/logs/fill_gaps/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/fill_gaps/{{video}}.tsv"
    params:
        item=item,
        stage="cleaning",
        on_bad_video=STUDY.on_bad_video,
        method="thesis",
        threshold_px=1e9,
        threshold_height=None,  # else that of clean_track would count
        max_gap_seconds=STUDY.cleaning.max_gap_seconds,
    message:
        "evaluation: {wildcards.video} without cleaning"


use rule write_shard as write_uncleaned_shard with:
    input:
        track=f"{OUT}/cleaning/uncleaned/{{video}}.npz",
        audio=SOUND,
        probe=[] if SIMULATED else f"{OUT}/videos/{{video}}.json",
    output:
        shard=f"{OUT}/dataset/uncleaned/shards/{{video}}.h5",
    log:
        f"{OUT}/logs/write_uncleaned_shard/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/write_uncleaned_shard/{{video}}.tsv"
    message:
        "evaluation: uncleaned chunks of {wildcards.video}"


use rule pack_dataset as pack_uncleaned_dataset with:
    input:
        shards=collect(f"{OUT}/dataset/uncleaned/shards/{{video}}.h5", video=VIDEOS),
    output:
        dataset=f"{OUT}/dataset/uncleaned/dataset.h5",
    log:
        f"{OUT}/logs/pack_uncleaned_dataset.log",
    benchmark:
        f"{OUT}/benchmarks/pack_uncleaned_dataset.tsv"
    message:
        "evaluation: packing the uncleaned dataset"


# Poses for studies that are too large to be drawn (config/audit.yaml).
rule simulated_poses:
    output:
        track=f"{OUT}/poses/simulated/{{video}}.npz",
        audio=f"{OUT}/poses/simulated/{{video}}.wav",
    log:
        f"{OUT}/logs/simulated_poses/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/simulated_poses/{{video}}.tsv"
    wildcard_constraints:
        video=of_kind("demo"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("simulated_poses.py"),
        item=item,
        stage="poses",
        on_bad_video=STUDY.on_bad_video,
        source=lambda w: ROWS[w.video].source,
        start=lambda w: ROWS[w.video].start,
        end=lambda w: ROWS[w.video].end,
        seed=STUDY.seed,
    message:
        "poses: true joints of {wildcards.video} with known faults"
    script:
        "../workflow/scripts/simulated_poses.py"


rule measure_regeneration:
    input:
        weights=f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
        tracks=collect(
            f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/{{song}}.npz",
            song=TEST_SONGS,
        ),
        songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=TEST_SONGS),
        dataset=f"{OUT}/dataset/dataset.h5",
    output:
        record=f"{OUT}/evaluation/{{model}}/regeneration_seed{{seed}}.json",
    log:
        f"{OUT}/logs/measure_regeneration/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{OUT}/benchmarks/measure_regeneration/{{model}}/seed{{seed}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("measure_regeneration.py"),
        item=lambda w: f"the music features of {w.model}, seed {w.seed}",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        songs=TEST_SONGS,
    message:
        "evaluation: music features from the dances of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/measure_regeneration.py"


rule measure_cleaning:
    output:
        record=f"{OUT}/evaluation/cleaning.json",
    log:
        f"{OUT}/logs/measure_cleaning.log",
    benchmark:
        f"{OUT}/benchmarks/measure_cleaning.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("measure_cleaning.py"),
        seed=STUDY.seed,
    message:
        "evaluation: cleaning of true tracks with known faults"
    script:
        "../workflow/scripts/measure_cleaning.py"


# The music-feature generator decides one claim; a row or note tells how long these were trained.
REGENERATED_HERE = {}
if set(REGENERATED) <= set(AUDIT):
    in_all = sorted(set.intersection(*(set(AUDIT_SEEDS[arm]) for arm in REGENERATED)))
    REGENERATED_HERE = dict.fromkeys(REGENERATED, in_all)
AUDIT_NOTED = [arm for arm in ("base", "original", "rival") if arm in AUDIT]


rule table3:
    input:
        dances=with_audited(
            [
                f"{OUT}/evaluation/{AUDIT[arm]}/seed{seed}.npz"
                for arm in AUDIT
                for seed in AUDIT_SEEDS[arm]
            ]
        ),
        reference=f"{OUT}/evaluation/real_train.npz",
        regeneration=[
            f"{OUT}/evaluation/{AUDIT[arm]}/regeneration_seed{seed}.json"
            for arm, seeds in REGENERATED_HERE.items()
            for seed in seeds
        ],
        cleaning=f"{OUT}/evaluation/cleaning.json",
        # Simulated poses have no picture that estimators could be compared on.
        qualities=(
            []
            if SIMULATED
            else collect(
                f"{OUT}/comparison/{{estimator}}/{{video}}.json",
                estimator=ESTIMATORS,
                video=VIDEOS,
            )
        ),
        metrics=[
            f"{OUT}/training/{AUDIT[arm]}/seed{AUDIT_SEEDS[arm][0]}/metrics.json"
            for arm in AUDIT_NOTED
        ],
    output:
        report(
            f"{OUT}/tables/table3.html",
            caption="../workflow/report/table3.rst",
            category="6 Evaluation",
            labels={"what": "Table 3: the thesis's claims"},
        ),
        multiext(f"{OUT}/tables/table3", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/table3.log",
    benchmark:
        f"{OUT}/benchmarks/table3.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("table3.py"),
        item="Table 3",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        study=STUDY.study,
        seed=STUDY.seed,
        regenerated=REGENERATED_HERE,
        noted=AUDIT_NOTED,
        seeds=AUDIT_SEEDS,
    message:
        "evaluation: Table 3"
    script:
        "../workflow/scripts/table3.py"
