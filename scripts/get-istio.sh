#!/usr/bin/env bash
# Prints the folder of the Istio control plane that tests/istio/go.mod pins, or of another revision: ISTIO=REVISION, a
# tag or a commit that the Go module proxy serves. The first run builds it, in about 8 minutes on 2 cores. The folder is
# in the user's cache, which `make clean` does not remove.
set -euo pipefail
. scripts/lib.sh

need docker-registry "install it (Debian: docker-registry)"
need openssl "install it (Debian: openssl)"
module=tests/istio
stamps="-X istio.io/istio/pkg/version.buildVersion=1.31.0 -X k8s.io/component-base/version.gitVersion=v1.36.1"
version=$({ cat "$module"/go.{mod,sum} && echo "$stamps${ISTIO:+ $ISTIO}"; } | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/maintenance-filter/istio-$version

# have NAME: succeeds if a file of the folder is complete
have() {
    [[ -e $folder/$1 ]]
}
# put FILE NAME: moves a finished file into the folder, so that an interrupted build leaves no incomplete one
put() {
    chmod u+w "$1"
    mv "$1" "$folder/$2"
}
# module_folder MODULE: downloads a Go module that Istio needs, and prints its folder
module_folder() {
    go -C "$istio" mod download "$1" || fail "cannot download $1; see the error above"
    go -C "$istio" list -m -f '{{.Dir}}' "$1"
}
# download MODULE@REVISION: downloads a Go module and prints its folder
download() {
    need_go
    local answer
    answer=$(go -C "$folder" mod download -json "$1") || fail "cannot download $1: $answer"
    sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$answer"
}

mkdir -p "$folder"
# Another revision is built in its own module, with the dependencies that it names.
istio=$module
if [[ -n ${ISTIO:-} ]]; then
    istio=$(download "istio.io/istio@$ISTIO")
    stamps=${stamps/1.31.0/"$(<"$istio/VERSION").0-$ISTIO"}
fi
mapfile -t tools < <(sed -n '/^tool (/,/^)/s/^\t//p' "$module/go.mod")
for tool in "${tools[@]}"; do
    name=$(basename "$tool")
    [[ $tool == go.etcd.io/* ]] && name=etcd
    from=$module
    [[ $tool == istio.io/* ]] && from=$istio
    have "$name" || build_go "$folder/$name" "$from" "$tool" "$stamps"
done
# The stand-in for the kubelet is a source file of the suite, so it is built again after a change.
if ! have kubelet || [[ $module/kubelet/main.go -nt $folder/kubelet ]]; then
    build_go "$folder/kubelet" "$module" ./kubelet "$stamps"
fi
if ! have istio-crds.yaml || ! have gateway-crds.yaml || ! have envoy_bootstrap.json; then
    need_go
    source=$(module_folder istio.io/istio)
    gateway=$(module_folder sigs.k8s.io/gateway-api)
    cp "$source/tools/packaging/common/envoy_bootstrap.json" "$folder/part"
    put "$folder/part" envoy_bootstrap.json
    cp "$source/manifests/charts/base/files/crd-all.gen.yaml" "$folder/part"
    put "$folder/part" istio-crds.yaml
    for kind in gatewayclasses gateways httproutes grpcroutes referencegrants; do
        echo ---
        cat "$gateway/config/crd/standard/gateway.networking.k8s.io_$kind.yaml"
    done >"$folder/part"
    put "$folder/part" gateway-crds.yaml
fi
if ! have envoy-gateway-crds.yaml; then
    gateway=$(download github.com/envoyproxy/gateway@v1.9.0)
    crds=$gateway/charts/gateway-crds-helm/templates/generated
    grep -v '^{{' "$crds/gateway.envoyproxy.io_envoyextensionpolicies.yaml" >"$folder/part"
    put "$folder/part" envoy-gateway-crds.yaml
fi
echo "$folder"
