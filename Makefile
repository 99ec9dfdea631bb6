# The two commands to know are `make demo` and `make test`; both install what they need into .venv,
# and `make test` what it needs of Node into .node.

PYTHON ?= python3
# lago, stripe, killbill, or all three in one database.
ENGINE ?= lago
CUSTOMERS ?= 2000
SEED ?= 1
PYTEST ?=

# A process and a PostgreSQL per processor; a file's tests share what they build. PARALLEL= for one.
PARALLEL ?= --numprocesses auto --dist loadfile

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NODE := .node
NODE_INSTALLED := $(NODE)/.installed
LANDING := tests/stripe_landing

.DEFAULT_GOAL := help
.PHONY: help demo test test-all test-majors test-killbill landing bench-engine bench-lag bench-lookups lint format lock clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Generate a billing database, build every metric, print the headline numbers.
	@$(BIN)/tidemill demo --engine $(ENGINE) --customers $(CUSTOMERS) --seed $(SEED)

test: $(INSTALLED) landing ## Everything that must pass.
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not server" $(PYTEST)

test-all: $(INSTALLED) landing ## The tests that take minutes, too, and all others on each PostgreSQL.
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest $(PARALLEL) $(PYTEST)
	@$(MAKE) --silent test-majors MAJORS_TESTS="not slow and not server"

# Golden cases, readers and crashes; test-all has all of `make test` on each.
MAJORS ?= 15 16
MAJORS_TESTS ?= sample
test-majors: $(INSTALLED) ## A sample of the tests on PostgreSQL 15 and 16; `make test` has the newest.
	@for major in $(MAJORS); do echo "On PostgreSQL $$major."; \
		TIDEMILL_TEST_POSTGRES=$$major $(BIN)/python -m pytest $(PARALLEL) -m "$(MAJORS_TESTS)" $(PYTEST) || exit 1; done

test-killbill: $(INSTALLED) ## Three months on a real Kill Bill server (needs Java, and Maven once).
	@$(BIN)/python -m pytest -m "server and not slow" tests/python/killbill_server $(PYTEST)

# BENCH="--rounds 5 --command run" says how, BENCH="-- --threads 1" what is passed to the command.
BENCH ?=
bench-engine: $(INSTALLED) ## How much slower a billing engine writes during a refresh.
	@PYTHONPATH=tests/python $(BIN)/python benchmarks/engine.py $(BENCH)

bench-lag: $(INSTALLED) ## How long after a commit in the billing tables metric_mrr shows it.
	@PYTHONPATH=tests/python $(BIN)/python benchmarks/lag.py $(BENCH)

bench-lookups: $(INSTALLED) ## How long look-ups take, in SQL and as a process.
	@PYTHONPATH=tests/python $(BIN)/python benchmarks/lookups.py $(BENCH)

# Without Node 20 the tests of real landing code say what they miss, or fail under TIDEMILL_REQUIRE_NODE=1.
landing:
	@if node --eval 'process.exit(Number.parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && command -v npm >/dev/null; then \
		$(MAKE) --silent $(NODE_INSTALLED) || [ "$$TIDEMILL_REQUIRE_NODE" != 1 ] || exit 1; fi

lint: $(INSTALLED) ## ruff, mypy and sqlfluff.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 0 models tests/laws

format: $(INSTALLED) ## Put the code in the house format.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix models tests/laws

# Made again whenever a dependency changes; a half-made .venv has no stamp and is begun anew.
$(INSTALLED): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
		echo "Tidemill needs Python 3.11 or newer and found no $(PYTHON): install it, or name one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Tidemill needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1): name a newer one with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot create virtual environments: install its venv package (Debian: python3-venv)." >&2; exit 1; }
	@echo "Creating $(VENV) with $$($(PYTHON) --version)."
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies; this takes a minute or two the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@echo "Installing tidemill."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Not in the folder that names them: dbt reads every .sql file under tests/, and the packages have some.
$(NODE_INSTALLED): $(LANDING)/package.json $(LANDING)/package-lock.json
	@echo "Installing Stripe's sync engines into $(NODE)."
	@rm -rf $(NODE) && mkdir $(NODE) && cp $^ $(NODE)
	@npm ci --prefix $(NODE) --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

lock: ## Resolve the dependencies again (needs uv).
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" --no-strip-extras --no-emit-index-url --quiet --output-file requirements.lock

clean: ## Remove what was installed and built (the demo's data, too).
	@if [ -x $(BIN)/tidemill ] && [ -f .tidemill/demo.json ]; then $(BIN)/tidemill demo --stop; fi
	@rm -rf $(VENV) $(NODE) .tidemill target logs dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
