#!/bin/bash
# Records what ploop does on a kernel without OpenVZ, topic by topic, into fixtures/ploop-1.15: scripts/record/ploop.sh [TOPIC…]
# Runs on this host as root, in a small file system of its own: ploop allocates what it grows, and does so till the disk is full. REC_VERBOSE=1 shows the entries as they come.
# shellcheck disable=SC2016 # what single quotes hold is for another shell
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=$PWD/fixtures/ploop-1.15
. scripts/record/lib.sh
command -v ploop > /dev/null || { echo 'record/ploop: apt-get install ploop' >&2; exit 69; }
REC_RAW=$(mktemp -d)
work=/tmp/platter-ploop # always the same, because it stands in the outputs
mkdir "$work"
mount -t tmpfs -o size=300M tmpfs "$work"
trap 'cd /; umount "$work"; rm -rf "$REC_RAW" "$work"' EXIT

quiet() { "$@" > /dev/null 2>&1; }
descriptor() { rec "the descriptor: $1" -- cat "$2/DiskDescriptor.xml"; }
# A directory D with a disk of 16 MiB in it; not recorded.
disk() {
  rm -rf "$1"
  mkdir "$1"
  truncate -s 16M "$1/root.hds"
  ploop restore-descriptor -f raw "$1" "$1/root.hds" > /dev/null 2>&1
}

topic_usage() {
  local verb
  rec 'version' -- dpkg-query -W -f '${Package} ${Version}\n' ploop libploop1
  rec 'no argument' -- ploop
  rec 'unknown command' -- ploop nonsense
  for verb in init mount umount check convert resize balloon snapshot snapshot-delete snapshot-merge snapshot-switch snapshot-list start stop delete rm clear merge grow copy stat info list \
    restore-descriptor replace getdev tsnapshot fsck; do
    [[ $verb == list || $verb == getdev ]] || rec "usage of $verb" -n 'no argument' -- ploop "$verb"
  done
  rec 'list' -- ploop list
  rec 'getdev' -- ploop getdev
  rec 'prl_disk_tool is not in Debian' -- prl_disk_tool
  rec 'kernel module' -- modprobe ploop
}

topic_restore_descriptor() {
  mkdir d
  truncate -s 10M d/root.hds
  rec 'raw' -- ploop restore-descriptor -f raw d d/root.hds
  descriptor 'of a raw image of 10 MiB' d
  rec 'what is there' -- ls -l d
  rec 'image untouched' -- stat -c %s d/root.hds
  rec 'again, over an existing descriptor' -- ploop restore-descriptor -f raw d d/root.hds
  mkdir e
  truncate -s 10000000 e/root.hds
  rec 'size not of blocks' -n '10,000,000 bytes: no multiple of 512, nor of the cluster' -- ploop restore-descriptor -f raw e e/root.hds
  descriptor 'its size' e
  rec 'image grown or not' -- stat -c %s e/root.hds
  mkdir f
  truncate -s 10486272 f/root.hds
  rec 'one sector more than 10 MiB' -- ploop restore-descriptor -f raw f f/root.hds
  rec 'its descriptor' -- bash -c 'cat f/DiskDescriptor.xml; stat -c %s f/root.hds'
  mkdir g
  : > g/root.hds
  rec 'empty image' -- ploop restore-descriptor -f raw g g/root.hds
  rec 'its descriptor' -- bash -c 'cat g/DiskDescriptor.xml; stat -c %s g/root.hds'
  rec 'image missing' -- ploop restore-descriptor -f raw d d/nope.hds
  rec 'directory missing' -- ploop restore-descriptor -f raw nope d/root.hds
  rec 'image in another directory' -- ploop restore-descriptor -f raw e d/root.hds
  descriptor 'of an image elsewhere' e
  mkdir h
  truncate -s 10M h/root.hds
  rec 'no format' -- ploop restore-descriptor h h/root.hds
  rec 'format expanded on a raw image' -- ploop restore-descriptor -f expanded h h/root.hds
  rec 'format ploop1 on a raw image' -- ploop restore-descriptor -f ploop1 h h/root.hds
  rec 'format unknown' -- ploop restore-descriptor -f qcow2 h h/root.hds
  rec 'no descriptor was written' -- ls h
  rec 'block size' -- ploop restore-descriptor -f raw -b 1024 h h/root.hds
  descriptor 'with blocks of 512 KiB' h
  mkdir x y
  rec 'an expanded image of qemu-img' -- qemu-img create -f parallels -o cluster_size=1M x/exp.hds 10M
  cp x/exp.hds y
  rec 'format expanded' -- ploop restore-descriptor -f expanded x x/exp.hds
  descriptor 'of an expanded image' x
  rec 'no format, expanded image' -- bash -c 'rm x/DiskDescriptor.xml; ploop restore-descriptor x x/exp.hds'
  rec 'expanded image as raw' -n 'accepted: nobody looks' -- ploop restore-descriptor -f raw y y/exp.hds
  descriptor 'of an expanded image taken for raw' y
  mkdir ro
  truncate -s 1M ro/root.hds
  rec 'with a relative path' -- bash -c 'cd ro && ploop restore-descriptor -f raw . root.hds'
  rec 'path with a space and a quote' -- bash -c $'mkdir "a \'<&b" && truncate -s 1M "a \'<&b/root.hds" && ploop restore-descriptor -f raw "a \'<&b" "a \'<&b/root.hds" && cat "a \'<&b/DiskDescriptor.xml"'
  rec 'image name with markup' -- bash -c 'mkdir m && truncate -s 1M "m/a<&b.hds" && ploop restore-descriptor -f raw m "m/a<&b.hds" && cat m/DiskDescriptor.xml'
  rec 'image of 3 TiB' -- bash -c 'mkdir big && truncate -s 3T big/root.hds && ploop restore-descriptor -f raw big big/root.hds; cat big/DiskDescriptor.xml'
  mkdir full
  truncate -s 1M image
  rec 'no space for the descriptor' -- bash -c 'mount -t tmpfs -o size=64k tmpfs full; truncate -s 1M full/root.hds; head -c 64k /dev/zero > full/fill 2> /dev/null; ploop restore-descriptor -f raw full full/root.hds; s=$?; ls -l full | tail -n +2 | cut -d" " -f5-; umount full; exit $s'
}

