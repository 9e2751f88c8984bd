# `make help` says what there is to do. Everything runs in a private environment, .venv.
PYTHON ?= python3
CORES ?= all
BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

.PHONY: help env demo test test-all check format docs lock audit sbom clean

help:
	@echo "make env     build the private environment in .venv (2 to 5 minutes)"
	@echo "make demo    run the demo study from nothing to its report (7 to 17 minutes on 2 cores)"
	@echo "make test    run the tests (6 to 12 minutes on 2 cores)"
	@echo "make test-all  run the long ones, marked soak, as well (about 23 minutes on 2 cores)"
	@echo "make check   what .ci/run does: format, lint, tests, dry runs, a tiny real run"
	@echo "make format  format the code"
	@echo "make docs    build the docs as a site, build/docs/index.html"
	@echo "make lock    write requirements.lock from requirements.in; what is in it stays (needs uv)"
	@echo "make audit   ask what is known against the locked packages (needs the network)"
	@echo "make sbom    list the locked packages as CycloneDX, build/sbom.json"
	@echo "make clean   delete results/ and Snakemake's bookkeeping (asks first)"

env: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml envs/install.py
	@$(PYTHON) envs/install.py

demo: env
	@echo "choreo demo: 12 synthetic dance clips through every stage to results/demo/index.html;"
	@echo "7 to 17 minutes on 2 cores. Interrupt it whenever you like: the same command goes on."
	@snakemake --cores $(CORES) all
	@cat results/demo/tables/table1.md results/demo/tables/table2.md
	@echo "Open results/demo/index.html in a browser; the dances are under results/demo/dances/."

WORKERS = $(shell $(PYTHON) -c 'import os; print(min(os.cpu_count() or 1, 8))')
# Each worker begins with a half of its own, whose fixtures are then made once.
PYTEST = python -m pytest --max-worker-restart 0 -n $(WORKERS) --dist worksteal

test: env
	@echo "choreo test: unit, parity and workflow tests; 6 to 12 minutes on 2 cores."
	@$(PYTEST) -m "not soak"

test-all: env
	@echo "choreo test-all: every test, the long ones too; about 23 minutes on 2 cores."
	@$(PYTEST) --durations 20

check: env
	@.ci/run

format: env
	@ruff format . && ruff check --fix . && snakefmt Snakefile workflow/Snakefile rules

docs: env
	@NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet
	@echo "Open build/docs/index.html in a browser."

lock:
	@$(PYTHON) envs/lock.py

audit sbom:
	@$(PYTHON) envs/audit.py $@

clean:
	@printf "Delete results/ and .snakemake/? [y/N] " && read answer && [ "$$answer" = y ] && rm -rf results .snakemake
