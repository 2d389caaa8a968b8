# Every verb is idempotent and says what it needs and what it is doing. `make` alone lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

XDG_CACHE_HOME ?= $(HOME)/.cache
CACHE := $(XDG_CACHE_HOME)/bentobox.platform
PYTHON ?= python3.11
LAB ?= bentobox
CLUSTER ?= lab
export LAB CLUSTER K8S STACK KEEP_DATA XDG_CACHE_HOME

# The tools' environment is named by the content of the pins, so that every checkout with the same pins shares one.
VENV := $(CACHE)/venv-$(shell sha256sum tests/requirements.txt | cut -c1-12)
# Ansible finds a collection only at .../ansible_collections/<namespace>/<name>: a link to this checkout.
TREE := $(CACHE)/trees/$(shell printf %s '$(CURDIR)' | sha256sum | cut -c1-12)
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(TREE)
export PYTHONPATH := $(TREE):$(CURDIR)
export ANSIBLE_LOCALHOST_WARNING := false
export ANSIBLE_INVENTORY_UNPARSED_WARNING := false

E2E := e2e$(if $(filter inference,$(STACK)),_inference)$(if $(filter all,$(STACK)),_together)
# Molecule's scenarios that need the inference platform's programs, each before those that stand on it: what a scenario
# has made for its role stays for the next one, and nobody has met the role of that yet.
INFERENCE := gateway_api redis envoy_ai_gateway envoy_gateway istio knative kserve gateway default_backend model
SCENARIOS := $(if $(filter inference,$(STACK)),$(INFERENCE:%=-s %),--all $(INFERENCE:%=--exclude %))

say = printf '\n== %s: %s\n' "$@" "$(1)"
.PHONY: help venv requirements artifacts up up-yatai up-inference down status test lint ruff mypy ansible-lint sanity unit integration molecule e2e in-turn bench docs build clean

help: ## list the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(VENV)/.complete $(TREE)/ansible_collections/bentobox/platform ## the tools, in an environment of their own

# No prerequisite: its name tells its content. A clone's younger file must not replace it under somebody's run.
$(VENV)/.complete:
	@printf '== venv: installing the tools of tests/requirements.txt (1 minute, 0.9 GB) ...\n'
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) on PATH. Install Python 3.11 or newer with venv, or name one: make PYTHON=python3.12"; exit 2; }
	@rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

$(TREE)/ansible_collections/bentobox/platform:
	@mkdir -p $(@D) && ln -sfn '$(CURDIR)' $@

requirements: ## write tests/requirements.txt anew from requirements.in
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(PYTHON) -m venv $$tmp/venv \
	&& $$tmp/venv/bin/pip install --quiet -r tests/requirements.in \
	&& { echo "# Written by \`make requirements\` from requirements.in. Do not edit."; $$tmp/venv/bin/pip freeze --exclude pip --exclude setuptools; } > $$tmp/new \
	&& mv $$tmp/new tests/requirements.txt

up: venv ## a cluster, the platform on it (STACK=yatai, inference or all), and a model that answers
	@begun=$$(date +%s) \
	&& python -m lab up \
	&& $(MAKE) --no-print-directory $(if $(filter all,$(STACK)),up-yatai up-inference,up-$(or $(STACK),yatai)) \
	&& printf '\n== up: all of it took %s s, %s\n' $$(( $$(date +%s) - begun )) "$$(python -m lab memory)"

up-yatai: venv
	@$(call say,bentobox.platform.site (first time 2-3 minutes; again: seconds))
	@ansible-playbook bentobox.platform.site -e "@$$(python -m lab env vars)"
	@$(call say,bentobox.platform.publish_bento with the sample bento (first time 2 minutes; again: seconds))
	@sample="$$(python -m lab sample)" && ansible-playbook bentobox.platform.publish_bento -e "@$$(python -m lab env vars)" -e "$$sample"

