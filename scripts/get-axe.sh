#!/usr/bin/env bash
# Prints the path of the script of axe-core, which finds barriers to people with disabilities in a page. The first run
# downloads it into .tools/axe-core/, from a package on PyPI: the other suites need pip already, and npm is one more
# tool. The checksum is that of npm's axe-core 4.12.1 with a newline at the end. The repository does not contain the
# script because its licence is MPL-2.0.
set -euo pipefail
. scripts/lib.sh

package=axe-playwright-python==0.1.8
version=4.12.1
checksum=84494fec757e4710dc751c8d7a636e457f4532f08f85c86dc9070133fbff53bc
script=$PWD/.tools/axe-core/$version/axe.min.js
if [[ ! -e $script ]]; then
    need python3 "install Python 3 with pip"
    mkdir -p .tools
    scratch=$(mktemp -d .tools/fetching.XXXXXX)
    trap 'rm -rf "$scratch"' EXIT
    echo "downloading axe-core $version from PyPI" >&2
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps \
        --only-binary :all: --target "$scratch" "$package" >&2 ||
        fail "cannot install $package from PyPI (pip's error is above)"
    found=$scratch/axe_playwright_python/axe.min.js
    sha256sum --quiet --check <<<"$checksum  $found" >&2 || fail "$package does not contain axe-core $version"
    mkdir -p "${script%/*}"
    mv "$found" "$script"
fi
echo "$script"
