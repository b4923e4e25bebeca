# `make` without a target prints the list of targets.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

ENVOY_VERSION ?= 1.40.0
# The Envoy releases that Istio 1.28 to 1.31 ship, and the newest one. Not 1.38.3: its build on PyPI has no WebAssembly runtime.
ENVOY_VERSIONS ?= 1.36.4 1.37.0 1.38.2 1.39.3 1.40.0
ENVOY_IMAGE ?= envoyproxy/envoy:v$(ENVOY_VERSION)
PROMETHEUS_IMAGE ?= prom/prometheus:v3.5.0
REGISTRY_IMAGE ?= registry:3
RETRY_AFTER ?= 60
export PLUGIN_WASM ?= $(CURDIR)/dist/plugin.wasm
export PORT RETRY_AFTER

# Exports ENVOY, the path of the Envoy binary, to the commands after it on a recipe line.
with-envoy = ENVOY=$$(scripts/get-envoy.sh $(1)); export ENVOY;

# Exports AXE, the path of the script of axe-core, to the commands after it on a recipe line.
with-axe = AXE=$$(scripts/get-axe.sh); export AXE;

# Exports ISTIO_TOOLS, the folder of the control plane's programs, to the commands after it on a recipe line.
with-istio = ISTIO_TOOLS=$$(scripts/get-istio.sh); export ISTIO_TOOLS;

# Exports GRPC_CLIENTS, the folder of the gRPC clients, to the commands after it on a recipe line.
with-grpc = GRPC_CLIENTS=$$(scripts/get-grpc-clients.sh); export GRPC_CLIENTS;

# Exports NODE_TOOLS, the folder of the node's programs, to the commands after it on a recipe line.
with-node = NODE_TOOLS=$$(scripts/get-node.sh); export NODE_TOOLS;

# Exports PREFECT, the folder of Prefect's programs, to the commands after it on a recipe line.
with-prefect = PREFECT=$$(scripts/get-prefect.sh); export PREFECT;

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build dist/plugin.wasm
	@scripts/build-wasm.sh

.PHONY: run
run: build ## run Envoy with the filter in front of a demonstration application (PORT=10000)
	@$(call with-envoy,$(ENVOY_VERSION)) scripts/run.sh

.PHONY: up down
up: build ## run the demonstration in containers (COMPOSE_PROFILES=observe adds Prometheus and Grafana)
down: ## remove the containers of make up
up down:
	@scripts/compose.sh $@

.PHONY: on off status
on: ## turn maintenance on in the proxy of make run or make up (RETRY_AFTER=60, in seconds)
off: ## turn maintenance off
status: ## print the proxy's state and its replies
on off status:
	@scripts/switch.sh $@

.PHONY: test
test: build ## run the tests that need only Envoy, which is fetched (ENVOY=/path/to/envoy uses another binary)
	$(call with-envoy,$(ENVOY_VERSION)) cargo test --workspace --locked

.PHONY: test-matrix
test-matrix: build ## run the end-to-end tests on each supported Envoy release (ENVOY_VERSIONS=)
	@for version in $(ENVOY_VERSIONS); do \
	    echo "== Envoy $$version"; \
	    unset ENVOY; \
	    $(call with-envoy,$$version) cargo test --locked --test envoy; \
	done

.PHONY: test-browser
test-browser: build ## test the page for browsers and CORS in a headless Chromium (UPDATE_SCREENSHOT=1 writes docs/maintenance-page/screenshot.png)
	$(call with-envoy,$(ENVOY_VERSION)) $(with-axe) cargo test --locked --test browser

.PHONY: test-docker
test-docker: export ENVOY_IMAGE := $(ENVOY_IMAGE)
test-docker: export PROMETHEUS_IMAGE := $(PROMETHEUS_IMAGE)
test-docker: export REGISTRY_IMAGE := $(REGISTRY_IMAGE)
test-docker: build ## run the end-to-end tests with Envoy in a container, and test the image, the compose file and the alerts
	@scripts/test-docker.sh

