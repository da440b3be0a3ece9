#!/bin/sh
# Builds some projects with the given program and looks at their pages with a browser.
#
#   tests/browser/run.sh [PROGRAM]      default: target/release/isoproof, else target/debug/isoproof
#
# Needs node 20 or newer, npm, and Chromium (CHROMIUM names it; default /usr/bin/chromium).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/browser/setup.sh
. "$here/setup.sh"

# The project itself, as it would be published under /repo/.
mkdir -p "$work/real/data"
cp -R "$root/site" "$work/real/site"
cp -R "$root/tests/runs" "$work/real/data/runs"
sed 's|^\[output\.html\]|&\nsite-url = "/repo/"|' "$root/book.toml" > "$work/real/book.toml"
"$program" build --project "$work/real" >&2

# The same chapters about evidence that attacks its reader, beside the evidence of the project.
mkdir -p "$work/hostile/data"
cp -R "$root/site" "$work/hostile/site"
node "$here/hostile.mjs" "$root/tests/import/customer" "$work/hostile" "$work/evidence/labs/lab12"
"$program" import lab12 "$work/evidence" --project "$work/hostile" --no-redact \
    --label hostile >&2
"$program" build --project "$work/hostile" >&2

# The report about four and about eight runtimes, and about one that lost its boundary since.
mkdir -p "$work/many/data"
cp -R "$root/tests/runs" "$work/many/data/runs"
cp -R "$root/book.toml" "$root/site" "$work/many/"
node "$here/eight.mjs" "$root/tests/runs/20261124T200059Z-540f7ff3.json" \
    > "$work/many/data/runs/20261127T030000Z-88888888.json"
node "$here/weaker.mjs" "$root/tests/runs/20261124T200059Z-540f7ff3.json" \
    > "$work/many/data/runs/20261127T031000Z-99999999.json"
for many in four eight; do
    "$program" build --project "$work/many" --run "$many-runtimes" --out "$work/$many" >&2
done
"$program" build --project "$work/many" --run weaker --out "$work/weaker" >&2

# A fleet of four nodes, one of which breaks a promise.
mkdir -p "$work/fleet"
cp -R "$root/tests/cmd/fleet.in/." "$work/fleet"
"$program" build --project "$work/fleet" >&2

"$program" diff four-runtimes customer --format html --project "$work/real" \
    > "$work/comparison.html"

# In a network of its own where that can be had: Chromium breaks off what it loads when an address of
# the machine changes, as they do while containers and pods start and end.
alone=
if unshare --net ip link set lo up 2>/dev/null; then alone="unshare --net"; fi

cd "$here"
COMPARISON=$work/comparison.html SITE_FOUR=$work/four SITE_EIGHT=$work/eight SITE_WEAKER=$work/weaker SITE_FLEET=$work/fleet/public SITE_REAL=$work/real/public SITE_HOSTILE=$work/hostile/public PROGRAM=$program PROJECT=$work/real \
    $alone sh -c '[ -z "$1" ] || ip link set lo up; exec node run.mjs' browser "$alone"
