# Sourced by lvm.sh after lvm-topics.sh: snapshots of thick volumes, and sparse volumes.
# shellcheck shell=bash disable=SC2034,SC2054,SC2154

# Classic (copy-on-write) snapshots of thick volumes, and the sparse volumes that Nova made of them.
topic_classic() {
  small_group 4G
  quiet lvcreate -y -L 104857600b -n a vg0
  tr '\0' A < /dev/zero | dd of=/dev/vg0/a bs=1M count=8 iflag=fullblock oflag=direct 2> /dev/null
  rec 'snapshot' -- lvcreate -y -s -L 33554432b -n s vg0/a
  rec 'all columns' -- lvs -a "${report[@]}" -o "$columns" vg0
  rec 'device-mapper' -- dmsetup table
  rec 'name taken' -- lvcreate -y -s -L 33554432b -n s vg0/a
  rec 'of a missing origin' -- lvcreate -y -s -L 33554432b -n x vg0/nope
  rec 'store of 40 GiB' -n 'cut down to what the origin can ever need, before space is looked at' -- lvcreate -y -s -L 42949672960b -n x vg0/a
  quiet lvremove -f vg0/x
  rec 'store larger than needed' -n 'cut down to what the origin can ever need' -- lvcreate -y -s -L 419430400b -n big vg0/a
  rec 'store of one extent' -- lvcreate -y -s -L 512b -n tiny vg0/a
  rec 'store in percent of the origin' -- lvcreate -y -s -l 100%ORIGIN -n full vg0/a
  rec 'without a size' -- lvcreate -y -s -n nosize vg0/a
  rec 'of a snapshot' -- lvcreate -y -s -L 33554432b -n ss vg0/s
  rec 'read-only' -- lvcreate -y -s -pr -L 8388608b -n ro vg0/a
  state 'several' vg0
  quiet lvremove -f vg0/big vg0/tiny vg0/full vg0/ro
  tr '\0' B < /dev/zero | dd of=/dev/vg0/a bs=1M count=4 iflag=fullblock oflag=direct 2> /dev/null
  state 'origin written' vg0
  rec 'the snapshot keeps the old' -- bash -c 'dd if=/dev/vg0/s bs=1M count=8 status=none | tr -cd A | wc -c'
  rec 'grow the origin' -- lvextend -L 209715200b vg0/a
  rec 'sizes after' -- lvs "${report[@]}" -o lv_name,lv_size,origin,origin_size vg0
  rec 'size of the snapshot device' -- blockdev --getsize64 /dev/vg0/s
  open_device /dev/vg0/a
  rec 'grow the origin while it is open' -- lvextend -L 213909504b vg0/a
  rec 'snapshot of an open origin' -- lvcreate -y -s -L 8388608b -n live vg0/a
  rec 'remove an open origin' -- lvremove -f vg0/a
  close_device
  quiet lvremove -f vg0/live
  rec 'grow the store' -- lvextend -L 41943040b vg0/s
  rec 'rename an origin' -- lvrename vg0 a a2
  rec 'rename a snapshot' -- lvrename vg0 s s2
  state 'renamed' vg0
  rec 'deactivate a snapshot alone' -- lvchange -an vg0/s2
  rec 'deactivate an origin' -- lvchange -an vg0/a2
  state 'both inactive' vg0
  rec 'activate the snapshot' -- lvchange -ay vg0/s2
  state 'both active' vg0
  quiet lvchange -y -ay vg0/a2
  rec 'remove an origin that has a snapshot, active, not forced' -- lvremove vg0/a2
  quiet lvchange -an vg0/a2
  rec 'remove an origin that has a snapshot, inactive, not forced' -n 'no question is asked of inactive ones: the snapshots go with it, unlike thin' -- lvremove vg0/a2
  state 'nothing left' vg0
  rec 'remove a snapshot' -- bash -c 'lvcreate -q -y -L 8388608b -n a vg0; lvcreate -q -y -s -L 4194304b -n s vg0/a; lvremove -f vg0/s'
  group 'one volume left'

  quiet lvcreate -y -L 104857600b -n o vg0
  quiet lvcreate -y -s -L 4194304b -n sn vg0/o
  rec 'writes to the origin overflow the store' -- dd if=/dev/urandom of=/dev/vg0/o bs=1M count=8 oflag=direct status=none
  rec 'the snapshot is lost' -- lvs "${report[@]}" -o lv_name,lv_attr,data_percent,snap_percent,lv_snapshot_invalid,lv_health_status vg0
  rec 'read it' -- dd if=/dev/vg0/sn of=/dev/null bs=4096 count=1 iflag=direct status=none
  rec 'merge it' -- lvconvert --merge vg0/sn
  rec 'grow its store' -- lvextend -L 33554432b vg0/sn
  rec 'snapshot of it' -- lvcreate -y -s -L 4194304b -n x vg0/sn
  rec 'deactivate both' -- lvchange -an vg0/o
  rec 'activate both' -- lvchange -ay vg0/o
  state 'the invalid one' vg0
  rec 'remove it' -- lvremove -f vg0/sn
  rec 'the origin is whole' -- lvs "${report[@]}" -o lv_name,lv_attr vg0/o

  quiet lvcreate -y -l 90%FREE -n large vg0
  rec 'percent of the origin, more than is free' -n 'percentages are approximate: a smaller store is made, without a word' -- lvcreate -y -s -l 100%ORIGIN -n x vg0/large
  rec 'its size' -- lvs "${report[@]}" -o lv_name,lv_size,origin_size,vg_free vg0/x
  quiet lvremove -f vg0/x
  rec 'no space' -- lvcreate -y -s -L 3G -n x vg0/large
  quiet lvremove -f vg0/large
  rec 'sparse volume as Nova makes it' -- lvcreate -y -L 64MiB --virtualsize 1073741824b -n sparse vg0
  rec 'all columns' -- lvs -a "${report[@]}" -o "$columns" vg0/sparse
  rec 'hidden origin' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,origin_size,lv_role vg0
  rec 'size of the device' -- blockdev --getsize64 /dev/vg0/sparse
  rec 'grow it' -n 'grows the store, not the size' -- lvextend -L 2147483648b vg0/sparse
  rec 'sizes' -- lvs "${report[@]}" -o lv_name,lv_size,origin_size vg0/sparse
  rec 'grow the virtual size' -- lvextend -L 2147483648b vg0/sparse_vorigin
  rec 'snapshot of it' -- lvcreate -y -s -L 8388608b -n x vg0/sparse
  rec 'rename it' -- lvrename vg0 sparse sparse2
  rec 'hidden origin' -- lvs -a "${report[@]}" -o lv_name,origin vg0
  rec 'remove it' -- lvremove -f vg0/sparse2
  state_all 'its pool stays, named by LVM' vg0
  rec 'sparse volume of the old kind' -- lvcreate -y --type snapshot -L 64MiB --virtualsize 1073741824b -n old vg0
  rec 'hidden origin' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,origin_size,lv_role vg0
  rec 'grow it' -n 'grows the store, not the size' -- lvextend -L 134217728b vg0/old
  rec 'sizes' -- lvs "${report[@]}" -o lv_name,lv_size,origin_size vg0/old
  rec 'size of the device' -- blockdev --getsize64 /dev/vg0/old
  rec 'snapshot of it' -- lvcreate -y -s -L 8388608b -n x vg0/old
  rec 'rename it' -- lvrename vg0 old old2
  rec 'hidden origin' -- lvs -a "${report[@]}" -o lv_name,origin vg0
  rec 'overflow it' -- dd if=/dev/urandom of=/dev/vg0/old2 bs=1M count=200 oflag=direct status=none
  rec 'lost' -- lvs "${report[@]}" -o lv_name,lv_attr,data_percent vg0/old2
  rec 'remove it' -- lvremove -f vg0/old2
}

