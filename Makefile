# The commands of this project. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

DATA_DIR ?= .data
GRPC_LISTEN ?= 127.0.0.1:50051
HTTP_LISTEN ?= 127.0.0.1:8080
ADMIN_LISTEN ?= 127.0.0.1:50052

say = @printf '\033[1m==>\033[0m %s\n' $(1)

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## Start the service on this machine: data in .data/, mail in .data/mailbox/ and at /dev/mailbox
	$(call say,"Building and starting identity; the first build takes about two minutes")
	@cargo run --locked --quiet -- serve --embedded --data-dir $(DATA_DIR) \
		--grpc-listen $(GRPC_LISTEN) --http-listen $(HTTP_LISTEN) --admin-listen $(ADMIN_LISTEN)

.PHONY: test
test: tools fmt-check proto-lint deny lint doc unit ## Run every check and every test, and print the count (installs what is missing)
	$(call say,"Everything passed")

.PHONY: tools
tools: ## Install what the checks and tests need and this machine lacks
	@tools/install all

.PHONY: buf
buf: ## Install the buf client alone, as .tools/bin/buf
	@tools/install buf

.PHONY: fmt
fmt: ## Format the code
	cargo fmt --all

.PHONY: fmt-check
fmt-check: ## Fail where the code is not formatted
	$(call say,"Format")
	@cargo fmt --all --check

.PHONY: lint
lint: ## Run clippy on everything; a warning fails
	$(call say,"Lint: clippy on all targets (the first time about two minutes)")
	@cargo clippy --locked --all-targets --quiet -- -D warnings

.PHONY: doc
doc: ## Build the documentation of the code; a warning fails
	$(call say,"Documentation")
	@RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet

.PHONY: proto-lint
proto-lint: ## Lint the contract, and compare it with the earlier one (AGAINST=<git ref> to choose)
	$(call say,"Contract")
	@tools/install buf
	@tools/proto-lint

.PHONY: deny
deny: ## Check the dependencies' licences, sources and bans
	$(call say,"Dependencies")
	@tools/install deny
	@.tools/bin/cargo-deny --log-level error --locked check --hide-inclusion-graph bans licenses sources
	@if cargo tree --locked --target all --edges all --invert rsa >/dev/null 2>&1; then \
		echo "the crate rsa (RUSTSEC-2023-0071) is in the tree: cargo tree --invert rsa" >&2; exit 1; fi

.PHONY: advisories
advisories: ## Check the dependencies against RustSec; apart from `test`, as it clones its database from the network
	@tools/install deny
	.tools/bin/cargo-deny --locked check advisories

.PHONY: unit
unit: ## Run the tests alone, without the other checks
	$(call say,"Tests: the first build takes about three minutes")
	@tools/install tests
	@tools/test

.PHONY: screenshots
screenshots: ## Take pictures of every page, in phone and desktop width, light and dark, into docs/screenshots/
	@tools/install tests
	SCREENSHOTS=docs/screenshots cargo test --locked --quiet --test it web::browser::screenshots

.PHONY: bench
bench: ## Measure throughput, latency, CPU, memory and crashes (WRITE=1 puts them into docs/performance.md; OPTIONS="--quick")
	$(call say,"Building with optimizations: about ten minutes the first time")
	@tools/install tests
	cargo bench --locked --quiet --bench load -- $(if $(WRITE),--write) $(OPTIONS)

.PHONY: clean-data
clean-data: ## Delete the data of `make run`
	rm -rf -- $(DATA_DIR)
