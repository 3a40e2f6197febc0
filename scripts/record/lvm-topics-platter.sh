# Sourced by lvm.sh: the command lines of platter's driver (src/tools/lvm/argv.ts), in the scripts in which it runs them.
# shellcheck shell=bash disable=SC2154

topic_platter() {
  local c=vg_name,vg_uuid,vg_size,vg_free,vg_extent_size,lv_name,lv_attr,lv_size,origin,pool_lv,lv_tags,data_percent,metadata_percent
  local lvs="lvs --reportformat json --units b --nosuffix -o $c vg0"
  script() { printf '#!/sbin/lvm\n' > "/tmp/$1.lvm" && cat >> "/tmp/$1.lvm"; }
  small_group 4G
  rec 'report of an empty group' -- $lvs
  rec 'the empty group itself' -- vgs --reportformat json --units b --nosuffix -o vg_name,vg_uuid,vg_size,vg_free,vg_extent_size vg0
  rec 'report of an absent group' -- lvs --reportformat json --units b --nosuffix -o "$c" nope
  rec 'pool' -- lvcreate -y --type thin-pool -L 1073741824b -n pool vg0
  rec 'volume for a template' -- lvcreate -y -V 33554432b --thinpool pool --addtag=platter.template=0123abcd --addtag=platter.made=00 -n platter-part-00-template vg0
  rec 'zeros to a thin volume' -n 'allocates' -- blkdiscard -f -z -o 0 -l 1048576 /dev/vg0/platter-part-00-template
  rec 'sync' -- sync /dev/vg0/platter-part-00-template
  script template << 'S'
lvchange -pr vg0/platter-part-00-template
lvchange -an vg0/platter-part-00-template
lvrename vg0 platter-part-00-template platter-template-0123abcd-pool
S
  rec 'template published, in one script' -- lvm /tmp/template.lvm
  script create << S
lvcreate -y -s -kn -an -prw --addtag=platter.image=vm1/disk --addtag=platter.made=01 -n platter-part-01 vg0/platter-template-0123abcd-pool
lvrename vg0 platter-part-01 vm1_disk
lvchange -ay -K vg0/vm1_disk
$lvs
S
  rec 'disk made, in one script that ends with a report' -- lvm /tmp/create.lvm
  rec 'the same script again' -n 'the private volume stays' -- lvm /tmp/create.lvm
  rec 'a script that is gone' -- lvm /tmp/gone.lvm
  rec 'grow, active' -- lvextend -L 50331648b vg0/vm1_disk
  rec 'grow in a test, larger' -- lvextend --test -L 54525952b vg0/vm1_disk
  rec 'grow in a test, as large' -- lvextend --test -L 50331648b vg0/vm1_disk
  rec 'grow in a test, smaller' -- lvextend --test -L 46137344b vg0/vm1_disk
  script snapshot << 'S'
lvcreate -y -s -kn -an -pr --addtag=platter.of=vm1/disk --addtag=platter.snapshot=s --addtag=platter.number=1 --addtag=platter.at=1700000000000 --addtag=platter.size=50331648 -n platter-snapshot-02 vg0/vm1_disk
S
  rec 'snapshot' -- lvm /tmp/snapshot.lvm
  script restore << S
lvchange -an vg0/vm1_disk
lvcreate -y -s -kn -an -prw --addtag=platter.image=vm1/disk --addtag=platter.made=03 -n platter-part-03 vg0/platter-snapshot-02
lvrename vg0 vm1_disk platter-removed-03
lvrename vg0 platter-part-03 vm1_disk
lvchange -ay -K vg0/vm1_disk
lvremove -f vg0/platter-removed-03
S
  rec 'restored' -- lvm /tmp/restore.lvm
  rec 'restored, after' -- $lvs
  open_device /dev/vg0/vm1_disk
  rec 'restored while open' -n 'nothing is changed' -- lvm /tmp/restore.lvm
  close_device
  script destroy << 'S'
lvchange -an vg0/vm1_disk
lvrename vg0 vm1_disk platter-removed-04
S
  rec 'taken away' -- lvm /tmp/destroy.lvm
  rec 'activated' -- lvchange -ay -K vg0/platter-removed-04
  rec 'discarded' -- blkdiscard -f /dev/vg0/platter-removed-04
  rec 'removed' -- lvremove -f vg0/platter-removed-04

  rec 'thick volume' -- lvcreate -y -L 33554432b --addtag=platter.image=vm2/disk --addtag=platter.made=05 -n vm2_disk vg0
  rec 'zeros' -- blkdiscard -f -z -o 1048576 -l 32505856 /dev/vg0/vm2_disk
  rec 'classic snapshot' -- lvcreate -y -s -pr -L 37748736b --addtag=platter.of=vm2/disk --addtag=platter.snapshot=s -n platter-snapshot-06 vg0/vm2_disk
  rec 'classic snapshot, report' -- $lvs
  script split << 'S'
lvchange -ay -K vg0/vm2_disk
lvconvert -y --splitsnapshot vg0/platter-snapshot-06
lvchange -prw vg0/platter-snapshot-06
lvchange -ay -K vg0/platter-snapshot-06
S
  rec 'its store split off' -- lvm /tmp/split.lvm
  rec 'split off, report' -- $lvs
  rec 'cleared' -- shred -n0 -z -s37748736 /dev/vg0/platter-snapshot-06
  rec 'cleared by passes' -- shred -n3 -s4194304 /dev/vg0/platter-snapshot-06
  rec 'zeros to a read-only volume' -w '' -- blkdiscard -f -z -o 0 -l 4194304 /dev/vg0/platter-template-0123abcd-pool
  script long << 'S'
lvchange -ay -K vg0/vm2_disk
lvcreate -y -s -pr -L 37748736b --addtag=platter.of=vm2/disk --addtag=platter.snapshot=one --addtag=platter.number=1 --addtag=platter.at=1700000000000 --addtag=platter.size=33554432 --addtag=platter.key=vm2 -n platter-snapshot-0123456789abcdef vg0/vm2_disk
S
  rec 'a script with a long line' -n 'the command before it was carried out' -- lvm /tmp/long.lvm
  printf '#!/sbin/lvm\nlvs --noheadings %*s\n' 236 vg0 > /tmp/253.lvm
  rec 'a line of 253 characters' -- lvm /tmp/253.lvm
  printf '#!/sbin/lvm\nlvs --noheadings %*s\n' 237 vg0 > /tmp/254.lvm
  rec 'a line of 254 characters' -- lvm /tmp/254.lvm
  rec 'tags afterwards' -- lvchange --addtag=platter.size=33554432 vg0/vm2_disk
  rec 'sparse, with a pool of its own' -n 'the pool has the tags, the volume has none' -- lvcreate -y --type thin -L 67108864b -V 1073741824b --thinpool platter-pool-07 --addtag=platter.image=vm3/disk -n vm3_disk vg0
  rec 'sparse, report' -- $lvs
  rec 'a pool that zeroes, whatever is configured' -- lvcreate -y --type thin-pool -Zy -L 67108864b --config allocation/thin_pool_zero=0 -n zeroing vg0
  rec 'a pool that does not' -- lvcreate -y --type thin-pool -L 67108864b --config allocation/thin_pool_zero=0 -n other vg0
  rec 'pools, report' -- $lvs
}
