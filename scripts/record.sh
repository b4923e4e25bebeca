#!/usr/bin/env bash
# Records a switch on Istio into docs/switch-light.svg and docs/switch-dark.svg, from a real run of `make run-istio`.
set -euo pipefail
. scripts/lib.sh

scratch=$(mktemp -d)
: >"$scratch/log"
# With job control the stack is a process group, which a signal reaches as a whole.
set -m
RUN_ISTIO=1 cargo test --quiet --locked --test istio >>"$scratch/log" 2>&1 &
stack=$!
set +m
stop() {
    kill -TERM -- "-$stack" 2>/dev/null || true
    local deadline=$((SECONDS + 60))
    while kill -0 -- "-$stack" 2>/dev/null && ((SECONDS < deadline)); do sleep 0.1; done
    kill -KILL -- "-$stack" 2>/dev/null || true
    rm -rf "$scratch"
}
trap stop EXIT
trap exit INT TERM HUP

deadline=$((SECONDS + 300))
until grep --quiet 'Ctrl-C stops everything' "$scratch/log"; do
    if ! kill -0 "$stack" 2>/dev/null || ((SECONDS > deadline)); then
        cat "$scratch/log" >&2
        fail "the control plane did not start; its output is above"
    fi
    sleep 0.2
done

# printed PATTERN: prints the first group of the line of `make run-istio` that matches
printed() {
    sed -En "s|.*$1.*|\\1|p" "$scratch/log" | head -1
}
namespace=$(printed 'in the namespace ([^ ]+) and')
url=$(printed 'answers on (http://[^/]+)/')
folder=$(printed '; cd (.+)$')
KUBECONFIG=$(printed 'export KUBECONFIG=([^ ]+) ')
PATH=$(printed ' PATH=([^:]+):'):$PATH
export KUBECONFIG PATH

# answered STATUS: a command that waits until the service answers with STATUS, for at most a minute
answered() {
    local ask="curl --silent --max-time 5 --output /dev/null --write-out %{http_code} $url/"
    echo "@timeout 60 bash -c 'until $ask | grep --quiet $1; do sleep 0.05; done'"
}
picture=$PWD/docs/switch terminal=$PWD/xtask/pictures/terminal.py
cd "$folder"
python3 "$terminal" "maintenance on Istio" 62 "$picture" <<END
curl $url/orders
kubectl apply -n $namespace -f istio/maintenance-mode
$(answered 503)
curl -i $url/orders
curl $url/load-balancer/health-check
kubectl delete -n $namespace -f istio/maintenance-mode
$(answered 200)
curl $url/orders
END
echo "docs/switch-light.svg and docs/switch-dark.svg written"
