#!/bin/bash
# Does isoproof report a difference where there is none, and does it where there is one? Real
# sessions of `isoproof collect` with docker: runc against runc under two names (A/A), and runc
# against gVisor (A/B).
#   benches/aa.sh [REPETITIONS] [SAMPLES] [MARGIN]
# Defaults: 20 repetitions, 15 samples, a margin of 0.05, which is raised to the ratio of the
# session's own control where that is greater. Needs docker with runc and runsc, the image
# alpine:3.19, and jq. PROGRAM and COMPARE name programs that were built already. Prints a line for each session and figure. Fails if
# among the A/A sessions more than one in twenty reports a difference for a figure, or if an A/B
# session does not report gVisor as slower.
set -euo pipefail
cd "$(dirname "$0")/.."
repetitions=${1:-20}
samples=${2:-15}
margin=${3:-0.05}
program=${PROGRAM:-$PWD/target/release/isoproof}
compare=${COMPARE:-$PWD/target/release/examples/compare}
[ -n "${PROGRAM:-}" ] || cargo build --quiet --release
[ -n "${COMPARE:-}" ] || cargo build --quiet --release --example compare
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
printf '[book]\ntitle = "A/A"\n' >"$project/book.toml"

series() { # ID TARGET FILE
  jq -r --arg id "$1" --arg target "$2" '.[$id][$target].values[]' "$project/facts" >"$project/$3"
}

# The larger of the margin and what the two series of the baseline differ by.
margin() {
  "$compare" "$margin" "$project/a" "$project/control" | awk -v margin="$margin" '{
    for (i = 1; i < NF; i++) if ($i == "ratio") r = $(i + 1)
    d = r > 1 ? r - 1 : 1 / r - 1
    printf "%.4f\n", (d > margin) ? d : margin
  }'
}

session() { # KIND HANDLER: a session, and its outcomes
  "$program" --quiet --project "$project" collect --engine docker --no-app --no-perf \
    --samples "$samples" --runtime runc --runtime "other=$2" >/dev/null
  "$program" --project "$project" facts latest --format json >"$project/facts"
  local figure
  for figure in first_byte wall; do
    series "startup.$figure" runc a
    series "startup.$figure" other b
    series "startup.control.$figure" runc control
    echo "$1 $figure margin $(margin) $("$compare" "$(margin)" "$project/a" "$project/b")" |
      tee -a "$project/outcomes"
  done
}

printf '%s, %s cores, Linux %s, docker %s\n' "$(date -u +%F)" "$(nproc)" "$(uname -r)" \
  "$(docker version --format '{{.Server.Version}}')"
for _ in $(seq "$repetitions"); do
  session A/A runc
  session A/B runsc
done

count() { grep -cE "^$1 $2 .* ($3) ratio" "$project/outcomes" || true; }
failed=0
for figure in first_byte wall; do
  false_ones=$(count A/A "$figure" 'slower|faster')
  found=$(count A/B "$figure" slower)
  echo "$figure: A/A reported in $false_ones of $repetitions, A/B in $found of $repetitions"
  if [ $((false_ones * 20)) -gt "$repetitions" ] && [ "$false_ones" -gt 1 ]; then failed=1; fi
  if [ "$found" -lt "$repetitions" ]; then failed=1; fi
done
exit $failed
