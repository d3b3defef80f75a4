# The commands people type. Each target is a line or two; what they do is in tools/.
# PG_CONFIG=/path/to/pg_config chooses the PostgreSQL; without it, the newest of 15 to 18 that the packages offer.
.DEFAULT_GOAL := help
.PHONY: help setup build install demo demo-stop report test test-core simulate bench advisors-tpch reader-report fmt lint
ifdef PG_CONFIG
export PG_CONFIG
endif

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what is missing: Debian packages, cargo-pgrx (quick when nothing is)
	@tools/setup.sh

build: ## compile the release library without installing it
	@tools/setup.sh --server
	@tools/install.sh --build-only

install: ## compile and install into PostgreSQL (asks sudo where it must)
	@tools/setup.sh --server
	@tools/install.sh

demo: install ## the whole loop on live traffic in a private cluster, about 3.5 minutes after the build
	@tools/demo/run.sh

demo-stop: ## stop the demo's cluster and delete it
	@tools/demo/stop.sh

report: ## target/report.html of the demo's database, or of the one that PGDATABASE and its like name (docs/report.md)
	@tools/report.sh

test: setup ## every check: format, clippy, core, in-database, SQL files, isolation, scenarios
	@tools/test.sh

test-core: ## the quick one: the pure core, no PostgreSQL needed
	@cargo test -p optimizer_core

simulate: ## all runs of the verdict's simulation, written into docs/measurement.md; about 2 minutes
	@cargo test --release -p optimizer_core --test simulation -- --ignored --nocapture

bench: install ## speed, space and CPU against their targets, PoWA beside; about 20 minutes (docs/performance.md)
	@tools/setup.sh --bench
	@bench/run.sh

advisors-tpch: setup install ## index advisors on TPC-H by measured time, and their predictions; under 30 minutes (docs/advisors.md)
	@bench/tpch/run.sh

reader-report: setup install ## how many real statements are read and planned, about a minute (docs/reader.md)
	@tools/reader_report.sh

fmt: ## format all Rust code
	@cargo fmt --all

lint: setup ## format check and clippy with warnings as errors
	@tools/test.sh fmt clippy
