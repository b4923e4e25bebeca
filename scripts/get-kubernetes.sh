#!/usr/bin/env bash
# Prints the folder of kube-apiserver and kubectl of a Kubernetes release: get-kubernetes.sh VERSION, as in 1.34.4. The
# first run builds them, in about 5 minutes on 2 cores. The folder is in the user's cache, which `make clean` does not
# remove.
set -euo pipefail
. scripts/lib.sh

version=${1:-}
[[ $version =~ ^1\.[0-9]+\.[0-9]+$ ]] || fail "'$version' is not a release of Kubernetes, such as 1.34.4"
folder=${XDG_CACHE_HOME:-$HOME/.cache}/maintenance-filter/kubernetes-$version
module=$folder/module
programs=(kube-apiserver kubectl)
packages=("${programs[@]/#/k8s.io/kubernetes/cmd/}")

# init_module: makes a Go module that has the programs as its tools. Its dependencies are those of Kubernetes' own
# go.mod, which replaces some by folders of its repository. They are published as modules of version 0.MINOR.PATCH.
init_module() {
    rm -rf "$module"
    mkdir -p "$module"
    go -C "$module" mod init kubernetes
    go -C "$module" mod edit -require "k8s.io/kubernetes@v$version"
    go -C "$module" mod download "k8s.io/kubernetes@v$version"
    local file part parts
    file=$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/v$version.mod
    mapfile -t parts < <(sed -n 's|^\t\(k8s.io/[a-z-]*\) => ./staging/.*|\1|p' "$file")
    for part in "${parts[@]}"; do
        go -C "$module" mod edit -replace "$part=$part@v0.${version#1.}"
    done
    go -C "$module" get -tool "${packages[@]/%/@v$version}"
}

for package in "${packages[@]}"; do
    program=${package##*/}
    [[ ! -e $folder/$program ]] || continue
    need_go
    [[ -e $module/go.sum ]] || init_module >&2
    build_go "$folder/$program" "$module" "$package" "-X k8s.io/component-base/version.gitVersion=v$version"
done
echo "$folder"
