#!/usr/bin/env bash
# Checks that dist/ holds the files that an earlier job built: check-dist.sh SUMS, the SHA-256 of dist/SHA256SUMS.
set -euo pipefail
. scripts/lib.sh

sha256sum --quiet --check <<<"$1  dist/SHA256SUMS" || fail "dist/SHA256SUMS is not the file that was built"
cd dist
sha256sum --quiet --check SHA256SUMS || fail "dist/ does not hold the files that were built"
