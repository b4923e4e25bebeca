#!/usr/bin/env bash
# Builds docs/ as a site in target/docs, and checks the links and anchors of the pages, as files and as a site.
set -euo pipefail
. scripts/lib.sh

site=target/docs
mdbook=$(scripts/get-cargo-tool.sh mdbook 0.5.4 --no-default-features --features search)
lychee=$(scripts/get-cargo-tool.sh lychee 0.24.2 --no-default-features)

# root_page FILE: prints a page of the root folder with its links as they are in docs/
root_page() {
    sed -e 's|](docs/|](|g' -e 's|](CONTRIBUTING.md|](contributing.md|g' -e 's|](SECURITY.md|](security-policy.md|g' "$1"
}

step "diagrams"
for source in docs/diagrams/*.d2; do
    grep -q "$(sha256sum <"$source" | cut -d ' ' -f 1)" "${source%.d2}.svg" ||
        fail "${source%.d2}.svg is not current: run 'make diagrams'"
done

step "site"
rm -rf "$site"
mkdir -p "$site"
# Pages link to manifests and sources.
cp -r .ci envoy istio observability scripts src tests xtask "$site"
cp -r docs "$site/pages"
root_page CHANGELOG.md >"$site/pages/changelog.md"
root_page CODE_OF_CONDUCT.md >"$site/pages/code-of-conduct.md"
root_page CONTRIBUTING.md >"$site/pages/contributing.md"
root_page SECURITY.md >"$site/pages/security-policy.md"
MDBOOK_BOOK__SRC=$site/pages "$mdbook" build
rm -r "$site/pages"

step "links"
check() { "$lychee" --offline --include-fragments --no-progress "$@"; }
check ./*.md istio/README.md observability/README.md docs
check "$site/docs/**/*.html"

echo "Open $PWD/$site/docs/index.html"
