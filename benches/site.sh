#!/usr/bin/env bash
# How long does it take to build a site, beside mdBook on the same pages where that is installed?
#
#   benches/site.sh [PROGRAM]       default: target/release/isoproof
#
# Makes books of PAGES pages of six kilobytes (prose, a table, terminal output with ids) and data
# sets of RUNS imported runs, and measures: a first build, a build of nothing new, a build after
# one page changed, and the build of all runs with its peak of memory. Prints medians of TIMES
# builds (user and wall clock) as a table. PAGES="1000 5000" RUNS="10000" TIMES=5 by default.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
program=$(realpath "${1:-$root/target/release/isoproof}")
pages=${PAGES:-1000 5000}
runs=${RUNS:-10000}
times=${TIMES:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

book() { # COUNT FOLDER: the chapters that ship, and COUNT pages more
  local count=$1 folder=$2
  mkdir -p "$folder/site" "$folder/data/runs"
  cp "$root"/site/*.md "$folder/site/"
  printf '[book]\ntitle = "Benchmark"\nsrc = "site"\n' > "$folder/book.toml"
  awk -v count="$count" -v folder="$folder/site" '
    function word() { return words[int(rand() * total) + 1] }
    function sentence(   n, text) {
      text = "The " word()
      for (n = 0; n < 12; n++) text = text " " word()
      return text "."
    }
    function paragraph(   n, text) { for (n = 0; n < 7; n++) text = text sentence() " "; return text "\n\n" }
    function hex(   n, text) { for (n = 0; n < 16; n++) text = text sprintf("%x", rand() * 16); return text }
    BEGIN {
      srand(7)
      stems = "kernel sandbox container runtime host guest capture proof latency boundary device memory"
      stems = stems " process mount network bridge cgroup namespace seccomp capability image layer volume"
      ends = " er ed ing s ion al ment ness able ly less ful"
      split(stems, stem, " "); split(ends, end, " ")
      for (s in stem) { words[++total] = stem[s]; for (e in end) words[++total] = stem[s] end[e] }
      for (s in stem) for (t in stem) words[++total] = stem[s] "-" stem[t]
      for (page = 1; page <= count; page++) {
        file = folder "/page-" page ".md"
        text = "# Page " page " of the " word() "\n\n"
        for (section = 0; section < 4; section++) {
          text = text "## The " word() " " word() "\n\n" paragraph()
          text = text "See [the page after](page-" (page % count) + 1 ".md) and **" word() "**.\n\n"
          text = text "| Name | Value |\n| --- | ---: |\n"
          for (row = 0; row < 4; row++) text = text "| " word() " | " int(rand() * 1000) " |\n"
          text = text "\n```console\n$ ctr task ls\n"
          for (line = 0; line < 4; line++) text = text hex() hex() " " int(rand() * 99999) " RUNNING\n"
          text = text "```\n\n"
        }
        printf "%s", text > file
        close(file)
        print "- [Page " page "](page-" page ".md)" >> (folder "/SUMMARY.md")
      }
    }'
}

dataset() { # COUNT FOLDER: COUNT imported runs
  local count=$1 folder=$2 evidence="$work/evidence" n
  mkdir -p "$folder/data/runs"
  printf '[book]\ntitle = "Benchmark"\n' > "$folder/book.toml"
  cp -R "$root/tests/import/customer" "$evidence"
  SOURCE_DATE_EPOCH=1700000000 "$program" --project "$folder" -q import lab12 "$evidence" >/dev/null
  local first; first=$(echo "$folder"/data/runs/*.json)
  local id; id=$(basename "$first" .json)
  # The id is a time and a hash; the copies differ in both, and nothing else reads them.
  for ((n = 1; n < count; n++)); do
    printf '%s %08x\n' "$(printf '20%02d%02d%02dT%02d%02d%02dZ' $((10 + n / 5000 % 10)) $((1 + n / 400 % 12)) \
      $((1 + n / 20 % 28)) $((n % 24)) $((n / 24 % 60)) $((n % 60)))" "$n"
  done | while read -r time hash; do
    sed "s/\"id\": \"$id\"/\"id\": \"$time-$hash\"/" "$first" > "$folder/data/runs/$time-$hash.json"
  done
}

# The site before is put aside, not removed: where many files were just removed, some file systems
# (ext4) take longer to make new ones.
aside() { # FOLDER
  rm -rf "$1/.isoproof/sites"
  [ ! -e "$1/public" ] || mv "$1/public" "$1.aside-$((++asides))"
}
asides=0

measure() { # COMMAND...: prints user, wall and peak of its median run by user time
  local n
  for ((n = 0; n < times; n++)); do
    eval "${BEFORE:-:}"
    command time -f '%U %e %M' -o "$work/time" "$@" >/dev/null 2>"$work/errors" || { cat "$work/errors" >&2; exit 1; }
    cat "$work/time"
  done | sort -n | awk '{ line[NR] = $0 } END { split(line[int((NR + 1) / 2)], f, " ");
    printf "%s s | %s s | %.0f MB", f[1], f[2], f[3] / 1024 }'
}

row() { printf '| %s | %s |\n' "$1" "$2"; }

printf '| Build | user | wall | peak |\n| --- | ---: | ---: | ---: |\n'
for count in $pages; do
  folder=$work/book-$count
  book "$count" "$folder"
  cp "$root"/data/runs/*customer*.json "$folder/data/runs/" 2>/dev/null ||
    SOURCE_DATE_EPOCH=1700000000 "$program" --project "$folder" -q import lab12 "$root/tests/import/customer" >/dev/null
  row "isoproof, $count pages, first" \
    "$(BEFORE="aside $folder" measure "$program" --project "$folder" -q build)"
  row "isoproof, $count pages, nothing new" "$(measure "$program" --project "$folder" -q build)"
  row "isoproof, $count pages, one changed" \
    "$(BEFORE="echo more >> $folder/site/page-7.md" measure "$program" --project "$folder" -q build)"
  row "(HTML / search index)" "$(cat "$folder"/public/*.html | wc -c) B | $(cat "$folder"/public/search-index.js 2>/dev/null | wc -c) B | "
  if command -v mdbook >/dev/null; then
    # mdBook does not know our look-ups: it shows them as they stand.
    row "mdbook, $count pages" "$(times=1 measure mdbook build -d "$folder/mdbook" "$folder")"
  fi
done
for count in $runs; do
  folder=$work/runs-$count
  dataset "$count" "$folder"
  row "isoproof, $count runs, first" \
    "$(times=1 measure "$program" --project "$folder" -q build)"
  row "isoproof, $count runs, nothing new" "$(times=3 measure "$program" --project "$folder" -q build)"
done
