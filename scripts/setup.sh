#!/bin/sh
# setup.sh [tool...] [-- command...]: installs missing npm packages and missing tools of those named, then runs the command.
# If the system's Node.js is too old, one from the npm registry runs npm and the command. The system's stays as it is.
set -eu
cd "$(dirname "$0")/.."

oldest=22.13
version=24.21.0
kept=$PWD/node_modules/.cache/node-$version

tools=''
while [ $# -gt 0 ]; do
  if [ "$1" = -- ]; then
    shift
    break
  fi
  tools="$tools $1"
  shift
done

is_supported() {
  node -e 'const [a, b, x, y] = process.argv.slice(1).join(".").split(".");
    process.exitCode = +x > +a || (x === a && +y >= +b) ? 0 : 1' "$oldest" "$(node -p process.versions.node)"
}

has_packages() {
  cmp -s package-lock.json node_modules/.sluice-lock.json
}

# install_packages FOLDER: FOLDER holds the Node.js that runs npm.
install_packages() {
  has_packages && return
  echo 'setup: npm ci' >&2
  PATH="$1:$PATH" npm ci --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.sluice-lock.json
}

# npm ci deletes all of node_modules, so the Node.js that runs it stays outside until npm ci has ended.
install_packages_with_own_node() {
  aside=$(mktemp -d "$PWD/.setup.XXXXXX")
  trap 'rm -rf "$aside"' EXIT
  if [ -d "$kept" ]; then
    mv "$kept" "$aside/node"
  else
    echo "setup: Node.js $(node -v) is older than $oldest: fetching $version from the npm registry, for this folder only" >&2
    npm install --prefix "$aside/node" --no-save --no-package-lock --no-fund --no-audit --loglevel=error "node@$version" >&2
  fi
  install_packages "$aside/node/node_modules/node/bin"
  mkdir -p node_modules/.cache
  mv "$aside/node" "$kept"
  rmdir "$aside"
  trap - EXIT
}

if is_supported; then
  install_packages "$(dirname "$(command -v node)")"
else
  { has_packages && [ -d "$kept" ]; } || install_packages_with_own_node
  export PATH="$kept/node_modules/node/bin:$PATH"
fi

missing=''
for tool in $tools; do
  # Debian keeps haproxy in sbin, which is not on every user's PATH.
  PATH="$PATH:/usr/sbin:/sbin" command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
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
    echo "setup: installing$packages with apt-get ${as_root:+(sudo may ask for your password)}" >&2
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of packages
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $packages >/dev/null || {
      echo "setup: apt-get could not install$packages; please install what is missing, then run the command again" >&2
      exit 1
    }
  elif command -v brew >/dev/null; then
    echo "setup: installing$missing with Homebrew" >&2
    # shellcheck disable=SC2086 # a list of packages
    brew install --quiet $missing
  else
    echo "setup: please install$packages with this system's package manager, then run the command again" >&2
    exit 1
  fi
fi

export PATH="$PWD/node_modules/.bin:$PATH"
# The packager and AWS's clients are large: Node.js keeps what it compiled of them.
export NODE_COMPILE_CACHE="$PWD/node_modules/.cache/compiled"
[ $# -eq 0 ] || exec "$@"
