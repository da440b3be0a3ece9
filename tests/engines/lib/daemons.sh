# shellcheck shell=bash disable=SC2154,SC2013
# containerd and dockerd: those that answer are used, others are started, and only ours are ever stopped.

start_daemons() {
  if answers containerd; then
    ours containerd || say "a containerd runs already and is used; shims outside its PATH are not there"
  else
    PATH=$STATE/shims:$PATH launch containerd containerd
    wait_for 100 answers containerd || daemon_failed containerd
  fi
  if answers dockerd; then
    ours dockerd || say "a dockerd runs already and is used, with the runtimes it has"
  else
    launch dockerd dockerd --config-file "$STATE/daemon.json" --containerd "$CONTAINERD_SOCKET"
    wait_for 200 answers dockerd || daemon_failed dockerd
  fi
}

answers() {
  case $1 in
    containerd) [ -S "$CONTAINERD_SOCKET" ] && timeout 5 ctr version ;;
    dockerd) timeout 5 docker version ;;
  esac >/dev/null 2>&1
}

# launch NAME COMMAND...: in the background, apart from this terminal
launch() {
  local name=$1
  shift
  setsid nohup "$@" >"$RUN/$name.log" 2>&1 </dev/null &
  echo $! >"$RUN/$name.pid"
}

daemon_failed() {
  tail -5 "$RUN/$1.log" >&2
  die "$1 did not start: $RUN/$1.log"
}

stop_daemons() {
  local name pid
  for name in dockerd containerd; do
    if ours "$name"; then
      pid=$(cat "$RUN/$name.pid")
      kill "$pid"
      wait_for 200 gone "$pid" || say "$name does not stop"
    fi
    rm -f "$RUN/$name.pid"
  done
}

gone() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"; }

prepare_machine() {
  share_cgroups
  mkdir -p /etc/cni/net.d
  if ! compgen -G '/etc/cni/net.d/*.conflist' >/dev/null; then
    install -m 644 "$here/cni.conflist" /etc/cni/net.d/10-isoproof-engines.conflist
  fi
}

# Where cgroup v1 and v2 are mixed, crun refuses to run while v2 has controllers. Mount those as v1 too.
share_cgroups() {
  local unified=/sys/fs/cgroup/unified name
  [ "$(stat -fc %T "$unified" 2>/dev/null)" = cgroup2fs ] || return 0
  for name in $(cat "$unified/cgroup.controllers"); do
    mkdir -p "/sys/fs/cgroup/$name"
    if mountpoint -q "/sys/fs/cgroup/$name"; then
      continue
    elif mount -t cgroup -o "$name" cgroup "/sys/fs/cgroup/$name" 2>/dev/null; then
      echo "$name" >>"$RUN/cgroups"
    else
      rmdir "/sys/fs/cgroup/$name"
      say "the cgroup controller $name is in use in v2: crun will refuse to run"
    fi
  done
}

unmount_cgroups() {
  local name
  for name in $(cat "$RUN/cgroups" 2>/dev/null); do
    find "/sys/fs/cgroup/$name" -mindepth 1 -depth -type d -exec rmdir {} \; 2>/dev/null || true
    { umount "/sys/fs/cgroup/$name" && rmdir "/sys/fs/cgroup/$name"; } 2>/dev/null || say "left mounted: /sys/fs/cgroup/$name"
  done
  rm -f "$RUN/cgroups" /etc/cni/net.d/10-isoproof-engines.conflist
}