topic_classic_merge() {
  small_group 4G
  quiet lvcreate -y -L 67108864b -n a vg0
  tr '\0' A < /dev/zero | dd of=/dev/vg0/a bs=1M count=32 iflag=fullblock oflag=direct 2> /dev/null
  quiet lvcreate -y -s -l 100%ORIGIN -n s vg0/a
  tr '\0' B < /dev/zero | dd of=/dev/vg0/a bs=1M count=16 iflag=fullblock oflag=direct 2> /dev/null
  rec 'merge, neither open' -n 'copies back in the foreground and removes the snapshot' -- lvconvert --merge vg0/s
  state 'the snapshot is gone' vg0
  rec 'content is back' -- bash -c 'tr -cd A < /dev/vg0/a | wc -c'
  rec 'merge of a missing snapshot' -- lvconvert --merge vg0/s
  rec 'merge of what is no snapshot' -- lvconvert --merge vg0/a

  quiet lvcreate -y -s -l 100%ORIGIN -n s vg0/a
  tr '\0' B < /dev/zero | dd of=/dev/vg0/a bs=1M count=16 iflag=fullblock oflag=direct 2> /dev/null
  open_device /dev/vg0/a
  rec 'merge, origin open' -n 'put off to the next activation, status 0' -- lvconvert --merge vg0/s
  rec 'merge is pending' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,lv_merge_failed,data_percent,lv_active vg0
  rec 'content is not back' -- bash -c 'tr -cd A < /dev/vg0/a | wc -c'
  rec 'new snapshot while a merge is pending' -- lvcreate -y -s -L 8388608b -n s3 vg0/a
  rec 'rename while a merge is pending' -- lvrename vg0 a a9
  quiet lvrename vg0 a9 a
  rec 'grow while a merge is pending' -- lvextend -L 71303168b vg0/a
  rec 'remove the merging snapshot' -- lvremove -f vg0/s
  close_device
  rec 'lvs, origin closed again' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging,data_percent vg0
  rec 'deactivate' -- lvchange -an vg0/a
  rec 'activate' -n 'starts the merge in the background (lvmpolld or a forked lvm)' -- lvchange -ay vg0/a
  rec 'merging' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging,data_percent,copy_percent vg0
  sleep 20
  rec 'merged or not' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging,data_percent vg0
  rec 'content' -- bash -c 'tr -cd A < /dev/vg0/a | wc -c'
  rec 'what is left running' -- ps -o stat,args -C lvm,lvpoll,lvconvert,lvmpolld

  quiet lvremove -f vg0
  quiet lvcreate -y -L 268435456b -n big vg0
  quiet lvcreate -y -s -l 100%ORIGIN -n bs vg0/big
  quiet blkdiscard -z /dev/vg0/big
  rec 'much to copy back' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,data_percent vg0
  rec_start merge 'merge, killed half-way' -- lvconvert --merge vg0/bs
  sleep 3
  rec 'while it merges' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,data_percent,copy_percent vg0
  rec 'reading during the merge shows the snapshot' -- dd if=/dev/vg0/big of=/dev/null bs=1M count=1 status=none
  kill -KILL "${REC_PID[merge]}"
  rec_wait merge
  rec 'after the kill: the kernel goes on' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,data_percent vg0
  rec 'merge again' -- lvconvert --merge vg0/bs
  sleep 25
  rec 'a while later' -n 'the copy is done but nobody removed the snapshot from the metadata' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,data_percent vg0
  rec 'activation takes it up' -- lvchange -ay vg0/big
  rec 'background poll' -- lvchange --poll y vg0/big
  sleep 5
  rec 'in the end' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging,data_percent vg0
  rec 'deactivate and activate' -- bash -c 'lvchange -an vg0/big; lvchange -ay vg0/big; sleep 5; lvs -a --noheadings -o lv_name,lv_attr vg0'
  quiet lvcreate -y -s -l 100%ORIGIN -n bs2 vg0/big
  rec 'merge in the background' -- lvconvert -b --merge vg0/bs2
  sleep 8
  rec 'done' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,data_percent vg0
}

