"""Keep what the claims audit for two cores found: docs/audit/.

Run from the project's folder after its command (config/audit_cpu.yaml):
``.venv/bin/python docs/audit.py``, then ``.venv/bin/python docs/claims.py`` for the verdicts.
It writes Table 3 (.csv, and on the page two_cores.md), what each training cost, its losses in
tenths, and two figures.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from choreo import figures
from choreo.evaluation.claims import CLAIMS
from choreo.files import read_json, write_text

RUN = Path("results/audit_cpu")
KEPT = Path(__file__).with_name("audit")
PAGE = KEPT / "two_cores.md"
MARK = "<!-- made by `python docs/audit.py`; what is below is written over -->\n"
PARTS = 10
SHOWN = ("generator", "l1", "music_feature", "discriminator_local")


def trainings():
    """Cost of each training and its losses, averaged over each tenth of its steps.

    Returns
    -------
    costs, losses : DataFrame
        `costs`: model, seed, epochs, steps, batch_size, cpu_seconds, seconds. `losses`: model,
        seed, part (1 to 10) and the losses; those of a flow have names of their own.
    """
    costs, losses = [], []
    for path in sorted(RUN.glob("training/*/seed*/metrics.json")):
        model, seed = path.parts[-3], int(path.parts[-2].removeprefix("seed"))
        record = read_json(path)
        time = pd.read_csv(RUN / "benchmarks" / "train_model" / model / f"seed{seed}.tsv", sep="\t")
        costs.append(
            {"model": model, "seed": seed, "epochs": record["recipe"]["epochs"]}
            | {name: record[name] for name in ("steps", "batch_size")}
            | {"cpu_seconds": time["cpu_time"].sum(), "seconds": time["s"].sum()}
        )
        frame = pd.read_csv(path.with_name("losses.csv"))
        part = 1 + np.arange(len(frame)) * PARTS // len(frame)
        mean = frame.drop(columns=["epoch", "step"]).groupby(part).mean()
        mean.insert(0, "part", mean.index)
        losses.append(mean.assign(model=model, seed=seed))
    losses = pd.concat(losses, ignore_index=True)
    return pd.DataFrame(costs), losses[["model", "seed", *losses.columns.drop(["model", "seed"])]]


def draw_losses(losses):
    """Losses of the thesis's model and its variants, the seeds' mean, against the training."""
    gan = losses[losses["generator"].notna()]
    figure, axes = figures.new(1, len(SHOWN), figsize=(15, 4.2))
    for axis, name in zip(axes, SHOWN):
        for index, (model, rows) in enumerate(gan.groupby("model")):
            mean = rows.groupby("part")[name].mean().dropna()
            axis.plot(
                mean.index * 100 / PARTS,
                mean,
                color=figures.COLOURS[index % 7],
                linestyle=figures.LINES[(index + index // 7) % 7],
                label=model.removeprefix("audit_"),
            )
        axis.set(title=name.replace("_", " "), xlabel="part of the training (%)")
    axes[0].set_ylabel("loss, mean of each tenth and of the seeds")
    for axis in axes[:3]:
        axis.set_yscale("log")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    figures.write(figure, KEPT / "losses.png")


def draw_claims(table):
    """Difference of each claim in half widths of its interval, to the right where it holds."""
    figure, axis = figures.new(figsize=(9, 4.4))
    rows = table[table["half_width"] > 0].iloc[::-1].reset_index(drop=True)
    for at, row in rows.iterrows():
        sign = -1 if row["better"] == "lower" else 1
        off = sign * (row["difference"] - row["margin"]) / row["half_width"]
        decided = row["verdict"] in ("supported", "contradicted")
        axis.errorbar(
            off, at, xerr=1, color="black" if decided else "0.55", capsize=4,
            marker="o" if decided else "s", mfc=None if decided else "white",
        )  # fmt: skip
    axis.axvline(0, color="black", linewidth=1)
    axis.set_yticks(
        range(len(rows)), [f"{r.number}. {_short(r.number)}" for r in rows.itertuples()]
    )
    axis.set(
        title="Table 3: is A better than B?",
        xlabel="difference, in half widths of its 95% interval\n"
        "left: B is better; right: A is; black: decided (p after Holm's correction)",
    )
    figures.write(figure, KEPT / "claims.png")


def _short(number):
    words = next(claim.claim for claim in CLAIMS if claim.number == number)
    return words if len(words) < 48 else words[:46].rsplit(" ", 1)[0] + " ..."


def page(text, costs):
    """The page's text with the cost of the trainings and Table 3 made anew.

    Parameters
    ----------
    text : str
        The page as it is; what stands above the mark stays.
    costs : DataFrame
        Of `trainings`.

    Returns
    -------
    str
    """
    lines = [
        "",
        "| Model | Trainings | Epochs | Steps of a batch | CPU-seconds, each |",
        "|---|--:|--:|--:|--:|",
    ]
    for model, rows in costs.groupby("model"):
        one = rows.iloc[0]
        spent = ", ".join(f"{seconds:,.0f}" for seconds in rows["cpu_seconds"])
        lines.append(
            f"| {model} | {len(rows)} | {one['epochs']} | {one['steps']:,} of {one['batch_size']} "
            f"| {spent} |"
        )
    table = (RUN / "tables" / "table3.md").read_text(encoding="utf-8")
    return text.split(MARK)[0] + MARK + "\n".join(lines) + "\n\n" + table


def main():
    """Write everything."""
    KEPT.mkdir(exist_ok=True)
    table = pd.read_csv(RUN / "tables" / "table3.csv", dtype={"number": str})
    costs, losses = trainings()
    write_text(KEPT / "table3.csv", (RUN / "tables" / "table3.csv").read_text(encoding="utf-8"))
    write_text(PAGE, page(PAGE.read_text(encoding="utf-8"), costs))
    write_text(KEPT / "trainings.csv", costs.to_csv(index=False, float_format="%.5g"))
    write_text(KEPT / "losses.csv", losses.to_csv(index=False, float_format="%.4g"))
    draw_losses(losses)
    draw_claims(table)


if __name__ == "__main__":
    main()
