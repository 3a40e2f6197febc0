#!/bin/bash
# Records what cryptsetup does with plain dm-crypt maps, topic by topic, into fixtures/cryptsetup-2.6: scripts/record/cryptsetup.sh [TOPIC…]
# Runs in the VM of scripts/lab/lvm. REC_VERBOSE=1 shows the entries as they come.
# shellcheck disable=SC2016 # what single quotes hold is for another shell
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=fixtures/cryptsetup-2.6
. scripts/record/lib.sh

quiet() { "$@" > /dev/null 2>&1; }
readonly plain=(--cipher=aes-xts-plain64 --key-size=512 --key-file=-)
# A key as Nova hands it over: hexadecimal text, without an end of line.
key() { printf "%128s" "${2:-}" | tr ' ' "$1" > "/tmp/key$1"; }
volumes() {
  key a; key b
  printf short > /tmp/short
  quiet pvcreate /dev/vda
  quiet vgcreate vg0 /dev/vda
  quiet lvcreate -y -L 33554432b -n vm1_disk vg0
  quiet lvcreate -y -L 33554432b -n vm2_disk vg0
}

topic_plain() {
  volumes
  rec 'version' -- cryptsetup --version
  rec 'create' -i /tmp/keya -- cryptsetup create vm1_disk-dmcrypt /dev/vg0/vm1_disk "${plain[@]}"
  rec 'node' -- ls -l /dev/mapper
  rec 'status' -- cryptsetup status vm1_disk-dmcrypt
  rec 'dmsetup info' -- dmsetup info vm1_disk-dmcrypt
  rec 'dmsetup info, columns' -- dmsetup info -c --noheadings --separator ' ' -o name,uuid,open,suspended vm1_disk-dmcrypt
  rec 'dmsetup info of a missing' -- dmsetup info nope-dmcrypt
  rec 'dmsetup table' -n 'the key is not shown' -- dmsetup table vm1_disk-dmcrypt
  rec 'size' -n 'no header: as large as the volume' -- blockdev --getsize64 /dev/mapper/vm1_disk-dmcrypt
  rec 'create again' -i /tmp/keya -- cryptsetup create vm1_disk-dmcrypt /dev/vg0/vm1_disk "${plain[@]}"
  rec 'create again, another device' -i /tmp/keya -- cryptsetup create vm1_disk-dmcrypt /dev/vg0/vm2_disk "${plain[@]}"
  rec 'a second map of the same device' -n 'two maps of one device: refused or not?' -i /tmp/keya -- cryptsetup create other /dev/vg0/vm1_disk "${plain[@]}"
  rec 'maps' -- dmsetup ls
  quiet cryptsetup close other
  rec 'the volume is open now' -- lvs --reportformat json -o lv_name,lv_attr,lv_device_open vg0
  rec 'lvremove of the volume below' -- lvremove -f vg0/vm1_disk
  rec 'remove' -- cryptsetup remove vm1_disk-dmcrypt
  rec 'remove again' -- cryptsetup remove vm1_disk-dmcrypt
  rec 'close of an absent' -- cryptsetup close nope
  rec 'status of an absent' -- cryptsetup status vm1_disk-dmcrypt
  rec 'open, the newer spelling' -i /tmp/keya -- cryptsetup open --type plain /dev/vg0/vm1_disk vm1_disk-dmcrypt "${plain[@]}"
  rec 'close' -- cryptsetup close vm1_disk-dmcrypt
  rec 'no device' -i /tmp/keya -- cryptsetup create x /dev/vg0/nope "${plain[@]}"
  rec 'a file as device' -n 'made into a loop device by itself' -i /tmp/keya -- bash -c 'truncate -s 16M /tmp/file; cryptsetup create f /tmp/file --cipher=aes-xts-plain64 --key-size=512 --key-file=-; losetup -a; cryptsetup close f; losetup -a'
  rec 'bad name' -i /tmp/keya -- cryptsetup create a/b /dev/vg0/vm1_disk "${plain[@]}"
  rec 'empty name' -i /tmp/keya -- cryptsetup create '' /dev/vg0/vm1_disk "${plain[@]}"
  rec 'name of 128 characters' -i /tmp/keya -- cryptsetup create "$(printf 'x%.0s' {1..128})" /dev/vg0/vm1_disk "${plain[@]}"
  rec 'unknown option' -i /tmp/keya -- cryptsetup create x /dev/vg0/vm1_disk --nonsense
  rec 'unknown action' -- cryptsetup nonsense
  rec 'unknown cipher' -i /tmp/keya -- cryptsetup create x /dev/vg0/vm1_disk --cipher=nope-xts-plain64 --key-size=512 --key-file=-
  rec 'bad key size' -i /tmp/keya -- cryptsetup create x /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=100 --key-file=-
  rec 'key size of no AES' -i /tmp/keya -- cryptsetup create x /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=1024 --key-file=-
  rec 'maps left' -- dmsetup ls
  rec 'as another user' -i /tmp/keya -- setpriv --reuid 65534 --clear-groups cryptsetup create x /dev/vg0/vm1_disk "${plain[@]}"
}

