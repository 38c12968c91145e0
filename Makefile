# The one door to everything. `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup format check test e2e nightly demo cluster generate verify bench docs docs-serve image plugin sbom dist lock clean

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
BASE     ?= python:3.11-slim

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
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

GENERATED := crds docs/llamadeployment.md docs/gpupool.md docs/commands.md

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

.PHONY: control-plane downloads node
control-plane downloads: $(READY)
	@$(RUN) testbed build $@

node: control-plane downloads
	@$(RUN) testbed build node

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix-only --quiet .

check: $(READY) ## lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Three shares at once, each about as long: fake nodes; real ones, and then faults; what needs no cluster, which takes
# what the others leave of the processors, and then what is installed as people do. Each begins when what it needs is
# built; the fourth job builds.
test: $(READY) ## pass every test
	@rm -rf $(LLAMAFLEET_RIGHTS)
	@$(MAKE) --no-print-directory --jobs=4 test-clusters test-faults test-e2e
	$(PYTEST) tests/security/test_used_rights.py

e2e: setup ## install what we ship as people do: Helm 3 and 4, kubectl, Argo CD, all of them the real ones
	$(ALONE) $(PYTEST) -m e2e

# What the operator was seen to ask of API servers; the last test holds it against the rights that we ship.
export LLAMAFLEET_RIGHTS := $(CACHE)/rights.$(CHECKOUT)

.PHONY: test-clusters test-node test-faults test-alone test-e2e
FAULTS := tests/faults tests/exploration
ON_FAKE_NODES := -m "cluster and not node and not e2e"
test-clusters: SHARE := -clusters
test-clusters: control-plane downloads
	$(ALONE) $(PYTEST) $(ON_FAKE_NODES) $(FAULTS:%=--ignore=%)

LATER = @echo "$(1) run beside the others; until they end they write to $(LOG)"; \
  $(2) > $(LOG) 2>&1; code=$$?; cat $(LOG); exit $$code
test-%: LOG = $(CACHE)/$@.$(CHECKOUT).log

test-node: SHARE := -node
test-node: node
	$(call LATER,tests with a real node,$(ALONE) $(PYTEST) -m "node and not e2e")

test-faults: SHARE := -faults
test-faults: test-node
	$(call LATER,tests of faults,$(ALONE) $(PYTEST) $(ON_FAKE_NODES) $(FAULTS))

test-alone: SHARE := -alone
test-alone: downloads
	$(call LATER,tests that need no cluster,PYTHONPATH=tests nice -n 10 $(BIN)/python -m testbed network -- $(PYTEST) -m "not cluster and not node and not e2e and not programs")

test-e2e: SHARE := -e2e
test-e2e: setup test-alone
	$(call LATER,tests of what we ship,$(ALONE) $(PYTEST) -m "e2e or programs")

SEED ?= $(shell date +%Y%j)
nightly: setup ## what takes hours: other examples, every crash point, an hour of faults, 10,000 steps of exploration
	@echo "the seed is $(SEED); make nightly SEED=$(SEED) repeats it"
	LLAMAFLEET_SEED=$(SEED) $(ALONE) $(PYTEST) -m "not cluster and not node and not e2e" --hypothesis-seed=$(SEED)
	LLAMAFLEET_CRASHES=all LLAMAFLEET_STORM_SECONDS=3600 LLAMAFLEET_SEED=$(SEED) EXPLORE_STEPS=10000 EXPLORE_SEED=$(SEED) \
	  $(ALONE) $(PYTEST) tests/faults/test_crash_points.py tests/faults/test_seeded_run.py tests/exploration

demo: control-plane ## see it work: CLUSTER=local (default), current, or kind
	@$(if $(filter local,$(CLUSTER)),$(ALONE) $(BIN)/python -m,$(RUN)) demo --cluster $(CLUSTER)

cluster: control-plane ## a local control plane to play with, until Ctrl-C
	@$(RUN) testbed cluster

generate: $(READY) ## write what is generated: CRDs, install.yaml, parts of the charts and of the docs
	$(BIN)/llamafleet crds --write crds
	$(BIN)/llamafleet reference --write docs
	$(RUN) shipping > $(CACHE)/generated.log

verify: generate ## fail when something generated is not committed
	@files="$(GENERATED) $$($(RUN) shipping)"; \
	 test -z "$$(git status --porcelain -- $$files)" || { git status --short -- $$files; git diff -- $$files; exit 1; }

bench: setup ## measure: ratios against a floor of the same run, and autoscalers over request traces
	@$(ALONE) $(BIN)/python -m bench
	@$(RUN) bench autoscale

docs: $(READY) ## build the site of the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site

docs-serve: $(READY) ## serve the documentation while it is written
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

image: ## build the operator's image with Docker, and print its id
	@command -v docker > /dev/null || { echo "docker is missing: the image is built where Docker is" >&2; exit 1; }
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) docker build --build-arg BASE=$(BASE) --build-arg REVISION=$$(git rev-parse HEAD) --tag $(IMAGE) .
	@docker image inspect --format 'the image is {{.Id}}' $(IMAGE)

plugin: $(READY) ## make the archive of kubectl llama and its krew manifest, in dist/
	$(RUN) shipping.plugin dist $(if $(ADDRESS),--address=$(ADDRESS))

sbom: $(READY) ## write what the operator runs with into dist/, as CycloneDX
	@mkdir -p dist
	$(RUN) supply.sbom dist/llamafleet.cdx.json

dist: sbom plugin ## what a release has beside the image, in dist/: wheel, SBOM, charts, plugin, checksums
	$(BIN)/python -m hatchling build --target wheel --directory dist
	"$$(PYTHONPATH=tests $(BIN)/python -c 'from testbed.wheels import helm; print(helm(4))')" package charts/llamafleet-crds charts/llamafleet --destination dist
	cp manifests/install.yaml dist/
	cd dist && rm -f SHA256SUMS && sha256sum -- * > ../SHA256SUMS.partial && mv ../SHA256SUMS.partial SHA256SUMS

lock: $(READY) ## resolve the locks anew (for maintainers)
	$(PYTHON) -m venv --clear $(CACHE)/lock && $(CACHE)/lock/bin/pip install --quiet uv==0.13.8
	cd $(CURDIR) && for lock in runtime build dev; do \
	  case $$lock in runtime) what="pyproject.toml";; build) what="locks/build.in";; dev) what="--extra dev pyproject.toml";; esac; \
	  $(CACHE)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --no-emit-index-url --no-emit-find-links --no-cache --output-file locks/$$lock.txt $$what || exit 1; done

clean: ## remove what this checkout has put into the cache
	rm -rf $(VENV) $(CACHE)/pycache $(CACHE)/mypy $(CACHE)/ruff $(CACHE)/pytest
