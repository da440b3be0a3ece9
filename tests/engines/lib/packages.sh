# shellcheck shell=bash
# What the distribution has. A program that is there already is left as it is.

# program:package, as Debian and Ubuntu name them
PROGRAMS="containerd:containerd runc:runc crun:crun podman:podman dockerd:docker.io docker:docker.io
busybox:busybox-static iptables:iptables ip:iproute2 curl:curl python3:python3-minimal"
# from backports on Debian 12: its own gVisor and QEMU are too old
NEWER="runsc:runsc qemu-system-x86_64:qemu-system-x86"

install_packages() {
  local wanted newer
  wanted=$(missing_packages "$PROGRAMS")
  newer=$(missing_packages "$NEWER")
  [ -d /usr/lib/cni ] || [ -d /opt/cni/bin ] || wanted+=" containernetworking-plugins"
  [ -n "${wanted// /}${newer// /}" ] || return 0
  have apt-get || die "missing, and no apt-get to install: $wanted $newer"
  if [ -n "${newer// /}" ] && is_debian_12; then
    grep -rqs bookworm-backports /etc/apt/sources.list /etc/apt/sources.list.d ||
      echo 'deb http://deb.debian.org/debian bookworm-backports main' >/etc/apt/sources.list.d/isoproof-engines.list
  fi
  forbid_starting_services
  apt_get update -qq
  # shellcheck disable=SC2086
  [ -z "${wanted// /}" ] || apt_get install -qq --no-install-recommends $wanted || allow_starting_services_and_die
  install_newer "$newer"
  allow_starting_services
  say "installed: $wanted$newer"
}

# Both are optional: without them their targets are reported as skipped.
install_newer() {
  local package release=()
  is_debian_12 && release=(-t bookworm-backports)
  for package in $1; do
    apt_get install -qq --no-install-recommends "${release[@]}" "$package" || say "no package $package here"
  done
}

missing_packages() {
  local pair found=()
  for pair in $1; do have "${pair%%:*}" || found+=("${pair#*:}"); done
  printf '%s\n' "${found[@]}" | sort -u | tr '\n' ' '
}

apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -y "$@" >>"$STATE/apt.log" 2>&1; }

# A freshly installed docker.io starts its daemon under systemd; we start our own, with our runtimes.
forbid_starting_services() {
  [ ! -e /usr/sbin/policy-rc.d ] || return 0
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  touch "$STATE/policy"
}
allow_starting_services() { [ ! -e "$STATE/policy" ] || rm -f /usr/sbin/policy-rc.d "$STATE/policy"; }
allow_starting_services_and_die() {
  allow_starting_services
  tail -5 "$STATE/apt.log" >&2
  die "packages could not be installed: $STATE/apt.log"
}
