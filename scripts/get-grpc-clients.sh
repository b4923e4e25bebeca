#!/usr/bin/env bash
# Prints the folder of what tests/grpc runs: the program `client` of client.go, and in `python` the packages of client.py.
# The first run downloads grpc-go and grpcio.
set -euo pipefail
. scripts/lib.sh

need go "install Go 1.26 or later (https://go.dev/dl); Debian's package may be older"
need_python
# grpcio is compiled for one version of Python.
folder=$PWD/.tools/grpc/$(python3 -c 'import sys; print(sys.implementation.cache_tag)')
mkdir -p "$folder"

go -C tests/grpc build -o "$folder/client" . || fail "cannot build tests/grpc/client.go; see the error above"

requirements=tests/grpc/requirements.txt
if ! cmp --quiet "$requirements" "$folder/python/requirements.txt"; then
    echo "downloading grpcio from PyPI" >&2
    rm -rf "$folder/python"
    pip_install "$folder/python" --requirement "$requirements" || fail "cannot install grpcio; see the error above"
    cp "$requirements" "$folder/python/"
fi
echo "$folder"
