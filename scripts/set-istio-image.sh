#!/usr/bin/env bash
# Writes the module's address into istio/image/image.yaml, and from there into every manifest of
# istio/: set-istio-image.sh oci://REGISTRY/NAME:TAG. `kubectl apply -f` follows no reference.
set -euo pipefail
. scripts/lib.sh

folder=${ISTIO_FOLDER:-istio}
new=${1:-}
[[ $new =~ ^(oci|https?|file)://[A-Za-z0-9._:/@-]+$ ]] ||
    fail "'$new' is no address of a module: say URL=oci://REGISTRY/NAME:TAG, or https:// or file://"
old=$(sed -n 's/^  url: //p' "$folder/image/image.yaml")
sed -i "s|^\( *url: \)${old//./\\.}\$|\1$new|" "$folder"/*/*.yaml
grep -Hn "url: $new\$" "$folder"/*/*.yaml
