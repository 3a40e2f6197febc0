#!/usr/bin/env bash
# Runs the main job of platter on real files: a template, then disks on flat and qcow2, from their making to their end.
# Works in a directory of its own, which it removes. Needs root only for the part on XFS (a loop mount), which it leaves
# out, and says so, where it cannot have one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh
if [ "$(id -u)" -eq 0 ]; then need mkfs.xfs xfsprogs; fi
prepare

work=$(mktemp -d /tmp/platter-demo.XXXXXX)
mounted=""
cleanup() {
  [ -z "$mounted" ] || umount "$mounted" || true
  rm -rf "$work"
}
trap cleanup EXIT

platter() { node dist/cli/main.js --instances-path "$instances" --no-progress "$@"; }

# shown COMMAND…: prints the command as a user would type it, and runs it.
shown() { printf '\n$ %s\n' "$*"; "$@"; }

# sound FILE FORMAT: what qemu-img itself says of a disk.
sound() {
  qemu-img info -f "$2" "$1" | sed 's/^/    /'
  if [ "$2" = qcow2 ]; then qemu-img check -f qcow2 "$1" | sed 's/^/    /'; fi
}

expect() { [ "$2" = "$3" ] || fail "$1: expected $2, got $3"; }

# pattern FILE FORMAT: the byte that the demo wrote into the middle of a disk.
pattern() { qemu-io -f "$2" -r -c 'read -v 20M 16' "$1" | awk 'NR == 1 { print $2 }'; }

say "a template: an ext4 filesystem with files in it, as qcow2"
mkdir -p "$work/content/etc"
echo "made by platter's demo" > "$work/content/etc/motd"
truncate -s 64M "$work/template.raw"
mkfs.ext4 -q -F -L demo -d "$work/content" "$work/template.raw"
qemu-img convert -f raw -O qcow2 "$work/template.raw" "$work/template.qcow2"
sum=$(sha256sum "$work/template.qcow2" | cut -d ' ' -f 1)

# life BACKEND: one disk of each of three sizes, and the whole life of the middle one.
life() {
  local backend=$1 format=$2 disk
  for size in 64M 1G 20G; do
    shown platter image create "vm-$size/disk" --template demo --size "$size" --backend "$backend"
    disk=$(platter image show "vm-$size/disk" --json | node -p 'JSON.parse(require("fs").readFileSync(0)).path')
    sound "$disk" "$format"
  done
  disk=$instances/vm-1G/disk
  if shown platter snapshot create vm-1G/disk@before; then
    shown qemu-io -f "$format" -c 'write -P 0xaa 20M 1M' "$disk"
    expect 'the change' aa "$(pattern "$disk" "$format")"
    shown platter snapshot restore vm-1G/disk@before --yes
    expect 'restored once' 00 "$(pattern "$disk" "$format")"
    shown platter snapshot restore vm-1G/disk@before --yes > /dev/null
    shown platter snapshot list vm-1G/disk
    shown platter image clone vm-1G/disk@before vm-clone/disk
    shown platter snapshot delete vm-1G/disk@before --yes
  else
    [ "$backend" = flat ] || fail 'snapshots failed'
    echo "(flat images have snapshots only on XFS and btrfs)"
  fi
  shown platter image resize vm-1G/disk --size +1G
  sound "$disk" "$format"
  shown platter image flatten vm-1G/disk
  sound "$disk" "$format"
  shown platter image export vm-1G/disk "$work/$backend-export.qcow2" --format qcow2
  sound "$work/$backend-export.qcow2" qcow2
  rm "$work/$backend-export.qcow2"
  shown platter image list
  for image in $(platter image list --json | node -p 'JSON.parse(require("fs").readFileSync(0)).map((i) => `${i.instance}/${i.disk}`).join(" ")'); do
    shown platter image delete "$image" --yes
  done
}

instances=$work/instances
shown platter template add demo "$work/template.qcow2" --sha256 "$sum"
say "qcow2 disks"
life qcow2 qcow2
say "flat disks on $(stat -f -c %T "$work")"
life flat raw
shown platter template delete demo --yes

if [ "$(id -u)" -eq 0 ]; then
  truncate -s 2G "$work/xfs.img"
  mkfs.xfs -q -m reflink=1 "$work/xfs.img"
  mkdir "$work/xfs"
  if mount -o loop "$work/xfs.img" "$work/xfs" 2> /dev/null; then
    mounted=$work/xfs
    instances=$work/xfs/instances
    say "flat disks on XFS: reflinks and snapshots"
    shown platter template add demo "$work/template.raw"
    life flat raw
    shown platter template delete demo --yes
  else
    say "no loop mount here: the part on XFS is left out"
  fi
else
  say "not root: the part on XFS is left out"
fi

# But for the space that platter keeps back for when there is none.
left=$(find "$instances" -type f ! -name .platter-reserve)
[ -z "$left" ] || fail "something was left behind: $left"
say "done: every disk was sound, and nothing was left behind"
