# Two commands do everything: `make demo` and `make test`. Each installs what it needs by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
HOSTS := .hosts
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: hosts hosts-all bundle help install demo test check snapshots pins coverage-of-apis

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

install: $(STAMP) ## make .venv with the command at .venv/bin/callpost

$(STAMP): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Callpost needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing (pinned, with hashes) into $(VENV)"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## the whole promise in under a minute, on the sandbox
	@$(BIN)/callpost demo

test: install ## every test, on real engines, sockets and processes
	$(BIN)/python -m pytest

check: install ## lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: install ## what it costs and how much gets through; nothing here is asserted
	$(BIN)/python tests/bench/startup.py
	$(BIN)/python tests/bench/overhead.py
	$(BIN)/python tests/bench/places.py
	$(BIN)/python tests/bench/goodput.py
	$(BIN)/python tests/bench/ledger.py

bench-ledger: install ## what doing it once costs, from 10 to 1,000,000 records
	$(BIN)/python tests/bench/ledger.py

snapshots: install ## rewrite the generated files: tool schemas, tables in the docs, manifests
	CALLPOST_SNAPSHOTS=rewrite $(BIN)/python -m pytest -q tests/snapshots
	CALLPOST_SNAPSHOTS=rewrite PYTHONPATH=tests $(BIN)/python -m contracts.operations >/dev/null

pins: ## renew requirements/*.txt (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate pyproject.toml requirements/dev.in -o requirements/dev.txt
	for pins in requirements/hosts/*.in; do uv pip compile -q --no-strip-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate $$pins -o $${pins%.in}.txt; done

coverage-of-apis: install ## print operation, tool, toolset, rule; fail where something is not covered
	@PYTHONPATH=tests $(BIN)/python -m contracts.operations

bundle: install ## pack and validate dist/*.mcpb for desktop hosts (needs npm)
	@mkdir -p $(HOSTS)/mcpb && cp manifests/package.json manifests/package-lock.json manifests/.npmrc $(HOSTS)/mcpb/
	@cd $(HOSTS)/mcpb && npm ci --silent --ignore-scripts
	@PYTHONPATH=manifests $(BIN)/python -m publishing.bundle $(HOSTS)/mcpb/node_modules/.bin/mcpb dist

hosts: install ## the server held against real clients: SDKs, Inspector, conformance, frameworks
	@PYTHONPATH=tests $(BIN)/python -m hosts.run

hosts-all: install ## the same against every client there is; rewrites the table in docs/hosts
	@PYTHONPATH=tests $(BIN)/python -m hosts.run --all
