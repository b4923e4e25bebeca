#!/usr/bin/env bash
# Writes the module's URL into istio/image/image.yaml and every manifest of istio/ and docs/recipes/:
# set-istio-image.sh URL. ROOT is the folder that contains both.
# Every manifest repeats the URL because `kubectl apply -f` cannot resolve a reference to another file.
# An image without a digest gets the digest that its registry reports, so that nobody can replace the module by moving
# the tag. TLS_VERIFY=false allows a registry without TLS.
set -euo pipefail
. scripts/lib.sh

# digest IMAGE: prints the digest of an image in its registry
digest() {
    need skopeo "install it (Debian, Fedora, Homebrew: skopeo), or add the digest to the URL: oci://$1@sha256:..."
    skopeo inspect --no-tags --format '{{.Digest}}' "--tls-verify=${TLS_VERIFY:-true}" "docker://$1" ||
        fail "the registry does not report the digest of $1 (the error is above): run 'make push' first, or add the" \
            "digest that it printed to the URL: oci://$1@sha256:..."
}

root=${ROOT:-.}
manifests=("$root"/istio/*/*.yaml "$root"/docs/recipes/*.yaml)
new=${1:-}
[[ $new =~ ^(oci|https?|file)://[A-Za-z0-9._:/@-]+$ ]] ||
    fail "'$new' is not the URL of a module: use URL=oci://REGISTRY/NAME:TAG, https://... or file://..."
if [[ $new == oci://* && $new != *@* ]]; then
    digest=$(digest "${new#oci://}")
    new+=@$digest
fi
old=$(sed -n 's/^  url: //p' "$root/istio/image/image.yaml")
sed -i "s|^\( *url: \)${old//./\\.}\$|\1$new|" "${manifests[@]}"
grep -Hn "url: $new\$" "${manifests[@]}"
