# Stage `training`: one training a model and seed, and its loss curves.
rule pretrain_perceptual:
    input:
        dataset=f"{OUT}/dataset/dataset.h5",
    output:
        weights=f"{OUT}/training/perceptual.safetensors",
    log:
        f"{OUT}/logs/pretrain_perceptual.log",
    benchmark:
        f"{OUT}/benchmarks/pretrain_perceptual.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=wants_gpu(STUDY.training.device),
        gpu_percent=gpu_percent(STUDY.training.device, STUDY.training.gpu_share),
        mem_mb=2000,
        runtime=240,
    params:
        code=code("pretrain_perceptual.py"),
        steps=STUDY.training.perceptual_steps,
        seed=STUDY.seed,
        device=STUDY.training.device,
        threads=STUDY.training.threads,
        checkpoints=f"{OUT}/training/.checkpoints",  # undeclared, as in train_model
    message:
        "training: the perceptual network, on real training dances"
    script:
        "../workflow/scripts/pretrain_perceptual.py"


# Models of every family, also those that are not trained in steps (given weights, ...).
rule train_model:
    input:
        dataset=training_data,
        needed=needed,
        own=lambda w: list(RECIPES[w.model].own_files.values()),
    output:
        weights=f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
        metrics=f"{OUT}/training/{{model}}/seed{{seed}}/metrics.json",
        losses=f"{OUT}/training/{{model}}/seed{{seed}}/losses.csv",
    log:
        f"{OUT}/logs/train_model/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{OUT}/benchmarks/train_model/{{model}}/seed{{seed}}.tsv"
    wildcard_constraints:
        model="|".join([*MODELS, *AUDITED]) or "(?!)",
    conda:
        "../envs/choreo.yaml"
    threads: STUDY.training.threads
    resources:
        gpu=lambda w: (
            wants_gpu(STUDY.training.device) if RECIPES[w.model].trained else 0
        ),
        gpu_percent=lambda w: (
            gpu_percent(STUDY.training.device, STUDY.training.gpu_share)
            if RECIPES[w.model].trained
            else 0
        ),
        mem_mb=4000,
        runtime=2880,
    params:
        code=lambda w: code("train_model.py", w.model),
        recipe=lambda w: RECIPES[w.model].model_dump(),
        needs=lambda w: RECIPES[w.model].needs,
        device=STUDY.training.device,
        precision=STUDY.training.precision,
        threads=STUDY.training.threads,
        look_every=STUDY.training.look_every,
        looks=f"{OUT}/training/{{model}}/seed{{seed}}/looks",
        tensorboard=f"{OUT}/training/{{model}}/seed{{seed}}/tensorboard",
        # Undeclared, so that checkpoints outlive a job that is killed; the folder inside
        # is named by a hash of recipe, data and code, so that none is taken for another's.
        checkpoints=f"{OUT}/training/.checkpoints",
    message:
        "training: {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/train_model.py"


rule model_card:
    input:
        metrics=f"{OUT}/training/{{model}}/seed{{seed}}/metrics.json",
        dataset=training_data,
    output:
        card=f"{OUT}/training/{{model}}/seed{{seed}}/card.md",
    log:
        f"{OUT}/logs/model_card/{{model}}/seed{{seed}}.log",
    benchmark:
        f"{OUT}/benchmarks/model_card/{{model}}/seed{{seed}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("model_card.py"),
    message:
        "training: the card of {wildcards.model}, seed {wildcards.seed}"
    script:
        "../workflow/scripts/model_card.py"


rule figure7:
    input:
        losses=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/losses.csv",
            model=[m for m in TRAINED if m == FIGURE7],
            seed=SEEDS[0],
        ),
    output:
        report(
            f"{OUT}/figures/figure7.png",
            caption="../workflow/report/figure7.rst",
            category="4 Training",
            labels={"what": f"Figure 7: losses of {FIGURE7}"},
        ),
        pdf=f"{OUT}/figures/figure7.pdf",
    log:
        f"{OUT}/logs/figure7.log",
    benchmark:
        f"{OUT}/benchmarks/figure7.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("loss_curves.py"),
        model=FIGURE7,
    message:
        "training: Figure 7"
    script:
        "../workflow/scripts/loss_curves.py"


rule figureA1:
    input:
        losses=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/losses.csv",
            model=TRAINED,
            seed=SEEDS[0],
        ),
    output:
        report(
            f"{OUT}/figures/figureA1.png",
            caption="../workflow/report/figureA1.rst",
            category="4 Training",
            labels={"what": "Figure A1: losses of all models"},
        ),
        pdf=f"{OUT}/figures/figureA1.pdf",
    log:
        f"{OUT}/logs/figureA1.log",
    benchmark:
        f"{OUT}/benchmarks/figureA1.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("loss_curves.py"),
    message:
        "training: Figure A1"
    script:
        "../workflow/scripts/loss_curves.py"


# Figures 3 and 4 show the networks, which need no training.
rule figure3:
    output:
        report(
            f"{OUT}/figures/figure3.png",
            caption="../workflow/report/figure3.rst",
            category="4 Training",
            labels={"what": "Figure 3: both frameworks"},
        ),
        pdf=f"{OUT}/figures/figure3.pdf",
    log:
        f"{OUT}/logs/figure3.log",
    benchmark:
        f"{OUT}/benchmarks/figure3.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("frameworks.py"),
        recipes=frameworks("original", "adapted"),
    message:
        "training: Figure 3"
    script:
        "../workflow/scripts/frameworks.py"


use rule figure3 as figure4 with:
    output:
        report(
            f"{OUT}/figures/figure4.png",
            caption="../workflow/report/figure4.rst",
            category="4 Training",
            labels={"what": "Figure 4: the framework in detail"},
        ),
        pdf=f"{OUT}/figures/figure4.pdf",
    log:
        f"{OUT}/logs/figure4.log",
    benchmark:
        f"{OUT}/benchmarks/figure4.tsv"
    params:
        code=code("frameworks.py"),
        recipes=frameworks("adapted"),
    message:
        "training: Figure 4"
