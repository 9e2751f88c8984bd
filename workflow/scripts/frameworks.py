from choreo.figures import save
from choreo.models.recipes import recipe_from
from choreo.pipeline.jobs import run
from choreo.training import framework_figures
from choreo.training.frameworks import trace


def action(terminal):
    draw = getattr(framework_figures, snakemake.rule)
    frameworks = [trace(recipe_from(recipe)) for recipe in snakemake.params.recipes]
    save(draw(*frameworks), snakemake.output[0].removesuffix(".png"))


run(snakemake, action)
