#!/usr/bin/env bash
# Prints the section of a version in CHANGELOG.md: release-notes.sh 1.2.3. Fails unless Cargo.toml has that version.
set -euo pipefail
. scripts/lib.sh

version=$1
grep --quiet --line-regexp "version = \"${version//./\\.}\"" Cargo.toml || fail "Cargo.toml does not have the version $version"
notes=$(awk -v heading="## [$version]" 'index($0, heading) == 1 { found = 1; next } /^## / { found = 0 } /^\[[^]]*\]: / { found = 0 } found' CHANGELOG.md)
[[ $notes =~ [^[:space:]] ]] || fail "CHANGELOG.md has no section '## [$version]'"
echo "$notes"
