#!/usr/bin/env bash
# make test: everything that proves the product, <= 15 minutes on two cores with warm caches.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/need.sh
scripts/servers.sh
[ -n "${CI:-}" ] && export ZONGJI_TEST_ALL=1
step() { echo; echo "== $1 ($(date +%T))"; }

step "web app and widget"
make --no-print-directory bin/zongji
export ZONGJI_BIN=$PWD/bin/zongji

step "gofmt, vet, staticcheck"
make --no-print-directory lint

step "types and unit tests of the web app and the widget"
(cd agentdesk/web && npx vue-tsc --noEmit && npx vitest run)
(cd channels/webchat/widget && npx tsc --noEmit && npx vitest run)

step "browser tests"
if command -v chromium >/dev/null; then
  (cd agentdesk/web && npm run --silent test:browser)
else
  [ -z "${ZONGJI_TEST_ALL:-}" ] || { echo "chromium is missing (ZONGJI_TEST_ALL is set)"; exit 1; }
  echo "chromium is missing: browser tests skipped"
fi

# These drive a served binary from outside, or fill whole databases: the race detector would watch the drivers only.
drivers='zongji/internal/(demo|proof|bench)$'
# The engine is pure and one goroutine's: there is nothing to watch, and the race detector makes its comparison several times slower.
pure='zongji/router/engine$'
step "Go tests with the race detector"
# -parallel: tests that call t.Parallel wait more than they work. The longest package begins first.
long=zongji/router
go test -race -parallel 4 -timeout 15m $long $(go list ./... | grep -vE "$drivers|$pure|^$long\$")
step "the engine, and proofs on a served binary"
go test -timeout 15m $(go list ./... | grep -E "$drivers|$pure")
step "done"
