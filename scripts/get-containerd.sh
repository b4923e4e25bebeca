#!/usr/bin/env bash
# Prints the folder of containerd, ctr and the shim for runc of a release: get-containerd.sh VERSION, as in 2.1.4. The
# first run builds them, in about 3 minutes on 2 cores. The folder is in the user's cache, which `make clean` does not
# remove.
set -euo pipefail
. scripts/lib.sh

version=${1:-}
[[ $version =~ ^2\.[0-9]+\.[0-9]+$ ]] || fail "'$version' is not a release of containerd 2, such as 2.1.4"
folder=${XDG_CACHE_HOME:-$HOME/.cache}/maintenance-filter/containerd-$version
module=$folder/module
containerd=github.com/containerd/containerd/v2
packages=("$containerd/cmd/"{containerd,ctr,containerd-shim-runc-v2})

init_module() {
    rm -rf "$module"
    mkdir -p "$module"
    go -C "$module" mod init containerd
    go -C "$module" get -tool "${packages[@]/%/@v$version}"
}

for package in "${packages[@]}"; do
    program=${package##*/}
    [[ ! -e $folder/$program ]] || continue
    need_go
    [[ -e $module/go.sum ]] || init_module >&2
    # The snapshotter for btrfs needs headers of C, and the node uses overlayfs.
    CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -tags=no_btrfs" \
        build_go "$folder/$program" "$module" "$package" "-X $containerd/version.Version=$version"
done
echo "$folder"
