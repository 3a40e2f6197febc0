# Sourced by lvm.sh after lvm-topics.sh: thin pools, thin volumes and their snapshots.
# shellcheck shell=bash disable=SC2016,SC2034,SC2054,SC2154

# A thin pool, volumes and snapshots of it. The flow of a template: made under a private name, filled, made read-only, renamed.
topic_thin() {
  small_group 4G
  group 'before'
  rec 'pool' -- lvcreate -y --type thin-pool -L 1073741824b -n pool vg0
  group 'after the pool: data, metadata and as much again as a spare for its repair'
  rec 'pool, all columns' -- lvs -a "${report[@]}" -o "$columns" vg0
  rec 'pool again' -- lvcreate -y --type thin-pool -L 1073741824b -n pool vg0
  rec 'pool, no space' -- lvcreate -y --type thin-pool -L 42949672960b -n pool2 vg0
  rec 'thin volume' -- lvcreate -y -V 104857600b --thinpool vg0/pool -n t
  rec 'thin volume, other spelling' -- lvcreate -y --type thin -V 104857600b --thinpool pool -n t2 vg0
  rec 'thin volume, rounded' -- lvcreate -y -V 104858112b --thinpool pool -n t3 vg0
  rec 'thin volume, name taken' -- lvcreate -y -V 104857600b --thinpool pool -n t vg0
  rec 'thin volume, no such pool' -- lvcreate -y -V 104857600b --thinpool nopool -n u vg0
  rec 'thin volume, the pool is no pool' -- lvcreate -y -V 104857600b --thinpool t3 -n u vg0
  rec 'thin volume, larger than the pool' -n 'over-provisioned: a warning, and it is made' -- lvcreate -y -V 10737418240b --thinpool pool -n big vg0
  rec 'thin volume, size not of sectors' -- lvcreate -y -V 104857601b --thinpool pool -n u vg0
  rec 'thin volume, zero' -- lvcreate -y -V 0b --thinpool pool -n u vg0
  rec 'thin volume of 100 TiB' -- lvcreate -y -V 100T --thinpool pool -n huge vg0
  quiet lvremove -f vg0/big vg0/t2 vg0/t3 vg0/huge
  state_all 'thin volumes' vg0
  rec 'device-mapper' -- dmsetup table
  rec 'device-mapper status' -- dmsetup status
  rec 'verbose thin volume' -- lvcreate -v -y -V 104857600b --thinpool pool -n verbose vg0

  tr '\0' A < /dev/zero | dd of=/dev/vg0/t bs=1M count=50 iflag=fullblock oflag=direct 2> /dev/null
  state '50 MiB written' vg0
  rec 'thin snapshot' -- lvcreate -s -n s1 vg0/t
  state 'skip flag set, so it is not active' vg0
  rec 'thin snapshot, -kn' -- lvcreate -s -kn -n s2 vg0/t
  rec 'thin snapshot, -kn -an' -- lvcreate -s -kn -an -n s3 vg0/t
  rec 'thin snapshot, -ay' -n 'the flag stays set' -- lvcreate -s -ay -n s4 vg0/t
  rec 'thin snapshot, -ay -K' -- lvcreate -s -ay -K -n s5 vg0/t
  rec 'thin snapshot, -pr' -- lvcreate -s -kn -pr -n s6 vg0/t
  rec 'thin snapshot, tags' -- lvcreate -y -s -kn --addtag platter --addtag of=t -n s7 vg0/t
  rec 'thin snapshot, other spelling' -- lvcreate -y --type thin -s -kn -n s8 vg0/t
  rec 'thin snapshot of a snapshot' -- lvcreate -y -s -kn -n s9 vg0/s6
  rec 'thin snapshot of an inactive one' -n 's1 was never active' -- lvcreate -y -s -kn -n s10 vg0/s1
  state 'snapshots' vg0
  rec 'all columns' -- lvs "${report[@]}" -o "$columns" vg0
  rec 'activate a snapshot with the flag' -- lvchange -ay vg0/s1
  rec 'activate it ignoring the flag' -- lvchange -ay -K vg0/s1
  rec 'name taken' -- lvcreate -y -s -kn -n s2 vg0/t
  rec 'origin missing' -- lvcreate -y -s -kn -n x vg0/nope
  rec 'origin missing and name taken' -- lvcreate -y -s -kn -n s2 vg0/nope
  rec 'with a size' -n 'thick copy-on-write store of a thin origin; not a thin snapshot' -- lvcreate -y -s -L 8388608b -n thick vg0/t
  state 'a classic snapshot of a thin volume' vg0/thick
  quiet lvremove -f vg0/thick
  rec 'with a virtual size' -n 'the hope: a larger snapshot in one process' -- lvcreate -y -s -kn -V 209715200b -n x vg0/t
  rec 'with a virtual size, type thin' -- lvcreate -y --type thin -s -kn -V 209715200b -n x vg0/t
  rec 'with extents' -- lvcreate -y -s -kn -l 200 -n x vg0/t
  quiet lvremove -f vg0/x
  rec 'name the pool too' -- lvcreate -y -s -kn --thinpool pool -n x vg0/t
  rec 'grow a snapshot' -- lvextend -L 209715200b vg0/s2
  rec 'grow it again, same size' -- lvextend -L 209715200b vg0/s2
  rec 'grow it, smaller' -- lvextend -L 104857600b vg0/s2
  rec 'grow it past the pool' -- lvextend -L 10737418240b vg0/s3
  rec 'grow an inactive snapshot' -- lvextend -L 209715200b vg0/s3
  rec 'grow a read-only snapshot' -- lvextend -L 209715200b vg0/s6
  rec 'shrink a thin volume' -- lvreduce -f -L 52428800b vg0/s7
  rec 'size of the device' -- blockdev --getsize64 /dev/vg0/s2
  rec 'content' -n '50 MiB of A' -- bash -c 'tr -d "\0" < /dev/vg0/s2 | wc -c'
  open_device /dev/vg0/t
  rec 'snapshot of an open volume' -- lvcreate -y -s -kn -n live vg0/t
  rec 'remove an open thin volume' -- lvremove -f vg0/t
  close_device
  rec 'remove an origin that has snapshots' -n 'the snapshots stay: they are independent' -- lvremove -f vg0/t
  state 'the origin is gone' vg0
  rec 'content of a snapshot whose origin is gone' -- bash -c 'tr -d "\0" < /dev/vg0/s8 | wc -c'
  rec 'rename the pool' -- lvrename vg0 pool pool9
  quiet lvrename vg0 pool9 pool
  rec 'remove a pool with volumes, not forced' -- lvremove vg0/pool
  rec 'remove a pool with volumes' -n 'removes all its volumes' -- lvremove -f vg0/pool
  state 'nothing left' vg0
  group 'the spare is gone with the last pool'
}

