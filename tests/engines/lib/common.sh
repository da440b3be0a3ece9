# shellcheck shell=bash disable=SC2034
# Names, and the few words every other part uses.
STATE=/var/lib/isoproof-engines
RUN=/run/isoproof-engines
IMAGE=docker.io/library/alpine:3.19
LABEL=isoproof.test
CONTAINERD_SOCKET=/run/containerd/containerd.sock
# Outlives purge: what takes minutes to make again.
CACHE=${ISOPROOF_ENGINES_CACHE:-/var/cache/isoproof-engines}

say() { printf 'engines: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
now() { date +%s%N; }
since() { awk -v ns=$(($(now) - $1)) 'BEGIN { printf "%.1f s", ns / 1e9 }'; }

# step NAME FUNCTION: run it and print how long it took.
step() {
  local name=$1 started
  started=$(now)
  shift
  "$@"
  say "$name: $(since "$started")"
}

# wait_for TENTHS COMMAND: try until it succeeds.
wait_for() {
  local tries=$1 i
  shift
  for ((i = 0; i < tries; i++)); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  return 1
}

is_debian_12() { grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; }

# ours DAEMON: the daemon that we started still runs.
ours() {
  local pid
  pid=$(cat "$RUN/$1.pid" 2>/dev/null) || return 1
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ]
}

# The settings that the engines need; after `up` they are in $STATE/env.
enter() {
  # shellcheck source=/dev/null
  [ ! -e "$STATE/env" ] || . "$STATE/env"
}
