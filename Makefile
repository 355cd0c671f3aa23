# Candor's tasks. `make` lists them. Nothing but Python, 3.11 to 3.13, is needed beforehand.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
UV ?= $(shell command -v uv || echo .venv-uv/bin/uv)
ARGS ?=
REQUIREMENTS := deploy/requirements
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  \033[36m%-18s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ── environment ──────────────────────────────────────────────────────────────────────────────────
# `local` (what `make run` needs, without TensorFlow) and `dev` (everything) share one environment:
# dev contains local in the same versions. An environment that is there stays, whichever Python it has.
define install
	@PYTHON="$(PYTHON)" deploy/make-venv.sh $(VENV) $(1)
endef

.PHONY: venv venv-dev
venv: ## Make the environment that `make run` uses (.venv, no TensorFlow)
	$(call install,local)

venv-dev: ## Make the environment for tests, lint and training (.venv, with TensorFlow)
	$(call install,dev)

# ── running ──────────────────────────────────────────────────────────────────────────────────────
.PHONY: run
run: venv site/.built ## Start everything, embedded, and print the address (ARGS="--port 8080")
	@exec $(BIN)/candor up $(ARGS)

.PHONY: bench
bench: venv ## What an analysis costs, against a limit timed beside it (ARGS="--json FILE")
	$(BIN)/python -m bench $(ARGS)

.PHONY: bench-cohorts
bench-cohorts: venv ## What a benchmark costs with 10 thousand to 1 million reports (ARGS="--size 10000")
	$(BIN)/python -m bench.cohorts $(ARGS)

.PHONY: bench-export
bench-export: venv-dev ## What an export of 10 thousand answers takes in time and memory (ARGS="--size 10000")
	$(BIN)/python -m bench.export $(ARGS)

.PHONY: bench-fer
bench-fer: .venv-fer/bin/python ## Install the fer package beside, so that the benchmark can compare with it
.venv-fer/bin/python:
	python3 -m venv .venv-fer
	.venv-fer/bin/pip install --quiet fer==25.10.3 "opencv-contrib-python<5" "setuptools<81"

.PHONY: env compose-build compose-up compose-down
COMPOSE ?= docker compose

env: .env ## Write .env with random secrets, for docker compose
.env: .env.example
	@test ! -e $@ || { echo ".env.example is newer than .env: compare them, then touch .env"; exit 1; }
	@umask 077; awk -F= '/^[A-Z_]+=$$/ { "od -An -N24 -tx1 /dev/urandom | tr -d \" \\n\"" | getline secret; \
	  close("od -An -N24 -tx1 /dev/urandom | tr -d \" \\n\""); print $$1 "=" secret; next } { print }' $< > $@
	@echo "Wrote .env with new secrets."

compose-build: ## Build the images of docker-compose.yml
	$(COMPOSE) build

compose-up: .env ## Build and start the images
	$(COMPOSE) up --build --detach
	@echo 'A tenant and its key: $(COMPOSE) run --rm admin create-tenant "Acme"'

compose-down: ## Stop the images; their data stays in the volumes
	$(COMPOSE) down

# ── tests ────────────────────────────────────────────────────────────────────────────────────────
PYTEST := $(BIN)/python -m pytest

.PHONY: test test-unit test-contract test-architecture test-integration test-e2e test-training
test: venv-dev test-tools ## Run every test: side by side what needs no quiet, then the whole processes
	$(PYTEST) --ignore=tests/e2e --numprocesses=2 --dist=loadscope $(ARGS)
	$(PYTEST) tests/e2e $(ARGS)

test-unit: venv-dev ## Pure functions, fakes, no servers
	$(PYTEST) tests/unit $(ARGS)

test-contract: venv-dev ## Schemas: messages, OpenAPI, manifests
	$(PYTEST) tests/contract $(ARGS)

test-architecture: venv-dev ## Who imports what, at rest and at run time
	$(PYTEST) tests/architecture $(ARGS)

test-integration: venv-dev ## With a real Postgres, Redis and model server
	$(PYTEST) tests/integration $(ARGS)

test-e2e: venv-dev test-tools ## Whole processes, real recordings, the page in a browser
	$(PYTEST) tests/e2e $(ARGS)

test-training: venv-dev ## One real training step on small data; the served artefacts
	$(PYTEST) tests/training $(ARGS)

.PHONY: fresh
CONTAINER ?= $(shell command -v podman || echo docker)
IMAGES ?= fresh:bookworm fresh:trixie
fresh: ## Run README's two commands on new machines, as containers (IMAGES, CONTAINER; ARGS for the tests)
	@CONTAINER="$(CONTAINER)" TEST_ARGS='$(ARGS)' deploy/fresh.sh $(IMAGES)

.PHONY: test-tools
test-tools:
	@deploy/install-test-tools.sh

# ── code ─────────────────────────────────────────────────────────────────────────────────────────
# The page's tools are npm packages, and node comes from a wheel: the machine needs neither.
NPM := PATH="$(abspath $(BIN)):$$PATH" npm

.PHONY: lint lint-page page-fonts npm-packages format
lint: venv-dev lint-page ## ruff, mypy, the import rules, and the page's code (Biome, TypeScript)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lint-page: npm-packages
	$(NPM) run --silent lint
	deploy/page-fonts.sh --check

page-fonts: npm-packages ## Copy the page's fonts from the locked packages, after a change of package.json
	deploy/page-fonts.sh

npm-packages: venv-dev
	@if [ "$$(cat node_modules/.installed 2>/dev/null)" != "$$(sha256sum < package-lock.json)" ]; then \
	  echo "Installing the locked npm packages."; \
	  $(NPM) ci --ignore-scripts --no-audit --no-fund --silent && sha256sum < package-lock.json > node_modules/.installed; \
	fi

format: venv-dev ## Let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# ── documentation ────────────────────────────────────────────────────────────────────────────────
# `strict: true` in mkdocs.yml makes a link that leads nowhere an error. `make run` only wants a site to show: it
# builds one where README, a page or the interface changed, and starts without one where that fails.
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

.PHONY: docs
docs: venv ## Build the documentation strictly into site/, which every installation serves at /docs
	$(BIN)/python -m docs.generate.readme
	$(MKDOCS)
	@touch site/.built

site/.built: mkdocs.yml deploy/openapi.json $(shell find docs -type f -not -name '*.pyc') | venv
	@echo "Building the documentation; it will be at /docs."
	@$(MKDOCS) --no-strict && touch $@ || echo "The documentation could not be built; Candor starts without it."

# ── interface ────────────────────────────────────────────────────────────────────────────────────
.PHONY: openapi lint-openapi fuzz
openapi: venv-dev ## Accept additions into deploy/openapi.json (ARGS="--breaking" for what breaks clients)
	$(BIN)/python -m clients.openapi_changes $(ARGS)

fuzz: venv-dev ## Send thousands of generated requests to a real gateway (ARGS="--examples 80")
	$(BIN)/python -m tests.fuzz $(ARGS)

lint-openapi: venv-dev ## Lint deploy/openapi.json with Spectral's public rules
	PATH="$(abspath $(BIN)):$$PATH" npx --yes @stoplight/spectral-cli@6.16.3 lint --fail-severity=warn --ruleset deploy/openapi-rules.yaml deploy/openapi.json

# ── models ───────────────────────────────────────────────────────────────────────────────────────
.PHONY: venv-face-training train-text train-voice train-face train-fusion
venv-face-training: venv-dev ## Add PyTorch to .venv, which trains the face (3 GB, with CUDA on Linux)
	$(call install,face-training)

train-text: venv-dev ## Train both text models; publish what is better than the served (CANDOR_DATA)
	$(BIN)/candor train text $(ARGS)

train-voice: venv-dev ## The same for the voice model
	$(BIN)/candor train voice $(ARGS)

train-face: venv-face-training ## The same for the face model, hours (ARGS="--epochs 1 --limit 2000")
	$(BIN)/candor train face $(ARGS)

train-fusion: venv-dev ## The same for how voice and face are combined
	$(BIN)/candor train fusion $(ARGS)

# ── the Python client ────────────────────────────────────────────────────────────────────────────
.PHONY: client-models
client-models: venv-dev ## Write the client's models again from the OpenAPI document (needs uv)
	$(BIN)/python -m clients.client_models clients/python/candor_client/models.py
	$(BIN)/ruff check --quiet --fix clients/python/candor_client/models.py
	$(BIN)/ruff format --quiet clients/python/candor_client/models.py

# ── dependencies ─────────────────────────────────────────────────────────────────────────────────
# One lock holds for every Python that pyproject.toml admits; what only one of them needs has a marker.
# `dev` is resolved first; every other lock takes its versions. A version that is locked stays, unless
# `make lock UPGRADE=--upgrade` moves all of them or `UPGRADE="--upgrade-package NAME"` one.
COMPILE = $(UV) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header \
          --no-annotate --no-emit-index-url --no-emit-find-links
EVERYWHERE := --excludes $(REQUIREMENTS)/excludes.txt
IN_IMAGES := --excludes $(REQUIREMENTS)/excludes-serving.txt -c $(REQUIREMENTS)/dev.txt
UPGRADE ?=

.venv-uv/bin/uv:
	python3 -m venv .venv-uv
	.venv-uv/bin/python -m pip install --quiet uv==0.13.9

# npm leaves the addresses of packages out (.npmrc), and those of their sponsors in.
WITHOUT_SPONSORS := const fs = require("node:fs"); const lock = "package-lock.json"; \
  const kept = (name, value) => (name === "funding" ? undefined : value); \
  fs.writeFileSync(lock, JSON.stringify(JSON.parse(fs.readFileSync(lock)), kept, 2) + "\n");

.PHONY: lock lock-page
lock-page: venv-dev ## Write package-lock.json again, after a change of package.json
	$(NPM) install --package-lock-only --ignore-scripts --no-audit --no-fund --silent
	$(BIN)/node --input-type=commonjs --eval '$(WITHOUT_SPONSORS)'

lock: $(UV) ## Write the locks again (UPGRADE=--upgrade takes new versions)
	$(COMPILE) $(UPGRADE) $(EVERYWHERE) --extra dev -o $(REQUIREMENTS)/dev.txt
	$(COMPILE) --upgrade $(EVERYWHERE) -c $(REQUIREMENTS)/dev.txt --extra local -o $(REQUIREMENTS)/local.txt
	$(COMPILE) --upgrade $(EVERYWHERE) -c $(REQUIREMENTS)/dev.txt --extra local --extra training -o $(REQUIREMENTS)/training.txt
	$(COMPILE) --upgrade $(EVERYWHERE) -c $(REQUIREMENTS)/dev.txt --extra face-training -o $(REQUIREMENTS)/face-training.txt
	$(COMPILE) --upgrade $(EVERYWHERE) -c $(REQUIREMENTS)/dev.txt --extra tf-serving -o $(REQUIREMENTS)/model-server.txt
	for image in gateway fusion; do \
	  $(COMPILE) --upgrade $(EVERYWHERE) -c $(REQUIREMENTS)/dev.txt --extra $$image -o $(REQUIREMENTS)/$$image.txt || exit 1; done
	for image in text audio video; do \
	  $(COMPILE) --upgrade $(IN_IMAGES) --extra $$image --extra tf-serving -o $(REQUIREMENTS)/$$image.txt || exit 1; done
	@for python in $$(deploy/make-venv.sh --pythons); do \
	  $(UV) pip compile $(REQUIREMENTS)/dev.txt --quiet --no-deps --only-binary :all: --python-platform linux \
	    --python-version $$python --output-file /dev/null || exit 1; \
	  echo "Every locked package has a wheel for Python $$python."; done
