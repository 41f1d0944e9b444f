#!/bin/sh
# Builds the real OpenTelemetry Collector out of its Go modules, with its own builder, into a cache folder; the tests find it there.
set -eu
cd "$(dirname -- "$0")/.."
command -v go >/dev/null || { echo "otelcol: no Go found; install 1.26 or newer" >&2; exit 69; }
cache=${WEIR_OTELCOL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/otelcol}
version=$(sed -n 's/.*builder_version: *//p' test/telemetry/otelcol/builder.yaml)
mkdir -p "$cache"
cp test/telemetry/otelcol/builder.yaml "$cache/builder.yaml"
cd "$cache"
go run "go.opentelemetry.io/collector/cmd/builder@$version" --config builder.yaml
echo "otelcol: built $cache/dist/otelcol" >&2
