#!/usr/bin/env bash
# Builds docs/ as a site in target/docs, and checks the links and anchors of the pages, as files and as a site.
set -euo pipefail
. scripts/lib.sh

site=target/docs
mdbook=$(scripts/get-cargo-tool.sh mdbook 0.5.4 --no-default-features --features search)
lychee=$(scripts/get-cargo-tool.sh lychee 0.24.2 --no-default-features)

step "diagrams"
for source in docs/diagrams/*.d2; do
    grep -q "$(sha256sum <"$source" | cut -d ' ' -f 1)" "${source%.d2}.svg" ||
        fail "${source%.d2}.svg is not current: run 'make diagrams'"
done

step "site"
rm -rf "$site"
mkdir -p "$site"
# Pages link to manifests and sources.
cp -r .ci envoy istio observability src tests xtask "$site"
"$mdbook" build

step "links"
check() { "$lychee" --offline --include-fragments --no-progress "$@"; }
check README.md CONTRIBUTING.md istio/README.md observability/README.md docs
check "$site/docs/**/*.html"

echo "Open $PWD/$site/docs/index.html"
