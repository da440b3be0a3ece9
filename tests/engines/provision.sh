#!/bin/bash
# Real container engines and runtimes for tests. See README.md beside this file.
#   provision.sh up|check|sweep|down|purge
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
for part in common packages nerdctl vm runtimes daemons image check sweep; do
  # shellcheck source=/dev/null
  . "$here/lib/$part.sh"
done

up() {
  mkdir -p "$STATE/bin" "$RUN"
  step packages install_packages
  step nerdctl build_nerdctl
  step machine prepare_machine
  step runtimes write_runtimes
  step daemons start_daemons
  step image load_images
  say "ready: . $STATE/env"
}

down() {
  sweep
  stop_daemons
  unmount_cgroups
}

purge() {
  down
  remove_images
  rm -f /etc/apt/sources.list.d/isoproof-engines.list
  rm -rf "$STATE" "$RUN"
}

call=${1:-}
case $call in
  up | check | sweep | down | purge) ;;
  *)
    echo "usage: $0 up|check|sweep|down|purge" >&2
    exit 2
    ;;
esac
[ "$(id -u)" = 0 ] || die "needs root"
started=$(now)
"$call"
say "$call took $(since "$started")"
