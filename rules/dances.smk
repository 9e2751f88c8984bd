# Stage `dances`: for each model and test song a dance of the song's full length.
if EVALUATED_SONGS:

    # One job for all songs: each would load the model anew.
    rule generate_dances:
        input:
            weights=f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
            audio=collect(f"{OUT}/dances/songs/{{song}}.wav", song=EVALUATED_SONGS),
        output:
            tracks=collect(
                f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/{{song}}.npz",
                song=EVALUATED_SONGS,
            ),
        log:
            f"{OUT}/logs/generate_dances/{{model}}/seed{{seed}}.log",
        benchmark:
            f"{OUT}/benchmarks/generate_dances/{{model}}/seed{{seed}}.tsv"
        conda:
            "../envs/choreo.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=lambda w: code("generate_dances.py", w.model),
            names=EVALUATED_SONGS,
            stage="dances",
            on_bad_video=STUDY.on_bad_video,
            seed=STUDY.seed,
            initial_pose=STUDY.dances.initial_pose,
            temperature=STUDY.dances.temperature,
            join=STUDY.dances.join,
        message:
            "dances: {wildcards.model} dances to all test songs"
        script:
            "../workflow/scripts/generate_dances.py"


# Songs that nothing is measured by, such as those of the training, where someone asks for one.
rule generate_dance:
    input:
        weights=f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
        audio=[f"{OUT}/dances/songs/{{song}}.wav"],
    output:
        tracks=[f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.npz"],
    log:
        f"{OUT}/logs/generate_dance/{{model}}/seed{{seed}}/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/generate_dance/{{model}}/seed{{seed}}/{{song}}.tsv"
    wildcard_constraints:
        song=with_videos(EVALUATED_SONGS),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=lambda w: code("generate_dances.py", w.model),
        names=lambda w: [w.song],
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        seed=STUDY.seed,
        initial_pose=STUDY.dances.initial_pose,
        temperature=STUDY.dances.temperature,
        join=STUDY.dances.join,
    message:
        "dances: {wildcards.model} dances to {wildcards.song}"
    script:
        "../workflow/scripts/generate_dances.py"


rule render_dance:
    input:
        track=f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.npz",
        audio=f"{OUT}/dances/songs/{{song}}.wav",
    output:
        video=report(
            f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4",
            caption="../workflow/report/dance.rst",
            category="5 Dances",
            labels={"song": "{song}", "model": "{model}", "seed": "{seed}"},
        ),
    log:
        f"{OUT}/logs/render_dance/{{model}}/seed{{seed}}/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_dance/{{model}}/seed{{seed}}/{{song}}.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("render_dance.py"),
        item=lambda w: f"song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        text="{model}, {song}",
        style=STUDY.dances.style,
    message:
        "dances: rendering {wildcards.model} to {wildcards.song}"
    script:
        "../workflow/scripts/render_dance.py"


# What the models' dances are seen beside: the dancer of the video whose sound is the song.
rule render_real_dance:
    input:
        tracks=lambda w: [f"{OUT}/cleaning/{video}.npz" for video in filmed_to(w.song)],
        audio=lambda w: [sound_of(video) for video in filmed_to(w.song)],
    output:
        video=f"{OUT}/dances/real/{{song}}.mp4",
    log:
        f"{OUT}/logs/render_real_dance/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/render_real_dance/{{song}}.tsv"
    wildcard_constraints:
        song=with_videos(),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("render_real_dance.py"),
        item=lambda w: f"song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        text="real dancer, {song}",
        style=STUDY.dances.style,
    message:
        "dances: rendering the real dance to {wildcards.song}"
    script:
        "../workflow/scripts/render_real_dance.py"


# How each way of joining segments shows, whichever of them the study's dances have.
rule seams:
    input:
        weights=collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
            model=MODELS,
            seed=SEEDS,
        ),
        songs=with_test_songs(
            collect(f"{OUT}/dances/songs/{{song}}.wav", song=TEST_SONGS)
        ),
    output:
        report(
            f"{OUT}/tables/seams.html",
            caption="../workflow/report/seams.rst",
            category="5 Dances",
            labels={"what": "Seams between segments"},
        ),
        multiext(f"{OUT}/tables/seams", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/seams.log",
    benchmark:
        f"{OUT}/benchmarks/seams.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("seams.py", *MODELS),
        item="the seams between segments",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        seed=STUDY.seed,
        initial_pose=STUDY.dances.initial_pose,
        temperature=STUDY.dances.temperature,
    message:
        "dances: seams of each way of joining segments"
    script:
        "../workflow/scripts/seams.py"
