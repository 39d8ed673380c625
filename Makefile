# What people type. Each target says what it does in one line; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help demo test check bench study chaos fuzz gpu-check libtorch needs dist
CARGO ?= cargo
# The same for all that is built here: cargo builds what is asked for with other features once more.
ALL := --workspace --features evotop/main-job

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: needs libtorch ## a real evolution on built-in handwritten digits, on the screen
	@$(CARGO) build $(ALL) --bins
	@target/debug/evotop run --demo

test: needs libtorch ## every test
	$(CARGO) test $(ALL) --no-fail-fast

check: needs libtorch ## formatting, lints, licences (where cargo-deny is installed)
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(ALL) --all-targets
	@if ! $(CARGO) deny --version >/dev/null 2>&1; then echo "cargo-deny is not installed: licences and advisories not checked"; else \
	  $(CARGO) deny check licenses bans sources && \
	  if $(CARGO) deny fetch db >/dev/null 2>&1; then $(CARGO) deny check --disable-fetch advisories; else echo "the advisory database cannot be reached: advisories not checked"; fi; \
	fi

bench: needs ## every promised figure beside what is measured here, in one table (ONLY=journal,screen measures parts)
	EVOTOP_BENCH='$(ONLY)' $(CARGO) bench -p evotop --bench figures

study: needs ## the tables of docs/evolution.md: what pruning saves, whom the ranking picks (some minutes)
	$(CARGO) run -q -p evotop --example study

chaos: needs ## 1,000 random faults (N=...) to simulated runs, and 4,000 trials on eight slots under kills; nothing may be lost (SEED=... repeats)
	EVOTOP_CHAOS=$(or $(N),1000) $(if $(SEED),EVOTOP_CHAOS_SEED=$(SEED)) $(CARGO) test -p evotop --test whole --test slots -- random_faults killed_at_random --nocapture

fuzz: needs ## damage every kind of input for a minute each (SECONDS=...), from another seed each time (SEED=... repeats)
	EVOTOP_FUZZ=$(or $(SECONDS),60) $(if $(SEED),EVOTOP_FUZZ_SEED=$(SEED)) $(CARGO) test -p evotop --test fuzz -- --nocapture
	@if [ -e .libtorch ]; then EVOTOP_FUZZ=$(or $(SECONDS),60) $(if $(SEED),EVOTOP_FUZZ_SEED=$(SEED)) $(CARGO) test -p evotop-yolo --test fuzz --test pictures -- --nocapture; fi

dist: needs ## one static evotop in dist/, for any Linux of this processor
	@CARGO='$(CARGO)' scripts/dist.sh

gpu-check: needs ## where there is a GPU: does training on it what the CPU does? (DEVICE=cuda:1 for another one)
	@DEVICE='$(DEVICE)' scripts/gpu-check.sh asked
	@CUDA='$(or $(CUDA),$(if $(filter mps,$(DEVICE)),0,1))' scripts/libtorch.sh
	@$(CARGO) build $(ALL) --bins
	@DEVICE='$(DEVICE)' scripts/gpu-check.sh

libtorch: ## put libtorch into .libtorch (CUDA=1 with, CUDA=0 without the CUDA libraries)
	@CUDA='$(CUDA)' scripts/libtorch.sh

needs:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust from https://rustup.rs"; exit 1; }
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { echo "a C++ compiler is missing. Debian, Ubuntu: apt-get install g++   Fedora: dnf install gcc-c++   macOS: xcode-select --install"; exit 1; }
