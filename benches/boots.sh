#!/bin/bash
# How many containers does a collect start, and how long does it take against the lab's own
# commands? Needs docker with runc and runsc, and the image.
#   benches/boots.sh [ROUNDS] [PROGRAM]
# Fails if a target starts more than two containers or the ratio of the medians is above 0.35.
set -euo pipefail
rounds=${1:-5}
program=$(readlink -f "${2:-target/release/isoproof}")
image=alpine:3.19
runtimes=(runc runsc)
project=$(mktemp -d)
events=$project/events
watcher=
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null; rm -rf "$project"' EXIT
printf '[book]\ntitle = "Boots"\n' >"$project/book.toml"

options=(--engine docker --image "$image")
for runtime in "${runtimes[@]}"; do options+=(--runtime "$runtime"); done
help=$("$program" collect --help)
if grep -q -- --no-app <<<"$help"; then options+=(--no-app); fi
if grep -q -- --samples <<<"$help"; then options+=(--samples 0); fi
if grep -q -- --no-perf <<<"$help"; then options+=(--no-perf); fi

now() { date +%s.%N; }
collect() { "$program" --quiet --project "$project" collect "${options[@]}" | tail -1 >"$project/run"; }

# What the lab has a student type for each runtime, a container each.
lab() {
  local runtime
  for runtime in "${runtimes[@]}"; do
    once "$runtime" uname -a
    once "$runtime" uname -r
    once "$runtime" cat /proc/version
    once "$runtime" sh -c 'grep -m1 "model name" /proc/cpuinfo'
    once "$runtime" sh -c 'dmesg 2>/dev/null | head -5'
    once "$runtime" sh -c 'ls /proc | wc -l'
    once "$runtime" ip addr
    once "$runtime" sh -c 'ls /sys/module 2>/dev/null | wc -l'
    once "$runtime" sh -c 'ls /dev | wc -l'
    once "$runtime" sh -c 'grep ^CapEff /proc/1/status'
  done
}

once() { docker run --rm --pull=never --runtime "$1" "$image" "${@:2}" >/dev/null 2>&1 || true; }

timed() {
  local begun
  begun=$(now)
  "$1"
  awk -v a="$begun" -v b="$(now)" 'BEGIN { printf "%.3f\n", b - a }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

collect # caches warm for both
docker events --filter event=start --filter label=isoproof.session \
  --format '{{.Actor.Attributes.name}}' >"$events" &
watcher=$!
sleep 1
collect
sleep 1
kill "$watcher"
wait "$watcher" 2>/dev/null || true
watcher=
# Other sessions may run on this machine: count this one's only.
session=$(grep -o '"session": *"[0-9a-f]*"' "$project/data/runs/$(cat "$project/run").json" | cut -d'"' -f4)
most=0
for runtime in "${runtimes[@]}"; do
  count=$(grep -c -- "^isoproof-$session-$runtime-" "$events" || true)
  echo "containers started for $runtime: $count"
  if [ "$count" -gt "$most" ]; then most=$count; fi
done

for ((round = 1; round <= rounds; round++)); do
  if ((round % 2)); then
    ours=$(timed collect) theirs=$(timed lab)
  else
    theirs=$(timed lab) ours=$(timed collect)
  fi
  echo "round $round: collect $ours s, the lab's commands $theirs s"
  echo "$ours" >>"$project/ours"
  echo "$theirs" >>"$project/theirs"
done
ours=$(median <"$project/ours")
theirs=$(median <"$project/theirs")
ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.2f", a / b }')
echo "medians of $rounds: collect $ours s, the lab's ${#runtimes[@]} x 10 commands $theirs s, ratio $ratio"
[ "$most" -ge 1 ] && [ "$most" -le 2 ] || { echo "a target has to start one or two containers" >&2; exit 1; }
awk -v ratio="$ratio" 'BEGIN { exit !(ratio <= 0.35) }' || { echo "the ratio is above 0.35" >&2; exit 1; }
