# The one door to everything. `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup format check test nightly demo cluster generate verify bench image lock clean

CACHE    := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/llamafleet
# One virtual environment per checkout, outside of it: it holds a link back to this folder.
CHECKOUT := $(shell printf '%s' '$(CURDIR)' | cksum | cut -d ' ' -f 1)
VENV     := $(CACHE)/venv/$(CHECKOUT)
BIN      := $(VENV)/bin
# The newest Python that is at least 3.11, unless PYTHON names one.
PYTHON   ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
              $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
CLUSTER  ?= local
IMAGE    ?= llamafleet:0.1.0

# Nothing that a tool remembers goes into the repository.
export PYTHONPYCACHEPREFIX := $(CACHE)/pycache
export MYPY_CACHE_DIR      := $(CACHE)/mypy
export RUFF_CACHE_DIR      := $(CACHE)/ruff
export HYPOTHESIS_STORAGE_DIRECTORY := $(CACHE)/hypothesis
PYTEST = $(BIN)/pytest -o cache_dir=$(CACHE)/pytest$(SHARE)
RUN    := PYTHONPATH=tests $(BIN)/python -m
# In a network of its own, where that is allowed: nothing leaves the machine, and a real node has its place there.
ALONE  := $(RUN) testbed network --

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

GENERATED := crds docs/llamadeployment.md docs/gpupool.md

READY := $(VENV)/ready
$(READY): locks/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing; install it, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "$(PYTHON) has no venv module; on Debian and Ubuntu it is the package python3-venv" >&2; exit 1; }
	@mkdir -p $(CACHE)
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) > $(CACHE)/setup.log 2>&1 \
	 && $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt >> $(CACHE)/setup.log 2>&1 \
	 && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >> $(CACHE)/setup.log 2>&1 \
	 || { echo "the Python packages could not be installed (is the package index reachable?); the log is $(CACHE)/setup.log" >&2; exit 1; }
	@touch $@

setup: $(READY) ## install the pinned packages and build the programs of the clusters
	@$(RUN) testbed build

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

check: $(READY) ## lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Two shares at once: clusters mostly wait, and what needs none takes what they leave of the processors.
test: setup ## pass every test
	@$(MAKE) --no-print-directory --jobs=2 test-clusters test-alone

.PHONY: test-clusters test-alone
test-clusters: SHARE := -clusters
test-clusters:
	$(ALONE) $(PYTEST) -m "cluster or node"

test-alone: SHARE := -alone
test-alone: LOG := $(CACHE)/test-alone.$(CHECKOUT).log
test-alone:
	@echo "tests that need no cluster run beside the others; until they end they write to $(LOG)"
	@PYTHONPATH=tests nice -n 10 $(BIN)/python -m testbed network -- $(PYTEST) -m "not cluster and not node" > $(LOG) 2>&1; \
	 code=$$?; cat $(LOG); exit $$code

SEED ?= $(shell date +%Y%j)
nightly: setup ## what takes hours: other examples, every crash point, an hour of faults, 10,000 steps of exploration
	@echo "the seed is $(SEED); make nightly SEED=$(SEED) repeats it"
	LLAMAFLEET_SEED=$(SEED) $(ALONE) $(PYTEST) -m "not cluster and not node" --hypothesis-seed=$(SEED)
	LLAMAFLEET_CRASHES=all LLAMAFLEET_STORM_SECONDS=3600 LLAMAFLEET_SEED=$(SEED) EXPLORE_STEPS=10000 EXPLORE_SEED=$(SEED) \
	  $(ALONE) $(PYTEST) tests/faults/test_crash_points.py tests/faults/test_seeded_run.py tests/exploration

demo: setup ## see it work: CLUSTER=local (default), current, or kind
	@$(if $(filter local,$(CLUSTER)),$(ALONE) $(BIN)/python -m,$(RUN)) demo --cluster $(CLUSTER)

cluster: setup ## a local control plane to play with, until Ctrl-C
	@$(RUN) testbed cluster

generate: $(READY) ## write what is generated: CRDs, the field tables of the docs
	$(BIN)/llamafleet crds --write crds
	$(BIN)/llamafleet reference --write docs

verify: generate ## fail when something generated is not committed
	@test -z "$$(git status --porcelain -- $(GENERATED))" || { git status --short -- $(GENERATED); git diff -- $(GENERATED); exit 1; }

bench: setup ## measure: ratios against a floor of the same run, and autoscalers over request traces
	@$(ALONE) $(BIN)/python -m bench
	@$(RUN) bench autoscale

image: ## build the operator's image with Docker
	@command -v docker > /dev/null || { echo "docker is missing: the image is built where Docker is" >&2; exit 1; }
	docker build --tag $(IMAGE) .

lock: $(READY) ## resolve the locks anew (for maintainers)
	$(PYTHON) -m venv --clear $(CACHE)/lock && $(CACHE)/lock/bin/pip install --quiet uv==0.13.8
	cd $(CURDIR) && for lock in runtime build dev; do \
	  case $$lock in runtime) what="pyproject.toml";; build) what="locks/build.in";; dev) what="--extra dev pyproject.toml";; esac; \
	  $(CACHE)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url --no-emit-find-links --no-cache --output-file locks/$$lock.txt $$what || exit 1; done

clean: ## remove what this checkout has put into the cache
	rm -rf $(VENV) $(CACHE)/pycache $(CACHE)/mypy $(CACHE)/ruff $(CACHE)/pytest
