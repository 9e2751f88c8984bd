# The survey with dancers (thesis section 4.4, Figure 6): the page that they answer, and what
# their answers say. No part of `all`: it waits for people.
import choreo.survey.design


localrules:
    study,
    study_results,


SURVEY_PARTS = ROOT / "src" / "choreo" / "survey" / "page"
SURVEY_SEED = (
    SEEDS[0] if STUDY.survey.training_seed is None else STUDY.survey.training_seed
)
SURVEY_SONGS = STUDY.survey.songs or TEST_SONGS[:6]
SURVEY_DANCES = [
    [model, song] for song in SURVEY_SONGS for model in STUDY.survey.models
]
# Real dances that catch trials are made of: those of test songs, which dancers see anyway.
CATCH_VIDEOS = {
    song: [video for video in SONGS[song] if video in VIDEOS][0]
    for song in TEST_SONGS
    if set(SONGS[song]) & set(VIDEOS)
}
# One song after another, frozen dances and noise in turn, each once.
SURVEY_TRIALS = [
    (song, choreo.survey.design.CATCHES[(number + turn) % 2])
    for turn in range(2)
    for number, song in enumerate(CATCH_VIDEOS)
][: STUDY.survey.catch_trials]
SURVEY_CATCHES = [
    [kind, song] for song, beside in SURVEY_TRIALS for kind in ("real", beside)
]
SURVEY_TABLES = choreo.survey.design.TABLES
SURVEY_FIGURES = choreo.survey.design.FIGURES


rule study:
    input:
        f"{OUT}/survey/index.html",


rule study_results:
    input:
        collect(f"{OUT}/tables/survey_{{table}}.csv", table=SURVEY_TABLES),
        f"{OUT}/figures/figure6.png",
        f"{OUT}/figures/survey_metrics.png",


rule survey_catch:
    input:
        track=lambda w: f"{OUT}/cleaning/{CATCH_VIDEOS[w.song]}.npz",
        audio=lambda w: sound_of(CATCH_VIDEOS[w.song]),
    output:
        video=f"{OUT}/dances/survey/{{song}}_{{kind}}.mp4",
    log:
        f"{OUT}/logs/survey_catch/{{song}}_{{kind}}.log",
    benchmark:
        f"{OUT}/benchmarks/survey_catch/{{song}}_{{kind}}.tsv"
    wildcard_constraints:
        song="|".join(CATCH_VIDEOS) or "(?!)",
        kind="real|frozen|noise",
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code("survey_catch.py"),
        item=lambda w: f"catch trial of song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        kind=lambda w: w.kind,
        style=STUDY.dances.style,
        seed=STUDY.survey.seed,
    message:
        "survey: catch trial, {wildcards.kind}, {wildcards.song}"
    script:
        "../workflow/scripts/survey_catch.py"


# Drawn anew: in the study's own videos stands which model dances.
use rule render_dance as survey_dance with:
    input:
        track=f"{OUT}/dances/{{model}}/seed{SURVEY_SEED}/{{song}}.npz",
        audio=f"{OUT}/dances/songs/{{song}}.wav",
    output:
        video=f"{OUT}/dances/survey/{{model}}/{{song}}.mp4",
    log:
        f"{OUT}/logs/survey_dance/{{model}}/{{song}}.log",
    benchmark:
        f"{OUT}/benchmarks/survey_dance/{{model}}/{{song}}.tsv"
    wildcard_constraints:
        model="|".join(STUDY.survey.models) or "(?!)",
        song="|".join(SURVEY_SONGS) or "(?!)",
    params:
        code=code("render_dance.py"),
        item=lambda w: f"song {w.song}",
        stage="dances",
        on_bad_video=STUDY.on_bad_video,
        text=None,
        style=STUDY.dances.style,
    message:
        "survey: drawing {wildcards.model} to {wildcards.song}, without its name"


rule survey_page:
    input:
        dances=survey_dances,
        catches=[
            f"{OUT}/dances/survey/{song}_{kind}.mp4" for kind, song in SURVEY_CATCHES
        ],
    output:
        page=f"{OUT}/survey/index.html",
        videos=directory(f"{OUT}/survey/videos"),
        key=f"{OUT}/survey_key.json",
    log:
        f"{OUT}/logs/survey_page.log",
    benchmark:
        f"{OUT}/benchmarks/survey_page.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code("survey_page.py"),
        # What is no Python is no part of the digest of the code.
        parts=[choreo.files.sha256(path) for path in sorted(SURVEY_PARTS.iterdir())],
        dances=SURVEY_DANCES,
        catches=SURVEY_CATCHES,
        study=STUDY.study,
        seed=STUDY.survey.seed,
        languages=STUDY.survey.languages,
        consent=STUDY.survey.consent,
        contact=choreo.pipeline.workflow.as_given(STUDY.survey.contact),
        post_to=choreo.pipeline.workflow.as_given(STUDY.survey.post_to),
    message:
        "survey: the page that dancers answer"
    script:
        "../workflow/scripts/survey_page.py"


rule survey_results:
    input:
        # Made once: what participants were shown.
        key=f"{OUT}/survey_key.json",
        measured=survey_measured,
        reference=f"{OUT}/evaluation/real_train.npz",
    output:
        [
            report(
                f"{OUT}/tables/survey_{table}.html",
                caption=f"../workflow/report/survey_{table}.rst",
                category="7 Survey",
                labels={"what": title},
            )
            for table, title in SURVEY_TABLES.items()
        ],
        collect(
            f"{OUT}/tables/survey_{{table}}.{{kind}}",
            table=SURVEY_TABLES,
            kind=["csv", "md", "tex"],
        ),
        collect(f"{OUT}/figures/{{figure}}.pdf", figure=SURVEY_FIGURES),
        figures=[
            report(
                f"{OUT}/figures/{figure}.png",
                caption=f"../workflow/report/{figure}.rst",
                category="7 Survey",
                labels={"what": title},
            )
            for figure, title in SURVEY_FIGURES.items()
        ],
    log:
        f"{OUT}/logs/survey_results.log",
    benchmark:
        f"{OUT}/benchmarks/survey_results.tsv"
    conda:
        "../envs/choreo.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code("survey_results.py"),
        answers=choreo.pipeline.workflow.as_given(STUDY.survey.answers),
        state=survey_answers,
        models=STUDY.survey.models,
        seed=STUDY.survey.seed,
        study=STUDY.study,
    message:
        "survey: what the dancers answered"
    script:
        "../workflow/scripts/survey_results.py"
