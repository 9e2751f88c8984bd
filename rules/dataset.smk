# Stage `dataset`: normalised 5-second chunks of pose and audio in one packed file.
rule write_shard:
    input:
        track=f"{OUT}/cleaning/{{video}}.npz",
        audio=SOUND,
        probe=[] if SIMULATED else f"{OUT}/videos/{{video}}.json",
    output:
        shard=f"{OUT}/dataset/shards/{{video}}.h5",
    log:
        f"{OUT}/logs/write_shard/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/write_shard/{{video}}.tsv"
    wildcard_constraints:
        video=only(VIDEOS),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=20,
    params:
        code=code("write_shard.py"),
        item=item,
        stage="dataset",
        on_bad_video=STUDY.on_bad_video,
        method=STUDY.dataset.method,
        outside=STUDY.dataset.outside,
        fps=STUDY.dataset.fps,
        chunk_seconds=STUDY.dataset.chunk_seconds,
        stride_seconds=lambda w: (
            STUDY.dataset.stride_seconds if SPLITS[w.video] == "train" else None
        ),
        max_repaired=STUDY.dataset.max_repaired,
        row=lambda w: ROWS[w.video].model_dump(exclude={"line", "note", "split"}),
    message:
        "dataset: chunks of {wildcards.video}"
    script:
        "../workflow/scripts/write_shard.py"


# A row of the table that is a shard of `choreo dataset import`.
rule import_shard:
    input:
        source=source_of,
    output:
        shard=f"{OUT}/dataset/shards/{{video}}.h5",
        audio=f"{OUT}/dataset/shards/{{video}}.wav",
    log:
        f"{OUT}/logs/import_shard/{{video}}.log",
    benchmark:
        f"{OUT}/benchmarks/import_shard/{{video}}.tsv"
    wildcard_constraints:
        video=of_kind("shard"),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=20,
    params:
        code=code("import_shard.py"),
        item=item,
        stage="dataset",
        on_bad_video=STUDY.on_bad_video,
        path=source_path,
        state=source_state,
        method=STUDY.dataset.method,
        outside=STUDY.dataset.outside,
        fps=STUDY.dataset.fps,
        chunk_seconds=STUDY.dataset.chunk_seconds,
        # Other splits take the consecutive chunks.
        stride_seconds=lambda w: (
            STUDY.dataset.stride_seconds or STUDY.dataset.chunk_seconds
            if SPLITS[w.video] == "train"
            else None
        ),
        max_repaired=STUDY.dataset.max_repaired,
        row=lambda w: ROWS[w.video].model_dump(exclude={"line", "note", "split"}),
    message:
        "dataset: imported chunks of {wildcards.video}"
    script:
        "../workflow/scripts/import_shard.py"


rule pack_dataset:
    input:
        shards=collect(f"{OUT}/dataset/shards/{{video}}.h5", video=CLIPS),
    output:
        dataset=f"{OUT}/dataset/dataset.h5",
    log:
        f"{OUT}/logs/pack_dataset.log",
    benchmark:
        f"{OUT}/benchmarks/pack_dataset.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code("pack_dataset.py"),
        study=STUDY.study,
        splits=SPLITS,
        by=STUDY.dataset.split.by,
        max_repaired=STUDY.dataset.max_repaired,
    message:
        "dataset: packing"
    script:
        "../workflow/scripts/pack_dataset.py"


# The words of the card are no reason to pack, and to train, anew.
rule describe_dataset:
    input:
        dataset=f"{OUT}/dataset/dataset.h5",
    output:
        card=f"{OUT}/dataset/card.json",
        text=f"{OUT}/dataset/card.md",
        table=report(
            f"{OUT}/tables/dataset.html",
            caption="../workflow/report/dataset.rst",
            category="1 Data",
            labels={"what": "What the dataset holds"},
        ),
        forms=multiext(f"{OUT}/tables/dataset", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/describe_dataset.log",
    benchmark:
        f"{OUT}/benchmarks/describe_dataset.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("describe_dataset.py"),
    message:
        "dataset: its data card"
    script:
        "../workflow/scripts/describe_dataset.py"
