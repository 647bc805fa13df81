#!/bin/sh
# Runs on the proxy, by Run Command and at its first boot: keeps a copy of the sync, then lets it bring HAProxy to at least
# this generation.
set -eu
umask 077
: "${SLUICE_HOME:=/var/lib/sluice}"
mkdir -p "$SLUICE_HOME"
# Run Command may come while the first boot still installs what the sync needs.
if ! command -v node >/dev/null || ! command -v "${HAPROXY:-haproxy}" >/dev/null; then
  if [ -e "$SLUICE_HOME/started" ]; then
    echo '{"failed":"node or haproxy is no longer installed; sudo apt-get install nodejs haproxy, or replace the proxy"}'
    exit 1
  fi
  echo '{"changed":"nothing","how":"node and haproxy are not installed yet; the first boot pulls by itself"}'
  exit 0
fi
# What this instance was told when it was launched: which slot it has, what to claim.
if [ -f "$SLUICE_HOME/environment" ]; then
  set -a
  # shellcheck disable=SC1091 # written at the first boot
  . "$SLUICE_HOME/environment"
  set +a
fi
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
