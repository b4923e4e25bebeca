#!/usr/bin/env bash
# Draws docs/diagrams/*.svg from the .d2 files beside them. Each picture has a light and a dark form.
set -euo pipefail
. scripts/lib.sh

need go "install Go 1.26 or later (https://go.dev/dl)"
# Release 0.7.2 is the last one under this path. The project goes on as github.com/d2lang/d2.
for source in docs/diagrams/*.d2; do
    picture=${source%.d2}.svg
    go run oss.terrastruct.com/d2@v0.7.2 --theme 0 --dark-theme 200 --pad 20 "$source" "$picture"
    chmod 644 "$picture"
    # By this line scripts/docs.sh sees that the picture is current.
    printf '<!-- source: sha256 %s -->\n' "$(sha256sum <"$source" | cut -d ' ' -f 1)" >>"$picture"
done
