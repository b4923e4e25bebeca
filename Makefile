# `make` lists the targets.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

ENVOY_VERSION ?= 1.40.0
# Those of Istio 1.28, 1.29, 1.30 and 1.31, and the newest. Not 1.38.3: PyPI's build of it has no WebAssembly.
ENVOY_VERSIONS ?= 1.36.4 1.37.0 1.38.2 1.39.3 1.40.0
ENVOY_IMAGE ?= envoyproxy/envoy:v$(ENVOY_VERSION)
PROMETHEUS_IMAGE ?= prom/prometheus:v3.5.0
REGISTRY_IMAGE ?= registry:3
RETRY_AFTER ?= 60
export PLUGIN_WASM ?= $(CURDIR)/dist/plugin.wasm
export PORT RETRY_AFTER

# Exports ENVOY, the path of the binary, to what follows in a recipe.
with-envoy = ENVOY=$$(scripts/get-envoy.sh $(1)); export ENVOY;

# Exports ISTIO_TOOLS, the folder of the control plane, in the same way.
with-istio = ISTIO_TOOLS=$$(scripts/get-istio.sh); export ISTIO_TOOLS;

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build dist/plugin.wasm
	@scripts/build-wasm.sh

.PHONY: run
run: build ## run Envoy with the filter before a demonstration application (PORT=10000)
	@$(call with-envoy,$(ENVOY_VERSION)) scripts/run.sh

.PHONY: up down
up: build ## the same in containers (COMPOSE_PROFILES=observe adds Prometheus and Grafana)
down: ## stop and remove them
up down:
	@scripts/compose.sh $@

.PHONY: on off status
on: ## switch that proxy to maintenance (RETRY_AFTER=60, in seconds)
off: ## and back
status: ## show what that proxy says and answers
on off status:
	@scripts/switch.sh $@

.PHONY: test
test: build ## run all tests; the end-to-end ones need Envoy (ENVOY=/path to use one's own)
	$(call with-envoy,$(ENVOY_VERSION)) cargo test --workspace --locked

.PHONY: test-matrix
test-matrix: build ## run the end-to-end tests on each supported Envoy (ENVOY_VERSIONS=)
	@for version in $(ENVOY_VERSIONS); do \
	    echo "== Envoy $$version"; \
	    unset ENVOY; \
	    $(call with-envoy,$$version) cargo test --locked --test envoy; \
	done

.PHONY: test-docker
test-docker: export ENVOY_IMAGE := $(ENVOY_IMAGE)
test-docker: export PROMETHEUS_IMAGE := $(PROMETHEUS_IMAGE)
test-docker: export REGISTRY_IMAGE := $(REGISTRY_IMAGE)
test-docker: build ## run the end-to-end tests with Envoy in a container, and those of what runs in containers
	@scripts/test-docker.sh

.PHONY: local-images
local-images: ## make the images that test-docker needs, where none can be pulled; prints the variables to give it
	@$(call with-envoy,$(ENVOY_VERSION)) scripts/local-images.sh

.PHONY: image
image: build ## make dist/image.tar, the OCI image of the plugin
	@scripts/image.sh build

.PHONY: push
push: ## push it, and print what a WasmPlugin needs (IMAGE=registry/name:tag)
	@scripts/image.sh push "$(IMAGE)"

.PHONY: test-istio
test-istio: build ## run istio/ against a real Istio control plane, built the first time (8 minutes)
	$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test istio

.PHONY: run-istio
run-istio: build ## run the control plane of that suite with one service, to try istio/ by hand
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) RUN_ISTIO=1 cargo test --quiet --locked --test istio

.PHONY: istio-image
istio-image: ## write the module's address (URL=oci://...) into the manifests of istio/
	@scripts/set-istio-image.sh '$(URL)'

.PHONY: schema
schema: ## write istio/plugin-config.schema.json anew from the sources
	UPDATE_SCHEMA=1 cargo test --quiet --locked --test schema

.PHONY: size
size: build ## show where the bytes of the module are, before and after the step behind the linker
	@wc -c dist/plugin.wasm
	@CARGO_TARGET_DIR=target NAMES=1 OUT=target/size/plugin.wasm scripts/build-wasm.sh
	@cargo run --quiet --locked -p xtask -- size target/size/wasm32-unknown-unknown/release/maintenance_filter.wasm target/size/plugin.wasm

.PHONY: bench
bench: build ## measure what a request costs; takes minutes and a quiet machine with 2 cores (ROUNDS=11)
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- bench

N ?= 10000000
.PHONY: soak
soak: build ## send N=10000000 requests while the configuration changes every second
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- soak $(N)

.PHONY: lint
lint: ## check the sources: rustfmt, clippy, rustdoc, shellcheck, cargo-deny
	@scripts/lint.sh

.PHONY: fmt
fmt: ## format the sources
	cargo fmt --all

.PHONY: clean
clean: ## remove what was built and fetched
	rm -rf target dist .run .tools