# The same for thick volumes with classic snapshots: a merge consumes the snapshot; its content can only be kept by a copy.
topic_classic_restore() {
  small_group 4G
  again() {
    quiet lvremove -f vg0
    quiet lvcreate -y -L 33554432b -n d vg0
    tr '\0' A < /dev/zero | dd of=/dev/vg0/d bs=1M count=32 iflag=fullblock oflag=direct 2> /dev/null
    quiet lvcreate -y -s -l 100%ORIGIN --addtag snap -n S vg0/d
    tr '\0' B < /dev/zero | dd of=/dev/vg0/d bs=1M count=16 iflag=fullblock oflag=direct 2> /dev/null
    quiet lvcreate -y -s -l 100%ORIGIN --addtag snap -n S2 vg0/d
  }
  local show=(lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_tags,lv_merging,data_percent vg0)
  again
  rec 'before' -- "${show[@]}"
  rec 'way 1, merge consumes it' -- lvconvert --merge vg0/S
  rec 'way 1, after' -- "${show[@]}"
  rec 'way 1, a new snapshot under the old name' -n 'between the two the snapshot does not exist: content is the disk itself, if nobody wrote' -- lvcreate -y -s -l 100%ORIGIN --addtag snap -n S vg0/d
  rec 'way 1, the other snapshot still has its content' -n '16 MiB of B' -- bash -c 'tr -cd B < /dev/vg0/S2 | wc -c'
  again
  rec 'way 2, copy back' -n 'the snapshot stays; the disk is half of each while it runs, and each block written goes to the stores of all snapshots' -- dd if=/dev/vg0/S of=/dev/vg0/d bs=1M oflag=direct status=none
  rec 'way 2, after' -- "${show[@]}"
  rec 'way 2, content' -- bash -c 'tr -cd A < /dev/vg0/d | wc -c'
  again
  rec 'way 2, by qemu-img' -- qemu-img convert -n -t none -T none -f raw -O raw /dev/vg0/S /dev/vg0/d
  rec 'way 2, content' -- bash -c 'tr -cd A < /dev/vg0/d | wc -c'
  again
  rec 'way 3, a new thick volume' -- lvcreate -y -L 33554432b -n new vg0
  rec 'way 3, filled' -- qemu-img convert -n -t none -T none -f raw -O raw /dev/vg0/S /dev/vg0/new
  rec 'way 3, the disk away' -n 'its snapshots go with its name: they are of old now, and pin it' -- lvrename vg0 d old
  rec 'way 3, the new one in' -- lvrename vg0 new d
  rec 'way 3, after' -- "${show[@]}"
  rec 'way 3, the old one cannot go without its snapshots' -- lvremove vg0/old
}
