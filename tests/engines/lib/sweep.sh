# shellcheck shell=bash
# Removes every container that carries our label, whatever state it is in, and what its engine forgets.

sweep() {
  enter
  local engine id
  for engine in docker podman nerdctl; do
    ! have "$engine" || remove_labelled "$engine"
  done
  have ctr && answers containerd || return 0
  for id in $(ctr containers ls -q "labels.\"$LABEL\""); do
    forget default "$id"
    free_addresses "$id"
  done
  sweep_docker_orphans
  sweep_chains
}

remove_labelled() {
  timeout 20 "$1" ps -aq --filter "label=$LABEL" 2>/dev/null | xargs -r timeout 60 "$1" rm -f >/dev/null 2>&1 || true
}

# A start that fails in the runtime leaves a container with containerd that `docker ps -a` does not show.
# It carries no label, so this is for a dockerd of our own only.
sweep_docker_orphans() {
  local id known
  ours dockerd && known=$(timeout 20 docker ps -aq --no-trunc 2>/dev/null) || return 0
  for id in $(ctr -n moby containers ls -q); do
    grep -qx "$id" <<<"$known" || forget moby "$id"
  done
}

# forget NAMESPACE ID: by the front door, and if the runtime no longer answers, by its processes
forget() {
  local in=(timeout 5 ctr -n "$1")
  "${in[@]}" tasks kill -s SIGKILL "$2" >/dev/null 2>&1 || true
  if ! "${in[@]}" tasks rm -f "$2" >/dev/null 2>&1; then
    kill_processes "$1" "$2"
    "${in[@]}" tasks rm -f "$2" >/dev/null 2>&1 || true
  fi
  "${in[@]}" containers rm "$2" >/dev/null 2>&1 || say "left: the container $2 of containerd, namespace $1"
}

# The task's process, then its shim, known by its arguments.
kill_processes() {
  local pid
  pid=$(ctr -n "$1" tasks ls 2>/dev/null | awk -v id="$2" '$1 == id { print $2 }')
  [ "${pid:-0}" = 0 ] || kill -KILL "$pid" 2>/dev/null || true
  sleep 0.3
  for pid in $(shims "$1" "$2"); do kill -KILL "$pid" 2>/dev/null || true; done
  sleep 0.3
}

shims() {
  local file
  for file in /proc/[0-9]*/cmdline; do
    tr '\0' ' ' 2>/dev/null <"$file" | grep -q "^[^ ]*containerd-shim[^ ]* -namespace $1 -id $2 " || continue
    file=${file#/proc/}
    echo "${file%/cmdline}"
  done
}

# CNI leaves a chain in the nat table for every container of ctr and nerdctl, even one that ended well.
sweep_chains() {
  local id
  ours containerd && have iptables || return 0
  for id in $(iptables -t nat -S POSTROUTING | { grep -o 'default-[A-Za-z0-9_.-]*' || true; } | sort -u); do
    ctr containers ls -q | grep -qx "${id#default-}" || free_addresses "${id#default-}"
  done
}

# The address that CNI leased, which `ctr containers rm` leaves, and the chain.
free_addresses() {
  local chain line
  { grep -lsx "default-$1[[:space:]]*" /var/lib/cni/networks/*/* || true; } | xargs -r rm -f
  chain=$(iptables -t nat -S POSTROUTING 2>/dev/null | sed -n "s/.*id: ..default-$1\\\\\".*-j \(CNI-[0-9a-f]*\)\$/\1/p" | head -1) || true
  [ -n "$chain" ] || return 0
  for line in $(iptables -t nat -nL POSTROUTING --line-numbers | awk -v chain="$chain" '$2 == chain { print $1 }' | sort -rn); do
    iptables -t nat -D POSTROUTING "$line"
  done
  { iptables -t nat -F "$chain" && iptables -t nat -X "$chain"; } 2>/dev/null || true
}
