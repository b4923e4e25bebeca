#!/usr/bin/env bash
# Prints the folder of the programs of a Kubernetes node that tests/node pins. The first run builds them, in about 5
# minutes on 2 cores. The folder is in the user's cache, which `make clean` does not remove.
set -euo pipefail
. scripts/lib.sh

((EUID == 0)) || fail "a node needs root"
for program in containerd ctr runc iptables docker-registry; do
    need "$program" "the node needs the packages that .ci/node lists"
done
[[ -x /usr/lib/cni/bridge ]] || fail "/usr/lib/cni/bridge is missing: install it (Debian: containernetworking-plugins)"
module=tests/node
stamps="-X k8s.io/component-base/version.gitVersion=v1.36.1"
version=$({ cat "$module"/{,dns/}go.{mod,sum} && echo "$stamps"; } | sha256sum | cut -c1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/maintenance-filter/node-$version

mkdir -p "$folder"
for name in kubelet kube-controller-manager kube-scheduler kube-proxy; do
    [[ -e $folder/$name ]] || build_go "$folder/$name" "$module" "k8s.io/kubernetes/cmd/$name" "$stamps"
done
[[ -e $folder/coredns ]] || build_go "$folder/coredns" "$module/dns" github.com/coredns/coredns "$stamps"
# The program of the pods is a source file of the suite, so it is built again after a change.
[[ $folder/app -nt $module/app/main.go ]] || build_go "$folder/app" "$module" ./app "$stamps"
echo "$folder"
