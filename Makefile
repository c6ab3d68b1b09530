# `make run` and `make test` set everything up by themselves; the rest is for daily work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
PHOTOS := $(wildcard ../shared/photos)
export EYEFUL_PHOTOS ?= $(abspath $(PHOTOS))
unexport PYTHONDONTWRITEBYTECODE  # else every process of the tests compiles eyeful anew

.PHONY: run samples test test-all check docs docs-links reference bench figures fuzz clean

run: $(VENV)/ready-run samples  ## install, classify the sample images, leave a report to open
	$(BIN)/eyeful predict samples --report out/report.html --figures out/figures --overwrite --table
	@echo
	@echo "Open out/report.html in a browser; the figures are in out/figures."

test: $(VENV)/ready-test check  ## lint, types, layers and all tests but the slow ones
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" -n 3 --dist worksteal --durations=25

test-all: $(VENV)/ready-test-all check  ## all tests, the slow ones too
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal --durations=25

check: $(VENV)/ready-test  ## lint, types, layer rule
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/ready-test  ## the site, in out/docs: every warning is an error, nothing is fetched
	$(BIN)/sphinx-build -q -W --keep-going -n -b html -d out/doctrees docs out/docs
	@echo "Open out/docs/index.html in a browser."

docs-links: $(VENV)/ready-test  ## asks the hosts of all links that lead out of the site
	$(BIN)/sphinx-build -q -b linkcheck -d out/doctrees docs out/links

bench: $(VENV)/ready-run samples  ## how fast, against the textbook loop
	$(BIN)/eyeful bench $(if $(EYEFUL_PHOTOS),--images $(EYEFUL_PHOTOS)/labelled,--images samples)

reference: $(VENV)/ready-test  ## write anew what the program says in docs/reference, and docs/data in tables
	$(BIN)/python tools/reference.py
	$(BIN)/python tools/tables.py

figures: $(VENV)/ready-test  ## every figure that the documents' tables show, measured anew: a quarter of an hour
	$(BIN)/python bench/all.py $(EYEFUL_PHOTOS)/labelled $(EYEFUL_PHOTOS)/camera

fuzz: $(VENV)/ready-test-all  ## ten minutes of bytes that nobody thought of
	$(BIN)/python tests/fuzz/fuzz_images.py fuzz-corpus -max_total_time=600

samples: $(VENV)/ready-run
	$(BIN)/eyeful samples samples

clean:
	rm -rf $(VENV) samples out fuzz-corpus dist build .mypy_cache .ruff_cache .pytest_cache .test-cache .hypothesis .import_linter_cache .grimp_cache

# torch first and alone: its version decides which build of everything else fits.
$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready-run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) torch
	$(PIP) --editable ".[models,explain,samples,parquet]"
	@touch $@

$(VENV)/ready-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --no-compile torch
	$(PIP) --no-compile --editable ".[all,dev]"
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true  # on all cores, as pip does not; some files are of other Pythons
	@touch $@ $(VENV)/ready-run

$(VENV)/ready-test-all: $(VENV)/ready-test
	$(PIP) --editable ".[all,dev,slow]" "ray[serve]"
	@touch $@
