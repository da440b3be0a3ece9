#!/bin/bash
# A real, small Kubernetes on one machine for tests: no systemd, no image registry, no cloud.
#   cluster.sh up|down|purge|build|status|load PROGRAM
# etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and one kubelet a node are
# one program, built by Go from the module k8s.io/kubernetes. Each node has a containerd of its own.
# After `up`: . $STATE/env, then `kubectl get nodes`. `down` leaves the program in $CACHE.
set -euo pipefail

KUBE_VERSION=${KUBE_VERSION:-1.34.4}
NODES=${NODES:-2}                # node-1 has the RuntimeClass gvisor, the others have not
GVISOR_NODES=${GVISOR_NODES:-1}
STATE=${STATE:-/var/lib/isoproof-kubernetes}
RUN=${RUN:-/run/isoproof-kubernetes}
CACHE=${ISOPROOF_ENGINES_CACHE:-/var/cache/isoproof-engines} # outlives purge: what takes minutes to make again
HERE=$(cd "$(dirname "$0")" && pwd)
IMAGE=docker.io/library/alpine:3.19
PAUSE=isoproof.test/pause:1
API_PORT=16443 ETCD_PORT=23790 ETCD_PEER=23800
LINK=isokube NET=10.90            # node N: address 10.90.0.N, pods 10.90.(10+N).0/24
PROGRAM=$CACHE/kubernetes-v$KUBE_VERSION
SHIM=$CACHE/gvisor-shim-20240722

