#!/bin/sh
# Checks the user data of every packaged variant with cloud-init itself. Its package is unpacked, not installed: installed, it
# would configure this machine at the next boot. Without the package it prints NOT RUN and succeeds, so that the other checks run.
set -eu
cd "$(dirname "$0")/.."

home=$PWD/node_modules/.cache/cloud-init
fetch() {
  needed=$(apt-get -s install --no-install-recommends cloud-init | sed -n 's/^Inst \(cloud-init\|python3-[^ ]*\) .*/\1/p')
  mkdir -p "$home.next" && cd "$home.next" || return
  # shellcheck disable=SC2086 # a list of packages
  apt-get download -qq ${needed:-cloud-init} || return
  for package in *.deb; do dpkg -x "$package" . || return; done
  rm -- *.deb && cd - >/dev/null && mv "$home.next" "$home"
}

if [ ! -d "$home" ]; then
  log=$(mktemp)
  if ! (fetch) >"$log" 2>&1; then
    echo "cloud-init: NOT RUN, its package could not be fetched: $(tail -n 1 "$log")" >&2
    rm -rf "$home.next" "$log"
    exit 0
  fi
  rm -f "$log"
fi

data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
node --import tsx scripts/user-data.ts "$data"
for file in "$data"/*; do
  if ! said=$(PYTHONPATH="$home/usr/lib/python3/dist-packages" python3 "$home/usr/bin/cloud-init" schema --config-file "$file" 2>&1); then
    echo "cloud-init refuses the user data of $(basename "$file"): $said" >&2
    exit 1
  fi
done
count=$(find "$data" -type f | wc -l | tr -d ' ')
echo "cloud-init: the user data of $count proxies is valid"