up-inference: venv
	@$(call say,bentobox.platform.inference with the sample models (first time 5 minutes; again: seconds))
	@models="$$(python -m lab models)" && ansible-playbook bentobox.platform.inference -e "@$$(python -m lab env vars)" -e "$$models"
	@$(call say,a token of an hour for tenant-a and predictions with it)
	@ansible-playbook bentobox.platform.token -e "@$$(python -m lab env vars)" -e token_tenant=tenant-a -e "token_file=$$(python -m lab env token)"
	@asks="$$(python -m lab curl)" && while IFS= read -r ask; do \
		printf '%s\n' "$$ask" && eval "$$ask --silent --show-error --fail-with-body --max-time 120" && echo || exit 1; \
	done <<< "$$asks"

down: venv ## stop and remove the cluster (KEEP_DATA=1 keeps its data)
	@python -m lab down

status: venv ## what of the cluster runs
	@python -m lab status

artifacts: venv ## the lab's programs, charts and images for STACK, built once (yatai 20 minutes, inference 36, all 43; up to 34 GB of disk meanwhile)
	@python -m lab build

test: venv ## all tests (37 minutes; 21 more to build Yatai's programs; 29 more where inference's are built)
	@begun=$$(date +%s) \
	&& $(MAKE) --no-print-directory -j2 lint artifacts \
	&& $(MAKE) --no-print-directory -j2 e2e in-turn \
	&& python tests/other_platform.py "$$begun" \
	&& printf '\n== test: all layers passed in %s min\n' $$(( ($$(date +%s) - begun + 59) / 60 ))

# e2e takes about as long as these three together, and waits for a cluster most of the time: it goes first.
in-turn:
	@nice $(MAKE) --no-print-directory unit && nice $(MAKE) --no-print-directory integration && nice $(MAKE) --no-print-directory molecule

lint: ruff mypy ansible-lint docs sanity ## every static check

ruff: venv
	@$(call say,ruff)
	@ruff check . && ruff format --check .

mypy: venv
	@$(call say,mypy (module_utils))
	@cd $(TREE) && mypy --config-file '$(CURDIR)/pyproject.toml' --cache-dir $(CACHE)/mypy -p ansible_collections.bentobox.platform.plugins.module_utils

ansible-lint: venv
	@$(call say,ansible-lint --profile production)
	@ansible-lint --profile production --offline --strict

docs: venv ## check the reference documentation
	@$(call say,antsibull)
	@antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self --skip-rstcheck .
	@antsibull-changelog lint

sanity: venv ## ansible-test sanity for every supported ansible-core (CORES="2.19.14" for some)
	@$(call say,ansible-test sanity for $(or $(CORES),every core in tests/sanity/cores.txt))
	@python tests/sanity/run.py $(CORES)

unit: artifacts ## unit tests, also of what the real charts render to
	@$(call say,pytest tests/unit (1 minute))
	@pytest -q -n 2 tests/unit

integration: artifacts ## tests against real servers: an API server, Yatai, PostgreSQL, S3
	@$(call say,pytest tests/integration (minutes; root))
	@pytest -n 4 --durations 15 -m 'not lab' tests/integration

molecule: venv ## every role alone on the lab (STACK=inference: those of the other platform)
	@$(call say,molecule (root; a lab of its own))
	@molecule destroy -s default
	@molecule test $(SCENARIOS) --report

e2e: venv ## from an empty node to a prediction, with faults (STACK=inference: the other platform; all: both)
	@$(call say,pytest tests/$(E2E) (root; a lab of its own))
	@pytest -raP tests/$(E2E)

bench: venv ## the benchmarks, ratios in one run
	@$(call say,tests/benchmarks)
	@for b in tests/benchmarks/bench_*.py; do python $$b; done

build: venv ## the collection's archive, in dist/
	@mkdir -p dist && ansible-galaxy collection build --force --output-path dist

clean: ## remove what the build left in the checkout (caches are in $(CACHE))
	@rm -rf dist .pytest_cache .mypy_cache .ruff_cache
