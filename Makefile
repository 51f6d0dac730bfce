# One entry for people and for CI. Needs python3, make and git; everything else is installed below this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c

UV       := .bootstrap/bin/uv
BIN      := .venv/bin
LAYERS   := base numeric model kite web mcp parquet
# A run starts hundreds of processes: what one has compiled, the others take.
export PYTHONDONTWRITEBYTECODE :=
LOCK     := $(UV) pip compile --quiet --universal --python-version 3.13 --generate-hashes --custom-compile-command "make lock"

.PHONY: help setup demo test compiling check thorough conformance security sbom synth lock bench clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV): requirements/uv.txt
	@echo "setting up: uv"
	python3 -m venv .bootstrap 2>/dev/null || { echo "python3 cannot create virtual environments; install your system's python3-venv package and run make again" >&2; exit 1; }
	.bootstrap/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	touch $(UV)

.venv/.ready: $(UV) requirements/dev.txt layers/core/pyproject.toml workbench/pyproject.toml
	@echo "setting up: the project's environment (.venv)"
	$(UV) venv --quiet --allow-existing .venv
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable layers/core --editable workbench
	touch $@

.emulator/.ready: $(UV) requirements/emulator.txt
	@echo "setting up: the AWS emulator (.emulator)"
	$(UV) venv --quiet --allow-existing .emulator
	$(UV) pip sync --quiet --python .emulator/bin/python --require-hashes requirements/emulator.txt
	touch $@

# The chart library of the console's pages: a module that the function (api) ships with its own.
CHARTS := functions/api/static/lightweight-charts.js
$(CHARTS): .venv/.ready requirements/charts/package-lock.json requirements/charts/.npmrc
	@echo "setting up: the chart library ($(CHARTS))"
	mkdir -p .charts
	cp requirements/charts/package.json requirements/charts/package-lock.json requirements/charts/.npmrc .charts
	PATH="$(CURDIR)/$(BIN):$$PATH" npm --prefix .charts ci --loglevel error
	cp .charts/node_modules/lightweight-charts/dist/lightweight-charts.standalone.production.mjs $@

setup: .venv/.ready .emulator/.ready $(CHARTS) ## Install everything below this folder

.bench/.ready: $(UV) requirements/bench.txt
	@echo "setting up: other engines to be held against (.bench)"
	$(UV) venv --quiet --allow-existing .bench
	$(UV) pip sync --quiet --python .bench/bin/python --require-hashes requirements/bench.txt
	touch $@

# Programs of others that need Node, which the environment brings.
NODE     := PATH="$(CURDIR)/$(BIN):$$PATH"
.conformance/.ready: .venv/.ready requirements/conformance/package-lock.json requirements/conformance/.npmrc
	@echo "setting up: conformance suites and the inspector of MCP (.conformance)"
	mkdir -p .conformance
	cp requirements/conformance/package.json requirements/conformance/package-lock.json requirements/conformance/.npmrc .conformance
	$(NODE) npm --prefix .conformance ci --loglevel error
	touch $@

