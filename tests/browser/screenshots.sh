#!/bin/sh
# Takes the pictures of the site that the README shows, into docs/screenshots/.
#
#   tests/browser/screenshots.sh [PROGRAM]      default: target/release/isoproof, else target/debug/isoproof
#
# Needs what run.sh needs. The pictures are those of the project's own report. pngquant makes
# them smaller where it is installed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
program=${1:-}
if [ -z "$program" ]; then
    program=$root/target/release/isoproof
    [ -x "$program" ] || program=$root/target/debug/isoproof
fi
case $program in /*) ;; *) program=$(pwd)/$program ;; esac

if [ ! -e "$here/node_modules/playwright-core" ]; then
    (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund >&2)
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$program" --quiet build --project "$root" --out "$work/site" --submission "$work/submission.md" >&2
mkdir -p "$root/docs/screenshots"
node "$here/screenshots.mjs" "$work/site" "$root/docs/screenshots"
if command -v pngquant >/dev/null; then
    pngquant --force --ext .png --quality 60-90 "$root"/docs/screenshots/*.png
fi
du -sh "$root/docs/screenshots" >&2