# What CONTRACT 6.8 asks of a template: read-only, and images as snapshots of it.
topic_thin_template() {
  small_group 4G
  small_pool 1G
  rec 'template under a private name' -- lvcreate -y -V 104857600b --thinpool pool --addtag platter.template=part -n tpl-part vg0
  head -c 50M /dev/zero | tr '\0' T > /tmp/template
  rec 'filled' -- qemu-img convert -n -f raw -O raw /tmp/template /dev/vg0/tpl-part
  rec 'filled with dd' -- dd if=/tmp/template of=/dev/vg0/tpl-part bs=1M conv=sparse,notrunc,fsync status=none
  rec 'read-only, tag taken, in one' -- lvchange -pr --deltag platter.template=part vg0/tpl-part
  rec 'inactive' -- lvchange -an vg0/tpl-part
  rec 'published' -- lvrename vg0 tpl-part tpl
  state 'the template: read-only, inactive' vg0/tpl
  rec 'snapshot of a read-only inactive template' -- lvcreate -s -kn -n vm1_disk vg0/tpl
  state 'the origin stayed inactive; the snapshot of a read-only origin is writable or not?' vg0
  rec 'write to it' -- dd if=/dev/zero of=/dev/vg0/vm1_disk bs=4096 count=1 oflag=direct status=none
  rec 'snapshot, permission asked for' -- lvcreate -y -s -kn -prw -n vm2_disk vg0/tpl
  state 'permissions' vg0
  rec 'write to it' -- dd if=/dev/zero of=/dev/vg0/vm2_disk bs=4096 count=1 oflag=direct status=none
  rec 'content below' -- bash -c 'tr -d "\0" < /dev/vg0/vm2_disk | wc -c'
  rec 'same name again' -- lvcreate -y -s -kn -prw -n vm2_disk vg0/tpl
  rec 'larger: private, grown, published' -- lvcreate -y -s -kn -prw -n vm3_disk-part vg0/tpl
  rec 'grown' -- lvextend -L 209715200b vg0/vm3_disk-part
  rec 'published' -- lvrename vg0 vm3_disk-part vm3_disk
  rec 'the grown end reads as zeros' -- bash -c 'dd if=/dev/vg0/vm3_disk bs=1M skip=50 status=none | tr -d "\0" | wc -c'
  rec 'grow without activating first' -n 'private snapshot made inactive' -- lvcreate -y -s -kn -an -prw -n vm4_disk-part vg0/tpl
  rec 'grown, inactive' -- lvextend -L 209715200b vg0/vm4_disk-part
  rec 'published, inactive' -- lvrename vg0 vm4_disk-part vm4_disk
  rec 'activated' -- lvchange -ay vg0/vm4_disk
  state 'all' vg0
  printf 'lvcreate -y -s -kn -prw -n vm5_disk-part vg0/tpl\nlvextend -L 209715200b vg0/vm5_disk-part\nlvrename vg0 vm5_disk-part vm5_disk\nquit\n' > /tmp/script
  printf 'lvs --noheadings -o lv_name vg0/tpl\nlvs --noheadings -o lv_name vg0/nope\nlvs --noheadings -o lv_name vg0/tpl\n' > /tmp/script8
  rec 'from standard input, the second of three fails, no quit at the end' -i /tmp/script8 -w 'timeout -k 2 20' -- lvm
  rec 'several commands in one process, from standard input' -i /tmp/script -w 'timeout -k 2 20' -- lvm
  state 'after the script' vg0
  printf '#!/sbin/lvm\nlvcreate -y -s -kn -prw -n vm6_disk-part vg0/tpl\nlvextend -L 104857600b vg0/vm6_disk-part\nlvrename vg0 vm6_disk-part vm6_disk\n' > /tmp/script
  printf '#!/sbin/lvm\nlvcreate -y -s -kn -prw -n vm7_disk-part vg0/tpl\nlvextend -L 209715200b vg0/vm7_disk-part\nlvrename vg0 vm7_disk-part vm7_disk\n' > /tmp/script7
  rec 'several commands in one process, from a file' -n 'its first line is #!/sbin/lvm, else it is taken for a command' -w 'timeout -k 2 20' -- lvm /tmp/script7
  rec 'script without its first line' -i /dev/null -w 'timeout -k 2 20' -- lvm /etc/hostname
  rec 'script in a file, its second command fails' -n 'same size: lvextend says 5; does the third still run?' -w 'timeout -k 2 20' -- lvm /tmp/script
  state 'after the script' vg0
  printf '#!/sbin/lvm\nnonsense\nlvs --noheadings -o lv_name vg0/tpl\n' > /tmp/script
  rec 'script with an unknown command' -w 'timeout -k 2 20' -- lvm /tmp/script
  rec 'remove the template while images lean on it' -n 'nothing refuses it: only a record of ours can' -- lvremove -f vg0/tpl
  rec 'the origin of its images' -- lvs "${report[@]}" -o lv_name,origin,lv_ancestors,lv_full_ancestors vg0
}

