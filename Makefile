# Thin on purpose: each target says what it does and leaves the doing to cargo and to the
# `faultline` command (lab/cli), which works without make as well.

.DEFAULT_GOAL := help
.PHONY: help demo test check down clean bootstrap

help: ## Show this
	@echo "Faultline: an online shop made to be observed and broken"
	@echo
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		awk -F '|' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo
	@echo "Everything else: target/release/faultline --help"

demo: bootstrap ## Install what is missing, build, start the shop, send customers, check the books
	cargo build --release --locked
	target/release/faultline setup
	target/release/faultline demo

# One profile and one selection of packages for programs and tests: each is compiled once.
test: bootstrap ## Install what is missing, check and test everything on real parts
	cargo build --locked --workspace --all-targets
	target/debug/faultline setup --for test
	$(MAKE) check
	target/debug/faultline with-parts -- cargo test --locked --workspace

check: ## Formatting, lints, documentation; no warnings allowed
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps

# Whichever build of the command is there.
STOP = for bin in target/release/faultline target/debug/faultline; do \
		if [ -x $$bin ]; then exec $$bin down $(1); fi; \
	done; echo "The faultline command is not built, so no lab of this checkout runs."

down: ## Stop the lab; its data stays
	@$(call STOP)

clean: ## Stop the lab, remove its data and all builds; the built broker stays in the cache
	@$(call STOP,--wipe)
	cargo clean

bootstrap:
	@scripts/bootstrap.sh
