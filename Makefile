# Every target does all of its own set-up, in .venv; python3 and make are all that has to be there.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 4599

# pip's lower-case warnings are left out, its errors are shown.
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
BUILD_INPUTS := pyproject.toml server/build_model.py

.DEFAULT_GOAL := help
.PHONY: help run test check acceptance bench screenshots docs dist image clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## start a server with the sample seeds on 127.0.0.1:4599
	@exec $(BIN)/keytrail serve --host 127.0.0.1 --port $(PORT) --fixtures fixtures

# A process for each core, each with servers of its own; whoever is done takes over from the other.
test: $(VENV)/.dev ## run the tests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist worksteal

check: $(VENV)/.dev ## check format, lint, types and architecture, then run the tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(MAKE) --no-print-directory test

# Of one program: make acceptance ONLY=aws_cli (the name of its file in tests/acceptance, without test_ and .py).
acceptance: $(VENV)/.dev ## try real programs on the server: installs them in .venv/acceptance, writes docs/works-with.md
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile tests/acceptance$(ONLY:%=/test_%.py)

bench: $(VENV)/.dev ## measure speed and memory against other servers
	$(BIN)/python tests/benchmarks/run.py

screenshots: $(VENV)/.dev ## take the pictures of the console in docs/screenshots; needs Chromium
	$(BIN)/python -m tests.browser.screenshots

docs: $(VENV)/.docs ## build the site of README and docs/ in .site/, and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The wheel is built of the source distribution, which shows that nothing is missing there.
dist: $(VENV)/.dev ## build wheel and source distribution in dist/
	rm -rf dist
	$(BIN)/python -m build

image: ## build the container image `keytrail`
	docker build -t keytrail .

clean: ## remove the environment and everything generated
	rm -rf $(VENV) build dist .site .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf server/keytrail/wire/models server/keytrail/regions.json server/keytrail/http/console/static/htmx.min.js
	find server tests -name __pycache__ -prune -exec rm -rf {} +

# The package, editable, with what it needs to run. pip 25.1 is the first that reads dependency groups.
$(VENV)/.installed: $(BUILD_INPUTS)
	@echo "Installing keytrail in $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit("Keytrail needs Python 3.11 or newer, this is %d.%d: make PYTHON=python3.x" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable .
	@touch $@

# And what the site needs.
$(VENV)/.docs: $(VENV)/.installed
	@echo "Installing the tools for the site in $(VENV) ..."
	@$(PIP) install --group docs
	@touch $@

# And what it needs to be worked on.
$(VENV)/.dev: $(VENV)/.installed
	@echo "Installing the tools for development in $(VENV) ..."
	@$(PIP) install --group dev
	@touch $@
