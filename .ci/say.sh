# shellcheck shell=bash
# Sourced by the scripts beside it: how they speak, Chinese first.

say() { # say ZH EN: one progress line
    printf '▸ %s / %s\n' "$1" "$2"
}

refuse() { # refuse ZH EN: what is wrong and what to do, then stop
    printf '✗ %s\n  %s\n' "$1" "$2" >&2
    exit 1
}