topic_grow() {
  disk d
  rec 'raw image' -- ploop grow -s 32M -f raw d/root.hds
  rec 'its size' -- stat -c %s d/root.hds
  descriptor 'not changed: only the image was grown' d
  disk e
  rec 'by descriptor' -- ploop grow -s 32M e/DiskDescriptor.xml
  rec 'its size' -- stat -c %s e/root.hds
  descriptor 'changed or not' e
  rec 'same size' -- ploop grow -s 32M -f raw d/root.hds
  rec 'smaller' -- ploop grow -s 16M -f raw d/root.hds
  rec 'its size' -- stat -c %s d/root.hds
  rec 'size garbage' -- ploop grow -s 12zz -f raw d/root.hds
  rec 'size in plain number' -n 'sectors, or kilobytes?' -- ploop grow -s 131072 -f raw d/root.hds
  rec 'its size' -- stat -c %s d/root.hds
  rec 'not a whole cluster' -- ploop grow -s 70000K -f raw d/root.hds
  rec 'its size' -- stat -c %s d/root.hds
  rec 'image missing' -- ploop grow -s 32M -f raw d/nope.hds
  rec 'descriptor missing' -- ploop grow -s 32M nope/DiskDescriptor.xml
  rec 'no size' -- ploop grow -f raw d/root.hds
  rec 'raw image without -f raw' -- ploop grow -s 128M d/root.hds
  disk full
  printf 'the disk' | dd of=full/root.hds conv=notrunc status=none
  rec 'size and blocks before' -n 'sparse: 16 MiB, one page' -- stat -c '%s %b' full/root.hds
  rec 'grow, allocates or not' -- ploop grow -s 64M -f raw full/root.hds
  rec 'size and blocks' -- stat -c '%s %b' full/root.hds
  rec 'beyond the space there is' -n 'the file system has 300 MiB' -- ploop grow -s 1G -f raw full/root.hds
  rec 'size and blocks' -- stat -c '%s %b' full/root.hds
  rec 'content' -- head -c 8 full/root.hds
  rec 'space left' -- df --output=avail -B1 .
  rm -r full
  disk full2
  printf 'the disk' | dd of=full2/root.hds conv=notrunc status=none
  rec 'beyond the space there is, by descriptor' -- ploop grow -s 1G full2/DiskDescriptor.xml
  rec 'size and blocks' -- stat -c '%s %b' full2/root.hds
  rec 'content' -- head -c 8 full2/root.hds
  rec 'descriptor' -- cat full2/DiskDescriptor.xml
  rec 'what is left' -- ls full2
  rm -r full2
  rec 'the other way: truncate and restore-descriptor' -n 'sparse, and no more than needed' -- bash -c 'truncate -s 128M d/root.hds && rm d/DiskDescriptor.xml && ploop restore-descriptor -f raw d d/root.hds && stat -c "%s %b" d/root.hds'
  qemu-img create -q -f parallels -o cluster_size=1M exp.hds 16M
  rec 'expanded image of qemu-img' -- ploop grow -s 32M exp.hds
  rec 'its size then' -- qemu-img info -f parallels exp.hds
}

