# The targets are names for `python -m sandbox COMMAND`, which tells what it does and how long each step took.
PYTHON ?= python3
ARGS ?=
SHARD ?= 1/1

.DEFAULT_GOAL := help
.PHONY: help setup up down env test check browser format lock audit sbom bench kills redteam

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## Set up what is missing: .venv, the Pulumi CLI and policy/.venv
up: ## Set up, start the local cloud, deploy the stack `sandbox` to it and show what was made
down: ## Destroy what the stack made and stop the local cloud
env: ## Print the environment for pulumi, gcloud and terraform: eval "$(make -s env)"
test: ## Set up what is missing and run the tests; ARGS="-k budget" goes to pytest
check: ## Check format, code, types, import rules and pins
browser: ## Install Debian's Chromium on this machine, for the tests of the page; needs root
format: ## Format the code
lock: ## Pin the dependencies anew from pyproject.toml
audit: ## Check the pins, and ask for published advisories against them; exit code 3 if there is no answer
sbom: ## Write build/sbom.cdx.json: all that is pinned, as CycloneDX
kills: ## Kill runs at every call and at 60 points; SHARD=2/4 takes the second quarter. `make test` takes a seeded part
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_a_kill_at $(ARGS)"
redteam: ## Judge and make hostile programs and stack files, and try every door; SHARD=2/4 as above
	@SHARD=$(SHARD) REDTEAM_EXAMPLES=5000 $(MAKE) --no-print-directory test ARGS="-k redteam $(ARGS)"
bench: ## Measure with 1, 10 and 100 projects; ARGS goes to `python -m bench`

setup up down env test check browser format lock audit sbom bench:
	@$(PYTHON) -m sandbox.bootstrap $@ $(ARGS)
