# `make` without a target prints the list of targets, in the groups of the lines `##@`: see scripts/help.sh.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

ENVOY_VERSION ?= 1.40.0
# The Envoy releases that Istio 1.28 to 1.31 ship, and the newest one. Not 1.38.3: its build on PyPI has no WebAssembly runtime.
ENVOY_VERSIONS ?= 1.36.4 1.37.0 1.38.2 1.39.3 1.40.0
# Kubernetes releases besides the one in tests/istio/go.mod, which `make test-istio` runs.
KUBERNETES_VERSIONS ?= 1.34.4 1.35.4 1.37.2
# Groups of cases of tests/istio that depend on the Kubernetes API more than on Istio.
KUBERNETES_CASES := admission admission_warn root_namespace on_call gitops kubectl_maintenance kustomize
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

# Exports ISTIO_TOOLS, the folder of the control plane's programs, to the commands after it on a recipe line, and
# KUBERNETES_TOOLS, the folder of another Kubernetes, if KUBERNETES is set.
with-istio = ISTIO_TOOLS=$$(ISTIO=$(ISTIO) scripts/get-istio.sh); export ISTIO_TOOLS; $(if $(KUBERNETES),$(call with-kubernetes,$(KUBERNETES)))
with-kubernetes = KUBERNETES_TOOLS=$$(scripts/get-kubernetes.sh $(1)); export KUBERNETES_TOOLS;

# Exports GRPC_CLIENTS, the folder of the gRPC clients, to the commands after it on a recipe line.
with-grpc = GRPC_CLIENTS=$$(scripts/get-grpc-clients.sh); export GRPC_CLIENTS;

# Exports NODE_TOOLS, the folder of the node's programs, to the commands after it on a recipe line. If CONTAINERD is set,
# its programs are found before those of the machine.
with-node = NODE_TOOLS=$$(scripts/get-node.sh); export NODE_TOOLS; $(if $(CONTAINERD),$(with-containerd))
with-containerd = PATH=$$(scripts/get-containerd.sh $(CONTAINERD)):$$PATH; export PATH;

# Exports PREFECT, the folder of Prefect's programs, to the commands after it on a recipe line.
with-prefect = PREFECT=$$(scripts/get-prefect.sh); export PREFECT;

# Runs a command that builds files of dist/. If an earlier job of CI built them, checks its files instead: DIST_SUMS is the
# SHA-256 of its dist/SHA256SUMS.
built = $(if $(DIST_SUMS),scripts/check-dist.sh '$(DIST_SUMS)',$(1))

# Exports PYTHONPATH, the folder of the packages that draw pictures, to the commands after it on a recipe line.
with-pictures = PYTHONPATH=$$(scripts/get-pictures.sh); export PYTHONPATH;

# Prints commands that make sense next, each with its effect, if stdout is a terminal: $(call next,'COMMAND' 'EFFECT')
next = . scripts/lib.sh; next $(1)

.PHONY: help
help:
	@scripts/help.sh $(MAKEFILE_LIST)

##@ For operators

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

.PHONY: run-istio
run-istio: image ## run an Istio control plane with one service, to try istio/ by hand
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) RUN_ISTIO=1 cargo test --quiet --locked --test istio

.PHONY: run-node
run-node: image ## run a Kubernetes node with one service, to try istio/ by hand, as root
	@$(with-node) $(call with-envoy,$(ENVOY_VERSION)) $(with-istio) RUN_NODE=1 cargo test --quiet --locked --test node

.PHONY: image
image: build ## build dist/image.tar, the OCI image of the plugin
	@$(call built,scripts/image.sh build)
	@$(call next,'make push IMAGE=REGISTRY/NAME:TAG' 'pushes it to your registry')

.PHONY: push
push: ## push dist/image.tar, and print its URL and digest (IMAGE=registry/name:tag)
	@scripts/image.sh push "$(IMAGE)"

.PHONY: istio-image
istio-image: ## write the module's URL, with the image's digest, into the manifests of istio/ (URL=oci://...)
	@scripts/set-istio-image.sh '$(URL)'
	@$(call next,'kubectl apply -f istio/maintenance-mode' 'turns maintenance on' \
	    'kubectl delete -f istio/maintenance-mode' 'turns it off')

##@ For contributors

.PHONY: build
build: ## build dist/plugin.wasm
	@$(call built,scripts/build-wasm.sh)
	@$(if $(filter build,$(MAKECMDGOALS)),$(call next,'make run' 'starts Envoy with it' 'make test' 'tests it'))

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

.PHONY: test-istio
test-istio: image ## test istio/ against a real Istio control plane; the first run builds it (8 minutes; KUBERNETES=1.34.4, ISTIO=)
	$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test istio

