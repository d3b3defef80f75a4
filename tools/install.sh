#!/usr/bin/env bash
# Builds the extension and installs it into the PostgreSQL that tools/postgres.sh chose; with sudo where its
# directories ask for that. The release profile, unless --debug is given; --build-only compiles it and stops there.
# Trap: cargo-pgrx under sudo copies over the old library in place, which would tear it out from under every server
# that has it loaded. It is removed first; such a server keeps the old file until it restarts.
set -euo pipefail
# shellcheck source=tools/postgres.sh
. "$(dirname "$0")/postgres.sh"
postgres_use
cd "$REPO"

arguments=(--pg-config "$PG_CONFIG" --no-default-features --features "$PG_FEATURE")
case ${1:-} in
"") arguments+=(--release) ;;
--debug) ;;
--build-only)
    # Not plain `cargo build`: cargo-pgrx links with flags of its own, and the install would compile all of it again.
    cargo pgrx package "${arguments[@]}"
    exit
    ;;
*) die "usage: tools/install.sh [--debug | --build-only]" ;;
esac

library=$("$PG_CONFIG" --pkglibdir)/optimizer_workflow.so
if server_dirs_writable; then
    rm -f "$library"
else
    arguments+=(--sudo)
    sudo rm -f "$library"
fi
cargo pgrx install "${arguments[@]}"
