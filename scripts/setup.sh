#!/bin/sh
# Brings what the commands need: npm packages, HAProxy, openssl, Pebble (an ACME server for tests), and whatever else is named as an argument.
set -eu
cd "$(dirname "$0")/.."

if ! cmp -s package-lock.json node_modules/.sluice-lock.json; then
  echo "setup: npm ci"
  npm ci --no-fund --no-audit --loglevel=error
  cp package-lock.json node_modules/.sluice-lock.json
fi

missing=''
for tool in haproxy openssl flock pebble "$@"; do
  # Debian keeps haproxy in sbin, which is not on every user's PATH.
  PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null || missing="$missing $tool"
done
[ -n "$missing" ] || exit 0

packages=$(echo "$missing" | sed 's/flock/util-linux/; s/h2load/nghttp2-client/')
if command -v apt-get >/dev/null; then
  as_root=''
  if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    if ! command -v sudo >/dev/null; then
      echo "setup: please run as root: apt-get install$packages" >&2
      exit 1
    fi
  fi
  echo "setup: installing$packages with apt-get ${as_root:+(sudo may ask for your password)}"
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # a list of packages
  DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null
elif command -v brew >/dev/null; then
  echo "setup: installing$missing with Homebrew"
  # shellcheck disable=SC2086 # a list of packages
  brew install --quiet $missing
else
  echo "setup: please install$packages with this system's package manager, then run the command again" >&2
  exit 1
fi
