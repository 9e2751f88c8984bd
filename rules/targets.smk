# What people type: `snakemake table1`, `snakemake cleaning`, ... (the tables and figures
# themselves are rules of the same name in their stage's file). They are local: jobs of no
# cluster. So is what needs the network, which nodes often have none of.
localrules:
    download_video,
    fetch_openpose_image,
    fetch_rtmpose_weights,
    fetch_alphapose,
    fetch_alphapose_weights,
    all,
    fetch,
    videos,
    poses,
    comparison,
    cleaning,
    cleaning_benchmark,
    cleaning_qc,
    dataset,
    corpus,
    training,
    dances,
    dances_to_songs,
    evaluation,
    figures,
    tables,


# What `choreo fetch` runs.
rule fetch:
    input:
        from_elsewhere,


rule videos:
    input:
        collect(f"{OUT}/videos/{{video}}.json", video=VIDEOS),


rule poses:
    input:
        collect(
            f"{OUT}/poses/{{estimator}}/{{video}}.npz",
            estimator=ESTIMATORS,
            video=VIDEOS,
        ),
        collect(
            f"{OUT}/poses/{{estimator}}/{{video}}.png",
            estimator=PICTURED,
            video=VIDEOS,
        ),


rule comparison:
    input:
        f"{OUT}/tables/table1.csv",
        f"{OUT}/tables/table1x.csv",
        f"{OUT}/figures/figure1x_thresholds.png",
        f"{OUT}/figures/figure2.png",
        f"{OUT}/comparison/speed.csv",


rule cleaning:
    input:
        collect(f"{OUT}/cleaning/{{video}}.npz", video=VIDEOS),
        f"{OUT}/figures/figure5.png",


rule cleaning_benchmark:
    input:
        collect(f"{ONCE}/tables/cleaning_{{table}}.csv", table=BENCHMARK),
        f"{ONCE}/figures/cleaning_benchmark.png",


rule cleaning_qc:
    input:
        collect(f"{OUT}/cleaning/{{video}}.png", video=VIDEOS),


rule dataset:
    input:
        f"{OUT}/dataset/dataset.h5",
        f"{OUT}/dataset/card.json",


rule corpus:
    input:
        f"{OUT}/corpus/dataset.h5",


rule training:
    input:
        collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/{{file}}",
            file=["weights.safetensors", "card.md"],
            model=MODELS,
            seed=SEEDS,
        ),
        f"{OUT}/figures/figure7.png",
        f"{OUT}/figures/figureA1.png",


rule dances:
    input:
        with_test_songs([]),
        collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
        f"{OUT}/tables/seams.csv",


rule dances_to_songs:
    input:
        with_danced_songs(
            collect(
                f"{OUT}/dances/{{model}}/{{song}}.mp4", model=MODELS, song=DANCED_SONGS
            )
        ),


rule evaluation:
    input:
        f"{OUT}/tables/table2.csv",
        f"{OUT}/tables/table2x_distances.csv",


rule figures:
    input:
        collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),


rule tables:
    input:
        collect(f"{OUT}/tables/{{table}}.csv", table=TABLES),
