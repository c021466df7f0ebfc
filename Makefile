# What people, hooks and CI run. Each target does all of its own set-up; needed are Python 3.11 or newer, git and make.

PORT ?= 8000
DATA ?= data
PYTEST_ARGS ?=
# How many tests run side by side; those of one file stay together. WORKERS=0 runs all in one process, for a debugger.
WORKERS ?= 2
BENCH ?= full
EVENTS ?= 1000000
PAYLOAD ?= large
SAVE ?=
FUZZ ?=
# How long `make chaos` lets the storm blow, and which storm: a failing run says its seed.
SECONDS ?= 600
SEED ?= $(shell date +%s)
# COVERAGE=1 makes `make test` measure branches, those of `measured` flows in their processes too, and hold the floors of tools/coverage_floor.py.
COVERAGE ?=

# In the order of their files: those that take longest, the flows, come early.
BESIDE := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
BIN := .venv/bin
READY := .venv/.ready
PROJECTS := pyproject.toml $(wildcard plugins/*/pyproject.toml)
TYPED := kernel/amber $(wildcard plugins/*/amber_* contrib/*/amber_*) tools

.DEFAULT_GOAL := help
.PHONY: help setup run test check contract bench soak fuzz chaos docs public market screenshots lock clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

setup: $(READY) ## Create .venv and install everything, once

run: $(READY) ## Start Amber (PORT=8000 DATA=data)
	@$(BIN)/amber up --port $(PORT) --data $(DATA)

test: $(READY) ## Run the whole test suite (PYTEST_ARGS="-k name")
ifeq ($(COVERAGE),)
	$(BIN)/python -m pytest $(BESIDE) $(PYTEST_ARGS)
else
	$(BIN)/python -m pytest $(BESIDE) --cov --cov-report= $(PYTEST_ARGS)
	$(BIN)/python tools/coverage_floor.py
endif

check: $(READY) ## Lint, types, import rules and the house's own rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/house

contract: $(READY) ## Hold every installed plugin to the contract and write contract.json (PLUGINS="sql stack")
	$(BIN)/python -m pytest -q --pyargs amber.testing.contract $(addprefix --plugin ,$(or $(PLUGINS),all)) \
		--contract-report contract.json

bench: $(READY) ## Measure everything beside Bugsink (BENCH=quick: without it; SAVE=1: write the figures into docs)
	@PYTHONPATH=tests $(BIN)/python -m bench $(BENCH) $(if $(SAVE),--save)

soak: $(READY) ## Send a million events and see that nothing grows (EVENTS=1000000 PAYLOAD=large SAVE=1)
	@PYTHONPATH=tests $(BIN)/python -m bench soak --events $(EVENTS) --payload $(PAYLOAD) $(if $(SAVE),--save)

fuzz: $(READY) ## Fuzz decoders and run machines for long (FUZZ="-k envelope")
	$(BIN)/python -m pytest tests/fuzz tests/machines --hypothesis-profile=long --timeout=3600 $(FUZZ)

chaos: $(READY) ## Kill, freeze and cut off everything under load, then count (SECONDS=600 SEED=1)
	CHAOS_SECONDS=$(SECONDS) CHAOS_SEED=$(SEED) $(BIN)/python -m pytest -q tests/flows/chaos/test_storm.py

docs: $(READY) ## Write docs/reference anew from the code
	@$(BIN)/python tools/docs.py

public: $(READY) ## Write docs/reference/public.txt anew, where the promise about public names allows it
	@$(BIN)/python tools/public.py

market: contract ## Hold the plugins to the contract, build an index of all with their tiers into dist/market, to be signed
	@rm -rf dist/market
	@PIP_NO_BUILD_ISOLATION=0 $(BIN)/amber market build dist/market $(dir $(wildcard plugins/*/pyproject.toml contrib/*/pyproject.toml)) \
	  --name amber --title "Amber's own plugins" --contract-report contract.json --data dist/market-data

screenshots: $(READY) ## Take pictures of every page into screenshots/ (needs Debian's chromium)
	@PYTHONPATH=tools $(BIN)/python -m screenshots

lock: $(READY) ## Pin what the pyproject.toml files ask for (LOCK_ARGS=--upgrade)
	@$(BIN)/python tools/lock.py $(LOCK_ARGS)

clean: ## Remove .venv and caches; leaves the data folder alone
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.*

$(READY): requirements.lock tools/set-up $(PROJECTS)
	@tools/set-up
	@touch $@
