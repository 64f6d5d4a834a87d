#!/bin/sh
# Runs every test of the workspace. What follows is handed to `cargo test`.
#
#   tests/run.sh                   what `cargo test --workspace` runs
#   tests/run.sh --full            the long ones at their full length too (ORCHESTRA_FULL=1)
#   tests/run.sh -- tidy           only tests whose name holds `tidy`
#
# tests/README.md explains the switches.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
. "$root/deploy/prerequisites.sh"

if [ "${1-}" = --full ]; then
    ORCHESTRA_FULL=1
    export ORCHESTRA_FULL
    shift
fi
need_prerequisites

# The stories start the program itself, as it is delivered: without the failpoints that the tests are linked with.
cargo build --manifest-path "$root/Cargo.toml" -p orchestra-bot --bin orchestra
ORCHESTRA_BINARY=${CARGO_TARGET_DIR:-$root/target}/debug/orchestra
export ORCHESTRA_BINARY
exec cargo test --manifest-path "$root/Cargo.toml" --workspace "$@"
