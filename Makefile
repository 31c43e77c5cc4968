# `make` does everything on a fresh machine: environment, data, stages, report. `make test` checks it.
# `make dev` prepares a checkout for changes: the environment, and the checks before each commit.
# Needs Python >= 3.11, git and make. PYTHON=python3.12 make  chooses another Python.

PYTHON ?= python3
BIN := .venv/bin
# Any SHELL but the default makes the old GNU make of macOS heed the PATH that is exported below.
SHELL := /bin/bash
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.PHONY: all pull repro report test pytest lint dev clean
all: report

# Rebuilt when a list of packages changes. The stamp is written last, so a broken install is tried again.
# This pip reads indexes in half the time of those that older Pythons bring. Python compiles a module at its first import,
# which spares the minute and a half that compiling all of them takes.
.venv/installed: requirements.txt requirements-no-deps.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (a few minutes the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip==26.3
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps -r requirements-no-deps.txt
	@touch $@

pull: .venv/installed
	@dvc pull || { python -m pipeline.fetch.check_store; exit 1; }

repro: pull
	@dvc repro

report: repro
	@python -m pipeline.site

# `make -j 2 test` runs both side by side.
test: lint pytest

# Tests that share a costly fixture are of one group, which one process runs. One process per core, one thread each.
pytest: .venv/installed
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m pytest -n auto --dist loadgroup

lint: .venv/installed
	@ruff check . && ruff format --check . && mypy && lint-imports && python -m pipeline.fetch.check_songs

dev: .venv/installed
	@pre-commit install

clean:
	rm -rf build reports/figures reports/_site reports/_generated reports/shipped