topic_disk() {
  disk d
  rec 'init' -n 'crashes without the kernel module?' -- ploop init -s 16M -f raw -t none new.hds
  rec 'what is left' -- ls -l
  rec 'init, expanded' -- ploop init -s 16M -f expanded -t none exp.hds
  rec 'init, preallocated' -- ploop init -s 16M -f preallocated -t none pre.hds
  rec 'init, version 1' -- ploop init -s 16M -f expanded -v 1 -t none v1.hds
  rec 'init with a file system' -- ploop init -s 16M -f raw -t ext4 fs.hds
  rec 'init again' -- ploop init -s 16M -f raw -t none d/root.hds
  rec 'what is left' -- ls
  rec 'info' -- ploop info d/DiskDescriptor.xml
  rec 'info -s' -- ploop info -s d/DiskDescriptor.xml
  rec 'info -d' -- ploop info -d d/DiskDescriptor.xml
  rec 'info, missing' -- ploop info nope/DiskDescriptor.xml
  rec 'snapshot-list' -- ploop snapshot-list d/DiskDescriptor.xml
  rec 'snapshot-list, fields' -- ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml
  rec 'snapshot-list, missing' -- ploop snapshot-list nope/DiskDescriptor.xml
  rec 'snapshot' -- ploop snapshot d/DiskDescriptor.xml
  rec 'snapshot with an identifier' -- ploop snapshot -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'what is there' -- ls -l d
  descriptor 'after the snapshot' d
  rec 'snapshot-list' -- ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml
  rec 'snapshot-switch' -- ploop snapshot-switch -u '{11111111-1111-1111-1111-111111111111}' d/DiskDescriptor.xml
  rec 'snapshot-switch, missing' -- ploop snapshot-switch -u '{22222222-2222-2222-2222-222222222222}' d/DiskDescriptor.xml
  rec 'snapshot-delete, missing' -- ploop snapshot-delete -u '{22222222-2222-2222-2222-222222222222}' d/DiskDescriptor.xml
  rec 'snapshot-delete' -- ploop snapshot-delete -u '{11111111-1111-1111-1111-111111111111}' d/DiskDescriptor.xml
  rec 'snapshot-merge' -- ploop snapshot-merge d/DiskDescriptor.xml
  rec 'check of the image' -- ploop check -R -b 2048 d/root.hds
  rec 'check of the descriptor' -- ploop check d/DiskDescriptor.xml
  rec 'check, missing' -- ploop check nope.hds
  rec 'resize' -- ploop resize -s 32M d/DiskDescriptor.xml
  rec 'convert' -- ploop convert -f expanded d/DiskDescriptor.xml
  rec 'mount' -- ploop mount d/DiskDescriptor.xml
  rec 'umount' -- ploop umount d/DiskDescriptor.xml
  rec 'stat' -- ploop stat -d /dev/ploop0
  rec 'locks left' -- ls -la d
  qemu-img create -q -f parallels -o cluster_size=1M e.hds 16M
  rec 'check of an expanded image of qemu-img' -- ploop check e.hds
  rec 'check of a damaged one' -- bash -c 'dd if=/dev/urandom of=e.hds bs=64 count=1 conv=notrunc status=none; ploop check e.hds'
}

