# shellcheck shell=bash
# nerdctl is not in Debian; Go builds it. v2.0.3 is the last release that `go install` takes:
# from v2.0.4 on its go.mod has a `replace`, which `go install` refuses.
NERDCTL_VERSION=v2.0.3
NERDCTL_MODULE=github.com/containerd/nerdctl/v2
NERDCTL_SUM='h1:hdbDSsFHFNehQEbUortBTXpYUOY13bQmLAvtNHBthc8='

build_nerdctl() {
  local cached=$CACHE/nerdctl-$NERDCTL_VERSION
  if [ ! -x "$cached" ] && have nerdctl; then
    ln -sfn "$(command -v nerdctl)" "$STATE/bin/nerdctl.real"
  else
    [ -x "$cached" ] || make_nerdctl "$cached" || return 0
    ln -sfn "$cached" "$STATE/bin/nerdctl.real"
  fi
}

make_nerdctl() {
  if ! have go; then
    say "nerdctl skipped: no Go here to build it"
    return 1
  fi
  mkdir -p "$CACHE/go"
  say "building nerdctl $NERDCTL_VERSION (a minute or two)"
  if install_by_go || build_from_module; then
    mv "$CACHE/go/nerdctl" "$1"
    return 0
  fi
  say "nerdctl skipped: it does not build here, see $STATE/nerdctl.log"
  return 1
}

install_by_go() {
  GOBIN=$CACHE/go CGO_ENABLED=0 GOFLAGS='' go install -trimpath \
    -ldflags="-s -w -X $NERDCTL_MODULE/pkg/version.Version=$NERDCTL_VERSION" \
    "$NERDCTL_MODULE/cmd/nerdctl@$NERDCTL_VERSION" >"$STATE/nerdctl.log" 2>&1
}

# `go install` needs a checksum database and a version list, which some module mirrors lack.
# The module alone is then fetched, held against the sum pinned above, and built with its own go.sum.
build_from_module() {
  local json folder
  json=$(GONOSUMDB=$NERDCTL_MODULE go mod download -json "$NERDCTL_MODULE@$NERDCTL_VERSION" 2>>"$STATE/nerdctl.log") || return 1
  grep -qF "\"Sum\": \"$NERDCTL_SUM\"" <<<"$json" || {
    say "nerdctl $NERDCTL_VERSION does not match its pinned sum"
    return 1
  }
  folder=$(sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$json")
  (cd "$folder" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath \
    -ldflags="-s -w -X $NERDCTL_MODULE/pkg/version.Version=$NERDCTL_VERSION" \
    -o "$CACHE/go/nerdctl" ./cmd/nerdctl) >>"$STATE/nerdctl.log" 2>&1
}
