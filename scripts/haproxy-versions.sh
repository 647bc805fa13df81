#!/usr/bin/env bash
# Fetches other releases of HAProxy for tests: `scripts/haproxy-versions.sh 3.0 3.2 [--into FOLDER]` prints `<release> <path>` for each.
# They come from Debian's later suites, with their libraries beside them; nothing is installed. If one cannot be fetched, stderr says why.
set -euo pipefail

suite_of() {
  case $1 in
    3.0) echo trixie ;;
    3.2) echo forky ;;
    *) echo "scripts/haproxy-versions.sh: no suite of Debian is known for HAProxy $1; known are 3.0 and 3.2" >&2 && exit 2 ;;
  esac
}

into=$(cd "$(dirname "$0")/.." && pwd)/node_modules/.cache/haproxy
releases=()
while [ $# -gt 0 ]; do
  case $1 in
    --into) into=$(mkdir -p "$2" && cd "$2" && pwd) && shift ;;
    *) suite_of "$1" >/dev/null && releases+=("$1") ;;
  esac
  shift
done

# The mirror that this system uses already, because it can be reached.
mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -nE 's/^URIs: *(\S+\/debian)\/?$/\1/p; s/^deb (\[[^]]*\] )?(\S+\/debian)\/? .*/\2/p' | head -n 1
}

# Fetches the package and everything that it depends on in its own suite, as if this machine had none of it.
fetch() {
  local suite=$1 root=$2 keyring=/usr/share/keyrings/debian-archive-keyring.gpg from
  command -v apt-get >/dev/null || { echo 'apt-get is missing' >&2 && return 1; }
  [ -f "$keyring" ] || { echo "$keyring is missing: apt-get install debian-archive-keyring" >&2 && return 1; }
  from=$(mirror)
  [ -n "$from" ] || { echo 'no mirror of Debian is named in /etc/apt' >&2 && return 1; }
  mkdir -p "$root"/{lists/partial,cache/archives/partial,files}
  echo "deb [signed-by=$keyring] $from $suite main" >"$root/sources.list"
  : >"$root/status"
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$root/sources.list" -o Dir::Etc::sourceparts=- -o "Dir::State=$root"
    -o "Dir::State::lists=$root/lists" -o "Dir::State::status=$root/status" -o "Dir::Cache=$root/cache"
    -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1)
  "${apt[@]}" -o APT::Update::Error-Mode=any update >&2 && "${apt[@]}" install --yes --download-only --no-install-recommends haproxy >&2 || return 1
  for package in "$root"/cache/archives/{haproxy_,lib}*.deb; do dpkg-deb -x "$package" "$root/files" || return 1; done
  rm -rf "$root"/{lists,cache}
}

# Writes a script that starts HAProxy with the suite's own loader. At each reload HAProxy executes the name that it was started by,
# which is this script's.
wrap() {
  local root=$1 loader libraries
  loader=$(find "$root/files" -name 'ld-linux*.so.*' | head -n 1)
  libraries=$(find "$root/files" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
  # shellcheck disable=SC2016 # for the script that is written
  printf '#!/bin/sh\nexec "%s" --argv0 "$0" --library-path "%s" "%s" "$@"\n' \
    "$loader" "$libraries" "$root/files/usr/sbin/haproxy" >"$root/haproxy"
  chmod +x "$root/haproxy"
}

for release in "${releases[@]}"; do
  suite=$(suite_of "$release")
  root=$into/$suite
  log=$into/$suite.log
  if [ ! -x "$root/haproxy" ]; then
    rm -rf "$root" && mkdir -p "$root"
    if ! { fetch "$suite" "$root" && wrap "$root"; } >"$log" 2>&1; then
      echo "HAProxy $release could not be fetched from Debian's $suite: $(tail -n 1 "$log")" >&2
      rm -rf "$root"
      continue
    fi
  fi
  found=$("$root/haproxy" -v 2>&1 | sed -n 's/^HAProxy version \([0-9.]*\).*/\1/p' || true)
  case $found in
    "$release".*) echo "$release $root/haproxy" ;;
    *) echo "HAProxy $release could not be fetched from Debian's $suite: it has ${found:-none that starts here}" >&2 ;;
  esac
done
