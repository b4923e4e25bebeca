#!/usr/bin/env bash
# Starts or removes the containers of envoy/compose.yaml: compose.sh up|down.
# switch.sh reads the proxy's addresses from .run/.
set -euo pipefail
. scripts/lib.sh

need docker "install Docker, or run without it: make run"
docker compose version >/dev/null 2>&1 || fail "'docker compose' is missing: install docker-compose-plugin"
docker info >/dev/null 2>&1 || fail "the Docker daemon does not respond: start it, or see 'docker info' for the reason"

# The containers run as the current user, who can read the mounted files whatever the umask. For root they run as the
# unprivileged default user of compose.yaml.
if ((UID != 0)); then
    export RUN_AS=$UID:${GROUPS[0]}
fi

up() {
    need_curl
    [[ ! -e .run/envoy.log ]] || fail "a proxy is already running from this folder: stop it first (see 'make status')"
    mkdir -p .run
    [[ -e .run/plugin.yaml ]] || cp envoy/dynamic/off.yaml .run/plugin.yaml
    if ! compose up --detach --wait --wait-timeout 120; then
        compose logs proxy >&2
        fail "cannot start the containers: see the error above, and the proxy's log if it has started"
    fi
    compose port proxy 10000 >.run/proxy
    compose port proxy 9902 >.run/admin
    cat <<END

${bold}Envoy runs on http://$(<.run/proxy)$plain in front of a demonstration application.

$(list_proxy_commands "http://$(<.run/proxy)")
$(list_commands 'make down' 'stops and removes the containers')
END
}

down() {
    compose --profile '*' down --volumes --remove-orphans --timeout 5
    # .run/ with an envoy.log belongs to `make run`.
    [[ -e .run/envoy.log ]] || rm -rf .run
}

case $1 in
up) up ;;
down) down ;;
esac
