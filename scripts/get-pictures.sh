#!/usr/bin/env bash
# Prints the folder of the Python packages that draw the pictures of the documentation, for PYTHONPATH. The first run
# downloads them from PyPI.
set -euo pipefail
. scripts/lib.sh

need_python
requirements=xtask/pictures/requirements.txt
folder=$PWD/.tools/pictures
if ! cmp --quiet "$requirements" "$folder/requirements.txt"; then
    echo "downloading Vega-Lite and Rich from PyPI" >&2
    rm -rf "$folder"
    pip_install "$folder" --requirement "$requirements" || fail "cannot install the packages; pip's error is above"
    cp "$requirements" "$folder/"
fi
echo "$folder"