say() { printf 'kubernetes: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
now() { date +%s%N; }
since() { awk -v ns=$(($(now) - $1)) 'BEGIN { printf "%.1f s", ns / 1e9 }'; }
step() { local name=$1 begun; begun=$(now); shift; "$@"; say "$name: $(since "$begun")"; }

# wait_for SECONDS COMMAND...
wait_for() {
  local end=$(($(date +%s) + $1)); shift
  until "$@" >/dev/null 2>&1; do [ "$(date +%s)" -lt $end ] || return 1; sleep 0.1; done
}

# launch NAME COMMAND...: apart from this terminal, its pid in $RUN/NAME.pid
launch() {
  local name=$1; shift
  setsid nohup "$@" >"$RUN/$name.log" 2>&1 </dev/null &
  echo "$! $(cut -d' ' -f22 "/proc/$!/stat")" >"$RUN/$name.pid"
}

# The pid of a program that we started and that still runs: its start time is compared too.
ours() {
  local pid start
  read -r pid start 2>/dev/null <"$RUN/$1.pid" || return 1
  [ "$(cut -d' ' -f22 "/proc/$pid/stat" 2>/dev/null)" = "$start" ] && echo "$pid"
}

# stop NAME [SECONDS]
stop() {
  local pid
  pid=$(ours "$1") || return 0
  kill "$pid" 2>/dev/null || true
  wait_for "${2:-15}" gone "$pid" || kill -9 "$pid" 2>/dev/null || true
}
gone() { ! grep -qs '^State:[[:space:]]*[^Z]' "/proc/$1/status"; }

# What is built is kept in $CACHE; Go's own 3 GB of intermediate results are not.
build() {
  [ -x "$SHIM" ] && [ -x "$PROGRAM" ] && return
  have go || die "no Go here to build Kubernetes"
  mkdir -p "$CACHE"
  exec 9>"$CACHE/kubernetes.lock"
  flock 9 # another build of the same may be at work
  WORK=$(mktemp -d "$CACHE/kubernetes.XXXXXX")
  trap 'chmod -R u+w "$WORK" && rm -rf "$WORK"' EXIT
  export GOCACHE=$WORK/cache CGO_ENABLED=0
  [ -x "$SHIM" ] || build_shim
  [ -x "$PROGRAM" ] || build_program
  chmod -R u+w "$WORK"
  rm -rf "$WORK"
  trap - EXIT
  exec 9>&-
}

# Pods need gVisor's own shim: `runsc start` gives a second container of a sandbox its own standard
# streams, which containerd's shim for runc takes for messages, and then waits for ever. Its shim wants
# to lower its OOM score, which root without CAP_SYS_RESOURCE may not: take the parent's plus one.
build_shim() {
  cp -r "$HERE/shim" "$WORK/shim"
  (cd "$WORK/shim" && go mod vendor &&
    sed -i 's/shim\.SetScore(/shim.AdjustOOMScore(/' vendor/gvisor.dev/gvisor/pkg/shim/service.go &&
    nice -n 10 go build -mod=vendor -p 2 -trimpath -buildvcs=false -ldflags '-s -w' -o "$SHIM.part" gvisor.dev/gvisor/shim)
  mv "$SHIM.part" "$SHIM"
}

# Not inlined, it is made with two thirds of the compiler's work, and runs as fast as tests need.
build_program() {
  local package flags="-s -w"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=v$KUBE_VERSION -X $package.gitMajor=1 -X $package.gitMinor=$(cut -d. -f2 <<<"$KUBE_VERSION") -X $package.gitTreeState=clean"
  done
  (cd "$HERE/program" && nice -n 10 go build -p 2 -trimpath -buildvcs=false -gcflags 'all=-l' -ldflags "$flags" -o "$PROGRAM.part" .)
  mv "$PROGRAM.part" "$PROGRAM"
}

# One layer of the machine's static busybox, one name, one command.
# image NAME FILE COMMAND-AS-JSON [ROOT]
image() {
  local work=$STATE/image root=${4:-$STATE/root} blobs=$STATE/image/blobs/sha256 applet
  if [ ! -d "$root" ]; then
    mkdir -p "$root"/{bin,proc,sys,dev,etc,root,www,run,var,lib,usr}
    mkdir -m 1777 "$root/tmp"
    install -m 755 "$(command -v busybox)" "$root/bin/busybox"
    for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
    ln -s ../bin "$root/usr/bin"
    echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
    echo 'root:x:0:' >"$root/etc/group"
    printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.0\nPRETTY_NAME="busybox under the name of alpine 3.19"\n' >"$root/etc/os-release"
  fi
  rm -rf "$work"; mkdir -p "$blobs"
  blob() { local sum; sum=$(sha256sum <"$1" | cut -d' ' -f1); mv "$1" "$blobs/$sum"; echo "$sum"; }
  bytes() { stat -c %s "$blobs/$1"; }
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$root" -cf "$work/layer" .
  local diff layer config manifest type=application/vnd.oci.image
  diff=$(sha256sum <"$work/layer" | cut -d' ' -f1)
  gzip -n1 <"$work/layer" >"$work/layer.gz"; rm "$work/layer"
  layer=$(blob "$work/layer.gz")
  printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"],"Cmd":%s},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$3" "$diff" >"$work/config"
  config=$(blob "$work/config")
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},"layers":[{"mediaType":"%s.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' \
    $type $type "$config" "$(bytes "$config")" $type "$layer" "$(bytes "$layer")" >"$work/manifest"
  manifest=$(blob "$work/manifest")
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json","digest":"sha256:%s","size":%s,"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
    $type "$manifest" "$(bytes "$manifest")" "$1" "${1##*:}" >"$work/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$work/oci-layout"
  tar -C "$work" -cf "$2" .
  rm -rf "$work"
}

images() {
  [ -s "$STATE/alpine.tar" ] || image $IMAGE "$STATE/alpine.tar" '["/bin/sh"]'
  [ -s "$STATE/pause.tar" ] || image $PAUSE "$STATE/pause.tar" '["/bin/sleep","2147483647"]'
}

# An image of isoproof with kubectl, for a job inside of the cluster.
load() {
  local root=$STATE/root-isoproof file n
  rm -rf "$root"
  cp -a "$STATE/root" "$root"
  install -m 755 "$1" "$root/bin/isoproof"
  for file in $(ldd "$1" | grep -o '/[^ ]*'); do install -D "$file" "$root$file"; done
  install -m 755 "$PROGRAM" "$root/bin/kubernetes"
  script "$root/bin/kubectl" <<<'exec kubernetes kubectl "$@"'
  image isoproof.test/isoproof:1 "$STATE/isoproof.tar" '["/bin/isoproof"]' "$root"
  for n in $(seq "$NODES"); do
    ctr --address "$RUN/node-$n/containerd.sock" -n k8s.io images import "$STATE/isoproof.tar" >/dev/null
  done
  rm -rf "$root" "$STATE/isoproof.tar"
}

# gVisor 20240729 takes a readable /proc/sys/net/core/rmem_default for the host's network namespace;
# kernels of 2025 show it in every namespace, so it is hidden from runsc.
runtimes() {
  local runsc
  runsc=$(command -v runsc || true)
  mkdir -p "$STATE/shims"
  ln -sfn "$(command -v containerd-shim-runc-v2)" "$STATE/shims/containerd-shim-kata-v2" # runc under Kata's name
  [ -n "$runsc" ] || { say "no runsc here: the RuntimeClass gvisor will not start"; return 0; }
  install -m 755 "$SHIM" "$STATE/shims/containerd-shim-runsc-v1"
  script "$STATE/shims/runsc" <<E2
exec unshare -m --propagation slave sh -c 'mount -t tmpfs -o ro none /proc/sys/net && exec $runsc "\$@"' runsc "\$@"
E2
}
script() { { echo '#!/bin/sh' && cat; } >"$1"; chmod 755 "$1"; }

keys() {
  mkdir -p "$STATE/pki"
  [ -s "$STATE/pki/sa.key" ] || openssl genrsa -out "$STATE/pki/sa.key" 2048 2>/dev/null
  if [ ! -s "$STATE/pki/tokens" ]; then
    local n
    {
      echo "$(openssl rand -hex 16),admin,admin,\"system:masters\""
      for n in $(seq 9); do echo "$(openssl rand -hex 16),system:node:node-$n,node-$n,\"system:nodes\""; done
    } >"$STATE/pki/tokens"
    chmod 600 "$STATE/pki/tokens"
  fi
}

token() { awk -F, -v who="$1" '$2 == who { print $1 }' "$STATE/pki/tokens"; }

# kubeconfig WHO FILE
kubeconfig() {
  (umask 077 && cat >"$2") <<E2
apiVersion: v1
kind: Config
clusters: [{name: isoproof, cluster: {server: "https://127.0.0.1:$API_PORT", tls-server-name: localhost, certificate-authority: $STATE/pki/apiserver.crt}}]
users: [{name: $1, user: {token: "$(token "$1")"}}]
contexts: [{name: isoproof, context: {cluster: isoproof, user: "$1"}}]
current-context: isoproof
E2
}

admin() { "$PROGRAM" kubectl --kubeconfig "$STATE/admin.kubeconfig" "$@"; }

control_plane() {
  launch etcd "$PROGRAM" etcd --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls http://127.0.0.1:$ETCD_PORT --advertise-client-urls http://127.0.0.1:$ETCD_PORT \
    --listen-peer-urls http://127.0.0.1:$ETCD_PEER --initial-advertise-peer-urls http://127.0.0.1:$ETCD_PEER \
    --initial-cluster default=http://127.0.0.1:$ETCD_PEER
  launch apiserver "$PROGRAM" kube-apiserver --etcd-servers=http://127.0.0.1:$ETCD_PORT --etcd-prefix=/registry \
    --bind-address=0.0.0.0 --secure-port=$API_PORT --advertise-address=$NET.0.1 --endpoint-reconciler-type=none \
    --cert-dir="$STATE/pki" --token-auth-file="$STATE/pki/tokens" --anonymous-auth=true --authorization-mode=Node,RBAC \
    --enable-admission-plugins=NodeRestriction --service-cluster-ip-range=10.96.0.0/24 \
    --service-account-issuer=https://isoproof.test --service-account-key-file="$STATE/pki/sa.key" \
    --service-account-signing-key-file="$STATE/pki/sa.key" --kubelet-preferred-address-types=InternalIP \
    --allow-privileged=true --profiling=false --event-ttl=1h \
    --feature-gates=MutatingAdmissionPolicy=true --runtime-config=admissionregistration.k8s.io/v1beta1=true
  wait_for 120 test -s "$STATE/pki/apiserver.crt" || failed apiserver
  kubeconfig admin "$STATE/admin.kubeconfig"
  wait_for 120 admin get --raw /readyz || failed apiserver
  launch controllers "$PROGRAM" kube-controller-manager --kubeconfig="$STATE/admin.kubeconfig" --leader-elect=false \
    --service-account-private-key-file="$STATE/pki/sa.key" --root-ca-file="$STATE/pki/apiserver.crt" \
    --bind-address=127.0.0.1 --secure-port=0 --node-monitor-grace-period=20s --profiling=false
  launch scheduler "$PROGRAM" kube-scheduler --kubeconfig="$STATE/admin.kubeconfig" --leader-elect=false \
    --bind-address=127.0.0.1 --secure-port=0 --profiling=false
}

failed() { tail -5 "$RUN/$1.log" >&2; die "$1 did not start: $RUN/$1.log"; }

network() {
  local n
  ip link show $LINK >/dev/null 2>&1 || ip link add $LINK type bridge
  for n in $(seq "$NODES"); do ip addr replace $NET.0.$n/32 dev $LINK; done
  ip link set $LINK up
}

# Every hierarchy gets a group of the node's own, so that kubelets do not see each other's pods.
cgroups() {
  local dir
  for dir in /sys/fs/cgroup/*/; do
    [ "$(stat -fc %T "$dir")" = cgroupfs ] || continue
    mkdir -p "$dir/isoproof-kubernetes/$1"
    case $dir in
      */cpuset/)
        for f in cpuset.cpus cpuset.mems; do
          [ -n "$(cat "$dir/isoproof-kubernetes/$f")" ] || cat "$dir/$f" >"$dir/isoproof-kubernetes/$f"
          [ -n "$(cat "$dir/isoproof-kubernetes/$1/$f")" ] || cat "$dir/$f" >"$dir/isoproof-kubernetes/$1/$f"
        done ;;
    esac
  done
}

# gVisor's shim wants every hierarchy that processes are in to be mounted somewhere, and containers
# such as a CI's may lack one of their host's. What is mounted for it is seen by containerd alone.
# shellcheck disable=SC2016
WITH_ALL_CGROUPS='
  run=$1; shift
  cut -d: -f2 /proc/self/cgroup | while read -r name; do
    case $name in "" | name=*) continue ;; esac
    grep -q " - cgroup .*[ ,]$name\(,\|$\)" /proc/self/mountinfo && continue
    mkdir -p "$run/cgroup-$name" && mount -t cgroup -o "$name" none "$run/cgroup-$name"
  done
  exec "$@"'