topic_thin_zeroing() {
  small_group 2G
  # The pool keeps discards to itself: the disk below must not zero what is to be looked for.
  small_pool 64M --discards nopassdown
  quiet lvcreate -y -V 64M --thinpool pool -n a vg0
  tr '\0' S < /dev/zero | dd of=/dev/vg0/a bs=1M count=64 iflag=fullblock oflag=direct 2> /dev/null
  state 'full of S' vg0
  rec 'discard a thin volume' -- blkdiscard /dev/vg0/a
  state 'discarded: the blocks went back to the pool' vg0
  rec 'reads as zeros' -- bash -c 'tr -d "\0" < /dev/vg0/a | wc -c'
  tr '\0' S < /dev/zero | dd of=/dev/vg0/a bs=1M count=64 iflag=fullblock oflag=direct 2> /dev/null
  quiet lvremove -f vg0/a
  quiet lvcreate -y -V 64M --thinpool pool -n b vg0
  quiet dd if=/dev/zero of=/dev/vg0/b bs=512 seek=1024 count=1 oflag=direct
  rec 'one sector written into a recycled 64 KiB block, pool zeroes' -n 'bytes of the former volume seen in the new one' -- bash -c 'dd if=/dev/vg0/b bs=1M count=4 iflag=direct status=none | tr -cd S | wc -c'
  quiet lvremove -f vg0/b
  rec 'pool that does not zero' -- lvchange -Zn vg0/pool
  quiet lvcreate -y -V 64M --thinpool pool -n c vg0
  for n in $(seq 0 127 4096); do quiet dd if=/dev/zero of=/dev/vg0/c bs=512 seek="$((n * 16))" count=1 oflag=direct; done
  rec 'sectors written into recycled blocks, pool does not zero' -n 'another disk shows through' -- bash -c 'dd if=/dev/vg0/c bs=1M iflag=direct status=none | tr -cd S | wc -c'
  rec 'the pool' -- lvs "${report[@]}" -o lv_name,lv_attr,zero,discards vg0/pool
  quiet lvchange -Zy vg0/pool
  rec 'write zeros with blkdiscard -z, thin' -- blkdiscard -z /dev/vg0/c
  state 'after it' vg0
  rec 'shred, zero, a part' -- shred -n0 -z -s8388608 /dev/vg0/c
  rec 'shred, a part' -- shred -n3 -s8388608 /dev/vg0/c
  rec 'shred more than there is' -- shred -n0 -z -s134217728 /dev/vg0/c
  rec 'shred of a missing volume' -- shred -n0 -z -s8388608 /dev/vg0/nope
  quiet lvcreate -y -L 64M -n thick vg0
  tr '\0' S < /dev/zero | dd of=/dev/vg0/thick bs=1M count=64 iflag=fullblock oflag=direct 2> /dev/null
  rec 'discard a thick volume' -n 'this disk (virtio) discards, and what is read then is the disk'\''s affair' -- blkdiscard /dev/vg0/thick
  rec 'what is left' -- bash -c 'dd if=/dev/vg0/thick bs=1M iflag=direct status=none | tr -cd S | wc -c'
  tr '\0' S < /dev/zero | dd of=/dev/vg0/thick bs=1M count=64 iflag=fullblock oflag=direct 2> /dev/null
  rec 'shred the whole' -- shred -n0 -z -s67108864 /dev/vg0/thick
  rec 'what is left' -- bash -c 'dd if=/dev/vg0/thick bs=1M iflag=direct status=none | tr -cd S | wc -c'
  tr '\0' S < /dev/zero | dd of=/dev/vg0/thick bs=1M count=64 iflag=fullblock oflag=direct 2> /dev/null
  quiet lvremove -f vg0/thick
  rec 'new thick volume in the place of the old' -- lvcreate -y -L 67108864b -n fresh vg0
  rec 'only its first 4 KiB are zero' -- bash -c 'dd if=/dev/vg0/fresh bs=1M iflag=direct status=none | tr -cd S | wc -c'
  open_device /dev/vg0/fresh
  rec 'blkdiscard, open' -- blkdiscard /dev/vg0/fresh
  close_device
  quiet lvchange -pr vg0/fresh
  rec 'blkdiscard, read-only' -- blkdiscard /dev/vg0/fresh
  rec 'shred, read-only' -- shred -n0 -z -s4194304 /dev/vg0/fresh
  rec 'blkdiscard, part' -- blkdiscard -o 0 -l 4194304 /dev/vg0/c
  rec 'blkdiscard, past the end' -- blkdiscard -o 0 -l 134217728 /dev/vg0/c
}

