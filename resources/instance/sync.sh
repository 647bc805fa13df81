#!/bin/sh
# Runs on the proxy, by Run Command: keeps a copy of the sync, then lets it bring HAProxy to at least this generation.
set -eu
umask 077
: "${SLUICE_HOME:=/var/lib/sluice}"
mkdir -p "$SLUICE_HOME"
cat >"$SLUICE_HOME/.sync.$$" <<'END-OF-SYNC'
@SYNC@
END-OF-SYNC
# One at a time; a later one reads whatever is current when its turn comes.
exec 9>"$SLUICE_HOME/lock"
if ! flock -w 40 9; then
  echo '{"failed":"another sync has run for 40 seconds; the next tick tries again"}'
  rm "$SLUICE_HOME/.sync.$$"
  exit 1
fi
mv "$SLUICE_HOME/.sync.$$" "$SLUICE_HOME/sync.cjs"
SLUICE_PREFIX='@PREFIX@' exec node "$SLUICE_HOME/sync.cjs" '{{ Generation }}'
