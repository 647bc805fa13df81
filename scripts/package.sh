#!/bin/sh
# `npm run package`: packages what a deploy would upload; without settings of your own, the example's.
set -eu

if [ -z "${SLUICE_SETTINGS:-}" ] && [ ! -f settings.yml ]; then
  echo 'There is no settings.yml: this packages settings.example.yml instead.' >&2
  export SLUICE_SETTINGS=settings.example.yml
fi
exec sls package "$@"
