#!/usr/bin/env bash
# Builds the extension and installs it into the PostgreSQL that tools/postgres.sh chose; with sudo where its
# directories ask for that. The release profile, unless --debug is given; --build-only compiles it and stops there.
# A server that has the library loaded keeps the old one until it restarts.
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

if ! server_dirs_writable; then
    arguments+=(--sudo)
    library_unshare
fi
cargo pgrx install "${arguments[@]}"
