#!/usr/bin/env bash
# Runs the tests that need Docker, and removes their containers and networks, also after an interrupt.
set -euo pipefail
. scripts/lib.sh

docker info >/dev/null 2>&1 || fail "the Docker daemon does not respond: start it, or see 'docker info' for the reason"

# Pulled before the tests: the tests' deadlines cover the start of a container, not the pull of its image.
for image in "$ENVOY_IMAGE" "$PROMETHEUS_IMAGE" "$REGISTRY_IMAGE"; do
    docker image inspect "$image" >/dev/null 2>&1 || docker pull "$image" ||
        fail "cannot pull $image: build a local image with 'make local-images'"
done

# The tests put TEST_RUN into the name of every container and network that they create.
export TEST_RUN=$$
clean() {
    local filter=name=maintenance-filter-$TEST_RUN-
    docker ps --all --quiet --filter "$filter" | xargs --no-run-if-empty docker rm --force >/dev/null
    docker network ls --quiet --filter "$filter" | xargs --no-run-if-empty docker network rm >/dev/null
}
trap clean EXIT
trap exit INT TERM HUP

cargo test --locked --test docker --test envoy