# Snapshots work on a disk that is not mounted, without the kernel module. A delta is a parallels image that qemu can write.
topic_snapshots() {
  # shellcheck disable=SC2054
  local show=(ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml)
  top() { ploop snapshot-list -H -o current,fname d/DiskDescriptor.xml | sed -n 's/^\* *//p'; }
  disk d
  quiet qemu-io -f raw -c 'write -P 65 0 4M' d/root.hds
  rec 'first' -- ploop snapshot -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'identifier taken' -- ploop snapshot -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'identifier in braces' -- ploop snapshot -u '{22222222-2222-2222-2222-222222222222}' d/DiskDescriptor.xml
  rec 'identifier garbage' -- ploop snapshot -u xyz d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  descriptor 'with two snapshots' d
  rec 'a delta' -- qemu-img info -f parallels "$(top)"
  rec 'a delta is written' -- qemu-io -f parallels -c 'write -P 66 0 2M' "$(top)"
  rec 'info' -- ploop info -s d/DiskDescriptor.xml
  rec 'switch to the first' -n 'the top delta and what it holds are thrown away, the snapshot stays' -- ploop snapshot-switch -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'switch to it again' -- ploop snapshot-switch -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'switch to the top' -- ploop snapshot-switch -u 5fbaabe3-6958-40ff-92a7-860e329aab41 d/DiskDescriptor.xml
  rec 'delete a snapshot with two children' -- ploop snapshot-delete -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'delete a leaf' -- ploop snapshot-delete -u 22222222-2222-2222-2222-222222222222 d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'snapshot once more' -- ploop snapshot -u 55555555-5555-5555-5555-555555555555 d/DiskDescriptor.xml
  rec 'write into the top' -- qemu-io -f parallels -c 'write -P 67 1M 1M' "$(top)"
  rec 'delete it: merge of the top into the raw image' -- ploop snapshot-delete -u 55555555-5555-5555-5555-555555555555 d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'content: A, C, A' -- qemu-io -f raw -c 'read -P 65 0 1M' -c 'read -P 67 1M 1M' -c 'read -P 65 2M 2M' d/root.hds
  rec 'delete the only one' -- ploop snapshot-delete -u 5fbaabe3-6958-40ff-92a7-860e329aab41 d/DiskDescriptor.xml
  descriptor 'with none' d
  rec 'grow with a snapshot' -- bash -c 'ploop snapshot -u 33333333-3333-3333-3333-333333333333 d/DiskDescriptor.xml > /dev/null 2>&1; ploop grow -s 32M d/DiskDescriptor.xml'
  descriptor 'grown' d
  rec 'files' -- ls -l d
  rec 'switch to a smaller snapshot' -- ploop snapshot-switch -u 33333333-3333-3333-3333-333333333333 d/DiskDescriptor.xml
  rec 'size after' -- ploop info -s d/DiskDescriptor.xml
  rec 'merge all' -- ploop snapshot-merge -A d/DiskDescriptor.xml
  rec 'list' -- "${show[@]}"
  rec 'a snapshot in use' -n 'the lock is an flock on DiskDescriptor.xml.lck' -w 'flock d/DiskDescriptor.xml.lck timeout -k 1 5' -- ploop snapshot d/DiskDescriptor.xml
  qemu-img create -q -f parallels -o cluster_size=1M exp.hds 16M
  rec 'snapshot of a disk in expanded format' -- bash -c 'mkdir e && mv exp.hds e/root.hds && ploop restore-descriptor -f expanded e e/root.hds && ploop snapshot -u 44444444-4444-4444-4444-444444444444 e/DiskDescriptor.xml && ploop snapshot-list e/DiskDescriptor.xml'
  rec 'merge of it' -- ploop snapshot-merge e/DiskDescriptor.xml
  rec 'check of it' -- ploop check e/root.hds
}

