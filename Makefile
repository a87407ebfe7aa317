# The targets are names for `python -m sandbox COMMAND`, which tells what it does and how long each step took.
PYTHON ?= python3
ARGS ?=
SHARD ?= 1/1

.DEFAULT_GOAL := help
.PHONY: help setup up down env path clock test check browser format lock audit sbom bench demo kills chaos drift split adopt long leaving permissions examples parity redteam fleet coverage gcloud fuzz properties year

help: ## Show the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 16

setup: ## Set up what is missing: .venv, the Pulumi CLI and policy/.venv
up: ## Set up, start the local cloud, deploy the stack `sandbox` to it and show what was made
down: ## Destroy what the stack made and stop the local cloud
env: ## Print the environment for pulumi, gcloud and terraform: eval "$(make -s env)"
clock: ## Show the clock of the local cloud, or move it: ARGS=+2h, ARGS=2026-12-01T00:00Z, ARGS=hold, ARGS=flow
path: ## Set up, and print what puts gemini-lz and pulumi on PATH, for your own cloud: eval "$(make -s path)"
test: ## Set up what is missing and run the tests; ARGS="-k budget" goes to pytest
check: ## Check format, code, types, import rules and pins
browser: ## Install Debian's Chromium on this machine, for the tests of the page; needs root
format: ## Format the code
lock: ## Pin the dependencies anew from pyproject.toml
audit: ## Check the pins, and ask for published advisories against them; exit code 3 if there is no answer
sbom: ## Write build/sbom.cdx.json: all that is pinned, as CycloneDX
kills: ## Kill runs at every call and at 60 points; SHARD=2/4 takes the second quarter. `make test` takes a seeded part
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_a_kill_at $(ARGS)"
chaos: ## Have each call of an up, an update and a destroy fail in every way; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_chaos $(ARGS)"
drift: ## Look for drift in every situation, and a hundred times beside other stacks; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_drift $(ARGS)"
long: ## Run the tests that `make test` leaves out as others of their kind stand for them; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-m long $(ARGS)"
leaving: ## Take projects out of a stack in every way; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k 'test_leaving or test_native_stops' $(ARGS)"
split: ## Split stacks, killed at every write; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_split $(ARGS)"
adopt: ## Adopt every stack of the tests after its state is lost, and projects made by hand; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_adopt_ $(ARGS)"
permissions: ## Take each permission away and see what fails; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k taken_away $(ARGS)"
examples: ## Run the example of every command's help; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_examples $(ARGS)"
parity: ## Lead resources through their lives with the stand-in, as recorded of the official plugin; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="-k test_parity $(ARGS)"
redteam: ## Judge and make hostile programs and stack files, and try every door; SHARD=2/4 as above
	@SHARD=$(SHARD) REDTEAM_EXAMPLES=5000 $(MAKE) --no-print-directory test ARGS="-k redteam $(ARGS)"
fleet: ## Run 200 stacks that fail at random, and kill the driver; states in PostgreSQL (SHARD=1/2) and in files (2/2)
	@SHARD=$(SHARD) FLEET_STACKS=200 $(MAKE) --no-print-directory test ARGS="tests/fleet/test_kills.py -n 0 $(ARGS)"
gcloud: ## Run all that a person does with gcloud, where it is installed; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="tests/gcloud $(ARGS)"
coverage: ## Run the tests of the local cloud and write docs/coverage.md: which of its methods they drive
	@rm -rf build/methods tests/cloud/driven.json
	@RECORD_METHODS=1 $(MAKE) --no-print-directory test ARGS="tests/cloud $(ARGS)"
	@.venv/bin/python docs/coverage.py
year: ## Live a year of 50 guarded projects, and compare each month's bill with its bound; YEAR_SEED=7 draws others
	@YEAR_PROJECTS=50 $(MAKE) --no-print-directory test ARGS="tests/guard/test_simulated_year.py -n 0 $(ARGS)"
fuzz: ## Send the local cloud tens of thousands of malformed requests; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="tests/cloud/fuzz $(ARGS)"
properties: ## Call the local cloud in every order, and look whether what holds always does; SHARD=2/4 as above
	@SHARD=$(SHARD) $(MAKE) --no-print-directory test ARGS="tests/cloud/properties $(ARGS)"
bench: ## Measure with 1, 10 and 100 projects; ARGS goes to `python -m bench`
demo: ## A stolen key, twice: without and with limits and guard, with a page in the browser; ARGS="--fast --no-browser"

setup up down env path clock test check browser format lock audit sbom bench demo:
	@$(PYTHON) -m sandbox.bootstrap $@ $(ARGS)
