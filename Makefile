# daulat: two commands for a newcomer, `make quickstart` and `make test`.
PYTHON ?= python3
NATION ?= id
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help quickstart install install-dev test check bench bench-corpus bench-extract bench-identify bench-journey bench-law bench-model bench-privacy docs lock clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

quickstart: install  ## From a nation's text to its own answer: NATION=id, my, ph, sg, th or vn; ARGS passes flags on
	@$(BIN)/daulat quickstart $(NATION) $(ARGS)

install: $(VENV)/.installed  ## .venv with the locked packages

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo "error: daulat needs Python 3.11, 3.12 or 3.13" >&2; echo "hint: make PYTHON=python3.11 quickstart" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "hint: on Debian, apt-get install python3-venv" >&2; exit 1; }

# torch comes by pip alone, at one exact version; a CPU wheel where pip is pointed to one (see the README).
$(VENV)/.installed: $(VENV)/bin/python requirements/develop.txt requirements/torch.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/develop.txt
	$(PIP) install --quiet -r requirements/torch.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

install-dev: $(VENV)/.installed-dev

$(VENV)/.installed-dev: $(VENV)/.installed requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

test: install-dev  ## Every test, on two workers
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

check: install-dev  ## Lint, format, types, room borders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install-dev  ## Every benchmark; results in benchmarks/results
	for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

bench-extract: install-dev  ## The main text of pages, against trafilatura and resiliparse
	@$(BIN)/python benchmarks/bench_extract.py

bench-corpus: install-dev  ## Curation against datatrove; half an hour the first time, needs the collection (DAULAT_SHARED)
	@NUMBA_NUM_THREADS=1 $(BIN)/python benchmarks/bench_corpus.py

bench-journey: install-dev  ## The journey against SQLite and pymerkle; about ten minutes and 5 GB of disk
	@$(BIN)/python benchmarks/bench_journey.py

bench-law: install-dev  ## The law packs: their grids, decisions a second, time to load
	@$(BIN)/python benchmarks/bench_law.py

bench-model: install-dev  ## Training against Trainer and SFTTrainer; ten minutes the first time, needs the collection (DAULAT_SHARED)
	@$(BIN)/python benchmarks/bench_model.py

bench-privacy: install-dev  ## Identifiers of persons: recall, precision and speed against Presidio
	@$(BIN)/python benchmarks/bench_privacy.py
bench-identify: install-dev  ## Languages against fastText, py3langid and CLD2; a minute, needs the collection (DAULAT_SHARED)
	@$(BIN)/python benchmarks/bench_identify.py

docs: install-dev  ## Regenerate docs/reference.md and docs/benchmarks.md
	$(BIN)/python docs/generate.py

lock:  ## Renew the locked requirement files (needs uv)
	for name in develop dev; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
			requirements/$$name.in -o requirements/$$name.txt || exit 1; done

clean:  ## Remove what was built; keeps quickstart-* folders
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
