# What building and testing need from the system. Sourced by deploy/demo.sh and tests/run.sh, in POSIX sh.
#
# `need_prerequisites` returns when everything is there. What lacks it installs on a Debian-like system as root,
# and says so; elsewhere it prints the line to type and ends the script with 1. Rust is only checked.
# Everything is said on the standard error, so that the standard output stays the program's own.

# The oldest Rust that compiles the workspace: `rust-version` in Cargo.toml.
rust_needed=1.89

say() {
    printf '%s\n' "$*" >&2
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# The bundled SQLite is compiled from C, so a compiler without libc's headers is not enough.
has_c_headers() {
    printf '#include <stdio.h>\n#include <pthread.h>\nint main(void) { return 0; }\n' |
        cc -x c -fsyntax-only - >/dev/null 2>&1
}

# One word for each thing that lacks.
lacking() {
    if ! has cc; then
        echo compiler
    elif ! has_c_headers; then
        echo headers
    fi
    has make || echo make
    has pkg-config || echo pkg-config
    has git || echo git
}

# The packages of a family of systems that bring the words given.
packages() {
    family=$1
    shift
    for word in "$@"; do
        case $family/$word in
            apt/compiler) printf ' gcc libc6-dev' ;;
            apt/headers) printf ' libc6-dev' ;;
            dnf/compiler | zypper/compiler) printf ' gcc glibc-devel' ;;
            dnf/headers | zypper/headers) printf ' glibc-devel' ;;
            dnf/pkg-config) printf ' pkgconf-pkg-config' ;;
            pacman/compiler) printf ' gcc' ;;
            pacman/headers) printf ' glibc' ;;
            pacman/pkg-config) printf ' pkgconf' ;;
            apk/compiler) printf ' gcc musl-dev' ;;
            apk/headers) printf ' musl-dev' ;;
            apk/pkg-config) printf ' pkgconf' ;;
            *) printf ' %s' "$word" ;;
        esac
    done
}

# The line that installs the words given on this system.
line_to_type() {
    if has apt-get; then
        echo "sudo apt-get update && sudo apt-get install -y --no-install-recommends$(packages apt "$@")"
    elif has dnf; then
        echo "sudo dnf install -y$(packages dnf "$@")"
    elif has zypper; then
        echo "sudo zypper install -y$(packages zypper "$@")"
    elif has pacman; then
        echo "sudo pacman -S --needed$(packages pacman "$@")"
    elif has apk; then
        echo "sudo apk add$(packages apk "$@")"
    else
        echo "your system's package manager, for:$(packages other "$@")"
    fi
}

may_install() {
    [ "$(id -u)" = 0 ] && [ -e /etc/debian_version ] && has apt-get
}

# shellcheck disable=SC2086 # the list is split into words on purpose
install_packages() {
    wanted=$(packages apt "$@")
    say "installing with apt-get:$wanted"
    DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 </dev/null || say "the list of packages could not be renewed"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >&2 </dev/null
}

rust_is_new_enough() {
    version=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
    major=${version%%.*}
    rest=${version#*.}
    minor=${rest%%.*}
    case $major.$minor in
        *[!0-9.]* | . | .* | *.) return 1 ;;
    esac
    [ "$major" -gt "${rust_needed%%.*}" ] ||
        { [ "$major" -eq "${rust_needed%%.*}" ] && [ "$minor" -ge "${rust_needed#*.}" ]; }
}

need_rust() {
    if has cargo && rust_is_new_enough; then
        return 0
    fi
    if has rustup; then
        say "Rust $rust_needed or newer is needed, and this is ${version:-none}. Type: rustup update stable"
    elif has rustc; then
        say "Rust $rust_needed or newer is needed, and this is ${version:-unknown}."
        say "Install it from https://rustup.rs, then type: rustup default stable"
    else
        say "Rust $rust_needed or newer is needed, and there is none."
        say "Type: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
    fi
    exit 1
}

# Builds are confined by Landlock without it, so its lack is only said.
want_bubblewrap() {
    if has bwrap; then
        return 0
    fi
    if may_install && install_packages bubblewrap && has bwrap; then
        return 0
    fi
    say "bubblewrap is not there: builds are confined by the kernel's Landlock, where it has it."
    say "For the stronger walls, type: $(line_to_type bubblewrap)"
}

# shellcheck disable=SC2046,SC2086 # the words are split on purpose
need_prerequisites() {
    lacks=$(lacking)
    if [ -n "$lacks" ] && may_install; then
        install_packages $lacks || say "apt-get could not install all of it"
        lacks=$(lacking)
    fi
    if [ -n "$lacks" ]; then
        say "This lacks:" $lacks
        say "Type: $(line_to_type $lacks)"
        exit 1
    fi
    want_bubblewrap
    need_rust
}
