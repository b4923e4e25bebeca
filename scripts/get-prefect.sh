#!/usr/bin/env bash
# Prints the folder of the programs of a virtual environment with the Prefect release that tests/recipes/constraints.txt
# pins. The first run downloads it from PyPI into .tools/prefect/.
set -euo pipefail
. scripts/lib.sh

need python3 "install Python 3.10 or later with pip and venv"
constraints=tests/recipes/constraints.txt
folder=$PWD/.tools/prefect/$(sha256sum "$constraints" | cut -c1-16)
if [[ ! -e $folder/complete ]]; then
    rm -rf "$folder"
    python3 -m venv "$folder" >&2 ||
        fail "cannot make a virtual environment: install Python's venv (Debian: python3-venv)"
    echo "downloading Prefect from PyPI" >&2
    "$folder/bin/python3" -m pip install --quiet --disable-pip-version-check --only-binary :all: \
        --constraint "$constraints" prefect >&2 ||
        fail "cannot install Prefect from PyPI (pip's error is above)"
    touch "$folder/complete"
fi
echo "$folder/bin"
