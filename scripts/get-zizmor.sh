#!/usr/bin/env bash
# Prints the path of zizmor, which finds security problems in GitHub's workflows. The first run downloads the release that
# scripts/requirements/zizmor.txt pins from PyPI into .tools/zizmor/.
set -euo pipefail
. scripts/lib.sh

requirements=scripts/requirements/zizmor.txt
folder=$PWD/.tools/zizmor/$(sha256sum "$requirements" | cut -c1-16)
if [[ ! -x $folder/bin/zizmor ]]; then
    echo "downloading zizmor from PyPI" >&2
    pip_install "$folder" --requirement "$requirements" || fail "cannot install zizmor; see the error above"
fi
echo "$folder/bin/zizmor"
