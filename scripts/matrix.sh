#!/usr/bin/env bash
# Runs the tests that drive HAProxy on every supported release: 2.6, 2.8, 3.0 and 3.2. HAPROXY_2_6, HAPROXY_2_8 … may name a binary; else
# the system's own or a fetched one is used. `short`: the goldens on all, and a few system tests on the newest, which `npm test` does not use.
# A release without a binary is "not run"; only a test that fails is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin:/sbin

form=${1:-long}
case $form in
  short) suites='test/system/(edge-(headers|hosts|limits|tls|tunnels)|label-[a-z]+|routing(-property)?|sync-health|sync-reload)\.test' ;;
  long) suites='test/system/(boot|certificates|convergence|edge|hosts|label|loop|measured|replacement|routing|sync|upgrade|world)' ;;
  *) echo "npm run matrix: \"$form\" is not a form; the forms are short and long" >&2 && exit 2 ;;
esac

release_of() {
  "$1" -v 2>/dev/null | sed -n 's/^HAProxy version \([0-9]*\.[0-9]*\)\..*/\1/p' || true
}

# Prints the binary's path, or the reason why there is none.
binary_of() {
  local name=HAPROXY_${1/./_} system
  system=$(release_of haproxy)
  if [ -n "${!name:-}" ]; then
    [ "$(release_of "${!name}")" = "$1" ] && echo "${!name}" && return
    echo "$name names no HAProxy $1 that starts" >&2 && return 1
  fi
  case $1 in
    "$system") echo haproxy ;;
    3.*) scripts/haproxy-versions.sh "$1" | grep . | cut -d ' ' -f 2- ;;
    *) echo "$name names no binary, and the system has ${system:-none}" >&2 && return 1 ;;
  esac
}

errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
failed=0
results=()
for release in 2.6 2.8 3.0 3.2; do
  if ! path=$(binary_of "$release" 2>"$errors"); then
    results+=("not run: $release ($(tail -n 1 "$errors"))")
    continue
  fi
  tests=(test/haproxy/goldens "$suites")
  [ "$form" != short ] || [ "$release" = 3.2 ] || tests=(test/haproxy/goldens)
  printf '\nHAProxy %s: %s\n' "$release" "$path"
  if HAPROXY=$path npx jest "${tests[@]}"; then
    results+=("passed: $release")
  else
    results+=("FAILED: $release; again with HAPROXY=$path npx jest $(printf '%q ' "${tests[@]}")")
    failed=1
  fi
done
printf '\nHAProxy releases, %s form:\n' "$form"
printf '  %s\n' "${results[@]}"
exit "$failed"
