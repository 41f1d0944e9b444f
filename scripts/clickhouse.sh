#!/bin/sh
# Installs ClickHouse's engine as a library (chdb, 546 MB) into a cache folder; the tests and the bench of pkg/store find it there.
set -eu
cache=${WEIR_CLICKHOUSE:-$HOME/.cache/weir-clickhouse}
version=3.4.0
mkdir -p "$cache"
cd "$cache"
npm install --prefix "$cache" --save-exact --ignore-scripts --no-audit --no-fund --loglevel=error "chdb@$version"
echo "clickhouse: chdb $version is in $cache" >&2