# SIGKILL before each effect of a command, and what is left.
topic_killed() {
  local verb call count text number options
  prepare() {
    disk d
    quiet ploop snapshot -u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml
    quiet qemu-io -f parallels -c 'write -P 67 1M 1M' "$(ploop snapshot-list -H -o current,fname d/DiskDescriptor.xml | sed -n 's/^\* *//p')"
  }
  for verb in restore-descriptor snapshot snapshot-switch snapshot-merge grow; do
    case $verb in
      restore-descriptor) options=(-f raw n n/root.hds) ;;
      snapshot) options=(-u 22222222-2222-2222-2222-222222222222 d/DiskDescriptor.xml) ;;
      snapshot-switch) options=(-u 11111111-1111-1111-1111-111111111111 d/DiskDescriptor.xml) ;;
      snapshot-merge) options=(d/DiskDescriptor.xml) ;;
      grow) options=(-s 18M d/DiskDescriptor.xml) ;;
    esac
    rm -rf n; mkdir n; truncate -s 8M n/root.hds
    prepare
    strace -f -s 60 -e trace=openat,write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,unlink -o /tmp/ploop.strace."$$" ploop "$verb" "${options[@]}" > /dev/null 2>&1
    # Only effects on the disk's directory: by name, or by a descriptor above the standard ones.
    awk '{
        sub(/^[0-9]+ +/, ""); call = $0; sub(/\(.*/, "", call)
        if (call !~ /^[a-z_0-9]+$/) next
        count[call]++
        if (call == "openat" && !/O_CREAT/) next
        if (call ~ /^(write|pwrite64)$/ && /\((1|2),/) next
        what = call
        if (match($0, /[A-Za-z]*\.(xml|hds)[^" ,]*/)) what = what " " substr($0, RSTART, RLENGTH)
        print call, count[call], what
      }' /tmp/ploop.strace."$$" > /tmp/ploop.events."$$"
    rec "$verb: its effects in their order" -- cut -d ' ' -f 3- /tmp/ploop.events."$$"
    number=0
    while read -r call count text; do
      number=$((number + 1))
      # Writing megabytes block by block is one effect to us: the first two, and then every eighth.
      if [[ $call == pwrite64 ]] && ((count > 2 && count % 8)); then continue; fi
      rm -rf n; mkdir n; truncate -s 8M n/root.hds
      prepare
      rec "$verb, killed before effect $number ($text)" -w "strace -f -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$count" -- ploop "$verb" "${options[@]}"
      if [[ $verb == restore-descriptor ]]; then
        rec "$verb, killed before effect $number: left" -- bash -c 'ls -l n | tail -n +2 | cut -d " " -f 5-; tail -n 1 n/DiskDescriptor.xml'
      else
        rec "$verb, killed before effect $number: left" -- bash -c 'ls -l d | tail -n +2 | cut -d " " -f 5-; ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml; ploop info -s d/DiskDescriptor.xml'
      fi
      rec "$verb, killed before effect $number: again" -- ploop "$verb" "${options[@]}"
      [[ $verb == restore-descriptor ]] || rec "$verb, killed before effect $number: in the end" -- bash -c 'ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml; ls d; ploop check d/DiskDescriptor.xml'
    done < /tmp/ploop.events."$$"
  done
  rm -f /tmp/ploop.strace."$$" /tmp/ploop.events."$$"
}

# What it makes of descriptors that are damaged or foreign.
topic_descriptors() {
  disk d
  local good name
  good=$(< d/DiskDescriptor.xml)
  try() { rec "$1" -- ploop snapshot-list -H -o uuid,parent_uuid,current,fname d/DiskDescriptor.xml; }
  printf '%s' "${good:0:400}" > d/DiskDescriptor.xml
  try 'cut off'
  : > d/DiskDescriptor.xml
  try 'empty'
  printf '%s' "${good//Shot>/Shut>}" > d/DiskDescriptor.xml
  try 'no snapshot'
  printf '%s' "${good//root.hds/nope.hds}" > d/DiskDescriptor.xml
  try 'image missing'
  printf '%s' "${good//root.hds/\/etc\/passwd}" > d/DiskDescriptor.xml
  try 'image elsewhere'
  printf '%s' "${good//Plain/Compressed}" > d/DiskDescriptor.xml
  try 'type Compressed'
  printf '%s' "${good//Plain/Strange}" > d/DiskDescriptor.xml
  try 'unknown type'
  printf '%s' "${good//20480/abc}" > d/DiskDescriptor.xml
  try 'size not a number'
  printf '%s' "$good" | sed 's/<Shot>/<Shot><Extra>1<\/Extra>/' > d/DiskDescriptor.xml
  try 'unknown element'
  printf '%s' "$good" > d/DiskDescriptor.xml
  try 'good'
  printf '%s' "$good" | sed 's/<TopGUID>.*<\/TopGUID>/<TopGUID>{33333333-3333-3333-3333-333333333333}<\/TopGUID>/' > d/DiskDescriptor.xml
  try 'top that does not exist'
}

if (($# == 0)); then
  mapfile -t all < <(declare -F | sed -n 's/^declare -f topic_//p' | tr _ -)
  set -- "${all[@]}"
fi
cd "$work"
set +e
for name in "$@"; do
  rm -rf "${work:?}"/*
  topic "$name"
  "topic_${name//-/_}"
done
set -e
assemble "$REC_RAW" "$out"
