# What people type. Each target says what it does in one line; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help libtorch

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

libtorch: ## put libtorch into .libtorch (CUDA=1 with, CUDA=0 without the CUDA libraries)
	@CUDA='$(CUDA)' scripts/libtorch.sh
