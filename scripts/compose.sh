#!/usr/bin/env bash
# Runs envoy/compose.yaml so that switch.sh finds it through .run/: compose.sh up|down.
set -euo pipefail
. scripts/lib.sh

need docker "install Docker, or run without it: make run"
docker compose version >/dev/null 2>&1 || fail "docker has no compose: install its plugin (docker-compose-plugin)"
docker info >/dev/null 2>&1 || fail "docker does not answer: start it, or see what 'docker info' says"

# Containers that are not root need files that belong to who runs this, whatever the umask.
if ((UID != 0)); then
    export RUN_AS=$UID:${GROUPS[0]}
fi

up() {
    need_curl
    [[ ! -e .run/envoy.log ]] || fail "a proxy already runs from this folder, see 'make status': stop it first"
    mkdir -p .run
    [[ -e .run/plugin.yaml ]] || cp envoy/dynamic/off.yaml .run/plugin.yaml
    if ! compose up --detach --wait --wait-timeout 120; then
        compose logs proxy >&2
        fail "the containers did not come up healthy; the proxy says why above"
    fi
    compose port proxy 10000 >.run/proxy
    compose port proxy 9902 >.run/admin
    cat <<END

Envoy runs on http://$(<.run/proxy) in front of a demonstration application.

  make on RETRY_AFTER=300    from now on 503, with Retry-After: 300
  make off                   the application again
  make status                what the proxy says and answers
  make down                  stops and removes everything
END
}

down() {
    compose --profile '*' down --volumes --remove-orphans --timeout 5
    # That of `make run` is not ours.
    [[ -e .run/envoy.log ]] || rm -rf .run
}

case $1 in
up) up ;;
down) down ;;
esac
