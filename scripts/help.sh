#!/usr/bin/env bash
# Prints the targets of Makefiles by group: help.sh FILE...
#
# A line `##@ Group` puts the targets after it into a group, and may stand several times for one group. The groups come in
# the order of their first lines. A target is listed if `## ` and its description follow it on its line.
set -euo pipefail
. scripts/lib.sh

awk -v bold="$bold" -v plain="$plain" '
    /^##@ / { group = substr($0, 5); if (!(group in size)) { size[group] = 0; groups[++count] = group } }
    /^[a-z-]+:.*## / {
        name = description = $0
        sub(/:.*/, "", name)
        sub(/^[^#]*## /, "", description)
        names[group, ++size[group]] = name
        descriptions[group, size[group]] = description
        if (length(name) > width) width = length(name)
    }
    END {
        for (i = 1; i <= count; i++) {
            print (i > 1 ? "\n" : "") bold groups[i] plain
            for (n = 1; n <= size[groups[i]]; n++)
                printf "  %-" width "s  %s\n", names[groups[i], n], descriptions[groups[i], n]
        }
    }' "$@"
