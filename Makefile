# Each target makes its own virtual environment; only Python 3.11+ and make are needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1

.PHONY: demo test test-all check lint bench comparison recovery reproduction docs schema clean basis scale lock licences audit-deps fuzz campaign mutants test-newest

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("pharmrs needs Python 3.11 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# A simulated trial from raw transients on, the whole analysis, the report.
demo: $(VENV)/.installed
	rm -rf demo
	$(BIN)/pharmrs demo demo
	$(BIN)/python scripts/open_report.py demo/derivatives/pharmrs/report.html

# Everything checked in one go: style, types, architecture, tests.
test: lint
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not long"

# The long tests too, in shards of at most an hour, each logged in build/test-all; SHARD=trial for one of them.
test-all: lint
	$(BIN)/python scripts/test_all.py $(if $(SHARD),--shard $(SHARD))

# The newest NumPy, SciPy and pandas of the registry, whatever the ranges allow, in an environment of its own.
test-newest:
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	.venv-newest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade numpy scipy pandas
	.venv-newest/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder -m "not long"

check: test

lint: $(VENV)/.installed
	$(BIN)/ruff check src tests benchmarks scripts
	$(BIN)/ruff format --check src tests benchmarks scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

# Accuracy, calibration and speed, beside LCModel's on the same spectra.
bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks

# The same, written to the page of the documents.
comparison: $(VENV)/.installed
	$(BIN)/python -m benchmarks --write docs/comparison.md

# The simulated basis set against one made elsewhere, written to its page.
basis: $(VENV)/.installed
	$(BIN)/python -m benchmarks.basis --write docs/basis.md

# The reference paper's values beside ours, written to the page of the documents.
reproduction: $(VENV)/.installed
	$(BIN)/python -m benchmarks.reproduction --write docs/reproduction.md

# The documents as a site that opens from disk: site/index.html
docs: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict

# The JSON Schema of study.yaml, for editors.
schema: $(VENV)/.installed
	$(BIN)/pharmrs schema > schema/study.schema.json.part && mv schema/study.schema.json.part schema/study.schema.json

# What each stage does to a coupling that was planted: 1000 trials from concentrations, 5 from raw signals.
recovery: $(VENV)/.installed
	$(BIN)/python -m benchmarks.recovery --write docs/recovery.md

# Versions and SHA-256 of everything, for Python 3.11 to 3.13 on every system. Needs the network.
LOCK = $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'
lock: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.5,<1'
	$(LOCK) --upgrade pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) --upgrade --extra dev --constraint requirements/runtime.txt pyproject.toml --output-file requirements/dev.txt

# The licences of what is needed to run pharmrs.
licences: $(VENV)/.installed
	$(BIN)/python scripts/dependencies.py licences

# Locks against pyproject.toml and the installed versions, hashes, licences; advisories where pip-audit is installed.
audit-deps: $(VENV)/.installed
	$(BIN)/python scripts/dependencies.py audit

# Every reader fed by a fuzzer for SECONDS each; what breaks a promise stays in build/fuzz.
SECONDS ?= 60
fuzz: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	$(BIN)/python tests/robustness/fuzz_readers.py build/fuzz $(SECONDS)

# Faults at random on a small study (kills, full disks, links, damage, hostile headers): tried and survived.
COUNT ?= 5
campaign: $(VENV)/.installed
	$(BIN)/python -m tests.robustness.campaign --count $(COUNT)

# Small changes of the science, and whether the tests notice; ROOM is assay, statistics, quantification or fit.
ROOM ?= assay
mutants: $(VENV)/.installed
	$(BIN)/python scripts/mutate.py --room $(ROOM) --count $(COUNT)

# Speed-up, memory, overhead, reruns and thousands of participants; on a quiet computer, about ten minutes.
scale: $(VENV)/.installed
	$(BIN)/python -m benchmarks.scale

clean:
	rm -rf $(VENV) demo build dist site
