#!/usr/bin/env bash
# Says at once what is missing to build: Go >= 1.26, Node >= 20.19, npm, make.
set -u
bad=0
miss() { echo "缺少 / missing: $1" >&2; bad=1; }
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ]; }

if command -v go >/dev/null; then
  v=$(go env GOVERSION); v=${v#go}
  at_least 1.26 "$v" || miss "Go >= 1.26 (有/have $v) — https://go.dev/dl/"
else miss "Go >= 1.26 — https://go.dev/dl/"; fi
if command -v node >/dev/null; then
  v=$(node -v); v=${v#v}
  at_least 20.19 "$v" || miss "Node.js >= 20.19 (有/have $v) — https://nodejs.org/"
else miss "Node.js >= 20.19 — https://nodejs.org/"; fi
command -v npm >/dev/null || miss "npm"
[ $bad = 0 ] || exit 1
