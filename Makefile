PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: retrain-demo demo test check browser fuzz-service install lock clean

demo: install
	@$(BIN)/detente read examples/article.txt

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

test: install
	$(BIN)/python -m pytest

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser: ## Chromium for the tests of the page, from Debian or Ubuntu; elsewhere CHROMIUM=/path/to/it names one
	command -v chromium || (apt-get update && apt-get install --yes --no-install-recommends chromium fonts-dejavu-core)

# From 200 new labels to a better released model, in a registry of its own; interrupted, it goes on where it was.
RETRAIN := runs/retrain-demo
retrain-demo: export DETENTE_REGISTRY ?= $(RETRAIN)/registry
retrain-demo: install
	@test -f $(RETRAIN)/candidate/manifest.json || $(BIN)/detente train training/recipes/retrain-demo.toml --data examples/new-labels.jsonl --out $(RETRAIN)/candidate
	@grep -qs negotiation-demo $$DETENTE_REGISTRY/history.jsonl || { \
		$(BIN)/detente gate $(RETRAIN)/candidate --gold examples/new-gold.jsonl && \
		$(BIN)/detente promote $(RETRAIN)/candidate; }
	@$(BIN)/detente history

fuzz-service: install ## over ten thousand cases of schemathesis against a running service: some minutes
	@$(BIN)/detente serve --port 8199 --log-level warning & service=$$!; trap "kill $$service" EXIT; \
	$(BIN)/schemathesis --config-file tests/schemathesis.toml run http://127.0.0.1:8199/openapi.json --wait-for-schema 60

lock: ## writes requirements.lock from what is installed in .venv
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