topic_thin_full() {
  small_group 1G
  small_pool 64M
  quiet lvcreate -y -V 200M --thinpool pool -n a vg0
  quiet lvcreate -y -V 200M --thinpool pool -n b vg0
  rec 'what the pool does when full' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_when_full,data_percent,lv_health_status vg0/pool
  dd if=/dev/urandom of=/dev/vg0/a bs=1M count=60 oflag=direct status=none
  state 'nearly full' vg0
  rec 'fail at once when full' -- lvchange --errorwhenfull y vg0/pool
  rec 'write past the end of the pool' -- dd if=/dev/urandom of=/dev/vg0/a bs=1M count=80 oflag=direct status=none
  rec 'full' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_when_full,data_percent,metadata_percent,lv_health_status vg0
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
  rec 'buffered write, then its sync' -n 'write() succeeds, fsync tells' -- dd if=/dev/urandom of=/dev/vg0/b bs=1M count=4 conv=fsync status=none
  head -c 8M /dev/urandom > /tmp/i
  rec 'qemu-img convert into it' -n 'the default cache mode of convert is unsafe: nothing is flushed, nothing noticed' -- qemu-img convert -n -f raw -O raw /tmp/i /dev/vg0/b
  rec 'qemu-img convert into it, writeback' -- qemu-img convert -t writeback -n -f raw -O raw /tmp/i /dev/vg0/b
  rec 'a sync afterwards' -n 'convert has taken the error of the device and kept it to itself' -- sync /dev/vg0/b
  rec 'qemu-img convert into it, writethrough' -- qemu-img convert -t writethrough -n -f raw -O raw /tmp/i /dev/vg0/b
  rec 'qemu-img convert into it, directsync' -- qemu-img convert -t directsync -n -f raw -O raw /tmp/i /dev/vg0/b
  rec 'qemu-img convert into it, none' -- qemu-img convert -t none -n -f raw -O raw /tmp/i /dev/vg0/b
  rec 'dd without sync' -- dd if=/tmp/i of=/dev/vg0/b bs=1M status=none
  rec 'sync of the device' -- sync /dev/vg0/b
  rec 'sync of the device again' -n 'the error is told once' -- sync /dev/vg0/b
  rec 'new thin volume in a full pool' -- lvcreate -y -V 104857600b --thinpool pool -n c vg0
  rec 'new thin snapshot in a full pool' -- lvcreate -y -s -kn -n s vg0/a
  rec 'grow a thin volume of a full pool' -- lvextend -L 419430400b vg0/a
  rec 'rename in a full pool' -- lvrename vg0 b b2
  rec 'remove in a full pool' -- lvremove -f vg0/b2
  state 'a snapshot of it was made or not' vg0
  rec 'discard makes room' -- blkdiscard -o 0 -l 33554432 /dev/vg0/a
  rec 'not full now' -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,metadata_percent,lv_health_status vg0
  rec 'grow the pool' -- lvextend -L 128M vg0/pool
  rec 'after growth' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,data_percent,metadata_percent,lv_health_status vg0
  rec 'writes work again' -- dd if=/dev/urandom of=/dev/vg0/a bs=1M count=80 oflag=direct status=none
  rec 'queue when full' -- lvchange --errorwhenfull n vg0/pool
  rec_start full 'write past the end, queued' -n 'hangs until the pool grows or a minute is over (no_space_timeout 60 s)' -- dd if=/dev/urandom of=/dev/vg0/a bs=1M count=190 oflag=direct status=none
  sleep 15
  rec 'while it hangs' -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,lv_health_status vg0
  rec 'the writer sleeps' -- ps -o stat,wchan:20,args -p "${REC_PID[full]}"
  rec 'snapshot while writes queue' -n 'suspends the origin with a flush: hangs too, until the writes end' -w 'timeout -k 5 20' -- lvcreate -y -s -kn -n s2 vg0/a
  rec_wait full
  rec 'after the minute' -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,lv_health_status vg0
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
}

