#!/bin/bash
# Records what an NFS client makes of what another one has done to names, into fixtures/nfs-6.1: scripts/record/nfs.sh
# One kernel in a VM (scripts/lab/lvm) is server and both clients: two mounts of one export that share no cache (nosharecache).
# Needs nfs-kernel-server on this host, whose programs the VM sees. REC_VERBOSE=1 shows the entries as they come.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=fixtures/nfs-6.1
. scripts/record/lib.sh
command -v rpc.nfsd > /dev/null || { echo 'record/nfs: apt-get install nfs-kernel-server' >&2; exit 69; }

serve() {
  mkfs.ext4 -q /dev/vda
  mkdir -p /srv/x /mnt/a /mnt/b
  mount /dev/vda /srv/x
  mount -t nfsd nfsd /proc/fs/nfsd
  mount -t tmpfs tmpfs /var/lib/nfs
  mkdir -p /var/lib/nfs/v4recovery /var/lib/nfs/sm
  touch /var/lib/nfs/{etab,rmtab}
  rpcbind -w
  echo '/srv/x *(rw,no_root_squash,fsid=1,sync,no_subtree_check)' > /etc/exports
  exportfs -ra
  rpc.mountd
  rpc.nfsd 4
}

n=0
# What is done at A, once B has done something to the workspace that A has made and looked at, in a directory of its own.
# at_a NAME CHANGE-AT-B COMMAND…: in CHANGE-AT-B and COMMAND %a and %b stand for that directory, seen by A and by B.
at_a() {
  local name=$1 change=$2 a b
  shift 2
  n=$((n + 1))
  a=/mnt/a/vm$n b=/mnt/b/vm$n
  mkdir -p "$a/work"
  echo disk > "$a/work/disk"
  ls "$a" "$a/work" > /dev/null
  stat "$a/work/disk" > /dev/null
  stat "$a/new" "$b/work" > /dev/null 2>&1
  eval "${change//%b/$b}"
  rec "$name" -n "${change//%b\//}" -- "${@//%a/$a}"
}

record() {
  local options=$1 take='mv %b/work %b/taken'
  mount -t nfs -o "vers=3,nolock,nosharecache$options" 127.0.0.1:/srv/x /mnt/a
  mount -t nfs -o "vers=3,nolock,nosharecache$options" 127.0.0.1:/srv/x /mnt/b
  rec 'the mount' -- grep ' /mnt/a ' /proc/self/mountinfo
  at_a 'look at a directory that was renamed' "$take" stat -c %F %a/work
  at_a 'list it' "$take" ls %a/work
  at_a 'list what it was in' "$take" ls %a
  at_a 'link a file out of it' "$take" ln %a/work/disk %a/disk
  at_a 'make a directory in it' "$take" mkdir %a/work/more
  at_a 'remove a file of it' "$take" rm %a/work/disk
  at_a 'rename it' "$take" mv -T %a/work %a/own
  at_a 'look at a directory that was removed' 'rm -r %b/work' stat -c %F %a/work
  at_a 'link a file out of a directory that was removed' 'rm -r %b/work' ln %a/work/disk %a/disk
  at_a 'look at what was made where nothing was' 'mkdir %b/new' stat -c %F %a/new
  at_a 'make what was made' 'mkdir %b/new' mkdir %a/new
  umount /mnt/a /mnt/b
}

if [[ ${1-} == --inside ]]; then
  REC_RAW=$2
  set +e
  serve > /dev/null 2>&1
  topic names-cached
  record ''
  topic names-not-cached
  record ,lookupcache=none
  topic attributes-not-cached
  record ,actimeo=0
  exit 0
fi
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
mkdir -p "$out"
export LAB_REC_VERBOSE=${REC_VERBOSE-} # the name is one that the lab hands on
LAB_MODULES='nfsd nfs nfsv3' scripts/lab/lvm run --out "$raw" -- env REC_VERBOSE="$LAB_REC_VERBOSE" bash scripts/record/nfs.sh --inside /out
assemble "$raw" "$out"
