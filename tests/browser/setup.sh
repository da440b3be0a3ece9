# What run.sh and screenshots.sh begin with, as `. setup.sh`: `here`, the folder of the two; `root`,
# that of the repository; `program`, which their first argument names; node's packages; and `work`,
# a folder that goes when they end.
# shellcheck shell=sh disable=SC2034

root=$(cd "$here/../.." && pwd)
program=${1:-}
if [ -z "$program" ]; then
    program=$root/target/release/isoproof
    [ -x "$program" ] || program=$root/target/debug/isoproof
fi
case $program in /*) ;; *) program=$(pwd)/$program ;; esac
if [ ! -x "$program" ]; then
    echo "$0: no program at $program: build it first (cargo build)" >&2
    exit 2
fi

if [ ! -e "$here/node_modules/axe-core" ] || [ ! -e "$here/node_modules/playwright-core" ]; then
    (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund >&2)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