topic_thin_thresholds() {
  small_group 1G
  small_pool 64M
  quiet lvcreate -y -V 200M --thinpool pool -n a vg0
  dd if=/dev/urandom of=/dev/vg0/a bs=1M count=52 oflag=direct status=none
  rec 'above 80 %, default threshold of 100' -- lvcreate -y -V 104857600b --thinpool pool -n b vg0
  rec 'above a threshold of 80 %' -n 'creation is refused, with free space in the group or not' -- lvcreate -y --config 'activation{thin_pool_autoextend_threshold=80}' -V 104857600b --thinpool pool -n c vg0
  rec 'snapshot above a threshold of 80 %' -- lvcreate -y --config 'activation{thin_pool_autoextend_threshold=80}' -s -kn -n d vg0/a
  rec 'metadata low' -- lvs -a "${report[@]}" -o lv_name,data_percent,metadata_percent vg0
  quiet lvremove -f vg0/pool
  # The smallest metadata there is, 2 MiB, filled by the mappings of many small writes into many snapshots.
  lvcreate -q -y --type thin-pool -L 900M --poolmetadatasize 2M -c 64k -n pool vg0 > /dev/null 2>&1
  quiet lvchange --errorwhenfull y vg0/pool
  rec 'small metadata' -- lvs -a "${report[@]}" -o lv_name,lv_size,data_percent,metadata_percent vg0
  quiet lvcreate -y -V 10G --thinpool pool -n m vg0
  # 600 MiB of mappings; then, after each snapshot, one write into every leaf of their tree, which breaks its sharing.
  quiet blkdiscard -z -l 629145600 /dev/vg0/m
  rec 'much mapped' -- lvs "${report[@]}" -o lv_name,data_percent,metadata_percent vg0
  local n last=0
  for n in $(seq 1 25); do
    lvcreate -q -y -s -kn -an -n "m$n" vg0/m > /dev/null 2>> /tmp/failed || break
    last=$n
    perl -e 'open my $f, "+<", $ARGV[0] or die; for (my $i = $ARGV[1]; $i < 629145600; $i += 60 * 65536) { sysseek $f, $i, 0; syswrite $f, "x" x 4096 }' /dev/vg0/m "$((n * 65536))"
    sync /dev/vg0/m 2> /dev/null || break
  done
  rec 'metadata filled' -n "after $last snapshots" -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,metadata_percent,lv_health_status vg0/pool
  rec 'next snapshot' -- lvcreate -y -s -kn -an -n next vg0/m
  rec 'next thin volume' -- lvcreate -y -V 104857600b --thinpool pool -n next2 vg0
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
  rec 'remove one' -w 'timeout -k 1 60' -- lvremove -f vg0/m3
  rec 'grow the metadata' -w 'timeout -k 1 60' -- lvextend --poolmetadatasize +4M vg0/pool
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
}

