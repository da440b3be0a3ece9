#!/bin/bash
# Does a session see a difference where there is none, and does it see one where there is one?
# Needs docker with runc and runsc, and the image. Every session measures runc twice under two
# names (A/A) and gVisor (A/B), in turns.
#   benches/control.sh [SESSIONS] [SAMPLES] [PROGRAM]
# Fails if runc differs from itself in more than one of 20 sessions, or if gVisor's difference is
# missed in any.
set -euo pipefail
sessions=${1:-20}
samples=${2:-15}
program=$(readlink -f "${3:-target/release/isoproof}")
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
printf '[book]\ntitle = "Control"\n' >"$project/book.toml"

for session in $(seq "$sessions"); do
  run=$("$program" --quiet --project "$project" collect --engine docker --image alpine:3.19 \
    --runtime runc --runtime runsc --samples "$samples" --no-app --no-perf | tail -1)
  "$program" --project "$project" check "$run" --format json >"$project/check-$session.json"
done

python3 - "$sessions" "$project"/check-*.json <<'END'
import json
import sys

sessions, files = int(sys.argv[1]), sys.argv[2:]
false_alarms = seen = withheld = 0
for name in files:
    timing = json.load(open(name))["timing"]
    withheld += timing["withheld"]
    (control,) = [c for c in timing["controls"] if c["series"] == "startup.first_byte"]
    (measure,) = [m for m in timing["measures"] if m["id"] == "startup.first_byte"]
    false_alarms += control["comparison"]["outcome"] in ("slower", "faster")
    seen += measure["comparison"]["outcome"] == "slower"
    ratio, (low, high) = control["comparison"]["ratio"], control["comparison"]["interval"]
    print(f"control {ratio:.3f} ({low:.3f} to {high:.3f}), gVisor {measure['comparison']['ratio']:.2f}, "
          f"margin {timing['margin']:.3f}: {measure['comparison']['outcome']}")
print(f"{sessions} sessions: runc differs from itself in {false_alarms}, gVisor from runc in {seen}, "
      f"withheld {withheld}")
sys.exit(false_alarms * 20 > sessions or seen < sessions)
END
