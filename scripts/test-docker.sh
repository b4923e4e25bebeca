#!/usr/bin/env bash
# Runs the tests that need Docker, and removes their containers and networks even if it is interrupted.
set -euo pipefail
. scripts/lib.sh

docker info >/dev/null 2>&1 || fail "docker does not answer: start it, or see what 'docker info' says"

# Before the tests, whose deadlines are for starting and not for fetching.
for image in "$ENVOY_IMAGE" "$PROMETHEUS_IMAGE" "$REGISTRY_IMAGE"; do
    docker image inspect "$image" >/dev/null 2>&1 || docker pull "$image" || fail "no image $image: see 'make local-images'"
done

# Part of the name of all that these tests start.
export TEST_RUN=$$
clean() {
    local filter=name=maintenance-filter-$TEST_RUN-
    docker ps --all --quiet --filter "$filter" | xargs --no-run-if-empty docker rm --force >/dev/null
    docker network ls --quiet --filter "$filter" | xargs --no-run-if-empty docker network rm >/dev/null
}
trap clean EXIT
trap exit INT TERM HUP

cargo test --locked --test docker --test envoy