topic_thin_merge() {
  small_group 4G
  small_pool 1G
  quiet lvcreate -y -V 67108864b --thinpool pool --addtag disk -n a vg0
  tr '\0' A < /dev/zero | dd of=/dev/vg0/a bs=1M count=32 iflag=fullblock oflag=direct 2> /dev/null
  quiet lvcreate -y -s --addtag snap -n s vg0/a
  quiet lvcreate -y -s --addtag snap -n s2 vg0/a
  quiet lvextend -L 134217728b vg0/a
  tr '\0' B < /dev/zero | dd of=/dev/vg0/a bs=1M count=16 iflag=fullblock oflag=direct 2> /dev/null
  rec 'before' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_size,lv_uuid,origin,lv_tags,thin_id,lv_active,lv_time vg0
  rec 'merge a thin snapshot, origin active, not open' -n 'no copying: the snapshot takes the place and the name of the origin' -- lvconvert --merge vg0/s
  rec 'after' -n 'whose uuid, tags, size and device id?' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_size,lv_uuid,origin,lv_tags,thin_id,lv_active,lv_time vg0
  rec 'content and size are back' -- bash -c 'blockdev --getsize64 /dev/vg0/a; tr -cd A < /dev/vg0/a | wc -c'
  rec 'merge a missing snapshot' -- lvconvert --merge vg0/s
  open_device /dev/vg0/a
  rec 'merge, origin open' -- lvconvert --merge vg0/s2
  rec 'pending' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,lv_active vg0
  rec 'new snapshot while pending' -- lvcreate -y -s -n s3 vg0/a
  rec 'remove the pending snapshot' -- lvremove -f vg0/s2
  rec 'after that' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_merging,lv_active vg0
  close_device
  quiet lvremove -f vg0/s3
  quiet lvcreate -y -s -n s4 vg0/a
  open_device /dev/vg0/a
  quiet lvconvert --merge vg0/s4
  close_device
  rec 'pending, origin closed' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging vg0
  rec 'deactivate' -- lvchange -an vg0/a
  rec 'activate' -- lvchange -ay vg0/a
  rec 'merged at activation' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging vg0
  quiet lvcreate -y -s -n s5 vg0/a
  open_device /dev/vg0/a
  quiet lvconvert --merge vg0/s5
  close_device
  rec 'refresh of the volume when it is closed' -- lvchange --refresh vg0/a
  rec 'merged or not' -- lvs -a "${report[@]}" -o lv_name,lv_attr,origin,lv_merging vg0
  quiet lvchange -an vg0/a
  quiet lvchange -ay vg0/a
  quiet lvchange -an vg0/a
  quiet lvcreate -y -s -n s6 vg0/a
  rec 'merge, origin inactive' -- lvconvert --merge vg0/s6
  state 'done at once' vg0
}

