#!/bin/sh
# Runs on the proxy, by Run Command: keeps a copy of the sync, then lets it bring HAProxy to at least this generation.
set -eu
umask 077
: "${SLUICE_HOME:=/var/lib/sluice}"
mkdir -p "$SLUICE_HOME"
cat >"$SLUICE_HOME/.sync.$$" <<'END-OF-SYNC'
@SYNC@
END-OF-SYNC
mv "$SLUICE_HOME/.sync.$$" "$SLUICE_HOME/sync.cjs"
# One at a time; a later one reads whatever is current when its turn comes.
SLUICE_PREFIX='@PREFIX@' exec flock -w 40 "$SLUICE_HOME/lock" node "$SLUICE_HOME/sync.cjs" '{{ Generation }}'
