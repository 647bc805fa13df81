#!/bin/sh
# Checks the packaged template of every variant, and the role of the deploys, with cfn-lint, which carries AWS's published schemas. From
# these it also lists the calls that a deploy must be allowed to make. Needs Python 3 and PyPI; without them it prints NOT RUN and
# succeeds, so that the other checks run.
set -eu
cd "$(dirname "$0")/.."

version=1.58.0
home=node_modules/.cache/cfn-lint-$version
# Runs it to see whether it works: a copied or half-made environment exists, but does not start.
if ! "$home/bin/cfn-lint" --version >/dev/null 2>&1; then
  rm -rf "$home"
  log=$(mktemp)
  if ! { python3 -m venv "$home" && "$home/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==$version"; } >"$log" 2>&1; then
    echo "cfn-lint: NOT RUN, version $version could not be installed from PyPI: $(tail -n 1 "$log")" >&2
    rm -rf "$home" "$log"
    exit 0
  fi
  rm -f "$log"
fi

templates=$(node --import tsx scripts/templates.ts)
# W3005: a DependsOn that a reference implies already. osls adds one to each function, and the order of removal is explicit.
# shellcheck disable=SC2086 # a list of paths
"$home/bin/cfn-lint" --regions eu-west-2 --ignore-checks W3005 --format parseable --template $templates .github/deploy-role.yml
echo "cfn-lint: $(echo "$templates" | wc -l | tr -d ' ') variants and the role of the deploys are clean"

# Replaces the list at once, so that `git diff` shows what is new.
list=test/resources/schema-actions.json
made=$(mktemp)
# shellcheck disable=SC2086 # a list of paths
"$home/bin/python3" scripts/schema-actions.py $templates >"$made"
if ! cmp -s "$made" "$list"; then
  cat "$made" >"$list"
  rm -f "$made"
  echo "cfn-lint: $list differed from the schemas of version $version, and was written again. Correct docs/deploy-policy.json until" \
    '"npx jest test/resources/deploy-policy" passes, and commit both.' >&2
  exit 1
fi
rm -f "$made"
echo "cfn-lint: $list is what the schemas say"
