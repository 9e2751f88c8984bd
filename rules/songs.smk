# Stage `songs`: the test songs, songs that are made and the user's files; and the dances to those
# that no video has.
rule song:
    input:
        audio=lambda w: [sound_of(video) for video in SONGS[w.song]],
    output:
        audio=f"{OUT}/dances/songs/{{song}}.wav",
    log:
        f"{OUT}/logs/song/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/song/{{song}}.tsv"
    wildcard_constraints:
        song=with_videos(),
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("song.py"),
        item=lambda w: f"song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
    message:
        "dances: song {wildcards.song}"
    script:
        "../workflow/scripts/song.py"


if MADE_SONGS:

    rule made_songs:
        output:
            songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=MADE_SONGS),
        log:
            f"{OUT}/logs/made_songs.log",
        benchmark:
            f"{OUT}/benchmarks/made_songs.tsv"
        conda:
            "../envs/choreo.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            code=code("made_songs.py"),
            names=MADE_SONGS,
            seed=STUDY.seed,
        message:
            "evaluation: made songs that no video has"
        script:
            "../workflow/scripts/made_songs.py"


rule own_song:
    input:
        audio=lambda w: own_input(
            SONG_FILES[w.song],
            [f"{OUT}/dances/songs/{w.song}.wav"],
            where=f"the study's song {w.song}",
        ),
    output:
        audio=f"{OUT}/dances/songs/{{song}}.wav",
    log:
        f"{OUT}/logs/own_song/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/own_song/{{song}}.tsv"
    wildcard_constraints:
        song="|".join(SONG_FILES) or "(?!)",
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        code=code("own_song.py"),
        item=lambda w: f"song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        path=lambda w: SONG_FILES[w.song],
        state=lambda w: choreo.pipeline.workflow.state_of(SONG_FILES[w.song]),
    message:
        "dances: your song {wildcards.song}"
    script:
        "../workflow/scripts/own_song.py"


if RECORDINGS:

    rule dances_to_recordings:
        input:
            weights=f"{OUT}/training/{{model}}/seed{{seed}}/weights.safetensors",
            audio=collect(f"{OUT}/dances/songs/{{song}}.wav", song=RECORDINGS),
        output:
            tracks=collect(
                f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/recordings/{{song}}.npz",
                song=RECORDINGS,
            ),
        log:
            f"{OUT}/logs/dances_to_recordings/{{model}}/seed{{seed}}.log",
        benchmark:
            f"{OUT}/benchmarks/dances_to_recordings/{{model}}/seed{{seed}}.tsv"
        conda:
            "../envs/choreo.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=lambda w: code("generate_dances.py", w.model),
            names=list(RECORDINGS),
            stage="dances",
            on_bad_video=STUDY.on_bad_video,
            seed=STUDY.seed,
            initial_pose=STUDY.dances.initial_pose,
            temperature=STUDY.dances.temperature,
            join=STUDY.dances.join,
        message:
            "dances: {wildcards.model} dances to recordings"
        script:
            "../workflow/scripts/generate_dances.py"

    rule measure_recordings:
        input:
            tracks=collect(
                f"{OUT}/dances/{{{{model}}}}/seed{{{{seed}}}}/recordings/{{song}}.npz",
                song=RECORDINGS,
            ),
            songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=RECORDINGS),
            extractor=f"{OUT}/evaluation/extractor.safetensors",
            beat_this=STUDY.evaluation.beat_this or [],
            dataset=f"{OUT}/dataset/dataset.h5",
            metrics=f"{OUT}/training/{{model}}/seed{{seed}}/metrics.json",
        output:
            measured=f"{OUT}/evaluation/{{model}}/recordings_seed{{seed}}.npz",
        log:
            f"{OUT}/logs/measure_recordings/{{model}}/seed{{seed}}.log",
        benchmark:
            f"{OUT}/benchmarks/measure_recordings/{{model}}/seed{{seed}}.tsv"
        conda:
            "../envs/choreo.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=code("measure_recordings.py"),
            item=lambda w: f"the dances of {w.model}, seed {w.seed}, to recordings",
            stage="evaluation",
            on_bad_video=STUDY.on_bad_video,
            songs=list(RECORDINGS),
            tolerance=STUDY.evaluation.tolerance_seconds,
            tracker=STUDY.evaluation.tracker,
        message:
            "evaluation: dances of {wildcards.model}, seed {wildcards.seed}, to recordings"
        script:
            "../workflow/scripts/measure_recordings.py"