.PHONY: test-versions
test-versions: image ## test what istio/ asks of the Kubernetes API on each release; the first run builds them (KUBERNETES_VERSIONS=)
	@for version in $(KUBERNETES_VERSIONS); do \
	    echo "== Kubernetes $$version"; \
	    $(call with-envoy,$(ENVOY_VERSION)) $(with-istio) $(call with-kubernetes,$$version) \
	        CASES="$(KUBERNETES_CASES)" cargo test --locked --test istio; \
	done

.PHONY: test-faults
test-faults: image ## kill, stop and cut off each part in the middle of a switch under load, for docs/faults.md
	$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test faults

.PHONY: test-node
test-node: image ## test istio/ on a real Kubernetes node, as root; the first run builds it (8 minutes, and 5 for the node; CONTAINERD=2.1.4)
	$(with-node) $(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo test --locked --test node

.PHONY: lint
lint: ## run rustfmt, clippy, rustdoc, shellcheck, actionlint, zizmor, cargo-deny and cargo-about
	@scripts/lint.sh

.PHONY: fmt
fmt: ## format the Rust sources
	cargo fmt --all

.PHONY: clean
clean: ## remove build output and fetched tools
	rm -rf target dist .run .tools

##@ For maintainers

.PHONY: sbom
sbom: ## build dist/plugin.cdx.json, the SBOM of the module
	@scripts/sbom.sh

.PHONY: dist
dist: image sbom ## build what a release publishes, and dist/SHA256SUMS
	@cd dist && sha256sum plugin.wasm image.tar plugin.cdx.json | tee SHA256SUMS

.PHONY: notice
notice: ## regenerate NOTICE, the licences of what the module is built from
	@scripts/notice.sh >NOTICE.new
	@mv NOTICE.new NOTICE

.PHONY: advisories
advisories: ## check the dependencies against RustSec's advisories, which come from GitHub
	@scripts/advisories.sh

.PHONY: local-images
local-images: ## build the images for test-docker from local programs, and print the variables to pass to it
	@$(call with-envoy,$(ENVOY_VERSION)) scripts/local-images.sh

.PHONY: schema
schema: ## regenerate istio/plugin-config.schema.json, docs/configuration.md and istio/admission/policy.yaml
	UPDATE_SCHEMA=1 cargo test --quiet --locked --test schema
	cargo run --quiet --locked -p xtask -- admission
	@$(call next,'git diff istio/' 'shows what changed')

.PHONY: docs
docs: ## build the documentation as a site in target/docs, and check its links
	@scripts/docs.sh

.PHONY: diagrams
diagrams: ## draw docs/diagrams/ again after a change of its .d2 files
	@scripts/diagrams.sh

.PHONY: dashboard
dashboard: ## regenerate observability/grafana/dashboards/maintenance.json
	go -C observability/dashboard run . ../grafana/dashboards/maintenance.json
	@$(call next,'COMPOSE_PROFILES=observe make up' 'shows it in Grafana')

.PHONY: dashboard-picture
dashboard-picture: build ## redraw docs/dashboard-*.svg from a switch of real proxies; needs prometheus and takes 4 minutes
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-pictures) cargo run --quiet --locked -p xtask -- dashboard-picture

.PHONY: recording
recording: image ## record docs/switch-*.svg from a switch on a real Istio control plane
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) $(with-pictures) scripts/record.sh

.PHONY: size
size: build ## print the size of the module by section, crate and function
	@wc -c dist/plugin.wasm
	@CARGO_TARGET_DIR=target NAMES=1 OUT=target/size/plugin.wasm scripts/build-wasm.sh
	@cargo run --quiet --locked -p xtask -- size target/size/wasm32-unknown-unknown/release/maintenance_filter.wasm target/size/plugin.wasm

.PHONY: bench
bench: build ## measure the cost of a request; takes minutes and needs 2 idle cores (ROUNDS=11)
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-pictures) cargo run --quiet --locked -p xtask -- bench

N ?= 10000000
.PHONY: soak
soak: build ## send N=10000000 requests while the configuration changes every second
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- soak $(N)

# The fleet grows from size to size.
.PHONY: fleet
fleet: N := 1 50 100 200
fleet: image ## switch a fleet of N="1 50 100 200" sidecars under load (SWITCHES=5, UPDATE=1 writes docs/fleet.md); 10 minutes
	@$(call with-envoy,$(ENVOY_VERSION)) $(with-istio) cargo run --quiet --locked -p xtask -- fleet $(N)

.PHONY: hostile
hostile: build ## send N=10000000 malformed requests and frames to a service in maintenance (SEED= repeats a run, CONTROL=1 compares memory)
	@$(call with-envoy,$(ENVOY_VERSION)) cargo run --quiet --locked -p xtask -- hostile $(N)
