#!/bin/sh
# `weir-collector` on the PATH, also through npm's symbolic link: finds its folder and runs with Node 24.
self=$0
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname -- "$self")/$target ;;
  esac
done
here=$(CDPATH= cd -- "$(dirname -- "$self")" && pwd) || exit 1
exec sh "$here/../../scripts/node.sh" "$here/main.ts" "$@"
