#!/usr/bin/env bash
# Passes the tests: types, lint, format, unused code, the dependency rules, and every suite, on the real qemu-img.
# --labs adds the suites that need a Ceph cluster and a virtual machine with LVM, which it starts by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh

labs=no
for argument in "$@"; do
  case $argument in
    --labs) labs=yes ;;
    *) fail "unknown argument $argument: usage: scripts/test.sh [--labs]" ;;
  esac
done

if [ "$(id -u)" -eq 0 ]; then
  need mkfs.xfs xfsprogs
  need filefrag e2fsprogs
  need genisoimage genisoimage
  need sgdisk gdisk
  need pgrep procps
  need strace strace
  need script bsdutils
  need bwrap bubblewrap
  need zsh zsh
  need fish fish
  need ploop ploop
fi
prepare
[ "$(id -u)" -eq 0 ] || say "not root: the suites that mount filesystems will fail; run as root, in a container for example"

say "types, lint, format, unused code"
npm run --silent check
say "tests"
npx vitest run --project unit --project sim --project inspector --project real
if [ "$labs" = yes ]; then
  say "LVM, in a virtual machine"
  LAB_TIMEOUT=${LAB_TIMEOUT:-3000} scripts/lab/lvm run -- npx vitest run --project lvm
  say "a real Ceph"
  CEPH_EXTRA='osd_client_watch_timeout = 12' scripts/lab/ceph run -- npx vitest run --project rbd
fi
