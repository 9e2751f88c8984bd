from choreo.cleaning import benchmark
from choreo.cleaning.truths import held_out, stress
from choreo.figures import save
from choreo.pipeline.jobs import run


def action(terminal):
    o = snakemake.output
    truths = held_out()
    results = benchmark.run(truths, conditions=benchmark.conditions())
    stressed = benchmark.run(stress(), conditions=benchmark.faultless())
    benchmark.summary(results, stressed).write(o.table.removesuffix(".html"), of_study=False)
    benchmark.kinds_table(results).write(o.kinds.removesuffix(".html"), of_study=False)
    slower = {f"{clip} at 24 fps": truth for clip, truth in held_out(fps=24).items()}
    spread = benchmark.draws_table(benchmark.draws(truths | slower))
    spread.write(o.draws.removesuffix(".html"), of_study=False)
    some = {clip: truths[clip] for clip in list(truths)[::2]}
    flickering = benchmark.flicker_table(benchmark.flickers(some))
    flickering.write(o.flicker.removesuffix(".html"), of_study=False)
    save(benchmark.plot(results), o.figure.removesuffix(".png"))


run(snakemake, action)
