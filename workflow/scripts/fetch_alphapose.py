from choreo.files import write_json
from choreo.pipeline.jobs import run
from choreo.poses.alphapose_run import LICENCE, SUMMARY, URL, clone, commit_of


def action(terminal):
    p = snakemake.params
    print(SUMMARY, file=terminal)
    folder = clone(p.folder, accept_licence=p.accept_licence)
    record = {"path": str(folder), "url": URL, "commit": commit_of(folder)[0], "licence": LICENCE}
    write_json(snakemake.output.record, record)


run(snakemake, action)