node() {
  local n=$1 name=node-$1 dir=$STATE/node-$1 handlers=''
  mkdir -p "$dir/cni" "$dir/logs" "$dir/kubelet" "$RUN/$name"
  # What the kubelet mounts, such as the token of a service account, has to be seen by containerd.
  mountpoint -q "$dir/kubelet" || mount --bind "$dir/kubelet" "$dir/kubelet"
  mount --make-shared "$dir/kubelet"
  cgroups "$name"
  [ "$n" -gt "$GVISOR_NODES" ] || handlers='
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.gvisor]
  runtime_type = "io.containerd.runsc.v1"'
  cat >"$dir/containerd.toml" <<E2
version = 2
root = "$dir/containerd"
state = "$RUN/$name/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "$RUN/$name/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE"
  # This machine's root has no CAP_SYS_RESOURCE: a score below our own cannot be set.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "$([ -d /usr/lib/cni ] && echo /usr/lib/cni || echo /opt/cni/bin)"
  conf_dir = "$dir/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.kata]
  runtime_type = "io.containerd.kata.v2"
$handlers
E2
  cat >"$dir/cni/10-isoproof.conflist" <<E2
{"cniVersion": "0.4.0", "name": "isoproof-$name", "plugins": [{
  "type": "bridge", "bridge": "${LINK}p$n", "isGateway": true, "ipMasq": false, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$dir/ipam", "ranges": [[{"subnet": "$NET.$((10 + n)).0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
E2
  PATH=$STATE/shims:$PATH launch "$name-containerd" unshare -m --propagation slave \
    sh -c "$WITH_ALL_CGROUPS" sh "$RUN/$name" containerd --config "$dir/containerd.toml"
  wait_for 30 ctr --address "$RUN/$name/containerd.sock" version || failed "$name-containerd"
  local tar
  for tar in alpine pause; do
    ctr --address "$RUN/$name/containerd.sock" -n k8s.io images import "$STATE/$tar.tar" >/dev/null
  done
  : >"$dir/resolv.conf"
  cat >"$dir/kubelet.yaml" <<E2
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: $NET.0.$n
port: $((10250 + n * 10))
healthzPort: 0
readOnlyPort: 0
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
containerRuntimeEndpoint: unix://$RUN/$name/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /isoproof-kubernetes/$name
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: [pods]
makeIPTablesUtilChains: false
maxOpenFiles: $(ulimit -Hn)
maxPods: 250
registerNode: true
resolvConf: $dir/resolv.conf
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
# A kubelet removes the logs of pods that it does not know: each needs a folder of its own.
podLogsDir: $dir/logs
serializeImagePulls: false
imageGCHighThresholdPercent: 100
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "50Mi"}
eventRecordQPS: 0
kubeAPIQPS: 200
kubeAPIBurst: 200
shutdownGracePeriod: 0s
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
E2
  kubeconfig "system:node:$name" "$dir/kubeconfig"
  launch "$name-kubelet" "$PROGRAM" kubelet --config="$dir/kubelet.yaml" --kubeconfig="$dir/kubeconfig" \
    --hostname-override="$name" --node-ip=$NET.0.$n --root-dir="$dir/kubelet" --cert-dir="$dir/pki" \
    --node-labels="isoproof.test/node=$n"
}

classes() {
  local name
  for name in runc gvisor kata missing; do
    printf -- '---\napiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: %s}\nhandler: %s\n' $name $name
  done | admin apply -f - >/dev/null
}

is_ready() { admin get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True; }

sysctls() { # what a kubelet changes, to be put back by `down`
  local key
  [ -e "$STATE/sysctl" ] && return
  for key in vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys kernel.keys.root_maxbytes net.ipv4.ip_forward; do
    printf '%s=%s\n' $key "$(sysctl -n $key)"
  done >"$STATE/sysctl"
}

up() {
  local n
  for n in containerd ctr runc busybox openssl ip sysctl; do have $n || die "missing: $n"; done
  [ -z "$(ours apiserver)" ] || die "it runs already"
  mkdir -p "$STATE" "$RUN"
  sysctls
  step "program" build
  step images images
  step runtimes runtimes
  keys
  step network network
  step "control plane answers" control_plane
  for n in $(seq "$NODES"); do node "$n"; done
  wait_for 60 classes || die "the RuntimeClasses could not be made"
  for n in $(seq "$NODES"); do wait_for 90 is_ready "node-$n" || failed "node-$n-kubelet"; done
  wait_for 60 admin get serviceaccount default || failed controllers
  mkdir -p "$STATE/bin"
  script "$STATE/bin/kubectl" <<<"exec $PROGRAM kubectl \"\$@\""
  printf 'export KUBECONFIG=%s\nPATH=%s:$PATH\n' "$STATE/admin.kubeconfig" "$STATE/bin" >"$STATE/env"
  say "ready: . $STATE/env"
}

down() {
  local n name task pids pid
  if [ -n "$(ours apiserver)" ]; then
    admin delete pods --all --all-namespaces --force --grace-period=0 --wait=false >/dev/null 2>&1 || true
    sleep 1
  fi
  for n in $(seq 9); do stop "node-$n-kubelet"; done
  for name in scheduler controllers apiserver etcd; do stop $name 3; done
  for n in $(seq 9); do
    local sock=$RUN/node-$n/containerd.sock
    [ -n "$(ours "node-$n-containerd")" ] || continue
    for task in $(timeout 10 ctr --address "$sock" -n k8s.io tasks ls -q 2>/dev/null); do
      timeout 10 ctr --address "$sock" -n k8s.io tasks rm -f "$task" >/dev/null 2>&1 || true
    done
    for task in $(timeout 10 ctr --address "$sock" -n k8s.io containers ls -q 2>/dev/null); do
      timeout 10 ctr --address "$sock" -n k8s.io containers rm "$task" >/dev/null 2>&1 || true
    done
    stop "node-$n-containerd"
  done
  # Shims of ours that their containerd did not end: they name our socket among their arguments.
  for pid in $(grep -lsz -- "$RUN/node-" /proc/[0-9]*/cmdline | cut -d/ -f3); do
    grep -qs shim "/proc/$pid/comm" && kill -9 "$pid" 2>/dev/null || true
  done
  grep -E " ($RUN|$STATE)/" /proc/self/mounts | awk '{ print $2 }' | sort -r | while read -r pids; do umount "$pids" 2>/dev/null || true; done
  for n in $(seq 9); do ip link del "${LINK}p$n" 2>/dev/null || true; done
  ip link del $LINK 2>/dev/null || true
  [ ! -e "$STATE/sysctl" ] || sysctl -qp "$STATE/sysctl" || true
  find /sys/fs/cgroup/*/isoproof-kubernetes -depth -type d -exec rmdir {} \; 2>/dev/null || true
  rm -f "$RUN"/*.pid
}

purge() { down; rm -rf "$STATE" "$RUN"; }
status() { for f in "$RUN"/*.pid; do n=$(basename "$f" .pid); echo "$n $(ours "$n" || echo gone)"; done; }

call=${1:-}
case $call in up | down | purge | build | status | load) ;; *) echo "usage: $0 up|down|purge|build|status|load PROGRAM" >&2; exit 2 ;; esac
[ "$(id -u)" = 0 ] || die "needs root"
begun=$(now)
"$@"
say "$call took $(since "$begun")"
