#!/usr/bin/env bash
# Stops the demo's cluster, wherever its data lies, and deletes it. Nothing to stop is no error.
set -euo pipefail
# shellcheck source=tools/cluster.sh
. "$(dirname "$0")/../cluster.sh"

if ! cluster_known "$TARGET_DIR/demo"; then
    echo "no demo is there"
    exit
fi
cluster_remove "$TARGET_DIR/demo"
echo "the demo's cluster is stopped and deleted"
