#!/bin/bash
# Does isoproof time a command as hyperfine does? The same command in the same minute, the two
# taking turns in random order: `docker run --rm ... true`, `sleep 0.05`, and a static program
# that does nothing.
#   benches/hyperfine.sh [REPETITIONS] [SCALE]
# Needs docker with the image alpine:3.19, hyperfine, jq, and cc. SCALE (default 1) multiplies the
# number of runs, which is 60 of docker, 100 of sleep and 2000 of nothing in each repetition. TIME
# names a program that was built already (`cargo build --release --example time`).
# Fails if in any repetition the medians differ by more than 2 %; for the program that does
# nothing, by more than 0.05 ms. A busy machine fails for docker: run it on a quiet one.
set -euo pipefail
cd "$(dirname "$0")/.."
repetitions=${1:-3}
scale=${2:-1}
ours=${TIME:-target/release/examples/time}
[ -n "${TIME:-}" ] || cargo build --quiet --release --example time
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
printf 'int main(void) { return 0; }\n' | cc -O2 -static -x c -o "$folder/nothing" -

median() { # of the numbers in a file
  sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

quoted() { printf '%q ' "$@"; }

# RUNS BATCH COMMAND...: appends RUNS times of each tool, in batches, to two files.
interleave() {
  local runs=$1 batch=$2 done=0 tool tools
  shift 2
  : >"$folder/ours" && : >"$folder/theirs"
  while [ "$done" -lt "$runs" ]; do
    tools=(ours theirs)
    if [ $((RANDOM % 2)) = 1 ]; then tools=(theirs ours); fi
    for tool in "${tools[@]}"; do
      case $tool in
        ours) "$ours" "$batch" "$@" | awk '$3 != 0 { exit 1 } { print $1 }' >>"$folder/ours" ;;
        theirs)
          hyperfine -N --style none --runs "$batch" --export-json "$folder/json" \
            "$(quoted "$@")" >"$folder/said" 2>&1 || { cat "$folder/said" >&2; exit 1; }
          jq '.results[0].times[]' "$folder/json" >>"$folder/theirs"
          ;;
      esac
    done
    done=$((done + batch))
  done
}

failed=0
# NAME UNIT LIMIT: compares the medians; LIMIT in % or in ms.
judge() {
  local a b verdict
  a=$(median "$folder/ours")
  b=$(median "$folder/theirs")
  verdict=$(awk -v a="$a" -v b="$b" -v unit="$2" -v limit="$3" 'BEGIN {
    d = unit == "%" ? (a / b - 1) * 100 : (a - b) * 1000
    printf "isoproof %.3f ms, hyperfine %.3f ms, difference %+.3f %s", a * 1000, b * 1000, d, unit
    print (d > limit || d < -limit) ? ": more than " limit : ""
  }')
  printf '%-8s %s\n' "$1" "$verdict"
  case $verdict in *more*) failed=1 ;; esac
}

printf '%s, %s cores, Linux %s, docker %s, %s\n' "$(date -u +%F)" "$(nproc)" "$(uname -r)" \
  "$(docker version --format '{{.Server.Version}}')" "$(hyperfine --version)"
for repetition in $(seq "$repetitions"); do
  echo "repetition $repetition"
  interleave $((2000 * scale)) 200 "$folder/nothing"
  judge nothing ms 0.05
  interleave $((100 * scale)) 5 sleep 0.05
  judge sleep % 2
  interleave $((60 * scale)) 1 docker run --rm --pull=never alpine:3.19 true
  judge docker % 2
done
exit $failed
