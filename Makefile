# make demo   a virtual environment, the install, and a churn model built before your eyes
# make test   the tests        make check  linter, formatter, type checker
# make bench  the measurements make test-slow  crash matrix and other long tests
#                              make test-spark features on Spark: PySpark, 0.5 GB, and a Java 17
# make evals  what the agents can do, offline and by script, on seeded worlds

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for each in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -c requirements.lock
PYTEST := $(BIN)/python -m pytest -q -n 2 --dist loadfile
QUERY := {"query": "Build a churn prediction model using the customer dataset"}

# Public data and a cluster for the tests that want them; those are skipped where there are none.
export AX_TEST_DATA ?= $(abspath $(wildcard ../shared/data))
export AX_TEST_CLUSTER ?= $(abspath $(wildcard ../shared/kube/cluster))
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1

.PHONY: demo test test-slow test-spark check format bench evals recording lock install install-dev clean

demo: install
	@folder=$$(mktemp -d "$${TMPDIR:-/tmp}/axagents-demo.XXXXXX") && ax="$(abspath $(BIN))/ax" && cd "$$folder" \
	&& echo '$$ ax init --demo churn' && "$$ax" init --demo churn \
	&& echo '$$ ax agent run data-scientist --input '"'"'$(QUERY)'"'" \
	&& "$$ax" agent run data-scientist --input '$(QUERY)' \
	&& echo && echo "the project stays in $$folder: cd there and go on"

test: install-dev
	$(PYTEST) $(TESTS)

test-slow: install-dev
	$(PYTEST) -m slow --timeout 900 $(TESTS)

test-spark: install-dev
	$(PIP) -e '.[dev,onnx,spark]'
	$(PYTEST) -m spark --timeout 600 $(TESTS)

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: install-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install-dev
	$(PIP) -e '.[dev,bench]'
	$(BIN)/python -m evals.benchmarks.run $(BENCH)

evals: install
	$(BIN)/ax eval run $(EVALS)

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "axagents needs Python 3.11 or newer; name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 2; }
	$(PYTHON) -m venv $(VENV)

# Bytecode is compiled when a library is first used, not for the half of them that never is: 0.4 GB less on disk.
$(VENV)/.installed: pyproject.toml requirements.lock | $(BIN)/python
	$(PIP) -e .
	$(BIN)/ax doctor --deep > $(VENV)/doctor.txt || { cat $(VENV)/doctor.txt; exit 1; }
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) -e '.[dev,onnx]'
	@touch $@

recording: install
	$(BIN)/python -m evals.recording

lock: install-dev
	$(PIP) uv
	@sed -n '/^#/p' requirements.lock > requirements.lock.new
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --all-extras --upgrade \
		--no-header --no-annotate pyproject.toml >> requirements.lock.new
	mv requirements.lock.new requirements.lock

clean:
	rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	find axagents tools tests evals -name __pycache__ -type d -prune -exec rm -rf {} +
