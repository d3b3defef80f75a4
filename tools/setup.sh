#!/usr/bin/env bash
# Makes the machine ready to build and test: Debian packages, cargo-pgrx, and pgrx's note of which pg_config to use.
# Promises: does only what is missing (nothing missing: about a second, no apt-get, no network), starts and stops no
# server, and keeps a cargo-pgrx or a pgrx entry that other work needs. Runs as root or as a user with sudo.
# --server leaves out what only tests need: pg_qualstats, pg_cron, Python's venv, a browser, and nginx, which is unpacked under target
# (installed, its package starts a server). HypoPG, which the index advisor asks, is always installed. --bench adds what `make bench` measures
# beside: PoWA's archivist, where the packages offer it for this PostgreSQL.
# PG_CONFIG names the PostgreSQL to use; otherwise it is the newest of 15 to 18 that the packages here offer.
set -euo pipefail
# shellcheck source=tools/postgres.sh
. "$(dirname "$0")/postgres.sh"

installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
offered() { apt-cache policy "$1" 2>/dev/null | grep 'Candidate:' | grep -qv '(none)'; }
as_admin() { ${SUDO:+"$SUDO"} "$@"; }

APT_FRESH=""
apt_refresh() {
    if [ -z "$APT_FRESH" ]; then
        as_admin apt-get update -qq
        APT_FRESH=yes
    fi
}

# The newest major that is installed or offered; asks the archive once when the lists are empty.
newest_major() {
    local major
    for major in $PG_SUPPORTED; do
        if postgres_complete "/usr/lib/postgresql/$major/bin/pg_config" \
            || offered "postgresql-server-dev-$major"; then
            printf '%s\n' "$major"
            return
        fi
    done
}

missing_packages() {
    local package
    for package in "$@"; do
        if ! installed "$package"; then printf '%s\n' "$package"; fi
    done
}

setup_packages() {
    local major packages=(libclang-dev libssl-dev ca-certificates) missing
    command -v cc >/dev/null || packages+=(build-essential)
    command -v pkg-config >/dev/null || packages+=(pkg-config)
    command -v sudo >/dev/null || packages+=(sudo)
    if ! command -v apt-get >/dev/null; then
        note "no apt-get here: expecting a C compiler, libclang and PostgreSQL with server headers to be installed"
        return
    fi
    if [ -z "${PG_CONFIG:-}" ]; then
        major=$(newest_major)
        if [ -z "$major" ]; then
            apt_refresh
            major=$(newest_major)
        fi
        [ -n "$major" ] || die "the packages here offer no PostgreSQL 15 to 18; install one and set PG_CONFIG"
        postgres_complete "/usr/lib/postgresql/$major/bin/pg_config" \
            || packages+=("postgresql-$major" "postgresql-server-dev-$major")
    fi
    mapfile -t missing < <(missing_packages "${packages[@]}")
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    root || command -v sudo >/dev/null || die "not root and no sudo; as root run: apt-get install ${missing[*]}"
    install_packages "${missing[@]}"
}

install_packages() {
    note "installing packages: $*"
    apt_refresh
    as_admin env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

# setup_extension NAME PACKAGE 'who goes without': where the packages offer it.
# Trap: a package puts its files into Debian's own installation; another PostgreSQL has to bring the extension itself.
setup_extension() {
    local package=postgresql-$PG_MAJOR-$2 control
    control=$("$PG_CONFIG" --sharedir)/extension/$1.control
    if [ -f "$control" ]; then return; fi
    if command -v apt-get >/dev/null && [ "$PG_BIN" = "/usr/lib/postgresql/$PG_MAJOR/bin" ]; then
        offered "$package" || apt_refresh
        if offered "$package"; then install_packages "$package"; fi
    fi
    [ -f "$control" ] || note "the extension $1 is not there for $PG_CONFIG: $3"
}

# setup_venv 'who goes without': Python's venv, for what runs in a virtualenv under target.
setup_venv() {
    if python3 -c 'import ensurepip' 2>/dev/null; then return; fi
    command -v apt-get >/dev/null || { note "python3 with venv is missing: $1"; return; }
    install_packages python3-venv
}

# The scenario of report_html() opens its pages in a browser.
setup_browser() {
    if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then return; fi
    if command -v apt-get >/dev/null; then
        # Whoever has no chromium to offer is not asked again and again.
        offered chromium || [ -n "$(find /var/lib/apt/lists -name '*Packages*' -mtime -1 2>/dev/null)" ] || apt_refresh
        if offered chromium; then install_packages chromium; fi
    fi
    command -v chromium >/dev/null || note "no chromium in PATH: install it, or the scenario of report_html() fails"
}

# The scenario http runs the nginx block of docs/http.md with it; it goes without, and says so.
setup_nginx() {
    local place=$TARGET_DIR/tools/nginx
    if [ -x "$place/usr/sbin/nginx" ] || [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null; then return; fi
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
        offered nginx || apt_refresh
        mkdir -p "$place"
        (cd "$place" && apt-get download -qq nginx && dpkg-deb -x nginx_*.deb . && rm nginx_*.deb) >&2 || true
    fi
    "$place/usr/sbin/nginx" -v 2>/dev/null || note "no nginx here: its block in docs/http.md is not tested"
}

setup_rust() {
    command -v cargo >/dev/null || die "no cargo in PATH; install Rust 1.95 or later, see https://rustup.rs"
    local component
    for component in fmt clippy; do
        if ! cargo "$component" --version >/dev/null 2>&1; then
            command -v rustup >/dev/null || die "cargo $component is missing; install it with your Rust"
            rustup component add "${component/fmt/rustfmt}"
        fi
    done
}

cargo_pgrx_version() { cargo pgrx --version 2>/dev/null | sed -n 's/^cargo-pgrx \([0-9.]*\).*/\1/p'; }

setup_cargo_pgrx() {
    local have place=()
    [ -n "$PGRX_VERSION" ] || die "Cargo.toml names no exact pgrx version"
    have=$(cargo_pgrx_version || true)
    if [ "$have" = "$PGRX_VERSION" ]; then return; fi
    if [ -n "$have" ]; then
        note "cargo-pgrx $have stays; $PGRX_VERSION goes to $TARGET_DIR/tools"
        place=(--root "$TARGET_DIR/tools")
    fi
    note "building cargo-pgrx $PGRX_VERSION (about 5 minutes on two cores)"
    cargo install cargo-pgrx --version "=$PGRX_VERSION" --locked "${place[@]}"
}

setup_pgrx_home() {
    if [ -n "$(pgrx_config_of "$PG_FEATURE")" ]; then return; fi
    cargo pgrx init "--$PG_FEATURE" "$PG_CONFIG"
}

case ${1:-} in "" | --server | --bench) ;; *) die "usage: tools/setup.sh [--server | --bench]" ;; esac
setup_packages
setup_rust
postgres_use
setup_cargo_pgrx
setup_pgrx_home
setup_extension hypopg hypopg "there is no index advice, and its tests fail"
if [ "${1:-}" != --server ]; then
    setup_venv "the test of the dashboards fails, and make advisors-tpch cannot run"
    setup_browser
    setup_nginx
    setup_extension pg_qualstats pg-qualstats "its advice is not tested, and make advisors-tpch goes without it"
    setup_extension pg_cron cron "the scenario cron fails"
fi
if [ "${1:-}" = --bench ]; then setup_extension powa powa "make bench goes without PoWA's archivist"; fi
note "ready: $("$PG_CONFIG" --version) at $PG_CONFIG, cargo-pgrx $PGRX_VERSION"
