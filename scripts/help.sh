#!/usr/bin/env bash
# Prints the targets of Makefiles by group: help.sh FILE...
#
# A line `##@ Group` puts the targets after it into a group, and may stand several times for one group. The groups come in
# the order of their first lines. A target is listed if `## ` and its description follow it on its line.
set -euo pipefail
. scripts/lib.sh

awk -v bold="$bold" -v plain="$plain" '
    /^##@ / { group = substr($0, 5); if (!(group in targets)) { targets[group] = ""; groups[++count] = group } }
    /^[a-z-]+:.*## / {
        name = description = $0
        sub(/:.*/, "", name)
        sub(/^[^#]*## /, "", description)
        targets[group] = targets[group] sprintf("  %-13s %s\n", name, description)
    }
    END { for (i = 1; i <= count; i++) printf "%s%s%s%s\n%s", (i > 1 ? "\n" : ""), bold, groups[i], plain, targets[groups[i]] }
' "$@"
