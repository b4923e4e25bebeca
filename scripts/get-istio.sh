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
need_go() {
    need go "install Go 1.26 or later (https://go.dev/dl); Debian's package may be older"
}
# module_folder MODULE: downloads a Go module and prints its folder
module_folder() {
    go -C "$module" mod download "$1" || fail "cannot download $1; see the error above"
    go -C "$module" list -m -f '{{.Dir}}' "$1"
}

mkdir -p "$folder"
if [[ -n ${ISTIO:-} ]]; then
    # A copy of the module with that revision. Modules that it shares with the pinned one keep their versions.
    copy=$folder/module
    if [[ ! -e $copy/go.sum ]]; then
        need_go
        rm -rf "$copy.part"
        mkdir "$copy.part"
        cp -r "$module"/{go.mod,go.sum,kubelet} "$copy.part"
        go -C "$copy.part" get -tool istio.io/istio/{pilot/cmd/pilot-discovery,pilot/cmd/pilot-agent,istioctl/cmd/istioctl}"@$ISTIO" >&2 ||
            fail "cannot download Istio $ISTIO; see the error above"
        mv "$copy.part" "$copy"
    fi
    module=$copy
    stamps=${stamps/1.31.0/"$(<"$(module_folder istio.io/istio)/VERSION").0-$ISTIO"}
fi
mapfile -t tools < <(sed -n '/^tool (/,/^)/s/^\t//p' "$module/go.mod")
number=0
for tool in "${tools[@]}"; do
    number=$((number + 1))
    name=$(basename "$tool")
    [[ $tool == go.etcd.io/* ]] && name=etcd
    have "$name" && continue
    need_go
    echo "building $name ($number of ${#tools[@]}, first run only)" >&2
    go -C "$module" build -ldflags "-s -w $stamps" -o "$folder/$name.part" "$tool" ||
        fail "cannot build $name; see the error above"
    put "$folder/$name.part" "$name"
done
# The stand-in for the kubelet is a source file of the suite, so it is built again after a change.
if ! have kubelet || [[ $module/kubelet/main.go -nt $folder/kubelet ]]; then
    need_go
    go -C "$module" build -ldflags "-s -w" -o "$folder/kubelet.part" ./kubelet || fail "cannot build the stand-in for the kubelet"
    put "$folder/kubelet.part" kubelet
fi
if ! have istio-crds.yaml || ! have gateway-crds.yaml || ! have envoy_bootstrap.json; then
    need_go
    istio=$(module_folder istio.io/istio)
    gateway=$(module_folder sigs.k8s.io/gateway-api)
    cp "$istio/tools/packaging/common/envoy_bootstrap.json" "$folder/part"
    put "$folder/part" envoy_bootstrap.json
    cp "$istio/manifests/charts/base/files/crd-all.gen.yaml" "$folder/part"
    put "$folder/part" istio-crds.yaml
    for kind in gatewayclasses gateways httproutes grpcroutes referencegrants; do
        echo ---
        cat "$gateway/config/crd/standard/gateway.networking.k8s.io_$kind.yaml"
    done >"$folder/part"
    put "$folder/part" gateway-crds.yaml
fi
if ! have envoy-gateway-crds.yaml; then
    need_go
    gateway=github.com/envoyproxy/gateway@v1.9.0
    go -C "$folder" mod download "$gateway" || fail "cannot download $gateway; see the error above"
    crds=$(go env GOMODCACHE)/$gateway/charts/gateway-crds-helm/templates/generated
    grep -v '^{{' "$crds/gateway.envoyproxy.io_envoyextensionpolicies.yaml" >"$folder/part"
    put "$folder/part" envoy-gateway-crds.yaml
fi
echo "$folder"
