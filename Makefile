.DEFAULT_GOAL := help
# One more than there are cores: a test that waits for a process leaves its core to another. With two more
# they only stand in each other's way (measured on two cores).
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
.PHONY: help run test test-full lint format strings lock pictures bench

help: ## show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

run: ## set up and start the service with the demonstration, on http://127.0.0.1:8000
	@./run

test: lint ## set up and pass everything that fits ten minutes
	@./run test -n $(TESTERS) -m "not long"

test-full: ## the long forms: fault runs, the full matrix of pages
	@./run test -n auto -m long

lint: ## format, lint, types, floor plan, templates
	@./run python -m ruff format --check --quiet .
	@./run python -m ruff check --quiet .
	@./run python -m mypy
	@./run python -m djlint templates --lint --quiet
	@./run python -c "from importlinter.cli import lint_imports_command; lint_imports_command()" --no-logo

format: ## lay the code out
	@./run python -m ruff format .
	@./run python -m ruff check --fix --quiet .

strings: ## bring the catalogues up to date with the sentences in the code, say what is missing
	@./run python translations/strings.py

bench: ## measure letters against their yardsticks (see bench/README.md)
	@./run python -m bench.letters
	@./run python -m bench.mail

pictures: ## take the pictures of the documentation anew (needs Chromium; pdftoppm for the letter)
	@./run python -m tests.end_to_end.pictures

lock: ## write the locked requirements anew (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml -o requirements.txt
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes pyproject.toml --group dev -o requirements-dev.txt
