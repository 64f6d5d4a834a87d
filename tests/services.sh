#!/bin/sh
# Starts, stops and looks at the real parts that tests speak to.
#
#   tests/services.sh start [NAME...]    starts the parts named, or all, and waits until they answer
#   tests/services.sh stop [NAME...]     stops the parts named, or all that were started
#   tests/services.sh status [NAME...]   0 when everything that was started, or is named, answers
#
# It ends with 2 when it is called wrongly or a name is not known.
#
# To add a part NAME: put it into `known`, and give `part` three lines, `NAME/start`, `NAME/stop` and
# `NAME/answers`. A start keeps its files below "$state/NAME", listens on 127.0.0.1 only, and returns when the
# part answers; a stop ends the process by its id; answers says by its exit code whether the part does.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
state=${ORCHESTRA_SERVICES:-$root/target/services}

# The parts of this version, separated by blanks.
known=''

part() {
    case $1/$2 in
        *) echo "tests/services.sh: the part \`$1\` can't $2" >&2 && return 2 ;;
    esac
}

usage() {
    echo "usage: tests/services.sh start|stop|status [NAME...]; known parts: ${known:-none in this version}" >&2
    exit 2
}

is_known() {
    case " $known " in
        *" $1 "*) return 0 ;;
        *) return 1 ;;
    esac
}

was_started() {
    [ -e "$state/$1.started" ]
}

start() {
    for name in ${*:-$known}; do
        if was_started "$name" && part "$name" answers; then
            echo "$name was started before and answers"
            continue
        fi
        mkdir -p "$state/$name"
        # Marked first, so that what starts only by half is stopped too.
        : >"$state/$name.started"
        part "$name" start || {
            echo "$name did not start; its files are in $state/$name" >&2
            return 1
        }
        echo "$name answers"
    done
}

stop() {
    failed=0
    for name in ${*:-$known}; do
        was_started "$name" || continue
        if part "$name" stop; then
            rm -f "$state/$name.started"
            echo "$name is stopped"
        else
            echo "$name could not be stopped" >&2
            failed=1
        fi
    done
    return $failed
}

status() {
    failed=0
    for name in ${*:-$known}; do
        if ! was_started "$name"; then
            echo "$name is not started"
            # Not being there is a failure only for what was asked for by name.
            [ $# -eq 0 ] || failed=1
        elif part "$name" answers; then
            echo "$name answers"
        else
            echo "$name was started and does not answer" >&2
            failed=1
        fi
    done
    return $failed
}

[ $# -gt 0 ] || usage
act=$1
shift
case $act in
    start | stop | status) ;;
    *) usage ;;
esac
for name in "$@"; do
    is_known "$name" || {
        echo "tests/services.sh: no part is called \`$name\`; known: ${known:-none in this version}" >&2
        exit 2
    }
done
[ -n "$known" ] || echo "no test of this version needs a real part to be started"
"$act" "$@"
