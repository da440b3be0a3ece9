#!/bin/sh
# Takes the pictures of the site that the README shows, into docs/screenshots/.
#
#   tests/browser/screenshots.sh [PROGRAM]      default: target/release/isoproof, else target/debug/isoproof
#
# Needs what run.sh needs. The pictures are those of the report about the run of four runtimes. pngquant makes
# them smaller where it is installed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/browser/setup.sh
. "$here/setup.sh"

"$program" --quiet build --project "$root" --run four-runtimes --out "$work/site" --submission "$work/submission.md" >&2
mkdir -p "$root/docs/screenshots"
node "$here/screenshots.mjs" "$work/site" "$root/docs/screenshots"
if command -v pngquant >/dev/null; then
    pngquant --force --ext .png --quality 60-90 "$root"/docs/screenshots/*.png
fi
du -sh "$root/docs/screenshots" >&2
