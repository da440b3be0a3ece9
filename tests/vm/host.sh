#!/bin/bash
# A Debian 13 host with pure cgroup v2, as a QEMU machine in which isoproof collects. See README.md.
#   host.sh up|run ISOPROOF FOLDER|shell [ISOPROOF]|down
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
engines=$here/../engines
for part in common image; do
  # shellcheck source=/dev/null
  . "$engines/lib/$part.sh"
done
say() { printf 'vm: %s\n' "$*" >&2; }
# What `up` makes; of this recipe only.
STATE=${ISOPROOF_VM:-/var/cache/isoproof-vm}
SUITE=trixie
PACKAGES=busybox-static,conmon,containerd,containernetworking-plugins,crun,docker-cli,docker.io,iproute2,iptables
PACKAGES+=,kmod,linux-image-cloud-amd64,netavark,nftables,podman,runc,runsc
# The seconds that a boot, all that is collected, and the end may take.
LIMIT=${ISOPROOF_VM_LIMIT:-1800}

up() {
  [ "$(cat "$STATE/recipe" 2>/dev/null)" != "$(recipe)" ] || return 0
  rm -f "$STATE/recipe"
  step packages install_packages
  local root=$scratch/root
  step "the root of $SUITE" make_root "$root"
  step kernel make_boot "$root"
  step disk make_disk "$root"
  # Of the machine's busybox, which needs no library.
  PATH=$scratch/first/bin:$PATH make_image "$STATE/image.tar"
  rm -rf "$root" "$scratch/first"
  recipe >"$STATE/recipe"
}

recipe() {
  {
    echo "$SUITE $PACKAGES"
    declare -f make_root make_boot make_disk
    cat "$here/start" "$engines/lib/image.sh"
  } | sha256sum
}

install_packages() {
  local pair missing=()
  for pair in mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs xz:xz-utils python3:python3-minimal; do
    have "${pair%%:*}" || missing+=("${pair#*:}")
  done
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} != 0 ] || return 0
  have apt-get || die "missing, and no apt-get to install: ${missing[*]}"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"; } \
    >"$STATE/apt.log" 2>&1 || failed "packages could not be installed (${missing[*]})" "$STATE/apt.log"
}

make_root() {
  mmdebstrap --variant=essential --include="$PACKAGES" --aptopt='Acquire::Languages "none"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/lib/udev/hwdb.d/*' \
    --dpkgopt='path-exclude=/etc/kernel/postinst.d/*' \
    "$SUITE" "$1" "$(mirror)" >"$STATE/root.log" 2>&1 || failed "the root could not be made" "$STATE/root.log"
}

# Debian's archive as this machine's apt knows it, elsewhere the one that all know.
mirror() {
  local known
  known=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian //p' | head -1)
  echo "${known:-http://deb.debian.org/debian}"
}

# The kernel, and what it starts from: busybox and the one module that finds the disk.
make_boot() { # CONSOLE
  local root=$1 first=$scratch/first
  cp "$root"/boot/vmlinuz-* "$STATE/vmlinuz"
  mkdir -p "$first/bin"
  cp "$root/usr/bin/busybox" "$first/bin/"
  find "$root/usr/lib/modules" -name 'virtio_blk.ko.xz' -exec xz -dc {} \; >"$first/virtio_blk.ko"
  install -m 755 "$here/start" "$first/init"
  "$engines/vm/vmrun" pack "$first" "$STATE/first.cpio"
  rm -rf "$root"/boot/*
}

make_disk() {
  rm -f "$STATE/root.ext4"
  mke2fs -q -t ext4 -E lazy_itable_init=1,root_owner=0:0 -d "$1" "$STATE/root.ext4" 3G
}

failed() {
  tail -5 "$2" >&2
  die "$1: $2"
}

run() {
  [ $# = 2 ] || usage
  [ -x "$1" ] || die "$1 is no program"
  up
  make_job "$1" collect
  local console=$STATE/console.log
  boot stdio >"$console" 2>&1 </dev/null || failed "the machine did not end by itself within $LIMIT s" "$console"
  mkdir -p "$2"
  rm -f "$2/status"
  tar -C "$2" -xf "$scratch/results" 2>>"$console" || failed "what the machine left cannot be read" "$console"
  [ -s "$2/status" ] || failed "the machine ended without results" "$console"
  tr -d '\r' <"$console" | sed -n 's/^job: /vm: /p' >&2
  [ "$(cat "$2/status")" = 0 ] || failed "not all was collected, see the logs in $2" "$console"
}

shell() {
  [ $# -le 1 ] || usage
  up
  make_job "${1:-/bin/true}" shell
  LIMIT=infinity boot mon:stdio
}

make_job() {
  local job=$scratch/files
  mkdir "$job"
  install -m 755 "$here/init" "$here/$2" "$job/"
  install -m 755 "$1" "$job/isoproof"
  ln -s "$2" "$job/task"
  cp "$engines/cni.conflist" "$STATE/image.tar" "$job/"
  tar -C "$job" -cf "$scratch/job" .
  truncate -s 256M "$scratch/results"
}

# Without /dev/kvm, so that it is the same machine everywhere.
boot() { # CONSOLE
  timeout --foreground "$LIMIT" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -M q35 \
    -nodefaults -display none -no-reboot -serial "$1" -kernel "$STATE/vmlinuz" -initrd "$STATE/first.cpio" \
    -append "console=ttyS0 panic=-1 quiet" \
    -drive "file=$STATE/root.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$scratch/job,format=raw,if=virtio,readonly=on" -drive "file=$scratch/results,format=raw,if=virtio"
}

# Only what `up` and `run` made: $STATE may be a folder that has more.
down() {
  rm -f "$STATE"/{apt.log,root.log,console.log,first.cpio,image.tar,recipe,root.ext4,vmlinuz,lock}
  rm -rf "$scratch"
  rmdir --ignore-fail-on-non-empty "$STATE"
}

usage() {
  echo "usage: $0 up | run ISOPROOF FOLDER | shell [ISOPROOF] | down" >&2
  exit 2
}

call=${1:-}
case $call in up | run | shell | down) shift ;; *) usage ;; esac
[ "$(id -u)" = 0 ] || die "needs root"
mkdir -p "$STATE"
exec 8>"$STATE/lock"
flock --nonblock 8 || die "another call is at work, by the lock $STATE/lock"
scratch=$(mktemp -d "$STATE/scratch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
started=$(now)
"$call" "$@"
say "$call took $(since "$started")"