rule true_beats:
    input:
        songs=collect(f"{OUT}/dances/songs/{{song}}.wav", song=TEST_SONGS),
        sounds=lambda w: [sound_of(v) for song in TEST_SONGS for v in SONGS[song]],
    output:
        beats=f"{OUT}/evaluation/true_beats.json",
    log:
        f"{OUT}/logs/true_beats.log",
    benchmark:
        f"{OUT}/benchmarks/true_beats.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("true_beats.py"),
        songs=TEST_SONGS,
        videos=[v for song in TEST_SONGS for v in SONGS[song]],
        sources=[
            [ROWS[v].song, ROWS[v].source, ROWS[v].start]
            for song in TEST_SONGS
            for v in SONGS[song]
        ],
        made=MADE_SONGS,
        seed=STUDY.seed,
    message:
        "evaluation: beats of the songs that were made"
    script:
        "../workflow/scripts/true_beats.py"


rule recorded:
    input:
        bounds=with_recordings(f"{OUT}/evaluation/bounds.npz"),
        reference=f"{OUT}/evaluation/real_train.npz",
        models=collect(
            f"{OUT}/evaluation/{{model}}/recordings_seed{{seed}}.npz",
            model=MODELS,
            seed=SEEDS,
        ),
    output:
        report(
            f"{OUT}/tables/recorded.html",
            caption="../workflow/report/recorded.rst",
            category="6 Evaluation",
            labels={"what": "Dances to recorded songs"},
        ),
        multiext(f"{OUT}/tables/recorded", ".csv", ".md", ".tex"),
    log:
        f"{OUT}/logs/recorded.log",
    benchmark:
        f"{OUT}/benchmarks/recorded.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("recorded.py"),
        item="the table of recorded songs",
        stage="evaluation",
        on_bad_video=STUDY.on_bad_video,
        study=STUDY.study,
        models=[model for model in MODELS for _ in SEEDS],
        seed=STUDY.seed,
    message:
        "evaluation: dances to recorded songs"
    script:
        "../workflow/scripts/recorded.py"


if DANCED_SONGS:

    # By each model's first training. One job for all songs: each would load the model anew.
    rule dance_to_songs:
        input:
            weights=f"{OUT}/training/{{model}}/seed{SEEDS[0]}/weights.safetensors",
            audio=collect(f"{OUT}/dances/songs/{{song}}.wav", song=DANCED_SONGS),
        output:
            # Not beside the mp4, where `choreo evaluate` would take them for measured dances.
            tracks=collect(
                f"{OUT}/dances/{{{{model}}}}/songs/{{song}}.npz", song=DANCED_SONGS
            ),
        log:
            f"{OUT}/logs/dance_to_songs/{{model}}.log",
        benchmark:
            f"{OUT}/benchmarks/dance_to_songs/{{model}}.tsv"
        conda:
            "../envs/choreo.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=lambda w: code("generate_dances.py", w.model),
            names=list(DANCED_SONGS),
            stage="dances",
            on_bad_video=STUDY.on_bad_video,
            seed=STUDY.seed,
            initial_pose=STUDY.dances.initial_pose,
            temperature=STUDY.dances.temperature,
            join=STUDY.dances.join,
        message:
            "dances: {wildcards.model} dances to your songs"
        script:
            "../workflow/scripts/generate_dances.py"

    rule render_dance_to_song:
        input:
            track=f"{OUT}/dances/{{model}}/songs/{{song}}.npz",
            audio=f"{OUT}/dances/songs/{{song}}.wav",
        output:
            video=f"{OUT}/dances/{{model}}/{{song}}.mp4",
        log:
            f"{OUT}/logs/render_dance_to_song/{{model}}/{{song}}.log",
        benchmark:
            f"{OUT}/benchmarks/render_dance_to_song/{{model}}/{{song}}.tsv"
        wildcard_constraints:
            song="|".join(DANCED_SONGS),
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
            "dances: rendering {wildcards.model} to your song {wildcards.song}"
        script:
            "../workflow/scripts/render_dance.py"
