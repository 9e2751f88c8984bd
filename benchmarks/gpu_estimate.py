"""How long the thesis's training would take on a GPU: ``python benchmarks/gpu_estimate.py``.

An ESTIMATE, not a measurement: nothing here runs on a GPU; where there is one,
``benchmarks/training.py --device cuda`` measures. The floating-point operations
of a training step are counted as in ``benchmarks/training.py``, but of the operators that a
GPU would be asked for (on torch's device "meta", which computes nothing), and divided by
what the data sheets promise, at several shares of it. Memory traffic, launches, Adam and
the start are left out.
"""

import argparse

from training import CHUNKS, MODELS, step_operations

from choreo.models.recipes import load_recipes

# TFLOP/s, dense (data sheets that give figures "with sparsity" are halved), of tensor cores
# in bfloat16 and TF32, and of float32. NVIDIA's data sheets: "H200 Tensor Core GPU" and
# "H100 Tensor Core GPU" (both SXM: 1,979 and 989 with sparsity, 67); "NVIDIA Ampere GA102
# GPU Architecture" whitepaper for the generation of the RTX 3060 Ti, whose 4,864 cores at
# a boost clock of 1.665 GHz (product page) make 2 float32 operations a cycle each, and
# whose tensor cores make twice as many in bfloat16 (with float32 sums) and as many in TF32.
PEAKS = {
    "H200 SXM": {"bfloat16": 989.5, "tf32": 494.5, "float32": 67.0},
    "H100 SXM": {"bfloat16": 989.5, "tf32": 494.5, "float32": 67.0},
    "RTX 3060 Ti": {"bfloat16": 32.4, "tf32": 16.2, "float32": 16.2},
}
SHARES = (0.05, 0.1, 0.2, 0.4)


def minutes(flop, tera, share):
    """Minutes that so many operations take at a share of so many TFLOP/s."""
    return flop / (tera * 1e12 * share) / 60


def main():
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="gru")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--within", type=float, default=5.0, help="minutes asked for (5)")
    chosen = parser.parse_args()
    recipe = load_recipes(MODELS)[chosen.model]
    step = step_operations(recipe, chosen.batch)
    steps = CHUNKS // chosen.batch * recipe.epochs
    total = step * steps
    print(
        f"Estimate, not measured: {chosen.model}, {CHUNKS} chunks, {recipe.epochs} epochs, batch "
        f"{chosen.batch}: {steps} steps of {step / 1e9:.0f} GFLOP, {total / 1e15:.2f} PFLOP\n"
    )
    heads = [f"minutes at {share:.0%}" for share in SHARES]
    print(
        f"| GPU | precision | peak, TFLOP/s | {' | '.join(heads)} | share for "
        f"{chosen.within:g} minutes | steps/s then |"
    )
    print("|---" * (len(SHARES) + 5) + "|")
    for gpu, peaks in PEAKS.items():
        for precision, tera in peaks.items():
            spans = [f"{minutes(total, tera, share):.1f}" for share in SHARES]
            needed = minutes(total, tera, 1) / chosen.within
            share = f"{needed:.1%}" if needed <= 1 else "can't"
            print(
                f"| {gpu} | {precision} | {tera:g} | {' | '.join(spans)} | {share} | "
                f"{steps / chosen.within / 60:.0f} |"
            )


if __name__ == "__main__":
    main()
