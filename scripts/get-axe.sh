#!/usr/bin/env bash
# Prints the path of the script of axe-core, which checks a page for barriers to people with disabilities. The first run
# downloads it from npm into .tools/axe-core/. Its licence is MPL-2.0, so that it is not in the repository.
set -euo pipefail
. scripts/lib.sh

version=4.14.1
script=$PWD/.tools/axe-core/$version/axe.min.js
if [[ ! -e $script ]]; then
    need npm "install Node.js with npm (Debian: npm)"
    mkdir -p .tools
    scratch=$(mktemp -d .tools/fetching.XXXXXX)
    trap 'rm -rf "$scratch"' EXIT
    echo "downloading axe-core $version from npm" >&2
    npm pack --silent --pack-destination "$scratch" "axe-core@$version" >/dev/null ||
        fail "cannot download axe-core $version from npm"
    tar --extract --file "$scratch/axe-core-$version.tgz" --directory "$scratch" package/axe.min.js
    mkdir -p "${script%/*}"
    mv "$scratch/package/axe.min.js" "$script"
fi
echo "$script"
