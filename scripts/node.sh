#!/bin/sh
# Runs its arguments with Node 24 or newer: the machine's own when it is new enough, else the one that npm installed.
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd) || exit 1

for node in node "$root"/node_modules/node-*/bin/node; do
  version=$("$node" --version 2>/dev/null) || continue
  major=${version#v}
  major=${major%%.*}
  [ "$major" -ge 24 ] && exec "$node" "$@"
done

echo "weir: needs Node.js 24 or newer, and npm has installed none for this machine. Run 'make setup', or install Node.js 24." >&2
exit 69
