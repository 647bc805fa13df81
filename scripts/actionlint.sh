#!/bin/sh
# Checks the workflows of GitHub Actions, and the shell in them. Needs Go and its module proxy; without them it prints NOT RUN and
# succeeds, so that the other checks run.
set -eu
cd "$(dirname "$0")/.."

version=1.7.12
home=$PWD/node_modules/.cache/actionlint-$version
if [ ! -x "$home/actionlint" ]; then
  log=$(mktemp)
  if ! GOBIN="$home" go install "github.com/rhysd/actionlint/cmd/actionlint@v$version" >"$log" 2>&1; then
    echo "actionlint: NOT RUN, Go could not fetch version $version: $(tail -n 1 "$log")" >&2
    rm -f "$log"
    exit 0
  fi
  rm -f "$log"
fi

"$home/actionlint"
echo "actionlint: $(find .github/workflows -name '*.yml' | wc -l | tr -d ' ') workflows are clean"
