#!/bin/sh
# Runs the tests of test/e2e-api: on the cluster of KUBECONFIG when that is set, else on API servers that they start themselves. Without
# either the tests are skipped by name, and this says what is missing; WEIR_E2E_REQUIRED=1 makes that a failure.
set -eu
cd "$(dirname "$0")/.."

if [ -z "${KUBECONFIG:-}" ] && ! test/cluster/cluster built 2>/dev/null; then
  if command -v go >/dev/null; then
    test/cluster/cluster build
  else
    cat >&2 <<'TEXT'
=====================================================================================================
 SKIPPED: the tests of test/e2e-api need a Kubernetes API server, and there is none to be had here.
   Missing: Go 1.26 or newer, with which `make cluster` builds one (some minutes, once),
   or KUBECONFIG, the configuration of a cluster that the tests may fill and empty.
=====================================================================================================
TEXT
    if [ "${WEIR_E2E_REQUIRED:-}" = 1 ]; then exit 1; fi
  fi
fi
[ $# -gt 0 ] || set -- test/e2e-api
# A cluster that is given is one for all; those that tests start themselves are their own, and much of a test is waiting.
workers=2
[ -z "${KUBECONFIG:-}" ] || workers=1
WEIR_E2E=1 NODE_OPTIONS="--experimental-vm-modules --disable-warning=ExperimentalWarning" \
  sh scripts/node.sh node_modules/jest/bin/jest.js --maxWorkers=$workers "$@"
