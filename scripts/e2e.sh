#!/bin/sh
# Runs the tests of test/e2e on a real node: makes the images, brings a cluster up in a folder of its own (or takes the one of
# CLUSTER_STATE when that is up), and takes it down again. Needs root on Linux and the build of `make cluster`.
set -eu
cd "$(dirname "$0")/.."

skip() {
  printf 'SKIPPED: the tests of test/e2e need a node: %s\n' "$1" >&2
  [ "${WEIR_E2E_REQUIRED:-}" != 1 ]
  exit
}
[ "$(id -u)" = 0 ] || skip "run them as root on Linux"
[ -n "${CLUSTER_STATE:-}" ] || test/cluster/cluster built 2>/dev/null || skip "run \`make cluster\` first (Go 1.26, some minutes, once)"

images=$(mktemp -d)
own=
finish() {
  rm -rf "$images"
  if [ -n "$own" ]; then test/cluster/cluster down && rm -rf "$CLUSTER_STATE"; fi
}
trap finish EXIT INT TERM
if [ -z "${CLUSTER_STATE:-}" ]; then
  own=yes
  CLUSTER_STATE=$(mktemp -d)
  export CLUSTER_STATE
  test/cluster/cluster up
fi
# Under the name that the chart has by itself, so that the tests type what a newcomer types.
name=$(sed -n 's/^  repository: //p' charts/weir/values.yaml):$(sed -n 's/^appVersion: "\(.*\)"/\1/p' charts/weir/Chart.yaml)
sh scripts/node.sh scripts/image.ts "$name" "$images/weir.tar"
sh scripts/node.sh test/e2e/make-image.ts "$images/e2e.tar"
for image in weir e2e; do test/cluster/cluster load "$images/$image.tar"; done
eval "$(test/cluster/cluster env)"
export KUBECONFIG
WEIR_E2E_NODE=1 NODE_OPTIONS="--experimental-vm-modules --disable-warning=ExperimentalWarning" \
  sh scripts/node.sh node_modules/jest/bin/jest.js --runInBand "${@:-test/e2e/}"
