# shellcheck shell=bash
# An image made here from the machine's static busybox, since there is no registry: the same bytes
# on every machine with the same busybox. It goes into every engine under a name that tests can use.

load_images() {
  local archive=$STATE/image.tar
  [ -s "$archive" ] || make_image "$archive"
  enter
  docker load -q -i "$archive" >/dev/null
  podman load -q -i "$archive" >/dev/null 2>&1 || say "podman did not take the image"
  ctr images import "$archive" >/dev/null
  if have nerdctl; then nerdctl load -i "$archive" >/dev/null 2>&1; fi
}

remove_images() {
  enter
  docker rmi -f "${IMAGE#docker.io/library/}" >/dev/null 2>&1 || true
  podman rmi -f "$IMAGE" >/dev/null 2>&1 || true
  ctr images rm "$IMAGE" >/dev/null 2>&1 || true
  if have nerdctl; then nerdctl rmi -f "$IMAGE" >/dev/null 2>&1 || true; fi
}

make_image() {
  local work layout=oci layer manifest config diff
  work=$(mktemp -d)
  fill_root "$work/root"
  layout=$work/oci
  mkdir -p "$layout/blobs/sha256"
  pack "$work/root" "$work/layer.tar"
  diff=$(digest "$work/layer.tar")
  gzip -n9 "$work/layer.tar"
  layer=$(add_blob "$layout" "$work/layer.tar.gz")
  image_config "$diff" >"$work/config"
  config=$(add_blob "$layout" "$work/config")
  image_manifest "$layout" "$config" "$layer" >"$work/manifest"
  manifest=$(add_blob "$layout" "$work/manifest")
  image_index "$layout" "$manifest" >"$layout/index.json"
  echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
  # docker before version 25 reads only this list, which may point at the same blobs
  printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s"],"Layers":["blobs/sha256/%s"]}]' \
    "$config" "${IMAGE#docker.io/library/}" "$layer" >"$layout/manifest.json"
  pack "$layout" "$1"
  rm -rf "$work"
}

fill_root() {
  local root=$1 busybox applet
  busybox=$(command -v busybox)
  mkdir -p "$root"/{bin,proc,sys,dev,etc,root,www,run,var,lib,usr}
  mkdir -m 1777 "$root/tmp"
  install -m 755 "$busybox" "$root/bin/busybox"
  for applet in $("$busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  ln -s ../bin "$root/usr/bin"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.19.0\nPRETTY_NAME="busybox under the name of alpine 3.19"\n' >"$root/etc/os-release"
  echo '{"status":"ok"}' >"$root/www/health"
  echo '<h1>isoproof test</h1>' >"$root/www/index.html"
}

pack() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$1" -cf "$2" .; }
digest() { sha256sum <"$1" | cut -d' ' -f1; }
size() { stat -c %s "$1"; }

# add_blob LAYOUT FILE: moves it in, prints its digest
add_blob() {
  local sum
  sum=$(digest "$2")
  mv "$2" "$1/blobs/sha256/$sum"
  echo "$sum"
}

architecture() { case $(uname -m) in aarch64) echo arm64 ;; *) echo amd64 ;; esac; }

image_config() {
  printf '{"architecture":"%s","os":"linux","created":"1970-01-01T00:00:00Z",' "$(architecture)"
  printf '"config":{"Env":["PATH=/usr/bin:/bin"],"Cmd":["/bin/sh"]},'
  printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$1"
}

image_manifest() {
  local blobs=$1/blobs/sha256 type=application/vnd.oci.image
  printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json",' $type
  printf '"config":{"mediaType":"%s.config.v1+json","digest":"sha256:%s","size":%s},' $type "$2" "$(size "$blobs/$2")"
  printf '"layers":[{"mediaType":"%s.layer.v1.tar+gzip","digest":"sha256:%s","size":%s}]}' $type "$3" "$(size "$blobs/$3")"
}

# containerd reads the first annotation, podman the second
image_index() {
  printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",'
  printf '"digest":"sha256:%s","size":%s,"platform":{"architecture":"%s","os":"linux"},' "$2" "$(size "$1/blobs/sha256/$2")" "$(architecture)"
  printf '"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' "$IMAGE" "${IMAGE##*:}"
}
