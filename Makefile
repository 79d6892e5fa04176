# make demo   pictures of all three tasks, from the models that come with the package
# make studio the studio in the browser
# make test   style, types, import direction and tests
# make test-long   tests that take minutes, on real recordings
# make test-studio the page in a browser (Chromium, if there is one), the service under load
# All make .venv when it is missing, or when what it is made from has changed.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
FLAGS := -c constraints.txt

.PHONY: demo studio test test-long test-studio check pytest report clean

demo: .venv/run.stamp
	$(BIN)/diffecg demo

studio: .venv/serve.stamp
	$(BIN)/diffecg serve --open

test: check pytest

# DATA: folder of the MIT-BIH Arrhythmia Database. Writes docs/reports and the cards of the bundled models.
report: .venv/dev.stamp
	$(BIN)/python tools/report_models.py $(DATA)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not long and not studio"

test-long: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m "long and not studio"

test-studio: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -m studio

.venv/run.stamp: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diffecg needs Python 3.11 or later: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install $(FLAGS) torch
	$(PIP) install $(FLAGS) -e .
	touch $@

.venv/serve.stamp: .venv/run.stamp
	$(PIP) install $(FLAGS) -e '.[serve]'
	touch $@

.venv/dev.stamp: .venv/run.stamp
	$(PIP) install $(FLAGS) -e '.[dev]'
	touch $@

clean:
	rm -rf .venv diffecg-demo
