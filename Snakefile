# Music-driven choreography from video: from the rows of a videos table to every table
# and figure. Each line below is a stage; `snakemake --list-target-rules` names the targets.
from snakemake.utils import min_version

from choreo.files import shipped

min_version("9.0")

if not workflow.configfiles:

    configfile: str(shipped("config/config.yaml"))


report: "workflow/report/workflow.rst"


include: "rules/common.smk"
include: "rules/targets.smk"
include: "rules/videos.smk"
include: "rules/poses.smk"
include: "rules/comparison.smk"
include: "rules/cleaning.smk"
include: "rules/dataset.smk"
include: "rules/corpus.smk"
include: "rules/training.smk"
include: "rules/songs.smk"
include: "rules/dances.smk"
include: "rules/evaluation.smk"
include: "rules/survey.smk"
include: "rules/report.smk"


rule all:
    # Here and not in an included file, whose default target Snakemake forgets.
    default_target: True
    input:
        f"{OUT}/index.html",
        f"{OUT}/report.html",
        collect(f"{OUT}/tables/{{table}}.csv", table=TABLES),
        collect(f"{OUT}/figures/{{figure}}.png", figure=FIGURES),
        collect(f"{OUT}/dances/{{model}}/seed{{seed}}/{{song}}.mp4", **DANCES),
        collect(
            f"{OUT}/training/{{model}}/seed{{seed}}/card.md", model=MODELS, seed=SEEDS
        ),
        PROBLEMS,


# Where a profile has failed jobs tried again, each try may take that much more memory.
choreo.pipeline.workflow.grow_memory(workflow.rules)
