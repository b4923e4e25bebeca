#!/usr/bin/env bash
# Writes the module's URL into istio/image/image.yaml and every manifest of istio/: set-istio-image.sh URL.
# Every manifest repeats the URL because `kubectl apply -f` cannot resolve a reference to another file.
set -euo pipefail
. scripts/lib.sh

folder=${ISTIO_FOLDER:-istio}
new=${1:-}
[[ $new =~ ^(oci|https?|file)://[A-Za-z0-9._:/@-]+$ ]] ||
    fail "'$new' is not the URL of a module: use URL=oci://REGISTRY/NAME:TAG, https://... or file://..."
old=$(sed -n 's/^  url: //p' "$folder/image/image.yaml")
sed -i "s|^\( *url: \)${old//./\\.}\$|\1$new|" "$folder"/*/*.yaml
grep -Hn "url: $new\$" "$folder"/*/*.yaml
