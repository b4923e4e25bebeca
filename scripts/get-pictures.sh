#!/usr/bin/env bash
# Prints the folder of the Python packages that draw the pictures of the documentation, for PYTHONPATH. The first run
# downloads them from PyPI.
set -euo pipefail
. scripts/lib.sh

need python3 "install Python 3 with pip"
requirements=xtask/pictures/requirements.txt
folder=$PWD/.tools/pictures
if ! cmp --quiet "$requirements" "$folder/requirements.txt"; then
    python3 -m pip --version >/dev/null 2>&1 || fail "Python has no pip: install it (Debian: python3-pip)"
    echo "downloading Vega-Lite and Rich from PyPI" >&2
    rm -rf "$folder"
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --only-binary :all: \
        --target "$folder" --requirement "$requirements" >&2 || fail "cannot install the packages; pip's error is above"
    cp "$requirements" "$folder/"
fi
echo "$folder"
