#!/bin/sh
# Runs on the proxy, by Run Command and at its first boot: keeps a copy of the sync, which then brings HAProxy to at least this
# generation. In every case it prints one line of JSON.
set -u
umask 077
: "${SLUICE_HOME:=/var/lib/sluice}"
lock=$SLUICE_HOME/lock
copy=$SLUICE_HOME/sync.cjs
next=$SLUICE_HOME/.sync.next

main() {
  mkdir -p "$SLUICE_HOME" || fail "$SLUICE_HOME is not a folder, and could not be created; move away what is in its place"
  # Run Command may come while the first boot still installs what the sync needs.
  if ! command -v node >/dev/null || ! command -v "${HAPROXY:-haproxy}" >/dev/null; then
    # 0.1.0 wrote down only that it had claimed the address.
    if [ -e "$SLUICE_HOME/started" ] || [ -e "$SLUICE_HOME/claimed" ]; then
      fail 'node or haproxy is no longer installed; sudo apt-get install nodejs haproxy, or replace the proxy'
    fi
    echo '{"changed":"nothing","how":"node and haproxy are not installed yet; the first boot pulls by itself"}'
    exit 0
  fi
  fault='' earlier=''
  read_environment
  take_turn
  clean_up
  if ! said=$(keep 2>&1); then
    fault="$fault could not keep the new copy of the sync in $SLUICE_HOME ($said); is the disk full? The next tick tries again."
    earlier=' The last good copy ran.'
  fi
  export SLUICE_PREFIX='@PREFIX@'
  [ -n "$fault" ] || exec node "$copy" "$1"
  rm -rf "$next"
  [ -f "$copy" ] || fail "$fault There is no earlier copy."
  # This copy may be of an earlier release, so the script reports the fault. By the variable a newer copy counts itself as not synced.
  said=$(SLUICE_FAULT=1 node "$copy" "$1" | tail -n 1)
  case $said in '{'*'}') ;; *) said=null earlier=' The last good copy printed no readable line.' ;; esac
  printf '{"failed":"%s","ran":%s}\n' "$(in_json "$fault$earlier")" "$said"
  exit 1
}

fail() {
  printf '{"failed":"%s"}\n' "$(in_json "$1")"
  exit 1
}

in_json() {
  printf %s "${1# }" | tr '\001-\037\042\134' ' '
}

# Reads what the template wrote at launch: the slot, and what to claim. Like systemd, it runs nothing that is in the file.
read_environment() {
  file=$SLUICE_HOME/environment
  [ -e "$file" ] || return 0
  if [ ! -f "$file" ] || [ ! -r "$file" ]; then
    fault="$file is not a readable file, so this proxy does not know its slot; end the instance, and its successor gets a new one."
    return 0
  fi
  while IFS= read -r line || [ -n "$line" ]; do
    name=${line%%=*}
    case $name in
      '' | "$line" | [0-9]* | *[!A-Za-z0-9_]*) ;;
      *) export "$name=${line#*=}" ;;
    esac
  done <"$file"
  [ -n "${SLUICE_SLOT:-}" ] ||
    fault="$file is damaged: it names no slot. HAProxy starts with the limits of a t4g.nano; end the instance, and its successor gets a new file."
}

# Syncs run one at a time; a later one reads whatever is current when its turn comes. A folder can be locked as well as a file.
take_turn() {
  find "$lock" -maxdepth 0 ! -type f ! -type d -exec rm -f {} + 2>/dev/null
  [ -e "$lock" ] || touch "$lock"
  [ -r "$lock" ] || fail "could not make or open $lock; is the disk full?"
  exec 9<"$lock"
  flock -w 40 9 || fail 'another sync has run for 40 seconds; the next tick tries again'
}

# Removes the copies that killed attempts of 0.1.0 left. One whose process runs still waits for its turn.
clean_up() {
  for left in "$SLUICE_HOME"/.sync.*; do
    kill -0 "${left##*.}" 2>/dev/null || rm -rf "$left"
  done
}

# gzip compares its checksum, so neither a damaged text nor half a file replaces a good copy. An equal copy is not written again,
# which a full disk would refuse.
keep() {
  ! unpack 2>/dev/null | cmp -s - "$copy" || return 0
  unpack >"$next" && sync "$next" || return
  [ ! -d "$copy" ] || rm -rf "$copy" || return
  mv -f "$next" "$copy"
}

unpack() {
  base64 -d <<'END-OF-SYNC' | gzip -d
@SYNC@
END-OF-SYNC
}

main '{{ Generation }}'
