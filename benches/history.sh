#!/bin/bash
# How long do a project's runs take to list, its trends to read and two of its runs to compare?
# Makes RUNS runs of a collected one with other times and figures.
#   benches/history.sh [RUNS] [ROUNDS]
# Prints medians, and fails if a list takes a second, trends 5 s or 300 MB, a comparison 20 ms.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10000}
rounds=${2:-15}
cargo build --release --quiet
program=$(readlink -f target/release/isoproof)
trends=$(cargo bench --quiet --bench trends --no-run --message-format json |
  sed -n 's/.*"executable":"\([^"]*trends[^"]*\)".*/\1/p' | tail -1)
project=$(mktemp -d)
trap 'rm -rf "$project"' EXIT
mkdir -p "$project/data/runs"
printf '[book]\ntitle = "History"\n' >"$project/book.toml"

python3 - "$runs" "$project/data/runs" <<'PYTHON'
import datetime, hashlib, json, pathlib, random, re, sys

count, out = int(sys.argv[1]), pathlib.Path(sys.argv[2])
random.seed(1)
runs = [json.loads(path.read_text()) for path in pathlib.Path("data/runs").glob("*.json")]
run = next(run for run in runs if "collected" in run["evidence"])
run.pop("label", None)
# Two runtimes and their host: what a project with a history collects.
names = ["host", "runc", "runsc"]
run["targets"] = [target for target in run["targets"] if target["name"] in names]
run["captures"] = [c for c in run["captures"] if c.get("target", "host") in names]
run["facts"] = {
    id: {target: fact for target, fact in by.items() if target in names}
    for id, by in run["facts"].items()
}
captures = {capture["id"]: capture for capture in run["captures"]}
facts = run["facts"]

# What differs from run to run stands in the text as a word that is replaced: writing all of a
# run anew ten thousand times would take an hour.
values = {}

def stream(lines):
    """These lines, with the digest that belongs to them."""
    text = "".join(f"{line}\n" for line in lines)
    digest = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
    return {"digest": digest, "lines": text.split("\n")}

def starts(target, base, session):
    """Other times of the starts, in the record and in the facts that are read from it."""
    lines, first, wall = [], [], []
    for line in records[target]:
        words = line.split(" ")
        if words[0] == "ok":
            wall.append(round(base * session * random.lognormvariate(0, 0.05), 6))
            first.append(round(wall[-1] * 0.7, 6))
            words[4], words[5] = f"{first[-1]:.6f}", f"{wall[-1]:.6f}"
        lines.append(" ".join(words))
    values[f"record {target}"] = stream(lines)
    values[f"wall {target}"] = wall
    values[f"first {target}"] = first

times = {"runc": 0.28, "runsc": 0.5}
records = {}
for target in times:
    record = captures[facts["startup.wall"][target]["capture"]]
    records[target] = record["stdout"]["lines"][:-1]
    record["stdout"] = f"@record {target}@"
    facts["startup.wall"][target]["values"] = f"@wall {target}@"
    facts["startup.first_byte"][target]["values"] = f"@first {target}@"
facts["kernel.release"]["runsc"]["value"] = "@release@"
captures["runsc/kernel.release"]["stdout"] = "@release record@"
run["created"], run["id"] = "@created@", "@id@"
parts = re.split('"@([^"]+)@"', json.dumps(run, indent=2, ensure_ascii=False) + "\n")

begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
for n in range(count):
    at = begin + datetime.timedelta(hours=n)
    values["created"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    values["id"] = at.strftime("%Y%m%dT%H%M%SZ") + f"-{n:08x}"
    session = random.lognormvariate(0, 0.16)
    for target, base in times.items():
        starts(target, base, session)
    values["release"] = f"4.4.{n // 1000}"
    values["release record"] = stream([values["release"]])
    text = (json.dumps(values[part]) if i % 2 else part for i, part in enumerate(parts))
    (out / f"{values['id']}.json").write_text("".join(text))
PYTHON
printf '%s runs of %s\n' "$runs" "$(du -h "$(ls "$project"/data/runs/*.json | head -1)" | cut -f1)"

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

measured() { # NAME LIMIT COMMAND...: the median of seconds, and the memory in MB of one more
  local name=$1 limit=$2 begun seconds memory
  shift 2
  for _ in $(seq "$rounds"); do
    begun=$EPOCHREALTIME
    "$@" >/dev/null
    awk -v b="$begun" -v e="$EPOCHREALTIME" 'BEGIN { printf "%.4f\n", e - b }'
  done >"$project/times"
  seconds=$(median <"$project/times")
  /usr/bin/time -f %M -o "$project/memory" "$@" >/dev/null
  memory=$(awk '{ printf "%.0f", $1 / 1024 }' "$project/memory")
  printf '%-8s %s s (limit %s), %s MB\n' "$name" "$seconds" "$limit" "$memory"
  awk -v s="$seconds" -v l="$limit" -v m="$memory" 'BEGIN { exit !(s < l && m < 300) }'
}

measured list 1 "$program" --project "$project" list
measured trends 5 "$trends" "$project"
# The history of the pair is part of what a comparison reads.
measured diff 1.5 "$program" --project "$project" diff latest~1 latest

# Two typical runs in a project of the usual size.
small=$project/small
mkdir -p "$small/data/runs"
cp "$project/book.toml" "$small"
cp $(ls "$project"/data/runs/*.json | tail -10) "$small/data/runs"
measured 'diff(10)' 0.02 "$program" --project "$small" diff latest~1 latest
