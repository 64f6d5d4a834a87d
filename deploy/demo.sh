#!/bin/sh
# Shows the main job: a good push deploys itself, a bad one undoes itself. Arguments go to `orchestra demo`.
#
#   deploy/demo.sh                 a live transcript and a closing summary
#   deploy/demo.sh --json          for a script
#   deploy/demo.sh --dir DIR       keeps what it made, and goes on where it was killed
#
# It ends with 0 only if all of that truly happened.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=deploy/prerequisites.sh
. "$root/deploy/prerequisites.sh"
need_prerequisites

say "compiling where that is needed; the first time takes some minutes"
exec cargo run --manifest-path "$root/Cargo.toml" -p orchestra-bot --bin orchestra -- demo "$@"