.security/.ready: .venv/.ready $(wildcard requirements/security/*) requirements/security/.npmrc
	@echo "setting up: scanners (.security)"
	for part in code infrastructure; do
	$(UV) venv --quiet --allow-existing .security/$$part
	$(UV) pip sync --quiet --python .security/$$part/bin/python --require-hashes requirements/security/$$part.txt
	done
	cp requirements/security/package.json requirements/security/package-lock.json requirements/security/.npmrc .security
	$(NODE) npm --prefix .security ci --loglevel error
	touch $@

demo: setup ## Run the desk on this machine against a simulated exchange
	@exec $(BIN)/patang demo

check: .venv/.ready ## Format, lint, types, layers
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Integration tests that share no emulator and wait for nobody's clock. Long files come first: whoever is done
# early goes on with short ones. The others come after, two at a time: each waits for its emulator's clock.
SIDE_BY_SIDE := $(addprefix tests/integration/,console features history home_desk orders panels programs protection reconciliation)
FIRST := $(SIDE_BY_SIDE) tests/conformance tests/contract tests/infra tests/unit
# What breaks the deployed template on purpose, or carries a stage through its whole life, takes minutes.
THOROUGH := tests/integration/failures tests/integration/deployment/test_lifecycle.py
EACH_CHANGE := -m "not thorough" --durations 25 --durations-min 3

# Whoever collects first compiles what every process of the tests then takes: one core's work beside the checks.
compiling: setup
	@$(BIN)/pytest $(FIRST) --collect-only --quiet -p no:cacheprovider > /dev/null 2>&1 &

# Four processes on few cores: threads of their own that wait for each other would take the time of all.
test thorough: export OMP_NUM_THREADS := 1
test thorough: export OPENBLAS_NUM_THREADS := 1

test: setup .conformance/.ready .security/.ready compiling check ## All checks and tests, but for thorough's
	@$(BIN)/pytest $(FIRST) $(EACH_CHANGE) --numprocesses 4 --dist loadfile
	$(BIN)/pytest tests/e2e tests/integration $(SIDE_BY_SIDE:%=--ignore=%) $(THOROUGH:%=--ignore=%) $(EACH_CHANGE) --numprocesses 2 --dist loadfile

thorough: setup .conformance/.ready .security/.ready ## What is looked at before a release alone: failures made on purpose, a stage's whole life
	@$(BIN)/pytest $(THOROUGH) --durations 15 --durations-min 3
	$(BIN)/pytest $(FIRST) -m thorough --numprocesses 2 --dist loadfile --durations 15 --durations-min 3

conformance: setup .conformance/.ready ## The official MCP suites and the inspector, through the gateway's events
	@$(BIN)/pytest -s tests/conformance --durations 10 --durations-min 3

security: .venv/.ready .security/.ready ## Scanners over code, secrets, templates, workflows and images
	@$(BIN)/python -m patang_workbench.scanners

sbom: .venv/.ready ## What each deployable is made of, as CycloneDX, into .patang/sbom
	@$(BIN)/python -m patang_workbench.bill_of_materials

bench: setup .bench/.ready .conformance/.ready ## Figures: speed and size, against other engines where there are any
	@$(BIN)/pytest -s tests/bench

synth: .venv/.ready $(CHARTS) ## The CloudFormation templates, without AWS
	@$(BIN)/python -m infra.app
	echo "templates in infra/cdk.out"

lock: $(UV) ## Resolve requirements again
	@$(LOCK) requirements/dev.in -o requirements/dev.txt
	$(LOCK) requirements/emulator.in -o requirements/emulator.txt
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) requirements/bench.in -o requirements/bench.txt
	$(LOCK) -c requirements/dev.txt requirements/ingester.in -o requirements/ingester.txt
	$(LOCK) -c requirements/dev.txt requirements/home.in -o requirements/home.txt
	$(LOCK) -c requirements/dev.txt requirements/research_worker.in -o requirements/research_worker.txt
	for part in code infrastructure; do $(LOCK) requirements/security/$$part.in -o requirements/security/$$part.txt; done
	for part in charts conformance security; do
	$(NODE) npm --prefix requirements/$$part install --package-lock-only --loglevel error
	$(BIN)/node -e 'const fs = require("fs"), file = process.argv[1], lock = JSON.parse(fs.readFileSync(file)); for (const one of Object.values(lock.packages)) delete one.funding; fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n")' requirements/$$part/package-lock.json
	done
	for layer in $(LAYERS); do $(LOCK) -c requirements/dev.txt --override requirements/left-out.in layers/$$layer/requirements.in -o requirements/layer-$$layer.txt; done

clean: ## Remove what was set up and built
	@rm -rf .bootstrap .venv .emulator .bench .charts .conformance .security .patang .pytest_cache .mypy_cache .ruff_cache .import_linter_cache infra/cdk.out $(CHARTS)
