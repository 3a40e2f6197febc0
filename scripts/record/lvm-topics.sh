# Sourced by lvm.sh inside the VM: what is asked of LVM, a function a topic. `rec` and its friends are in lib.sh.
# shellcheck shell=bash disable=SC2016,SC2034,SC2054

readonly columns=lv_name,vg_name,lv_attr,lv_size,lv_uuid,origin,origin_size,pool_lv,lv_tags,lv_path,lv_dm_path,lv_active,lv_device_open,lv_layout,lv_role,data_percent,metadata_percent,snap_percent,copy_percent,lv_when_full,lv_health_status,lv_merging,lv_merge_failed,lv_snapshot_invalid,lv_skip_activation,lv_permissions,seg_monitor,segtype,chunk_size,thin_count,thin_id,zero,discards,transaction_id,lv_parent,lv_ancestors,lv_descendants,convert_lv,lv_time
readonly short=lv_name,lv_attr,lv_size,origin,pool_lv,lv_tags,lv_active,lv_device_open,data_percent,metadata_percent
readonly report=(--reportformat json --units b --nosuffix)

state() { rec "state: $1" -- lvs "${report[@]}" -o "$short" "${@:2}"; }
state_all() { rec "state, hidden ones too: $1" -- lvs -a "${report[@]}" -o "$short" "${@:2}"; }
group() { rec "volume group: $1" -- vgs "${report[@]}" -o vg_name,vg_size,vg_free,vg_extent_size,vg_free_count,vg_extent_count,vg_seqno,vg_attr,lv_count,snap_count,vg_tags "${@:2}"; }
# A volume group of 512 MiB, so that filling it is quick; not recorded.
small_group() { pvcreate -q --setphysicalvolumesize "${1:-512M}" /dev/vda > /dev/null && vgcreate -q vg0 /dev/vda > /dev/null; }
small_pool() { lvcreate -q -y --type thin-pool -L "${1:-256M}" --poolmetadatasize 4M -n pool vg0 "${@:2}" > /dev/null 2>&1; }
quiet() { "$@" > /dev/null 2>&1; }
# Keeps a device open, as a running guest does; `close_device` ends it.
open_device() {
  # shellcheck disable=SC2217 # it only holds it
  sleep 1000 < "$1" &
  opener=$!
  until [[ $(readlink "/proc/$opener/fd/0") == /dev/* ]]; do :; done
}
close_device() {
  kill "$opener"
  wait "$opener" 2> /dev/null
}

topic_basics() {
  rec 'version' -- lvm version
  rec 'no group yet' -- vgs "${report[@]}" -o vg_name,vg_free
  rec 'missing group' -- vgs "${report[@]}" -o vg_name,vg_free vg0
  rec 'lvs of a missing group' -- lvs "${report[@]}" -o lv_name vg0
  rec 'lvcreate in a missing group' -- lvcreate -y -L 104857600b -n a vg0
  rec 'pvcreate' -- pvcreate /dev/vda
  rec 'pvcreate again' -n 'no volume group uses it yet' -- pvcreate /dev/vda
  rec 'vgcreate' -- vgcreate vg0 /dev/vda
  rec 'vgcreate, group exists' -- vgcreate vg0 /dev/vda
  rec 'pvcreate on a device in use' -- pvcreate -y /dev/vda
  rec 'pvs' -- pvs "${report[@]}" -o pv_name,vg_name,pv_size,pv_free,pv_used,pv_attr,pv_missing,pv_uuid
  group 'empty'
  rec 'vgs of Nova' -- vgs --noheadings --nosuffix --separator '|' --units b -o vg_size,vg_free vg0
  rec 'lvs of an empty group' -- lvs "${report[@]}" -o lv_name,lv_size vg0
  rec 'lvs of Nova, empty group' -- lvs --noheadings -o lv_name vg0
  rec 'thick volume, exact extents' -- lvcreate -y -L 104857600b -n a vg0
  rec 'thick volume, rounded up' -n '100 MiB and one sector' -- lvcreate -y -L 104858112b -n b vg0
  rec 'size not a multiple of 512' -- lvcreate -y -L 104857601b -n c vg0
  rec 'size zero' -- lvcreate -y -L 0b -n c vg0
  rec 'size of one sector' -- lvcreate -y -L 512b -n one vg0
  rec 'size negative' -- lvcreate -y -L -5b -n c vg0
  rec 'size garbage' -- lvcreate -y -L 12zz -n c vg0
  rec 'size 2^63' -- lvcreate -y -L 9223372036854775808b -n c vg0
  rec 'size 2^53-512' -- lvcreate -y -L 9007199254740480b -n c vg0
  rec 'all extents' -- lvcreate -y -l 100%FREE -n rest vg0
  rec 'not an extent left' -- lvcreate -y -L 4194304b -n c vg0
  quiet lvremove -f vg0/rest
  rec 'insufficient space' -n 'the group is 4 GiB less one extent, 100 + 104 + 4 MiB taken' -- lvcreate -y -L 4294967296b -n c vg0
  rec 'name taken' -- lvcreate -y -L 4194304b -n a vg0
  rec 'name taken, larger than free space too' -- lvcreate -y -L 42949672960b -n a vg0
  rec 'lvs, all columns' -- lvs -a "${report[@]}" -o "$columns" vg0
  rec 'lvs of one, by name' -- lvs "${report[@]}" -o "$short" vg0/a
  rec 'lvs of one, by device path' -- lvs "${report[@]}" -o "$short" /dev/vg0/a
  rec 'lvs of one, by mapper path' -- lvs "${report[@]}" -o "$short" /dev/mapper/vg0-a
  rec 'lvs of Nova, by device path' -- lvs --noheadings --separator '|' -o vg_name,lv_name /dev/vg0/a
  rec 'lvs of a missing volume' -- lvs "${report[@]}" -o "$short" vg0/nope
  rec 'lvs of a missing device path' -- lvs "${report[@]}" -o "$short" /dev/vg0/nope
  rec 'lvs of a path that is no volume' -- lvs "${report[@]}" -o "$short" /dev/vda
  rec 'lvs of two, one missing' -- lvs "${report[@]}" -o lv_name,lv_size vg0/a vg0/nope
  rec 'lvs with selection' -- lvs "${report[@]}" -o lv_name,lv_size -S 'lv_name=~^a' vg0
  rec 'lvs with selection, none' -n 'the way to ask for one volume with exit status 0 for absent' -- lvs "${report[@]}" -o lv_name,lv_size -S 'lv_name=nope' vg0
  rec 'lvs of group and volumes in one process' -- lvs "${report[@]}" -o lv_name,lv_size,vg_free,vg_extent_size,vg_seqno vg0
  rec 'full report of a group' -- lvm fullreport "${report[@]}" vg0 --configreport vg -o vg_name,vg_free --configreport lv -o lv_name,lv_size --configreport pv -o pv_name --configreport pvseg -o pvseg_start --configreport seg -o lv_name
  rec 'size of the device' -- blockdev --getsize64 /dev/vg0/a
  rec 'size of a missing device' -- blockdev --getsize64 /dev/vg0/nope
  rec 'device nodes' -- ls -l /dev/vg0 /dev/mapper
  rec 'device-mapper' -- dmsetup table
  dd if=/dev/zero bs=1M count=1 2> /dev/null | tr '\0' x > /dev/vg0/b
  quiet mkfs.ext4 -q /dev/vg0/a
  quiet lvremove -f vg0/a
  rec 'old signature found, without -y' -n 'a freed extent with an ext4 signature; standard input is empty' -- lvcreate -L 104857600b -n a vg0
  state 'after the prompt was not answered' vg0
  quiet lvremove -f vg0/a
  rec 'old signature found, with -y' -- lvcreate -y -L 104857600b -n a vg0
  quiet mkfs.ext4 -q /dev/vg0/a
  quiet lvremove -f vg0/a
  rec 'old signature, -Wn' -n 'wipe nothing but zero the first 4 KiB' -- lvcreate -y -Wn -L 104857600b -n a vg0
  quiet lvremove -f vg0/a
  rec 'old signature, -Wn -Zn' -- lvcreate -y -Wn -Zn -L 104857600b -n a vg0
  rec 'verbose lvcreate' -n 'the order of its steps' -- lvcreate -v -y -L 8388608b -n verbose vg0
  rec 'without -n' -- lvcreate -y -L 4194304b vg0
  rec 'size in extents' -- lvcreate -y -l 3 -n ext vg0
  rec 'inactive' -- lvcreate -y -an -L 4194304b -n inactive vg0
  rec 'inactive, nothing to zero' -- lvcreate -y -an -Zn -Wn -L 4194304b -n inactive vg0
  rec 'read-only' -- lvcreate -y -pr -L 4194304b -n ro vg0
  rec 'tagged' -- lvcreate -y --addtag platter --addtag 'platter.for=vm1' -L 4194304b -n tagged vg0
  rec 'tag of all sorts' -- lvcreate -y --addtag 'a-zA-Z0-9_+.-/=!:&#' -L 4194304b -n tagged2 vg0
  rec 'tag that is not allowed' -- lvcreate -y --addtag 'with space' -L 4194304b -n tagged3 vg0
  rec 'long tag' -n '129 characters' -- lvcreate -y --addtag "$(printf 'x%.0s' {1..129})" -L 4194304b -n tagged4 vg0
  state 'at the end' vg0
  rec 'lvs selected by tag' -- lvs "${report[@]}" -o lv_name,lv_tags @platter
  rec 'lvs selected by tag, other spelling' -- lvs "${report[@]}" -o lv_name,lv_tags -S 'lv_tags={platter}' vg0
  rec 'lvs of all groups' -- lvs "${report[@]}" -o vg_name,lv_name
  rec 'text report for comparison' -- lvs -a
  group 'at the end'
  exec 7< /dev/null
  rec 'descriptor left open' -n 'inherited from a careless parent: a warning on standard error, status 0' -- lvs --noheadings -o lv_name vg0/a
  exec 7<&-
}

topic_names() {
  local name
  small_group 4G
  for name in a-b 'a--b' a.b a_b a+b _a 1a vm1_disk vm1_disk__config 550e8400-e29b-41d4-a716-446655440000_disk; do
    rec "good name $name" -- lvcreate -y -L 4194304b -n "$name" vg0
  done
  rec 'nodes of the good names' -n 'a hyphen is doubled in /dev/mapper' -- ls /dev/vg0 /dev/mapper
  for name in vm1_tdata vm1_tmeta vm1_cdata vm1_cmeta vm1_corig vm1_mimage vm1_mlog vm1_rimage vm1_rmeta vm1_pmspare vm1_vdata vm1_vorigin vm1_imeta vm1_iorig vm1_wcorig vm1_cvol \
    'x_tmeta_y' snapshot1 snapshotX snapshot pvmove0 pvmoveX . .. -a a@b a:b 'a b' a/b 'ä' 'a#b' 'a[b' lvol0_pmspare; do
    rec "other name $name" -- lvcreate -y -L 4194304b -n "$name" vg0
  done
  rec 'empty name' -- lvcreate -y -L 4194304b -n '' vg0
  for length in 100 122 123 124 125 126 127 128 129; do
    name=$(printf 'x%.0s' $(seq "$length"))
    rec "name of $length characters" -n 'a group of 3 characters: the device-mapper name is vg0-NAME and is 127 at most' -- lvcreate -y -L 4194304b -n "$name" vg0
  done
  name=$(printf 'y-%.0s' $(seq 45))
  rec 'name of 90 characters, half of them hyphens' -n '135 characters when the hyphens are doubled' -- lvcreate -y -L 4194304b -n "$name" vg0
  rec 'rename to a reserved name' -- lvrename vg0 a.b vm1_tdata
  rec 'rename to a bad name' -- lvrename vg0 a.b 'a@b'
  rec 'rename to a long name' -- lvrename vg0 a.b "$(printf 'x%.0s' {1..128})"
  rec 'lvs of a bad name' -- lvs vg0/a@b
  rec 'lvs of a reserved name' -- lvs vg0/vm1_tdata
  rec 'lvs of the names' -- lvs --noheadings -o lv_name vg0
  rec 'group name with a slash' -- lvs 'vg0/a/b'
  rec 'bad group name' -- vgs 'v@g'
}

topic_rename_resize() {
  small_group 4G
  quiet lvcreate -y -L 8388608b -n a vg0
  quiet lvcreate -y -L 8388608b -n b vg0
  quiet lvcreate -y -an -Zn -L 8388608b -n idle vg0
  group 'before'
  rec 'rename' -- lvrename vg0 a c
  group 'after one rename'
  rec 'nodes after a rename' -- ls /dev/vg0 /dev/mapper
  rec 'rename, by paths' -- lvrename /dev/vg0/c /dev/vg0/a
  rec 'rename, by group/name' -- lvrename vg0/a vg0/a2
  quiet lvrename vg0 a2 a
  rec 'rename, target exists' -- lvrename vg0 a b
  rec 'rename, source missing' -- lvrename vg0 nope x
  rec 'rename, source missing and target exists' -n 'as when it was done already' -- lvrename vg0 nope b
  rec 'rename to itself' -- lvrename vg0 a a
  rec 'rename, group missing' -- lvrename nope a b
  rec 'rename of an inactive volume' -- lvrename vg0 idle idle2
  open_device /dev/vg0/a
  rec 'rename of an open volume' -- lvrename vg0 a open
  state 'the renamed volume is open' vg0
  rec 'the opener follows' -- bash -c "cat /sys/dev/block/\$(stat -L -c '%Hr:%Lr' /proc/$opener/fd/0)/dm/name"
  rec 'grow an open volume' -- lvextend -L 16777216b vg0/open
  rec 'its device' -- blockdev --getsize64 /dev/vg0/open
  close_device
  rec 'grow' -- lvextend -L 20971520b vg0/b
  rec 'device after growth' -- blockdev --getsize64 /dev/vg0/b
  rec 'grow to the same size' -- lvextend -L 20971520b vg0/b
  rec 'grow to a smaller size' -- lvextend -L 8388608b vg0/b
  rec 'grow by one sector' -n 'rounded up to an extent' -- lvextend -L 20972032b vg0/b
  rec 'grow, rounded up to the size it has' -n '24 MiB asked as 24 MiB less one sector' -- lvextend -L 25165312b vg0/b
  rec 'grow by an amount' -- lvextend -L +4194304b vg0/b
  rec 'grow, size not of sectors' -- lvextend -L 41943041b vg0/b
  rec 'grow beyond the group' -- lvextend -L 42949672960b vg0/b
  rec 'grow a missing volume' -- lvextend -L 41943040b vg0/nope
  rec 'grow an inactive volume' -- lvextend -L 16777216b vg0/idle2
  rec 'lvresize, larger' -- lvresize -L 33554432b vg0/b
  rec 'lvresize, smaller, not forced' -n 'standard input is empty' -- lvresize -L 8388608b vg0/b
  rec 'lvreduce, not forced' -- lvreduce -L 8388608b vg0/b
  rec 'lvreduce of an inactive volume, not forced' -- lvreduce -L 8388608b vg0/idle2
  rec 'lvreduce -f' -- lvreduce -f -L 8388608b vg0/b
  rec 'lvreduce to the same size' -- lvreduce -f -L 8388608b vg0/b
  rec 'lvreduce to a larger size' -- lvreduce -f -L 83886080b vg0/b
  state 'at the end' vg0
  rec 'freshly added extents keep what was there' -n 'growth does not zero: 8 MiB of x written, volume removed, another grown into its place' -- \
    bash -c 'lvcreate -y -q -l 2 -n w vg0 && tr "\0" x < /dev/zero | dd of=/dev/vg0/w bs=1M count=8 iflag=fullblock oflag=direct 2>/dev/null; lvremove -q -f vg0/w; lvcreate -y -q -l 1 -n v vg0; lvextend -q -l 2 vg0/v; dd if=/dev/vg0/v bs=1M 2>/dev/null | tr -d "\0" | wc -c'
  rec 'verbose rename' -- lvrename -v vg0 b b2
  rec 'verbose growth' -- lvextend -v -L 50331648b vg0/b2
}

topic_remove() {
  small_group 4G
  group 'before'
  for name in a b c d e f g; do quiet lvcreate -y -L 8388608b -n "$name" vg0; done
  group 'with seven volumes'
  rec 'remove' -- lvremove -f vg0/a
  group 'one removed'
  rec 'remove again' -- lvremove -f vg0/a
  rec 'remove by path, absent' -- lvremove -f /dev/vg0/a
  rec 'remove, group missing' -- lvremove -f nope/a
  rec 'remove by path' -- lvremove -f /dev/vg0/b
  rec 'remove, not forced' -n 'standard input is empty' -- lvremove vg0/c
  rec 'remove -y' -- lvremove -y vg0/c
  open_device /dev/vg0/d
  rec 'remove, open' -- lvremove -f vg0/d
  rec 'remove -ff, open' -- lvremove -ff vg0/d
  state 'still there' vg0
  rec 'open count' -- dmsetup info -c --noheadings -o name,open vg0-d
  rec 'remove two, one open' -- lvremove -f vg0/d vg0/e
  close_device
  state 'the other was not tried' vg0
  rec 'remove two, one absent' -- lvremove -f vg0/nope vg0/e
  state 'after' vg0
  mkdir -p /tmp/m
  quiet mkfs.ext4 -q /dev/vg0/f
  quiet lvcreate -y -L 8388608b -n f vg0
  quiet mkfs.ext4 -q /dev/vg0/f
  quiet mount /dev/vg0/f /tmp/m
  rec 'remove, mounted' -- lvremove -f vg0/f
  umount /tmp/m
  echo 0 8192 linear /dev/vg0/g 0 | dmsetup create on-top
  rec 'remove, another device-mapper device on top' -- lvremove -f vg0/g
  rec 'deactivate, another device on top' -- lvchange -an vg0/g
  dmsetup remove on-top
  quiet lvchange -an vg0/g
  rec 'remove, inactive' -- lvremove -f vg0/g
  quiet lvcreate -y -pr -L 8388608b -n ro vg0
  rec 'remove, read-only' -- lvremove -f vg0/ro
  quiet lvcreate -y -L 8388608b -n n vg0
  rm /dev/vg0/n /dev/mapper/vg0-n
  rec 'remove, its nodes gone' -- lvremove -f vg0/n
  quiet lvcreate -y -L 8388608b -n n1 vg0
  quiet lvcreate -y -L 8388608b -n n2 vg0
  rec 'remove the group by mistake' -n 'a group name alone removes every volume in it' -- lvremove -f vg0
  state 'nothing left' vg0
  rec 'remove with an empty name' -- lvremove -f vg0/
  group 'at the end'
}

topic_attributes() {
  small_group 4G
  quiet lvcreate -y -L 8388608b -n a vg0
  rec 'deactivate' -- lvchange -an vg0/a
  rec 'deactivate again' -- lvchange -an vg0/a
  state 'inactive' vg0/a
  rec 'no node' -- ls /dev/vg0/a /dev/mapper/vg0-a
  rec 'activate' -- lvchange -ay vg0/a
  rec 'activate again' -- lvchange -ay vg0/a
  open_device /dev/vg0/a
  rec 'deactivate, open' -- lvchange -an vg0/a
  state 'open' vg0/a
  close_device
  rec 'read-only' -- lvchange -pr vg0/a
  state 'read-only' vg0/a
  rec 'read-only again' -- lvchange -pr vg0/a
  rec 'write to a read-only volume' -- dd if=/dev/zero of=/dev/vg0/a bs=4096 count=1 oflag=direct
  rec 'the kernel says' -- blockdev --getro /dev/vg0/a
  rec 'writable' -- lvchange -prw vg0/a
  rec 'writable again' -- lvchange -prw vg0/a
  rec 'add a tag' -- lvchange --addtag platter vg0/a
  rec 'add it again' -- lvchange --addtag platter vg0/a
  rec 'add two, take one' -- lvchange --addtag x --addtag y --deltag platter vg0/a
  rec 'take an absent tag' -- lvchange --deltag nope vg0/a
  state 'tagged' vg0/a
  group 'after tags'
  rec 'tags and permission in one' -- lvchange -pr --addtag z vg0/a
  state 'after both' vg0/a
  rec 'activation and a tag in one' -- lvchange -an --addtag w vg0/a
  state 'after both' vg0/a
  rec 'skip activation' -- lvchange -ky vg0/a
  rec 'activate, skipped' -n 'status 0 and nothing done' -- lvchange -ay vg0/a
  state 'skipped' vg0/a
  rec 'activate, skip ignored' -- lvchange -ay -K vg0/a
  state 'active' vg0/a
  rec 'skip no more' -- lvchange -kn vg0/a
  rec 'missing volume' -- lvchange -ay vg0/nope
  rec 'missing group' -- lvchange -ay nope/a
  rec 'the whole group off' -- vgchange -an vg0
  rec 'the whole group on' -- vgchange -ay vg0
  rec 'the group, a tag' -- vgchange --addtag platter vg0
  group 'tagged'
  open_device /dev/vg0/a
  rec 'read-only while open for reading' -- lvchange -prw vg0/a
  rec 'read-only while open' -- lvchange -pr vg0/a
  state 'read-only while open' vg0/a
  close_device
}

topic_locks() {
  small_group 4G
  quiet lvcreate -y -L 8388608b -n a vg0
  mkdir -p /run/lock/lvm
  flock /run/lock/lvm/V_vg0 sleep 1000 &
  local holder=$!
  sleep 0.5
  rec 'lock files' -- ls -l /run/lock/lvm
  rec 'report while the group is locked' -n 'waits too, without a limit' -w 'timeout -k 1 5' -- lvs vg0
  rec 'creation while the group is locked' -w 'timeout -k 1 5' -- lvcreate -y -L 8388608b -n b vg0
  rec 'no waiting' -- lvcreate -y --config 'global{wait_for_locks=0}' -L 8388608b -n b vg0
  rec 'report, no waiting' -- lvs --config 'global{wait_for_locks=0}' vg0
  rec 'report without locks' -- lvs --config 'global{locking_type=4}' --noheadings -o lv_name vg0
  rec 'report, --nolocking' -- lvs --nolocking --noheadings -o lv_name vg0
  rec 'report, --readonly' -- lvs --readonly --noheadings -o lv_name vg0
  rec 'blockdev needs no lock' -- blockdev --getsize64 /dev/vg0/a
  rec_start waiter 'creation that waits' -- lvcreate -y -L 8388608b -n c vg0
  sleep 2
  pkill -P "$holder" sleep # flock ends with its child
  wait "$holder" 2> /dev/null
  rec_wait waiter
  state 'made when the lock was free' vg0
  rec_start one 'two at once' -- lvcreate -y -L 8388608b -n r1 vg0
  rec_start two 'two at once' -- lvcreate -y -L 8388608b -n r2 vg0
  rec_wait one
  rec_wait two
  rec_start one 'two at once, same name' -- lvcreate -y -L 8388608b -n same vg0
  rec_start two 'two at once, same name' -- lvcreate -y -L 8388608b -n same vg0
  rec_wait one
  rec_wait two
  rec_start one 'two renames at once to one name' -- lvrename vg0 r1 winner
  rec_start two 'two renames at once to one name' -- lvrename vg0 r2 winner
  rec_wait one
  rec_wait two
  rec_start one 'create and remove at once' -- lvremove -f vg0/same
  rec_start two 'create and remove at once' -- lvcreate -y -L 8388608b -n same vg0
  rec_wait one
  rec_wait two
  state 'at the end' vg0
  flock /run/lock/lvm/V_vg0 sleep 1000 &
  holder=$!
  sleep 0.5
  rec 'interrupted while it waits' -w 'timeout -s INT -k 1 3' -- lvcreate -y -L 8388608b -n i vg0
  rec 'terminated while it waits' -w 'timeout -s TERM -k 1 3' -- lvcreate -y -L 8388608b -n i vg0
  pkill -P "$holder" sleep
  wait "$holder" 2> /dev/null
  rm -rf /run/lock/lvm
  touch /run/lock/lvm
  rec 'lock directory unusable' -- lvcreate -y -L 8388608b -n z vg0
  rm -f /run/lock/lvm
  rec 'as another user' -- setpriv --reuid 65534 --clear-groups lvs vg0
  rec 'creation as another user' -- setpriv --reuid 65534 --clear-groups lvcreate -y -L 8388608b -n z vg0
}

topic_missing_pv() {
  truncate -s 512M /tmp/pv2
  losetup /dev/loop0 /tmp/pv2
  quiet pvcreate --setphysicalvolumesize 512M /dev/vda
  quiet pvcreate /dev/loop0
  quiet vgcreate vg0 /dev/vda /dev/loop0
  quiet lvcreate -y -L 100M -n on1 vg0 /dev/vda
  quiet lvcreate -y -L 100M -n on2 vg0 /dev/loop0
  quiet lvcreate -y -l 100%FREE -n both vg0
  group 'whole'
  quiet vgchange -an vg0
  losetup -d /dev/loop0
  rec 'group with a device missing' -- vgs "${report[@]}" -o vg_name,vg_attr,vg_free,vg_missing_pv_count
  rec 'volumes' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_size,lv_health_status,vg_attr vg0
  rec 'devices' -- pvs "${report[@]}" -o pv_name,pv_attr,pv_missing
  rec 'activate a whole one' -- lvchange -ay vg0/on1
  rec 'activate a missing one' -- lvchange -ay vg0/on2
  rec 'activate a half one' -- lvchange -ay vg0/both
  rec 'create' -- lvcreate -y -L 4M -n x vg0
  rec 'rename' -- lvrename vg0 on1 on1b
  rec 'remove a whole one' -- lvremove -f vg0/on1
  rec 'remove a missing one' -- lvremove -f vg0/on2
  rec 'add a tag' -- lvchange --addtag x vg0/on1
  losetup /dev/loop0 /tmp/pv2
  rec 'the device is back' -- vgs "${report[@]}" -o vg_name,vg_attr,vg_free,vg_missing_pv_count
  rec 'volumes' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_health_status vg0
  quiet vgchange -an vg0
  dd if=/dev/urandom of=/dev/loop0 bs=4096 count=256 status=none
  rec 'metadata of one device destroyed' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_health_status vg0
  losetup -d /dev/loop0
  dd if=/dev/urandom of=/dev/vda bs=4096 count=256 status=none
  rec 'no device left' -- lvs "${report[@]}" -o lv_name,lv_attr vg0
}

topic_nodes() {
  small_group 4G
  quiet lvcreate -y -L 8388608b -n a vg0
  rec 'nodes' -- ls -l /dev/vg0 /dev/mapper /dev/dm-0
  rm /dev/vg0/a
  rec 'lvs by path, link gone' -n 'resolved by name, not by node' -- lvs "${report[@]}" -o lv_name /dev/vg0/a
  rec 'vgmknodes' -- vgmknodes vg0
  rec 'back' -- ls /dev/vg0
  rm /dev/mapper/vg0-a
  rec 'dmsetup mknodes' -- dmsetup mknodes
  rec 'activation again' -- lvchange -ay vg0/a
  rm -f /dev/mapper/vg0-a /dev/vg0/a
  rec 'activation when the nodes are gone' -- lvchange -ay vg0/a
  rec 'back or not' -- ls /dev/vg0/a /dev/mapper/vg0-a
  quiet lvremove -f vg0/a
  mkdir -p /dev/vg0
  : > /dev/vg0/b
  rec 'a file where the node is to be' -n 'somebody wrote to /dev/vg0/b when there was no volume: a file in the memory of devtmpfs' -- lvcreate -y -L 8388608b -n b vg0
  rec 'what is there now' -- ls -l /dev/vg0
  quiet lvremove -f vg0/b
  rm -f /dev/vg0/b
  mknod /dev/mapper/vg0-c b 7 0
  rec 'a stale node of another device' -- lvcreate -y -L 8388608b -n c vg0
  rec 'replaced' -- ls -l /dev/mapper
  quiet lvremove -f vg0/c
  echo 0 8192 zero | dmsetup create vg0-d
  rec 'a device-mapper device of that name' -- lvcreate -y -L 8388608b -n d vg0
  state 'after it' vg0
  dmsetup remove vg0-d
  quiet lvcreate -y -L 4M -n keep vg0 # so that the directory is there
  rec 'writing to a missing node makes a file' -n 'the danger of dd and of qemu-img without -n' -- dd if=/dev/zero of=/dev/vg0/nope bs=4096 count=1 status=none
  rec 'it is there' -- ls -l /dev/vg0/nope
  rm -f /dev/vg0/nope
  unset DM_DISABLE_UDEV
  rec 'without DM_DISABLE_UDEV and without udevd' -n 'waits for a udev that does not run, or sees that it does not' -w 'timeout -k 1 30' -- lvcreate -y -L 8388608b -n u vg0
  rec 'nodes' -- ls /dev/vg0 /dev/mapper
  export DM_DISABLE_UDEV=1
  quiet lvremove -f vg0/u
  quiet lvcreate -y -L 8388608b -n g vg0
  dmsetup remove vg0-g
  rec 'removed behind its back' -- lvs "${report[@]}" -o "$short" vg0/g
  rec 'activate' -- lvchange -ay vg0/g
  rec 'suspended by hand' -- dmsetup suspend vg0-g
  rec 'lvs of a suspended volume' -w 'timeout -k 1 10' -- lvs "${report[@]}" -o "$short" vg0/g
  rec 'rename of a suspended volume' -w 'timeout -k 1 10' -- lvrename vg0 g g2
  rec 'is it suspended' -- dmsetup info -c -o name,suspended
  dmsetup resume vg0-g2 2> /dev/null
}

# LVM on this host's kernel, without device-mapper, on a loop device of its own.
topic_no_device_mapper() {
  local image loop vg=platterlab with
  export LVM_SUPPRESS_FD_WARNINGS=1 # this recorder's own descriptors
  image=$(mktemp)
  truncate -s 256M "$image"
  loop=$(losetup --find --show "$image")
  with=(--config "devices{filter=[\"a|^$loop\$|\",\"r|.*|\"]}global{locking_dir=\"/tmp/platter-lock.$$\"}backup{backup=0 archive=0}")
  rec 'kernel' -- ls /dev/mapper
  rec 'dmsetup' -- dmsetup version
  rec 'pvcreate' -- pvcreate "${with[@]}" "$loop"
  rec 'vgcreate' -- vgcreate "${with[@]}" "$vg" "$loop"
  rec 'lvcreate' -- lvcreate "${with[@]}" -y -L 4194304b -n a "$vg"
  rec 'left or not' -- lvs "${with[@]}" "${report[@]}" -o lv_name,lv_attr,lv_active "$vg"
  rec 'lvcreate, inactive' -- lvcreate "${with[@]}" -y -an -Zn -Wn -L 4194304b -n b "$vg"
  rec 'lvcreate --driverloaded n, inactive' -- lvcreate "${with[@]}" --driverloaded n -y -an -Zn -Wn -L 4194304b -n b "$vg"
  rec 'lvcreate --driverloaded n' -- lvcreate "${with[@]}" --driverloaded n -y -Zn -Wn -L 4194304b -n c "$vg"
  rec 'lvs --driverloaded n' -- lvs "${with[@]}" --driverloaded n "${report[@]}" -o lv_name,lv_attr,lv_active "$vg"
  rec 'lvextend' -- lvextend "${with[@]}" --driverloaded n -L 8388608b "$vg/c"
  rec 'lvrename' -- lvrename "${with[@]}" --driverloaded n "$vg" c d
  rec 'lvrename, target exists' -- lvrename "${with[@]}" --driverloaded n "$vg" d b
  rec 'lvchange -ay' -- lvchange "${with[@]}" --driverloaded n -ay "$vg/d"
  rec 'lvchange --addtag' -- lvchange "${with[@]}" --driverloaded n --addtag x "$vg/d"
  rec 'thin pool' -- lvcreate "${with[@]}" --driverloaded n -y --type thin-pool -L 16M -n pool "$vg"
  rec 'snapshot' -- lvcreate "${with[@]}" --driverloaded n -y -s -L 4194304b -n s "$vg/d"
  rec 'lvremove' -- lvremove "${with[@]}" --driverloaded n -f "$vg/d"
  rec 'vgremove' -- vgremove "${with[@]}" --driverloaded n -ff -y "$vg"
  losetup -d "$loop"
  rm -rf "$image" "/tmp/platter-lock.$$"
}

# How long each takes when nothing else runs: five times each, in the VM (whose CPU is emulated: compare with one another, not with metal).
topic_times() {
  local i
  small_group 2G
  small_pool 512M
  quiet lvcreate -y -V 104857600b --thinpool pool -n t vg0
  for i in 1 2 3 4 5; do
    rec 'true' -- true
    rec 'lvm version' -- lvm version
    rec 'lvs' -- lvs "${report[@]}" -o "$short" vg0
    rec 'vgs' -- vgs "${report[@]}" -o vg_free vg0
    rec 'lvcreate thick' -- lvcreate -y -L 8388608b -n a vg0
    rec 'lvextend thick' -- lvextend -L 16777216b vg0/a
    rec 'lvrename' -- lvrename vg0 a b
    rec 'lvchange -pr' -- lvchange -pr vg0/b
    rec 'lvchange --addtag' -- lvchange --addtag x vg0/b
    rec 'lvremove thick' -- lvremove -f vg0/b
    rec 'lvcreate thin' -- lvcreate -y -V 104857600b --thinpool pool -n v vg0
    rec 'lvremove thin' -- lvremove -f vg0/v
    rec 'lvcreate thin snapshot' -- lvcreate -y -s -kn -n s vg0/t
    rec 'lvcreate thin snapshot, inactive' -- lvcreate -y -s -kn -an -n si vg0/t
    rec 'lvextend thin' -- lvextend -L 209715200b vg0/s
    rec 'lvextend thin, inactive' -- lvextend -L 209715200b vg0/si
    rec 'lvchange -ay' -- lvchange -ay vg0/si
    rec 'lvchange -an' -- lvchange -an vg0/si
    rec 'lvconvert --merge thin' -- lvconvert --merge vg0/si
    quiet lvremove -f vg0/s
    quiet lvextend -L 104857600b vg0/t
    rec 'lvcreate classic snapshot' -- bash -c 'lvcreate -q -y -L 8388608b -n o vg0 > /dev/null; lvcreate -y -s -L 4194304b -n os vg0/o'
    rec 'lvremove classic origin and snapshot' -- lvremove -f vg0/o
    rec 'blockdev' -- blockdev --getsize64 /dev/vg0/t
    rec 'qemu-img info' -- qemu-img info -f raw --output json /dev/vg0/t
  done
  rec 'many volumes' -n '40 thin volumes' -- bash -c 'for i in $(seq 40); do echo lvcreate -y -an -V 4M --thinpool pool -n n$i vg0; done > /tmp/s; echo quit >> /tmp/s; lvm < /tmp/s > /dev/null; lvs --noheadings vg0 | wc -l'
  rec 'lvs of many' -- lvs "${report[@]}" -o lv_name vg0 -S lv_name=t
  rec 'lvrename among many' -- lvrename vg0 n1 m1
}
