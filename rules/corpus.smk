# Stage `corpus`: dances of known truth, made in parts and packed; no video, nothing cleaned.
CORPUS_PLAN = STUDY.corpus.model_dump(exclude={"songs_a_job"})
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
        method=STUDY.dataset.method,
        fps=STUDY.dataset.fps,
        chunk_seconds=STUDY.dataset.chunk_seconds,
        stride_seconds=STUDY.dataset.stride_seconds,
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
