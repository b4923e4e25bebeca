#!/usr/bin/env bash
# Writes the module's URL into istio/image/image.yaml and every manifest of istio/ and docs/recipes/:
# set-istio-image.sh URL. ROOT is the folder that contains both.
# Every manifest repeats the URL because `kubectl apply -f` cannot resolve a reference to another file.
set -euo pipefail
. scripts/lib.sh

root=${ROOT:-.}
manifests=("$root"/istio/*/*.yaml "$root"/docs/recipes/*.yaml)
new=${1:-}
[[ $new =~ ^(oci|https?|file)://[A-Za-z0-9._:/@-]+$ ]] ||
    fail "'$new' is not the URL of a module: use URL=oci://REGISTRY/NAME:TAG, https://... or file://..."
old=$(sed -n 's/^  url: //p' "$root/istio/image/image.yaml")
sed -i "s|^\( *url: \)${old//./\\.}\$|\1$new|" "${manifests[@]}"
grep -Hn "url: $new\$" "${manifests[@]}"
