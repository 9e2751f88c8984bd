#!/usr/bin/env bash
# Run by Snakemake once, inside the new conda environment, from the working folder.
set -euo pipefail
python envs/install.py --here
