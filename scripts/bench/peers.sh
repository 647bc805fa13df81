#!/bin/sh
# peers.sh [folder]: builds the proxies that Debian has only in an old release, for `npm run bench -- edge`: Caddy, by Go, from the Go module
# proxy. If that cannot be done, stderr says why, and the bench says that Caddy was not run.
set -eu
cd "$(dirname "$0")/../.."

caddy=v2.11.9
into=${1:-$PWD/node_modules/.cache/peers}

command -v go >/dev/null || {
  echo 'peers.sh: Go is missing, so Caddy cannot be built; https://go.dev/doc/install says how to get it' >&2
  exit 1
}
GOBIN=$into GOFLAGS=-modcacherw go install "github.com/caddyserver/caddy/v2/cmd/caddy@$caddy" || {
  echo "peers.sh: Go could not build Caddy $caddy; the Go module proxy (go env GOPROXY) must be reachable" >&2
  exit 1
}
echo "$into/caddy"
