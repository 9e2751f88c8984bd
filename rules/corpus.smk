# Stage `corpus`: dances of known truth, made in parts and packed; no video, nothing cleaned.
CORPUS_PLAN = STUDY.corpus.model_dump(exclude={"songs_a_job", "fps", "chunk_seconds"})
CORPUS_PARTS = [
    f"{number:04d}"
    for number in range(-(-STUDY.corpus.songs // STUDY.corpus.songs_a_job))
]


rule make_corpus_part:
    output:
        folder=temp(directory(f"{OUT}/corpus/parts/{{part}}")),
    log:
        f"{OUT}/logs/make_corpus_part/{{part}}.log",
    benchmark:
        f"{OUT}/benchmarks/make_corpus_part/{{part}}.tsv"
    wildcard_constraints:
        part=r"\d+",
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1500,
        runtime=60,
    params:
        code=code("make_corpus_part.py"),
        plan=CORPUS_PLAN,
        songs_a_job=STUDY.corpus.songs_a_job,
        fps=STUDY.corpus.fps,
        chunk_seconds=STUDY.corpus.chunk_seconds,
    message:
        "corpus: part {wildcards.part}"
    script:
        "../workflow/scripts/make_corpus_part.py"


rule pack_corpus:
    input:
        folders=collect(f"{OUT}/corpus/parts/{{part}}", part=CORPUS_PARTS),
    output:
        dataset=f"{OUT}/corpus/dataset.h5",
    log:
        f"{OUT}/logs/pack_corpus.log",
    benchmark:
        f"{OUT}/benchmarks/pack_corpus.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code("pack_corpus.py"),
        study=STUDY.study,
        plan=CORPUS_PLAN,
    message:
        "corpus: packing"
    script:
        "../workflow/scripts/pack_corpus.py"


# What the package ships (src/choreo/models/shipped): models of the study that learn from the
# corpus, with their cards and hashes, to be copied there.
rule shipped_model:
    input:
        weights=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
            model=MODELS,
            seed=SEEDS[0],
        ),
        cards=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/card.md",
            model=MODELS,
            seed=SEEDS[0],
        ),
    output:
        weights=[f"{OUT}/shipped/{model}.safetensors" for model in MODELS],
        cards=[f"{OUT}/shipped/{model}.md" for model in MODELS],
        sums=f"{OUT}/shipped/sha256.json",
    log:
        f"{OUT}/logs/shipped_model.log",
    benchmark:
        f"{OUT}/benchmarks/shipped_model.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("shipped_model.py"),
    message:
        "corpus: models to ship, in {output.sums}'s folder"
    script:
        "../workflow/scripts/shipped_model.py"
