# bbkd: `make` lists the targets. Every target sets up .venv from the lock first.
RUN    ?= runs/main
SEED   ?= 1
TASK   ?= tickets
PYTHON ?= python3
FLAGS  ?=
BIN    := .venv/bin
BBKD   := $(BIN)/bbkd
DEMO   := runs/demo-$(TASK)-$(SEED)

.DEFAULT_GOAL := help
.PHONY: help setup check test test-slow demo prompts query generate judge filter train evaluate report run clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

setup: .venv/.made ## make .venv from requirements.lock

.venv/.made: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

check: setup ## lint, format, types, layers and sizes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_imports.py

test: setup ## the default tests (minutes; no network but loopback)
	$(BIN)/pytest -q -n 2 --dist loadfile

test-slow: setup ## real processes and kills (up to 20 minutes)
	$(BIN)/pytest -q -m slow

demo: setup ## the whole main job, with a simulated teacher and a 135M student (SEED=1 TASK=tickets)
	test -f $(DEMO)/bbkd.toml || $(BBKD) init --task $(TASK) --seed $(SEED) $(DEMO)
	$(BBKD) run --run $(DEMO)
	@echo "report: $(DEMO)/report.html"

# The stages. Each decides by its manifest whether there is anything to do; only query, generate, judge and run can cost money.
prompts: setup ## stage 1: collect, mark family and split (free)
	$(BBKD) prompts --run $(RUN) $(FLAGS)

query: setup ## stage 2: ask the teacher (paid)
	$(BBKD) query --run $(RUN) $(FLAGS)

generate: setup ## stages 1 and 2 (paid)
	$(BBKD) generate --run $(RUN) $(FLAGS)

judge: setup ## scores for filter, if [scoring] asks for any (paid with a judge)
	$(BBKD) judge --run $(RUN) $(FLAGS)

filter: setup ## stage 3: dataset and rejections (free)
	$(BBKD) filter --run $(RUN) $(FLAGS)

train: setup ## stage 4: fine-tune the student
	$(BBKD) train --run $(RUN) $(FLAGS)

evaluate: setup ## stage 5: base, student, teacher on held-out prompts (free)
	$(BBKD) evaluate --run $(RUN) $(FLAGS)

report: setup ## stage 6: report.html, report.md, card
	$(BBKD) report --run $(RUN) $(FLAGS)

run: setup ## all stages (paid)
	$(BBKD) run --run $(RUN) $(FLAGS)

clean: ## remove .venv and caches, never runs or ledgers
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
