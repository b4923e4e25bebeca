#!/usr/bin/env bash
# Makes the image of dist/plugin.wasm, or pushes it: image.sh build | image.sh push IMAGE
# TLS_VERIFY=false is for a registry without TLS.
# SOURCE_URL says where the sources are published, for the image's annotation, if Cargo.toml's `repository` does not.
set -euo pipefail
. scripts/lib.sh

archive=dist/image.tar
oci=org.opencontainers.image

need skopeo "install it (Debian, Fedora, Homebrew: skopeo)"

# of FIELD: what Cargo.toml says of the package
of() {
    sed -n "s/^$1 = \"\(.*\)\"$/\1/p" Cargo.toml | head -1
}

digest() {
    skopeo inspect --format '{{.Digest}}' "oci-archive:$archive"
}

build() {
    local scratch source version licence description
    need buildah "install it (Debian, Fedora: buildah)"
    version=$(of version)
    licence=$(of license)
    description=$(of description)
    source=${SOURCE_URL:-$(of repository)}
    scratch=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder of now
    trap "rm -rf '$scratch'" EXIT

    # No clock, no builder, no history (which knows owner and mode of the file) and one platform: the digest depends on
    # the content alone, whoever builds it on whatever machine.
    buildah --storage-driver vfs --root "$scratch/root" --runroot "$scratch/run" build --quiet \
        --isolation chroot --timestamp 0 --identity-label=false --omit-history --platform linux/amd64 \
        --build-arg VERSION="$version" --annotation "$oci.version=$version" \
        --build-arg LICENCE="$licence" --annotation "$oci.licenses=$licence" \
        --build-arg DESCRIPTION="$description" --annotation "$oci.description=$description" \
        --build-arg SOURCE="$source" --annotation "$oci.source=$source" \
        --annotation "$oci.title=maintenance-filter" \
        --tag "oci-archive:$scratch/image.tar" . >/dev/null
    # Compresses the layer, which Istio asks for.
    rm -f "$archive"
    skopeo copy --quiet "oci-archive:$scratch/image.tar" "oci-archive:$archive:plugin"
    echo "$archive: $(digest)"
}

push() {
    local image=$1 pushed
    [[ -n $image ]] || fail "say where to: make push IMAGE=registry.example.com/name:tag"
    [[ -f $archive ]] || fail "no $archive: run 'make image'"
    skopeo copy --quiet --preserve-digests "--dest-tls-verify=${TLS_VERIFY:-true}" \
        "oci-archive:$archive" "docker://$image"
    pushed=$(digest)
    cat <<END
pushed $image, digest $pushed

For a WasmPlugin:
  url: oci://$image
  sha256: ${pushed#sha256:}
END
}

case $1 in
build) build ;;
push) push "${2:-}" ;;
esac
