#!/bin/sh
# Installs the dependencies exactly as package-lock.json names them. No install script of any package is run.
set -eu
cd "$(dirname -- "$0")/.."

fail() {
  printf 'set-up: %s\n' "$@" >&2
  exit 69
}

version=$(node --version 2>/dev/null) || fail "no Node.js found. Install version 20 or newer (it brings npm); version 24 itself then comes from npm."
major=${version#v}
major=${major%%.*}
[ "$major" -ge 20 ] || fail "Node.js $version is too old. Install version 20 or newer; version 24 itself then comes from npm."
npm --version >/dev/null 2>&1 || fail "Node.js is here but npm is not. Install npm 10 or newer."

echo "set-up: installing packages with npm (once; about 500 MB on disk; half a minute to a few) ..." >&2
npm ci --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel=error || fail \
  "npm could not install the packages; its own message stands above." \
  "Without network it needs a warm cache (npm config get cache); behind a mirror set its address with 'npm config set registry ...'." \
  "Then run the same command again: nothing half-installed is used."
sh scripts/node.sh --version >/dev/null
echo "set-up: done, with Node.js $(sh scripts/node.sh --version)." >&2