# Restoring, so that the snapshot stays: the ways there are.
topic_thin_restore() {
  small_group 4G
  small_pool 1G
  again() {
    quiet lvremove -f vg0/d vg0/S vg0/S2 vg0/old vg0/new vg0/copy
    quiet lvcreate -y -V 67108864b --thinpool pool --addtag disk -n d vg0
    tr '\0' A < /dev/zero | dd of=/dev/vg0/d bs=1M count=8 iflag=fullblock oflag=direct 2> /dev/null
    quiet lvcreate -y -s -kn -an -pr --addtag snap -n S vg0/d
    quiet lvextend -L 134217728b vg0/d
    tr '\0' B < /dev/zero | dd of=/dev/vg0/d bs=1M count=4 iflag=fullblock oflag=direct 2> /dev/null
    quiet lvcreate -y -s -kn -an -pr --addtag snap -n S2 vg0/d
  }
  local show=(lvs "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_tags,lv_active vg0)
  again
  rec 'way 1, before' -n 'disk d grown and written since snapshot S; later snapshot S2' -- "${show[@]}"
  rec 'way 1, snapshot of the snapshot under a private name' -- lvcreate -y -s -kn -prw --addtag disk -n new vg0/S
  rec 'way 1, the disk away' -n 'from here to the next step the name d is absent' -- lvrename vg0 d old
  rec 'way 1, between' -- "${show[@]}"
  rec 'way 1, the new one in its place' -- lvrename vg0 new d
  rec 'way 1, the old one removed' -- lvremove -f vg0/old
  rec 'way 1, after' -- "${show[@]}"
  rec 'way 1, content and size' -- bash -c 'blockdev --getsize64 /dev/vg0/d; tr -cd A < /dev/vg0/d | wc -c'
  rec 'both renames in one lvrename' -n 'is there a swap?' -- lvrename vg0 d S

  again
  rec 'way 2, before' -- "${show[@]}"
  rec 'way 2, a copy of the snapshot' -n 'its origin is S, so a merge goes into S, not into d' -- lvcreate -y -s -kn -an -pr --addtag snap -n copy vg0/S
  rec 'way 2, merge the snapshot itself' -n 'd is S at once; S is consumed; the copy stays' -- lvconvert --merge vg0/S
  rec 'way 2, between' -- "${show[@]}"
  rec 'way 2, the copy takes the name' -- lvrename vg0 copy S
  rec 'way 2, after' -n 'is d writable although S was read-only? its tags?' -- "${show[@]}"
  rec 'way 2, content and size' -- bash -c 'blockdev --getsize64 /dev/vg0/d; tr -cd A < /dev/vg0/d | wc -c'
  rec 'way 2, write' -- dd if=/dev/zero of=/dev/vg0/d bs=4096 count=1 oflag=direct status=none
  rec 'way 2, restore the other snapshot later' -n 'S2 has lost d as its origin or not' -- lvconvert --merge vg0/S2
  rec 'way 2, at the end' -- "${show[@]}"

  again
  quiet lvchange -an vg0/d
  rec 'way 2, disk inactive' -- lvconvert --merge vg0/S
  rec 'way 2, disk inactive, after' -- "${show[@]}"

  again
  open_device /dev/vg0/d
  rec 'way 2, disk open' -n 'pending: must be refused before it is tried' -- lvconvert --merge vg0/S
  rec 'way 2, disk open, after' -- "${show[@]}"
  close_device

  again
  rec 'swap of a disk and its snapshot' -n 'lvconvert --swapmetadata is for pools only' -- lvconvert -y --swapmetadata vg0/d vg0/S
  rec 'merge a later snapshot after an earlier' -- lvconvert --merge vg0/S vg0/S2
  rec 'merge two, after' -- "${show[@]}"
  again
  printf '#!/sbin/lvm\nlvrename vg0 d old\nlvcreate -y -s -kn -prw --addtag disk -n d vg0/S\nlvremove -f vg0/old\n' > /tmp/script
  rec 'way 1 in one process' -w 'timeout -k 2 30' -- lvm /tmp/script
  rec 'way 1 in one process, after' -- "${show[@]}"
}

# Metadata of the smallest size, 2 MiB, under 10 GiB of data (LVM_BYTES=14G): filled by mappings alone, which LVM does not see.
topic_thin_metadata() {
  quiet pvcreate /dev/vda
  quiet vgcreate -s 1M vg0 /dev/vda
  rec 'little metadata' -- lvcreate -y --type thin-pool -L 11G --poolmetadatasize 2M -c 64k -n pool vg0
  quiet lvchange --errorwhenfull y vg0/pool
  quiet lvcreate -y -V 20G --thinpool pool -n m vg0
  quiet lvcreate -y -V 20G --thinpool pool -n other vg0
  rec 'before' -- lvs -a "${report[@]}" -o lv_name,lv_attr,lv_size,data_percent,metadata_percent,lv_health_status vg0
  rec_start fill 'map until it fails' -n 'blkdiscard -z maps every block' -- blkdiscard -z -l 11811160064 /dev/vg0/m
  local n
  for n in $(seq 120); do
    sleep 1
    [[ $(ps -o stat= -p "${REC_PID[fill]}") == *[RSD]* ]] || break
  done
  rec 'the writer' -n "after $n s" -- ps -o stat,wchan:20,args -C blkdiscard
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
  rec 'health' -w 'timeout -k 1 20' -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,metadata_percent,lv_health_status vg0
  rec 'write that needs metadata' -w 'timeout -k 1 20' -- dd if=/dev/urandom of=/dev/vg0/other bs=4096 count=1 oflag=direct status=none
  rec 'write where there is a block' -w 'timeout -k 1 20' -- dd if=/dev/urandom of=/dev/vg0/m bs=4096 count=1 oflag=direct status=none
  rec 'read' -w 'timeout -k 1 20' -- dd if=/dev/vg0/m of=/dev/null bs=4096 count=1 iflag=direct status=none
  rec 'new volume' -w 'timeout -k 1 60' -- lvcreate -y -V 104857600b --thinpool pool -n x vg0
  rec 'new snapshot' -w 'timeout -k 1 60' -- lvcreate -y -s -kn -n s vg0/m
  rec 'rename' -w 'timeout -k 1 60' -- lvrename vg0 other other2
  rec 'remove' -w 'timeout -k 1 60' -- lvremove -f vg0/other2
  rec 'is it gone' -w 'timeout -k 1 20' -- lvs -a "${report[@]}" -o lv_name,lv_attr,thin_id,lv_health_status vg0
  rec 'grow the metadata' -w 'timeout -k 1 60' -- lvextend --poolmetadatasize +8M vg0/pool
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
  rec 'write' -w 'timeout -k 1 20' -- dd if=/dev/urandom of=/dev/vg0/m bs=4096 count=1 oflag=direct seek=4000000 status=none
  kill -KILL "${REC_PID[fill]}" 2> /dev/null
  rec 'deactivate all' -w 'timeout -k 1 60' -- vgchange -an vg0
  rec 'activate all' -n 'thin_check looks at the metadata' -w 'timeout -k 1 120' -- vgchange -ay vg0
  rec 'device-mapper status' -- dmsetup status vg0-pool-tpool
  rec 'repair' -w 'timeout -k 1 120' -- bash -c 'vgchange -an vg0; lvconvert -y --repair vg0/pool; vgchange -ay vg0'
  rec 'health' -w 'timeout -k 1 20' -- lvs -a "${report[@]}" -o lv_name,lv_attr,data_percent,metadata_percent,lv_health_status vg0
  [[ $(ps -o stat= -p "${REC_PID[fill]}") == *D* ]] || rec_wait fill
}

# The nodes of volumes of a pool, made anew: of one volume, and of the whole group.
topic_thin_nodes() {
  small_group 1G
  small_pool 64M
  rec 'the group, an empty pool' -- vgmknodes vg0
  quiet lvcreate -y -V 8388608b --thinpool pool -n d vg0
  quiet lvcreate -y -s -n s vg0/d
  rec 'the group, nothing lost' -- vgmknodes vg0
  rm /dev/vg0/d /dev/mapper/vg0-d
  rec 'the group, nodes lost' -- vgmknodes vg0
  rec 'nodes: back' -- ls /dev/vg0
  rec 'one volume, nothing lost' -- vgmknodes vg0/d
  rm /dev/vg0/d /dev/mapper/vg0-d
  rec 'one volume, nodes lost' -- vgmknodes vg0/d
  rec 'nodes: back' -- ls /dev/vg0
  rec 'an inactive one' -- vgmknodes vg0/s
  rec 'a pool' -- vgmknodes vg0/pool
  rec 'none' -- vgmknodes vg0/absent
  open_device /dev/vg0/d
  rec 'an open one' -- vgmknodes vg0/d
  close_device
  quiet lvcreate -y -L 8388608b -n thick vg0
  rec 'a thick one beside the pool' -- vgmknodes vg0/thick
  quiet lvremove -f vg0/pool
  rec 'the group, without a pool' -- vgmknodes vg0
}

# `vgmknodes` of one volume looks at every name in /dev/mapper, and takes away the nodes of those that have no device at that
# moment, a while after it looked. Here it is slowed down: a map is gone when it looks, and is there again when it is done.
topic_nodes_race() {
  local plain=(--cipher=aes-xts-plain64 --key-size=512 --key-file=-)
  small_group 1G
  quiet lvcreate -y -L 8388608b -n a vg0
  quiet lvcreate -y -L 8388608b -n b vg0
  echo key | quiet cryptsetup create k /dev/vg0/b "${plain[@]}"
  strace -f -s 16 -e trace=mknodat,symlink,unlink -o /tmp/log vgmknodes vg0/a
  rec 'nothing lost: its own link goes and comes' -- grep -o '[a-z]*("/dev/.*' /tmp/log
  rec_start nodes 'a map is removed and made again meanwhile' -w 'strace -f -v -s 99 -o /tmp/log -e trace=ioctl,unlink -e inject=ioctl,unlink:delay_enter=2000000' -- vgmknodes vg0/a
  # Its first call is of the version, after two seconds; the second asks for the map, after four; then it asks for the others,
  # for the list of all, and for those of the list: until about the 15th second. The map is there again before it removes its node.
  sleep 3.2
  quiet dmsetup remove k
  sleep 10
  echo key | quiet cryptsetup create k /dev/vg0/b "${plain[@]}"
  rec 'nodes, before it ends' -- ls /dev/mapper
  rec_wait nodes
  rec 'what it removed' -- grep -o 'unlink("/dev/.*' /tmp/log
  rec 'nodes, after it' -n 'the map is there, its node is not' -- ls /dev/mapper
  rec 'maps, after it' -- dmsetup info -c --noheadings -o name
  rec 'create again' -i <(echo key) -- cryptsetup create k /dev/vg0/b "${plain[@]}"
  rec 'remove' -- cryptsetup remove k
}
