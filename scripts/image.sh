#!/usr/bin/env bash
# Builds or pushes the OCI image of dist/plugin.wasm: image.sh build | image.sh push IMAGE
# TLS_VERIFY=false allows a registry without TLS.
# SOURCE_URL overrides Cargo.toml's `repository` in the image's `source` annotation.
set -euo pipefail
. scripts/lib.sh

archive=dist/image.tar
oci=org.opencontainers.image

need skopeo "install it (Debian, Fedora, Homebrew: skopeo)"

# package_field FIELD: prints a field of the package in Cargo.toml
package_field() {
    sed -n "s/^$1 = \"\(.*\)\"$/\1/p" Cargo.toml | head -1
}

# digest: prints the digest of the built image
digest() {
    skopeo inspect --format '{{.Digest}}' "oci-archive:$archive"
}

build() {
    local scratch source version licence description
    need buildah "install it (Debian, Fedora: buildah)"
    version=$(package_field version)
    licence=$(package_field license)
    description=$(package_field description)
    source=${SOURCE_URL:-$(package_field repository)}
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # expands now: $scratch is local to this function
    trap "rm -rf '$scratch'" EXIT

    # These options make the digest depend on the content alone. They leave out the time, the builder's identity and the
    # history, which contains the owner and mode of the file, and they fix the platform.
    buildah --storage-driver vfs --root "$scratch/root" --runroot "$scratch/run" build --quiet \
        --isolation chroot --timestamp 0 --identity-label=false --omit-history --platform linux/amd64 \
        --build-arg VERSION="$version" --annotation "$oci.version=$version" \
        --build-arg LICENCE="$licence" --annotation "$oci.licenses=$licence" \
        --build-arg DESCRIPTION="$description" --annotation "$oci.description=$description" \
        --build-arg SOURCE="$source" --annotation "$oci.source=$source" \
        --annotation "$oci.title=maintenance-filter" \
        --tag "oci-archive:$scratch/image.tar" . >/dev/null
    # The copy compresses the layer with gzip, which Istio requires.
    rm -f "$archive"
    skopeo copy --quiet "oci-archive:$scratch/image.tar" "oci-archive:$archive:plugin"
    echo "$archive: $(digest)"
}

push() {
    local image=$1 pushed
    [[ -n $image ]] || fail "IMAGE is not set: make push IMAGE=registry.example.com/name:tag"
    [[ -f $archive ]] || fail "$archive does not exist: run 'make image'"
    skopeo copy --quiet --preserve-digests "--dest-tls-verify=${TLS_VERIFY:-true}" \
        "oci-archive:$archive" "docker://$image"
    pushed=$(digest)
    cat <<END
pushed $image, digest $pushed

To write it into the manifests of istio/ and docs/recipes/:
  make istio-image URL=oci://$image@$pushed

For another manifest:
  url: oci://$image
  sha256: "${pushed#sha256:}"
END
}

case $1 in
build) build ;;
push) push "${2:-}" ;;
esac
