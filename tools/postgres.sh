#!/usr/bin/env bash
# Which PostgreSQL everything here works with. Sourced, never run.
#
# Gives: REPO, TARGET_DIR, PG_CONFIG, PG_BIN, PG_MAJOR, PG_FEATURE (pg15 .. pg18), PGRX_VERSION, SUDO (empty for
# root), and the small words the other scripts speak with: note, die, root.
# The choice: PG_CONFIG when it is set, else the newest of 15 to 18 that is installed with its server headers.
# Trap: pg_config in PATH may belong to libpq alone; only one whose server is there counts.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
TARGET_DIR=${CARGO_TARGET_DIR:-$REPO/target}
PG_SUPPORTED="18 17 16 15"
# The one release of pgrx that the crate names with `=`; the tool must be the same release.
# shellcheck disable=SC2034 # read by the scripts that source this one
PGRX_VERSION=$(sed -n 's/^pgrx *= *{ *version *= *"=\([0-9.]*\)".*/\1/p' "$REPO/Cargo.toml")

note() { printf '%s\n' "$*" >&2; }
die() { note "error: $*"; exit 1; }
root() { [ "$(id -u)" -eq 0 ]; }

SUDO=$(root || echo sudo)
export SUDO

# A cargo-pgrx of this version that tools/setup.sh built beside one the user keeps for other work.
PATH="$TARGET_DIR/tools/bin:$PATH"
# pgrx's test harness asks for USER, which containers and cron leave unset.
USER=${USER:-$(id -un)}
export PATH USER

# postgres_complete PG_CONFIG: whether that installation can build extensions and run a server.
postgres_complete() {
    [ -x "$1" ] && [ -x "$("$1" --bindir 2>/dev/null)/postgres" ] \
        && [ -f "$("$1" --includedir-server 2>/dev/null)/postgres.h" ]
}

# postgres_major PG_CONFIG: "PostgreSQL 15.20 (Debian ...)", "PostgreSQL 18beta1" -> the number before the dot.
postgres_major() { "$1" --version | sed -n 's/^PostgreSQL \([0-9]*\).*/\1/p'; }

postgres_supported() { case " $PG_SUPPORTED " in *" $1 "*) true ;; *) false ;; esac; }

# postgres_find: prints the pg_config to work with, or fails when there is none.
postgres_find() {
    local major candidate
    if [ -n "${PG_CONFIG:-}" ]; then
        printf '%s\n' "$PG_CONFIG"
        return
    fi
    for major in $PG_SUPPORTED; do
        candidate=/usr/lib/postgresql/$major/bin/pg_config
        if postgres_complete "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    candidate=$(command -v pg_config) && postgres_complete "$candidate" \
        && postgres_supported "$(postgres_major "$candidate")" && printf '%s\n' "$candidate"
}

# pgrx_config_of LABEL: the pg_config that cargo-pgrx knows under LABEL (pg15), or nothing.
pgrx_config_of() {
    local file=${PGRX_HOME:-$HOME/.pgrx}/config.toml
    if [ -f "$file" ]; then sed -n "s/^$1 *= *[\"']\(.*\)[\"'] *\$/\1/p" "$file"; fi
}

# postgres_use: sets and exports the choice; ends the script with a hint when there is none.
postgres_use() {
    PG_CONFIG=$(postgres_find) || die "no PostgreSQL 15 to 18 with server headers found; run: make setup"
    postgres_complete "$PG_CONFIG" \
        || die "$PG_CONFIG names no complete PostgreSQL (server and headers); set PG_CONFIG to another one"
    PG_MAJOR=$(postgres_major "$PG_CONFIG")
    postgres_supported "$PG_MAJOR" \
        || die "PostgreSQL $PG_MAJOR is not supported (15 to 18 are); set PG_CONFIG to another one"
    PG_BIN=$("$PG_CONFIG" --bindir)
    PG_FEATURE=pg$PG_MAJOR
    export PG_CONFIG PG_MAJOR PG_BIN PG_FEATURE
    # A person whose cargo-pgrx knows another server of this major keeps it: this clone gets a pgrx home of its own.
    local known
    known=$(pgrx_config_of "$PG_FEATURE")
    if [ -n "$known" ] && [ "$("$known" --bindir 2>/dev/null || true)" != "$PG_BIN" ]; then
        export PGRX_HOME=$TARGET_DIR/pgrx
    fi
}

# server_dirs_writable: whether this user can install extensions without sudo.
server_dirs_writable() {
    [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]
}

# library_unshare: puts a copy in the place of the installed library, under the same name. cargo-pgrx under sudo copies
# over the file in place, which would change the code under every server that has it loaded; these keep the old inode.
# Trap: just removing it does not do: a server looks for the file on each first call, even of a library it preloaded.
library_unshare() {
    local library
    library=$("$PG_CONFIG" --pkglibdir)/optimizer_workflow.so
    [ -f "$library" ] || return 0
    ${SUDO:+"$SUDO"} cp -p "$library" "$library.new" && ${SUDO:+"$SUDO"} mv -f "$library.new" "$library"
}
