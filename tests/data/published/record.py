"""Record what the released code of the published metrics gives, into recorded.json.

``python tests/data/published/record.py CLONES`` takes a folder of clones ``aistplusplus_api``,
``Bailando``, ``mint``, ``EDGE`` and ``InfiniteDance``, runs the functions of the commits in
`SOURCES` on the seeded input of tests/evaluation/test_published_parity.py, and writes their
numbers. Nothing of that code is here or is kept. What it runs is others' code: read it first.
"""

import ast
import contextlib
import glob
import io
import json
import os
import pickle
import re
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import scipy
import torch
from scipy import linalg, signal
from scipy.ndimage import gaussian_filter

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "evaluation"))

from test_published_parity import MUSIC, SEEDS, dance, features, gaussians  # noqa: E402

SOURCES = {
    "aist": ("aistplusplus_api", "2dd7b3e946b794fd0081c98e2e2433545abf8b87"),
    "bailando": ("Bailando", "cc90b98bff81c9709570db413c9610c2562e27ca"),
    "mint_beats": ("mint", "83d64b9b0f8e3c777438b35f5c588425268614b0"),
    "mint_fid": ("mint", "b8f8bdfbbe3fbfa67831a2ef9bcf71a6a9e74552"),
    "edge": ("EDGE", "17c3428669ed6733edd9d8c66f7dc62060b8e46d"),
    "infinitedance": ("InfiniteDance", "0f46a3f1da184103de5f75639d20b75ac6fc5e5a"),
}
"""Name here -> clone and commit."""


def released(clones, name, path, *wanted, **names):
    """Functions of a file of a commit, without what the file imports but for `names`."""
    clone, commit = SOURCES[name]
    words = ["git", "-C", str(clones / clone), "show", f"{commit}:{path}"]
    tree = ast.parse(subprocess.run(words, capture_output=True, check=True, text=True).stdout)
    # All functions and constants, or the functions that are wanted.
    kinds = ast.FunctionDef if wanted else (ast.FunctionDef, ast.ClassDef, ast.Assign)
    parts = [part for part in tree.body if isinstance(part, kinds)]
    tree.body = [part for part in parts if not wanted or part.name in wanted]
    module = types.SimpleNamespace()
    module.__dict__.update({"np": np, **names})
    exec(compile(tree, path, "exec"), module.__dict__)
    return module


def feature_functions(clones, name, folder, manual):
    """Kinetic and geometric features of a project that has AIST++'s files."""
    helpers = released(clones, name, f"{folder}/utils.py")
    return [
        getattr(released(clones, name, f"{folder}/{file}.py", feat_utils=helpers), function)
        for file, function in (
            ("kinetic", "extract_kinetic_features"),
            (manual, "extract_manual_features"),
        )
    ]


def square_root(matrix, disp=True):
    """What ``scipy.linalg.sqrtm`` gave when the code was released: a pair without `disp`."""
    root = linalg.sqrtm(matrix)
    return root if disp else (root, 0.0)


def printed(function, *args):
    """The last number that a function prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        function(*args)
    return float(re.findall(r"\S+", text.getvalue())[-1])


def main(clones):
    """Run everything and write recorded.json."""
    algebra = types.SimpleNamespace(sqrtm=square_root)
    kinetic, manual = feature_functions(clones, "aist", "aist_plusplus/features", "manual")
    theirs = feature_functions(clones, "bailando", "utils/features", "manual_new")
    short, long = [dance(seed) for seed in SEEDS], [dance(seed, 300) for seed in SEEDS]
    moved = [joints - joints[:1, :1] for joints in short]
    out = {
        "kinetic": [kinetic(joints).tolist() for joints in short],
        "manual": [manual(joints).tolist() for joints in short],
        "bailando_kinetic": [theirs[0](joints).tolist() for joints in moved],
        "bailando_manual": [theirs[1](joints).tolist() for joints in moved],
    }

    about = {"G": gaussian_filter, "argrelextrema": signal.argrelextrema}
    code = released(clones, "bailando", "utils/beat_align_score.py", "calc_db", "BA", **about)
    beats = [code.calc_db(joints)[0] for joints in long]
    out["bailando_beats"] = [found[0].tolist() for found in beats]
    out["bailando_ba"] = [float(code.BA(MUSIC, found)) for found in beats]

    names = ("motion_peak_onehot", "alignment_score")
    path = "tools/calculate_beat_scores.py"
    code = released(clones, "mint_beats", path, *names, scisignal=signal)
    hot = np.isin(np.arange(300), MUSIC)
    beats = [code.motion_peak_onehot(joints) for joints in long]
    out["mint_beats"] = [np.flatnonzero(found).tolist() for found in beats]
    out["mint_ba"] = [float(code.alignment_score(hot, found)) for found in beats]

    about = {"glob": glob, "os": os, "pickle": pickle, "tqdm": list}
    score = released(clones, "edge", "eval/eval_pfc.py", **about).calc_physical_score
    out["pfc"] = []
    for joints in long:
        with tempfile.TemporaryDirectory() as folder:
            # EDGE has z upwards.
            at = {"full_pose": joints[..., [0, 2, 1]]}
            (Path(folder) / "dance.pkl").write_bytes(pickle.dumps(at))
            out["pfc"].append(printed(score, folder))

    real, made = gaussians()
    code = released(clones, "bailando", "utils/metrics_new.py", linalg=algebra)
    z_real, z_made = code.normalize(real, made)
    with contextlib.redirect_stdout(io.StringIO()):
        out["fid_bailando"] = float(np.real(code.calc_fid(z_made, z_real)))
    out["distance"] = float(code.calculate_avg_distance(z_made))
    out["distance_real"] = float(code.calculate_avg_distance(z_real))
    code = released(clones, "mint_fid", "tools/calculate_scores.py", linalg=algebra)
    out["fid_mint"] = float(code.calculate_frechet_feature_distance(list(real), list(made)))

    path = "All_LargeDanceAR/utils/tokens2smpl.py"
    names = ("qinv", "qrot", "recover_from_ric264")
    code = released(clones, "infinitedance", path, *names, torch=torch)
    joints = code.recover_from_ric264(features())
    out["infinitedance_joints"] = np.round(joints.astype(float), 6).tolist()

    out["sources"] = {name: f"{clone} {commit}" for name, (clone, commit) in SOURCES.items()}
    out["made_by"] = f"record.py, numpy {np.__version__}, scipy {scipy.__version__}"
    (HERE / "recorded.json").write_text(json.dumps(out))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