.PHONY: test-recipes
test-recipes: build ## test docs/recipes/ in Envoy, with a Prefect server and client, which are fetched
	$(call with-envoy,$(ENVOY_VERSION)) $(with-prefect) cargo test --locked --test recipes

.PHONY: test-grpc
test-grpc: build ## test the retries of gRPC clients in Go and Python, which are fetched
	$(call with-envoy,$(ENVOY_VERSION)) $(with-grpc) cargo test --locked --test grpc

.PHONY: test-escapes
test-escapes: build ## try to escape from an exemption, in front of nginx, Node, Python and Go (UPDATE=1 writes docs/escapes.md)
	$(call with-envoy,$(ENVOY_VERSION)) cargo test --locked --test escapes

# Exported, so that `make fuzz FUZZ_SECONDS=120` is enough.
export FUZZ_SECONDS ?= 3600
.PHONY: fuzz
fuzz: ## fuzz each target in fuzz/ for FUZZ_SECONDS=3600 (FUZZ_TARGETS="hosts times", UPDATE_CORPUS=1)
	@scripts/fuzz.sh

.PHONY: local-images
local-images: ## build the images for test-docker from local programs, and print the variables to pass to it
	@$(call with-envoy,$(ENVOY_VERSION)) scripts/local-images.sh

.PHONY: image
image: build ## build dist/image.tar, the OCI image of the plugin
	@scripts/image.sh build

.PHONY: push
push: ## push dist/image.tar, and print the url and sha256 for a WasmPlugin (IMAGE=registry/name:tag)
	@scripts/image.sh push "$(IMAGE)"

.PHONY: test-istio
test-istio: build ## test istio/ against a real Istio control plane; the first run builds it (8 minutes)
	$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test istio

.PHONY: run-istio
run-istio: build ## run an Istio control plane with one service, to try istio/ by hand
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) RUN_ISTIO=1 cargo test --quiet --locked --test istio

.PHONY: test-node
test-node: build ## test istio/ on a real Kubernetes node, as root; the first run builds it (8 minutes, and 5 for the node)
	$(with-node) $(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test node

.PHONY: run-node
run-node: build ## run a Kubernetes node with one service, to try istio/ by hand, as root
	@$(with-node) $(call with-envoy,$(ENVOY_VERSION)) $(with-istio) RUN_NODE=1 cargo test --quiet --locked --test node

.PHONY: istio-image
istio-image: ## write the module's URL into the manifests of istio/ (URL=oci://...)
	@scripts/set-istio-image.sh '$(URL)'

.PHONY: schema
schema: ## regenerate istio/plugin-config.schema.json, docs/configuration.md and istio/admission/policy.yaml
	UPDATE_SCHEMA=1 cargo test --quiet --locked --test schema
	cargo run --quiet --locked -p xtask -- admission

.PHONY: docs
docs: ## build the documentation as a site in target/docs, and check its links
	@scripts/docs.sh

.PHONY: diagrams
diagrams: ## draw docs/diagrams/ again after a change of its .d2 files
	@scripts/diagrams.sh

.PHONY: size
size: build ## print the size of the module by section, crate and function
	@wc -c dist/plugin.wasm
	@CARGO_TARGET_DIR=target NAMES=1 OUT=target/size/plugin.wasm scripts/build-wasm.sh
	@cargo run --quiet --locked -p xtask -- size target/size/wasm32-unknown-unknown/release/maintenance_filter.wasm target/size/plugin.wasm

.PHONY: bench
bench: build ## measure the cost of a request; takes minutes and needs 2 idle cores (ROUNDS=11)
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- bench

N ?= 10000000
.PHONY: soak
soak: build ## send N=10000000 requests while the configuration changes every second
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- soak $(N)

.PHONY: hostile
hostile: build ## send N=10000000 malformed requests and frames to a service in maintenance (SEED= repeats a run)
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- hostile $(N)

.PHONY: lint
lint: ## run rustfmt, clippy, rustdoc, shellcheck, actionlint and cargo-deny
	@scripts/lint.sh

.PHONY: fmt
fmt: ## format the Rust sources
	cargo fmt --all

.PHONY: clean
clean: ## remove build output and fetched tools
	rm -rf target dist .run .tools