topic_keys() {
  volumes
  local sum='dd if=/dev/mapper/m bs=4096 count=16 status=none | sha256sum'
  quiet cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}" < /tmp/keya
  tr '\0' P < /dev/zero | quiet dd of=/dev/mapper/m bs=4096 count=16 iflag=fullblock oflag=direct
  rec 'what was written' -- bash -c "$sum"
  rec 'what stands on the volume' -- bash -c 'dd if=/dev/vg0/vm1_disk bs=4096 count=16 status=none | tr -cd P | wc -c'
  quiet cryptsetup close m
  rec 'another key is not noticed' -n 'plain mode: status 0, other content' -i /tmp/keyb -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  rec 'content with the wrong key' -- bash -c "$sum"
  quiet cryptsetup close m
  printf 'a%.0s' {1..64} > /tmp/exact
  rec 'only the first 64 bytes of the key' -n 'is the text cut at the key size (512 bit), or hashed whole?' -i /tmp/exact -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  rec 'content' -- bash -c "$sum"
  quiet cryptsetup close m
  (cat /tmp/keya; echo) > /tmp/newline
  rec 'an end of line after the key' -i /tmp/newline -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  rec 'content' -- bash -c "$sum"
  quiet cryptsetup close m
  rec 'key from a file, not from standard input' -n 'not hashed: the first 64 bytes are the key' -- cryptsetup create m /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=512 --key-file=/tmp/keya
  rec 'content' -- bash -c "$sum"
  quiet cryptsetup close m
  rec 'key too short, from a file' -- cryptsetup create m /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=512 --key-file=/tmp/short
  quiet cryptsetup close m
  rec 'standard input, hash plain' -n 'the way to hand over the key itself' -i /tmp/exact -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}" --hash=plain
  rec 'content' -n 'as from the file' -- bash -c "$sum"
  quiet cryptsetup close m
  rec 'key of five bytes' -n 'accepted' -i /tmp/short -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  quiet cryptsetup close m
  rec 'no key' -i /dev/null -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  rec 'key with an end of line within' -i <(printf 'aaa\naaa%.0s' {1..20}) -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  quiet cryptsetup close m
  rec 'key with a zero byte' -i <(head -c 64 /dev/zero) -- cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}"
  quiet cryptsetup close m
  rec 'passphrase, not key file' -n 'the same map: from standard input a key file is hashed as a passphrase is' -i /tmp/keya -- cryptsetup create m /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=512
  rec 'content' -- bash -c "$sum"
  quiet cryptsetup close m
  rec 'without options' -i /tmp/keya -- cryptsetup create m /dev/vg0/vm1_disk
  rec 'defaults' -- cryptsetup status m
  quiet cryptsetup close m
  rec 'the key in the kernel' -n 'root can read it back' -i /tmp/keya -- bash -c 'cryptsetup create m /dev/vg0/vm1_disk --cipher=aes-xts-plain64 --key-size=512 --key-file=-; dmsetup table --showkeys m'
  quiet cryptsetup close m
}

