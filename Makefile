# make demo   figures of every task, from the models that come with the package
# make studio the studio in the browser
# make test   style, types (the page's, too, where there is node), import contracts and tests; COVERAGE=1 adds the coverage
# make docs   the documentation as a site, in site/, without a network; a broken link is an error
# make gallery runs the scripts in examples/, and writes docs/gallery and the notebooks
# make types  type errors in the tests, reported
# make test-long   tests that take minutes: on real recordings, and 100,000 examples of files and texts
# make test-studio the page in a browser (Chromium, if there is one), the service under load
# make dist   the wheel and the sdist, in dist/, checked by twine
# make sbom   build/sbom.cdx.json: what an installation of the wheel consists of, in the form of CycloneDX
# make lock   requirements.lock from pyproject.toml and constraints.txt, with uv
# make audit  known vulnerabilities of what is in requirements.lock, with pip-audit
# All create .venv when it is missing or out of date: demo and studio with their dependencies in the versions of
# constraints.txt, the tests with requirements.lock, whose hashes are checked.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
FLAGS := -c constraints.txt
LOCKED := --require-hashes --only-binary :all: --no-deps -r
UV ?= uv
AUDIT ?= pip-audit
TWINE ?= twine
CYCLONEDX ?= cyclonedx-py

.PHONY: demo studio docs test test-long test-studio check pytest types report gallery dist sbom lock audit clean

demo: .venv/run.stamp
	$(BIN)/diffecg demo

studio: .venv/studio.stamp
	$(BIN)/diffecg studio --open

# The variable silences what the theme prints about its successor.
docs: .venv/dev.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

test: check pytest

# DATA: folder of the MIT-BIH Arrhythmia Database. Writes docs/reports and the cards of the bundled models.
report: .venv/dev.stamp
	$(BIN)/python -m research report-models $(DATA)

gallery: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m research gallery

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples
	$(BIN)/lint-imports
	@if command -v npx > /dev/null; then npx --yes --package typescript@5.9.3 tsc -p jsconfig.json; \
		else echo "the page's types are not checked: there is no node"; fi

# COVERAGE=1 reports the lines that tests run.
COVERED := $(if $(COVERAGE),--cov=diffecg --cov=research --cov-report=term:skip-covered)

pytest: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not long and not studio" $(COVERED)

# Type errors in the tests, which have no annotations of their own: reported, not an error.
types: .venv/dev.stamp
	-$(BIN)/mypy --config-file tests/mypy.ini

# The long run of the fuzz tests leaves out the checks of array shapes, which the short run has.
test-long: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup -m "long and not studio"
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 tests/fuzz --hypothesis-profile=long -o addopts="-q --strict-markers"

test-studio: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m studio

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "diffecg needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/run.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install $(FLAGS) torch
	$(PIP) install $(FLAGS) -e .
	touch $@

.venv/studio.stamp: .venv/run.stamp
	$(PIP) install $(FLAGS) -e '.[studio]'
	touch $@

# torch: a build at hand (find-links) first, as pip prefers PyPI's, whose hash its link names. What a CUDA build needs
# beyond the lock, torch itself pins: the third line adds it. With all this, demo and studio have what they need, too.
.venv/dev.stamp: pyproject.toml research/pyproject.toml constraints.txt requirements.lock | $(BIN)/python
	@sed -n '/^torch==/,/[^\\]$$/p' requirements.lock | $(PIP) install --no-index $(LOCKED) /dev/stdin 2> /dev/null \
		|| echo "torch: no build at hand that the lock knows: from the index"
	$(PIP) install $(LOCKED) requirements.lock
	$(PIP) install $(FLAGS) torch
	$(PIP) install --no-deps --no-build-isolation -e . -e research
	$(PIP) check
	touch .venv/run.stamp
	touch .venv/studio.stamp $@

# The sdist, and the wheel from the sdist. Without isolation: by the hatchling of requirements.lock, with no network.
dist: .venv/dev.stamp
	@command -v $(TWINE) > /dev/null || { echo "twine is missing: pipx install twine, or make dist TWINE=/path/to/twine"; exit 1; }
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(TWINE) check --strict dist/*

# Of an environment that holds the wheel and its dependencies alone. The version is dynamic in pyproject.toml.
sbom:
	@command -v $(CYCLONEDX) > /dev/null || { echo "cyclonedx-py is missing: pipx install cyclonedx-bom, or make sbom CYCLONEDX=/path/to/cyclonedx-py"; exit 1; }
	@ls dist/*.whl > /dev/null || { echo "there is no wheel in dist/: make dist"; exit 1; }
	rm -rf build/sbom
	$(PYTHON) -m venv --without-pip build/sbom
	$(PYTHON) -m pip --disable-pip-version-check -q --python build/sbom/bin/python install $(FLAGS) torch
	$(PYTHON) -m pip --disable-pip-version-check -q --python build/sbom/bin/python install $(FLAGS) dist/*.whl
	sed "s/^dynamic = .*/version = \"$$(sed -n 's/^__version__ = "\(.*\)"$$/\1/p' src/diffecg/_version.py)\"/" pyproject.toml > build/sbom/pyproject.toml
	$(CYCLONEDX) environment build/sbom/bin/python --pyproject build/sbom/pyproject.toml --mc-type library --output-reproducible --output-file build/sbom.cdx.json
	rm -rf build/sbom

lock: | $(BIN)/python
	@command -v $(UV) > /dev/null || { echo "uv is missing: pipx install uv, or make lock UV=/path/to/uv"; exit 1; }
	$(BIN)/python tools/lock.py --uv $(UV)

audit:
	@command -v $(AUDIT) > /dev/null || { echo "pip-audit is missing: pipx install pip-audit, or make audit AUDIT=/path/to/pip-audit"; exit 1; }
	$(AUDIT) --strict --require-hashes --disable-pip -r requirements.lock

clean:
	rm -rf .venv .cache diffecg-demo site
