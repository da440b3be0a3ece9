# shellcheck shell=bash
# Starts one container under every engine and runtime and holds the kernel that answers against the expected one.

check() {
  enter
  failed=0
  check_docker
  check_podman
  check_ctr
  check_nerdctl
  check_ports
  [ "$failed" = 0 ] || die "$failed required combinations fail"
}

# Runtimes that share the host's kernel, and those that bring their own.
SHARED="runc crun kata-fake"
OWN="runsc kata-sim vm"

check_docker() {
  local runtime registered
  registered=$(docker info --format '{{range $name, $_ := .Runtimes}}{{$name}} {{end}}' 2>/dev/null || true)
  for runtime in $SHARED $OWN; do
    if [[ " $registered " != *" $runtime "* ]]; then
      skip docker "$runtime" "not registered with this dockerd"
    elif usable docker "$runtime"; then
      row "$runtime" docker "$runtime" docker run --rm --pull never --label "$LABEL=check" --runtime "$runtime" "$IMAGE" uname -r
    fi
  done
}

check_podman() {
  local runtime
  for runtime in runc crun kata-fake runsc vm; do
    usable podman "$runtime" || continue
    row "$runtime" podman "$runtime" podman run --rm --pull never --label "$LABEL=check" --runtime "$runtime" "$IMAGE" uname -r
  done
}

check_ctr() {
  local runtime
  for runtime in runc crun runsc; do
    usable ctr "$runtime" || continue
    row "$runtime" ctr "--runc-binary $runtime" ctr run --rm --label "$LABEL=check" \
      --runc-binary "$(runtime_path "$runtime")" "$IMAGE" "isoproof-check-$$-$runtime" uname -r
  done
  for runtime in runsc.v1 kata.v2 katasim.v2 katavm.v2; do
    usable_shim ctr "$runtime" || continue
    row "$(shim_kind "$runtime")" ctr "io.containerd.$runtime" ctr run --rm --label "$LABEL=check" \
      --runtime "io.containerd.$runtime" "$IMAGE" "isoproof-check-$$-$runtime" uname -r
  done
}

check_nerdctl() {
  local runtime
  have nerdctl || {
    skip nerdctl all "not built here"
    return
  }
  for runtime in runc crun runsc; do
    usable nerdctl "$runtime" || continue
    row "$runtime" nerdctl "$runtime" nerdctl run --rm --pull never --label "$LABEL=check" \
      --runtime "$(runtime_path "$runtime")" "$IMAGE" uname -r
  done
  for runtime in runsc.v1 kata.v2 katasim.v2 katavm.v2; do
    usable_shim nerdctl "$runtime" || continue
    row "$(shim_kind "$runtime")" nerdctl "io.containerd.$runtime" nerdctl run --rm --pull never --label "$LABEL=check" \
      --runtime "io.containerd.$runtime" "$IMAGE" uname -r
  done
}

# A published port, under the engines and runtimes that have networks.
check_ports() {
  port_row docker docker runc
  if have runsc && ours dockerd; then port_row docker docker runsc; fi
  if ours dockerd && [ -z "$(vm_missing)" ]; then port_row docker docker vm; fi
  port_row podman podman runc
  if have nerdctl; then
    port_row nerdctl nerdctl "$(command -v runc)"
    if ours containerd && [ -z "$(vm_missing)" ]; then port_row nerdctl nerdctl io.containerd.katavm.v2; fi
  fi
}

port_row() {
  local engine=$1 name=isoproof-check-$$-web
  timeout 60 "$2" run -d --name "$name" --pull never --label "$LABEL=check" --runtime "$3" \
    -p 127.0.0.1:3912:3000 "$IMAGE" httpd -f -p 3000 -h /www >"$RUN/check.out" 2>&1 || true
  row served "$engine" "port ${3##*/}" curl -sf --noproxy '*' --retry 100 --retry-delay 0 --retry-all-errors -m 20 http://127.0.0.1:3912/health
  "$2" rm -f "$name" >/dev/null 2>&1 || true
}

runtime_path() { case $1 in runsc) echo "$STATE/bin/runsc" ;; *) command -v "$1" ;; esac; }
shim_kind() { case $1 in kata.v2) echo kata-fake ;; katasim.v2) echo kata-sim ;; katavm.v2) echo vm ;; *) echo runsc ;; esac; }

# Whether what the runtime rests on is there; says why not.
usable() {
  local why=''
  case $2 in
    runsc | kata-sim) have runsc || why="no runsc" ;;
    vm) why=$(vm_missing) ;;
    *) have "${2/kata-fake/runc}" || why="no $2" ;;
  esac
  [ -z "$why" ] && return
  skip "$1" "$2" "$why"
  return 1
}

usable_shim() {
  if ! ours containerd; then
    skip "$1" "io.containerd.$2" "the running containerd does not have our shims in its PATH"
    return 1
  fi
  usable "$1" "$(shim_kind "$2")"
}

skip() { printf '%-8s %-26s skip  %s\n' "$1" "$2" "$3"; }

# row KIND ENGINE RUNTIME COMMAND...
row() {
  local kind=$1 engine=$2 runtime=$3 out code=0 started verdict=ok
  shift 3
  started=$(now)
  out=$(timeout 90 "$@" 2>"$RUN/check.err") || code=$?
  if grep -qs 'unknown version specified' "$RUN/check.err"; then
    skip "$engine" "$runtime" "this crun refuses the version of the specification that this engine writes"
    return
  elif [ "$code" != 0 ]; then
    verdict=FAIL
    out="exit $code: $(tail -1 "$RUN/check.err" | cut -c1-160)"
  elif ! expected "$kind" "$out"; then
    verdict=WRONG
  fi
  [ "$verdict" = ok ] || failed=$((failed + 1))
  printf '%-8s %-26s %-5s %-28s %s\n' "$engine" "$runtime" "$verdict" "$out" "$(since "$started")"
}

expected() {
  case " $SHARED " in
    *" $1 "*) [ "$2" = "$(uname -r)" ] ;;
    *) [ -n "$2" ] && [ "$2" != "$(uname -r)" ] ;;
  esac
}