topic_busy() {
  volumes
  quiet cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}" < /tmp/keya
  # shellcheck disable=SC2217 # it only holds it
  sleep 1000 < /dev/mapper/m &
  local opener=$!
  until [[ $(readlink "/proc/$opener/fd/0") == /dev/* ]]; do :; done
  rec 'remove, open' -- cryptsetup remove m
  rec 'still there' -- dmsetup info -c --noheadings -o name,open m
  rec 'close, deferred' -- cryptsetup close --deferred m
  rec 'it is there until its user is gone' -- dmsetup info -c --noheadings -o name,open m
  kill "$opener"
  wait "$opener" 2> /dev/null
  sleep 1
  rec 'gone' -- dmsetup info -c --noheadings -o name,open m
  quiet cryptsetup create m /dev/vg0/vm1_disk "${plain[@]}" < /tmp/keya
  rec 'grow the volume below' -- lvextend -L 67108864b vg0/vm1_disk
  rec 'the map does not grow by itself' -- blockdev --getsize64 /dev/mapper/m
  rec 'resize' -n 'asks for the key of a plain map?' -- cryptsetup resize m
  rec 'its size' -- blockdev --getsize64 /dev/mapper/m
  rec 'rename the volume below' -- lvrename vg0 vm1_disk vm9_disk
  rec 'status: the device below by its number' -- cryptsetup status m
  rec 'dependencies' -- dmsetup deps -o devname m
  rm /dev/mapper/m
  rec 'status, its node gone' -- cryptsetup status m
  rec 'remove, its node gone' -- cryptsetup remove m
  quiet lvchange -an vg0/vm2_disk
  rec 'create on an inactive volume' -i /tmp/keya -- cryptsetup create n /dev/vg0/vm2_disk "${plain[@]}"
  quiet lvchange -ay vg0/vm2_disk
  quiet lvchange -pr vg0/vm2_disk
  rec 'create on a read-only volume' -i /tmp/keya -- cryptsetup create n /dev/vg0/vm2_disk "${plain[@]}"
  rec 'its status' -- cryptsetup status n
  quiet cryptsetup close n
  quiet lvchange -prw vg0/vm2_disk
  rec_start one 'two at once' -i /tmp/keya -- cryptsetup create same /dev/vg0/vm2_disk "${plain[@]}"
  rec_start two 'two at once' -i /tmp/keya -- cryptsetup create same /dev/vg0/vm2_disk "${plain[@]}"
  rec_wait one
  rec_wait two
  quiet cryptsetup close same
  unset DM_DISABLE_UDEV
  rec 'without DM_DISABLE_UDEV and without udevd' -i /tmp/keya -w 'timeout -k 1 20' -- cryptsetup create u /dev/vg0/vm2_disk "${plain[@]}"
  rec 'node' -- ls /dev/mapper
}

# Killed before each of its effects: what is there then, what the same says again, and what takes it away.
topic_killed() {
  volumes
  local verb call count text command create=(cryptsetup create k /dev/vg0/vm2_disk "${plain[@]}")
  for verb in create remove; do
    if [[ $verb == create ]]; then command=("${create[@]}"); else command=(dmsetup remove --retry k); fi
    [[ $verb == create ]] || quiet "${create[@]}" < /tmp/keya
    strace -f -s 16 -e trace=ioctl,mknodat,symlink,unlink,rename -o /tmp/log "${command[@]}" < /tmp/keya > /dev/null 2>&1
    quiet dmsetup remove k
    effects /tmp/log > /tmp/events
    rec "$verb: its effects in their order" -- cat /tmp/events
    while read -r call count text; do
      [[ $verb == create ]] || quiet "${create[@]}" < /tmp/keya
      rec "$verb, killed before $text" -i /tmp/keya -w "strace -f -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$count" -- "${command[@]}"
      rec "$verb, killed before $text: maps" -- dmsetup info -c --noheadings -o name,suspended,tables_loaded,uuid
      rec "$verb, killed before $text: nodes" -- ls /dev/mapper
      rec "$verb, killed before $text: what it leans on" -- dmsetup deps -o devname k
      rec "$verb, killed before $text: what it is" -- dmsetup info -c --noheadings -o uuid,tables_loaded k
      rec "$verb, killed before $text: created again" -i /tmp/keya -- "${create[@]}"
      rec "$verb, killed before $text: cryptsetup remove" -- cryptsetup remove k
      rec "$verb, killed before $text: dmsetup remove" -- dmsetup remove --retry k
      rec "$verb, killed before $text: nodes after it" -- ls /dev/mapper
      quiet dmsetup remove k
    done < /tmp/events
  done
  rec 'dmsetup remove, absent' -- dmsetup remove --retry k
  quiet "${create[@]}" < /tmp/keya
  # shellcheck disable=SC2217 # it only holds it
  sleep 1000 < /dev/mapper/k &
  local opener=$!
  until [[ $(readlink "/proc/$opener/fd/0") == /dev/* ]]; do :; done
  rec 'dmsetup remove, open' -- dmsetup remove --retry k
  rec 'nodes: still there' -- ls /dev/mapper
  kill "$opener"
  wait "$opener" 2> /dev/null
  rec 'dmsetup remove' -- dmsetup remove --retry k
  rec 'nodes: gone' -- ls /dev/mapper
  quiet "${create[@]}" < /tmp/keya
  rec 'what it leans on' -- dmsetup deps -o devname k
  rm /dev/mapper/k
  rec 'its node, made anew' -- dmsetup mknodes k
  rec 'nodes: back' -- ls /dev/mapper
  rm /dev/mapper/k
  mknod /dev/mapper/k b 253 77
  rec 'its node, made anew where another stands' -- dmsetup mknodes k
  rec 'node: its own' -- bash -c '[ "$(stat -c %Hr:%Lr /dev/mapper/k)" = "$(dmsetup info -c --noheadings -o major,minor k)" ]'
  rec 'what it is' -- dmsetup info -c --noheadings -o uuid,tables_loaded k
  quiet dmsetup suspend k
  rec 'dmsetup remove, suspended' -w 'timeout -k 1 20' -- dmsetup remove --retry k
  quiet dmsetup create k --table '0 8 zero'
  rec 'what a device of others leans on' -- dmsetup deps -o devname k
  rec 'what a device of others is' -- dmsetup info -c --noheadings -o uuid,tables_loaded k
}

if [[ ${1-} == --inside ]]; then
  REC_RAW=$2
  set +e
  topic "$3"
  "topic_$3"
  exit 0
fi
if (($# == 0)); then set -- plain keys busy killed; fi
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
export LAB_REC_VERBOSE=${REC_VERBOSE-} # the name is one that the lab hands on
for name in "$@"; do
  begin=$SECONDS
  scripts/lab/lvm run --out "$raw" -- env REC_VERBOSE="$LAB_REC_VERBOSE" bash scripts/record/cryptsetup.sh --inside /out "$name"
  assemble "$raw" "$out"
  rm -rf "${raw:?}"/*
  echo "recorded $out/$name.json in $((SECONDS - begin)) s" >&2
done
