# shellcheck shell=bash disable=SC2154
# Runtimes, under their own names and under false ones, and the settings the engines need to find them.

write_runtimes() {
  mkdir -p "$STATE/bin" "$STATE/shims"
  have qemu-system-x86_64 && make_vm
  write_gvisor
  write_shims
  write_nerdctl
  write_docker_settings
  write_podman_settings
  write_env
}

# runsc 20240729 takes a readable /proc/sys/net/core/rmem_default for the host's network namespace and
# refuses to set up its own; kernels of 2025 show that file in every namespace. Hide /proc/sys/net from
# runsc (no deeper: what lies below is another file in each network namespace), but not from its hooks.
write_gvisor() {
  local runsc
  runsc=$(command -v runsc || echo /usr/bin/runsc)
  install -m 755 "$here/gvisor/hooks-outside" "$STATE/bin/hooks-outside"
  script "$STATE/bin/runsc" <<E2
case " \$* " in *" create "*) $STATE/bin/hooks-outside \$PPID "\$@" ;; esac
exec unshare -m --propagation slave sh -c 'mount -t tmpfs -o ro none /proc/sys/net && exec $runsc "\$@"' runsc "\$@"
E2
  script "$STATE/bin/runsc-none" <<E2
exec $runsc --network=none "\$@"
E2
}

# containerd looks a shim up in its own PATH. The runc shim calls "runc", which PATH can make another runtime.
write_shims() {
  local shim
  shim=$(command -v containerd-shim-runc-v2) || die "containerd-shim-runc-v2 is not there"
  ln -sfn "$shim" "$STATE/shims/containerd-shim-kata-v2" # runc under Kata's name
  write_shim runsc-v1 "$STATE/bin/runsc" "$shim"
  write_shim katasim-v2 "$STATE/bin/runsc" "$shim" # gVisor under a Kata-like name
  write_shim katavm-v2 "$STATE/vm/vmrun" "$shim"
  script "$STATE/vm/vmrun-as-kata" <<E2
VMRUN_AS=kata exec $STATE/vm/vmrun "\$@"
E2
  write_shim kataboot-v2 "$STATE/vm/vmrun-as-kata" "$shim"
}

# write_shim NAME RUNTIME SHIM
write_shim() {
  mkdir -p "$STATE/shims/$1"
  ln -sfn "$2" "$STATE/shims/$1/runc"
  script "$STATE/shims/containerd-shim-$1" <<E2
PATH=$STATE/shims/$1:\$PATH exec $3 "\$@"
E2
}

write_nerdctl() {
  [ -e "$STATE/bin/nerdctl.real" ] || return 0
  script "$STATE/bin/nerdctl" <<E2
exec env CNI_PATH=\${CNI_PATH:-$(cni_path)} $STATE/bin/nerdctl.real "\$@"
E2
}

cni_path() { if [ -d /usr/lib/cni ]; then echo /usr/lib/cni; else echo /opt/cni/bin; fi; }

write_docker_settings() {
  cat >"$STATE/daemon.json" <<E2
{"runtimes": {
  "crun": {"path": "$(command -v crun)"},
  "runsc": {"path": "$STATE/bin/runsc"},
  "runsc-none": {"path": "$STATE/bin/runsc-none"},
  "kata-fake": {"path": "$(command -v runc)"},
  "kata-sim": {"path": "$STATE/bin/runsc"},
  "vm": {"path": "$STATE/vm/vmrun"}
}}
E2
}

# The limits are those of this machine: without CAP_SYS_RESOURCE podman's own (nofile 1048576) cannot be set.
write_podman_settings() {
  local files
  files=$(ulimit -Hn)
  cat >"$STATE/containers.conf" <<E2
[containers]
default_ulimits = ["nofile=$files:$files", "nproc=4096:4096"]
[engine]
$([ -d /run/systemd/system ] || printf 'cgroup_manager = "cgroupfs"\nevents_logger = "file"')
[engine.runtimes]
runsc = ["$STATE/bin/runsc"]
kata-fake = ["$(command -v runc)"]
vm = ["$STATE/vm/vmrun"]
E2
}

write_env() {
  cat >"$STATE/env" <<E2
export CONTAINERS_CONF=$STATE/containers.conf
export CNI_PATH=$(cni_path)
case :\$PATH: in *:$STATE/bin:*) ;; *) export PATH=\$PATH:$STATE/bin ;; esac
E2
}

script() {
  { echo '#!/bin/sh' && cat; } >"$1"
  chmod 755 "$1"
}
