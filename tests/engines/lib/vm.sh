# shellcheck shell=bash disable=SC2154
# The parts of the virtual machine runtime: Debian's cloud kernel, its virtio modules, and a first initramfs.
VM_MODULES="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console
virtio-rng failover net_failover virtio_net"

# Why there is no virtual machine here, or nothing.
vm_missing() {
  have qemu-system-x86_64 || {
    echo "no qemu-system-x86_64"
    return
  }
  [ -s "$STATE/vm/guest.cpio" ] || echo "no guest kernel"
}

make_vm() {
  mkdir -p "$STATE/vm" "$CACHE"
  install -m 755 "$here/vm/vmrun" "$STATE/vm/vmrun"
  [ -s "$CACHE/kernel/vmlinuz" ] || fetch_kernel || {
    say "VM skipped: no guest kernel package (linux-image-cloud-amd64) to be had"
    return 0
  }
  cp "$CACHE/kernel/vmlinuz" "$STATE/vm/vmlinuz"
  make_guest
}

fetch_kernel() {
  local package folder
  package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ { print $2; exit }')
  [ -n "$package" ] || return 1
  folder=$(mktemp -d)
  chmod 755 "$folder"
  if (cd "$folder" && apt-get download -qq "$package" >>"$STATE/apt.log" 2>&1 && dpkg -x ./*.deb x); then
    mkdir -p "$CACHE/kernel/modules"
    local module
    for module in $VM_MODULES; do
      find "$folder/x/lib/modules" -name "$module.ko" -exec cp {} "$CACHE/kernel/modules/" \;
      echo "$module"
    done >"$CACHE/kernel/modules/order"
    cp "$folder"/x/boot/vmlinuz-* "$CACHE/kernel/vmlinuz"
  fi
  rm -rf "$folder"
  [ -s "$CACHE/kernel/vmlinuz" ]
}

# The half of the initramfs that is the same for every container.
make_guest() {
  local folder=$STATE/vm/guest
  rm -rf "$folder"
  mkdir -p "$folder/bin" "$folder/modules"
  cp "$(command -v busybox)" "$folder/bin/busybox"
  cp "$CACHE/kernel/modules/"* "$folder/modules/"
  install -m 755 "$here/vm/init" "$folder/init"
  "$STATE/vm/vmrun" pack "$folder" "$STATE/vm/guest.cpio"
  rm -rf "$folder"
}
