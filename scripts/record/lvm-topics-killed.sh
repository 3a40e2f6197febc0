# Sourced by lvm.sh after lvm-topics.sh: what a command leaves that is killed half-way.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317

# SIGKILL before each step that matters. `sweep LABEL PREPARE CMD…`: PREPARE (a function) makes the state; a first run of CMD under strace
# gives the list of its effects (writes of metadata, device-mapper calls, nodes); then, for each of them, the state is made anew and CMD is
# killed just before that effect. What is there then, what the same command says when it is run again, and what the commands in the array
# `then` do after it, are recorded. `between` (a function, if there is one) does something after the kill that is not recorded.
sweep() {
  local label=$1 prepare=$2 event call count number=0 log=/tmp/sweep.log text
  shift 2
  fresh_group
  "$prepare"
  strace -f -s 16 -e trace=io_submit,ioctl,mknodat,symlink,unlink,rename -o "$log" "$@" > /dev/null 2>&1
  effects "$log" > /tmp/events
  rec "$label: its effects in their order" -n 'call, number of that call, what it is' -- cat /tmp/events
  while read -r call count text; do
    number=$((number + 1))
    fresh_group
    "$prepare"
    event="$label, killed before effect $number ($text)"
    rec "$event" -w "strace -f -o /dev/null -e trace=$call -e inject=$call:signal=KILL:when=$count" -- "$@"
    rec "$event: volumes" -w 'timeout -k 1 20' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_tags,lv_active,thin_id,transaction_id,vg_seqno vg0
    rec "$event: devices" -- dmsetup info -c --noheadings --separator ' ' -o name,suspended,tables_loaded
    rec "$event: nodes" -- ls /dev/vg0
    if [[ $(type -t between) == function ]]; then between; fi
    rec "$event: again" -w 'timeout -k 1 30' -- "$@"
    for text in "${then[@]}"; do rec "$event: then" -w 'timeout -k 1 30' -- bash -c "$text"; done
    rec "$event: in the end" -w 'timeout -k 1 20' -- lvs "${report[@]}" -o lv_name,lv_attr,lv_size,origin,lv_active,transaction_id vg0
  done < /tmp/events
}

# Everything away, also what a killed command left suspended or unknown to LVM.
fresh_group() {
  local name i
  for i in 1 2 3; do
    for name in $(dmsetup info -c --noheadings -o name 2> /dev/null); do dmsetup resume "$name" > /dev/null 2>&1; done
    quiet timeout 30 vgremove -ff -y vg0
    quiet dmsetup remove_all --force
  done
  rm -rf /dev/vg0
  quiet pvremove -ff -y /dev/vda
  wipefs -qa /dev/vda
  small_group 1G
}

topic_killed_create() {
  local then=('lvchange -ay vg0/a' 'ls /dev/vg0; vgmknodes vg0; blockdev --getsize64 /dev/vg0/a' 'lvremove -f vg0/a' 'dmsetup ls; ls /dev/vg0')
  prepare() { :; }
  sweep 'lvcreate of a thick volume' prepare lvcreate -y -L 8388608b -n a vg0
}

# The template is full of T.
topic_killed_thin_snapshot() {
  local then=('lvchange -ay vg0/d' 'vgmknodes vg0; blockdev --getsize64 /dev/vg0/d; tr -cd T < /dev/vg0/d | wc -c' 'lvremove -f vg0/d' 'dmsetup ls; dmsetup status vg0-pool-tpool')
  prepare() {
    small_pool 64M
    quiet lvcreate -y -V 4M --thinpool pool -n t vg0
    tr '\0' T < /dev/zero | quiet dd of=/dev/vg0/t bs=1M count=4 iflag=fullblock oflag=direct
    quiet lvchange -pr vg0/t
    quiet lvchange -an vg0/t
  }
  sweep 'lvcreate of a thin snapshot, origin inactive' prepare lvcreate -y -s -kn -prw -n d vg0/t
}

# Between the two messages to the pool (make the snapshot; count the transaction) a kill leaves the pool ahead of what LVM has written down:
# LVM sends the first message again, and the pool says that there is such a device. What gets it going again?
topic_killed_thin_stuck() {
  local way show='lvs -a --noheadings -o lv_name,lv_attr,origin,thin_id,transaction_id vg0; dmsetup status vg0-pool-tpool; dmsetup ls' count=0
  local ways=('lvremove -f vg0/d' 'lvchange -ay vg0/d' 'lvcreate -y -s -kn -prw -n e vg0/t' 'lvcreate -y -V 4M --thinpool pool -n v vg0' 'lvextend -L 8M vg0/t' 'lvrename vg0 d d2' 'vgchange -an vg0 && vgchange -ay vg0'
    'dmsetup message vg0-pool-tpool 0 "delete 2"' 'dmsetup message vg0-pool-tpool 0 "set_transaction_id 1 2"')
  for way in "${ways[@]}"; do
    fresh_group
    small_pool 64M
    quiet lvcreate -y -V 4M --thinpool pool -n t vg0
    tr '\0' T < /dev/zero | quiet dd of=/dev/vg0/t bs=1M count=4 iflag=fullblock oflag=direct
    quiet lvchange -pr vg0/t
    quiet lvchange -an vg0/t
    if ((count == 0)); then
      strace -f -s 16 -e trace=ioctl -o /tmp/log lvcreate -y -s -kn -prw -n d vg0/t > /dev/null 2>&1
      count=$(effects /tmp/log | awk '/DM_TARGET_MSG/ && ++n == 2 { print $2 }')
      quiet lvremove -f vg0/d
    fi
    rec 'killed between the two messages' -w "strace -f -o /dev/null -e trace=ioctl -e inject=ioctl:signal=KILL:when=$count" -- lvcreate -y -s -kn -prw -n d vg0/t
    rec 'before' -- bash -c "$show"
    rec 'a way' -w 'timeout -k 1 40' -- bash -c "$way"
    rec 'after it' -- bash -c "$show"
    rec 'then remove' -w 'timeout -k 1 40' -- lvremove -f vg0/d
    rec 'then make another' -w 'timeout -k 1 40' -- lvcreate -y -s -kn -prw -n f vg0/t
    rec 'in the end' -- bash -c "$show"
  done
}

# A snapshot of a running disk, which is full of A; after the kill its guest writes B. Which of them is in the snapshot? A disk that was left
# suspended holds its guest's writes, and nothing can kill who waits for them: so they are made in the background.
topic_killed_thin_snapshot_active() {
  local suspended='dmsetup info -c --noheadings -o name,suspended vg0-t' letters="tr -s 'AB\\000' | tr '\\000' 0"
  local then=("lvchange -ay vg0/t; $suspended" "lvchange --refresh vg0/t; $suspended" "dmsetup resume vg0-t; $suspended" 'lvchange -ay vg0/s'
    "sleep 1; vgmknodes vg0; dd if=/dev/vg0/t bs=1M status=none | $letters; echo ' disk'; dd if=/dev/vg0/s bs=1M status=none | $letters; echo ' snapshot'" 'lvremove -f vg0/s' 'dmsetup ls')
  prepare() {
    small_pool 64M
    quiet lvcreate -y -V 4M --thinpool pool -n t vg0
    tr '\0' A < /dev/zero | quiet dd of=/dev/vg0/t bs=1M count=4 iflag=fullblock oflag=direct
  }
  between() {
    tr '\0' B < /dev/zero | quiet dd of=/dev/vg0/t bs=1M count=4 iflag=fullblock oflag=direct &
    sleep 2
  }
  sweep 'lvcreate of a thin snapshot, origin active' prepare lvcreate -y -s -kn -an -n s vg0/t
}

topic_killed_extend() {
  local then=('dmsetup info -c --noheadings -o name,suspended vg0-t; blockdev --getsize64 /dev/vg0/t' 'lvchange -ay vg0/t; lvchange --refresh vg0/t; dmsetup info -c --noheadings -o name,suspended vg0-t; blockdev --getsize64 /dev/vg0/t')
  prepare() {
    small_pool 64M
    quiet lvcreate -y -V 16M --thinpool pool -n t vg0
  }
  sweep 'lvextend of a thin volume' prepare lvextend -L 33554432b vg0/t
}

topic_killed_rename() {
  local then=('lvchange -ay vg0/b; ls /dev/vg0 /dev/mapper; blockdev --getsize64 /dev/vg0/b' 'vgmknodes vg0; ls /dev/vg0 /dev/mapper' 'lvremove -f vg0/b; dmsetup ls; ls /dev/vg0')
  prepare() { quiet lvcreate -y -L 8388608b -n a vg0; }
  sweep 'lvrename' prepare lvrename vg0 a b
}

topic_killed_rename_inactive() {
  local then=('lvchange -ay vg0/b; ls /dev/vg0')
  prepare() { quiet lvcreate -y -an -Zn -L 8388608b -n a vg0; }
  sweep 'lvrename of an inactive volume' prepare lvrename vg0 a b
}

topic_killed_remove() {
  local then=('dmsetup ls; ls /dev/vg0 /dev/mapper' 'lvcreate -y -L 8388608b -n a vg0; ls /dev/vg0')
  prepare() { quiet lvcreate -y -L 8388608b -n a vg0; }
  sweep 'lvremove of a thick volume' prepare lvremove -f vg0/a
}

topic_killed_thin_remove() {
  local then=('dmsetup status vg0-pool-tpool; dmsetup ls' 'lvcreate -y -V 4M --thinpool pool -n t vg0; tr -cd A < /dev/vg0/t | wc -c')
  prepare() {
    small_pool 64M
    quiet lvcreate -y -V 4M --thinpool pool -n t vg0
    tr '\0' A < /dev/zero | quiet dd of=/dev/vg0/t bs=1M count=4 iflag=fullblock oflag=direct
  }
  sweep 'lvremove of a thin volume' prepare lvremove -f vg0/t
}

# The snapshot is full of A, the disk of B.
topic_killed_thin_merge() {
  local then=('dmsetup info -c --noheadings -o name,suspended' 'lvchange -ay vg0/d; dmsetup info -c --noheadings -o name,suspended; for i in $(dmsetup info -c --noheadings -o name); do dmsetup resume $i; done; dd if=/dev/vg0/d bs=1M status=none | tr -s AB' 'lvs --noheadings -a -o lv_name,lv_attr,origin,thin_id vg0; dmsetup status vg0-pool-tpool')
  prepare() {
    small_pool 64M
    quiet lvcreate -y -V 4M --thinpool pool -n d vg0
    tr '\0' A < /dev/zero | quiet dd of=/dev/vg0/d bs=1M count=4 iflag=fullblock oflag=direct
    quiet lvcreate -y -s -n S vg0/d
    tr '\0' B < /dev/zero | quiet dd of=/dev/vg0/d bs=1M count=4 iflag=fullblock oflag=direct
  }
  sweep 'lvconvert --merge of a thin snapshot' prepare lvconvert --merge vg0/S
}

topic_killed_change() {
  local then=('dmsetup info -c --noheadings -o name,suspended; blockdev --getro /dev/vg0/a' 'lvchange --refresh vg0/a; dmsetup info -c --noheadings -o name,suspended; blockdev --getro /dev/vg0/a')
  prepare() { quiet lvcreate -y -L 8388608b -n a vg0; }
  sweep 'lvchange -pr and a tag' prepare lvchange -pr --addtag x vg0/a
}

topic_killed_classic_snapshot() {
  local letters="tr -s 'AB\\000' | tr '\\000' 0" # which letters there are, in their order; 0 for zeros
  local then=('lvchange -y -ay vg0/a; dmsetup info -c --noheadings -o name,suspended'
    "sleep 1; vgmknodes vg0; dd if=/dev/vg0/a bs=1M status=none | $letters; echo ' disk'; dd if=/dev/vg0/s bs=1M status=none | $letters; echo ' snapshot'"
    'lvremove -f vg0/s' 'lvs --noheadings -a -o lv_name,lv_attr vg0; dmsetup table; lvchange -y --refresh vg0/a; dmsetup table')
  prepare() {
    quiet lvcreate -y -L 4M -n a vg0
    tr '\0' A < /dev/zero | quiet dd of=/dev/vg0/a bs=1M count=4 iflag=fullblock oflag=direct
  }
  between() {
    tr '\0' B < /dev/zero | quiet dd of=/dev/vg0/a bs=1M count=4 iflag=fullblock oflag=direct &
    sleep 2
  }
  sweep 'lvcreate of a classic snapshot' prepare lvcreate -y -s -L 8388608b -n s vg0/a
}

# SIGTERM and SIGINT at the same places: LVM puts them off while it holds its locks.
topic_terminated() {
  local signal call count text
  prepare() {
    fresh_group
    small_pool 64M
    quiet lvcreate -y -V 16M --thinpool pool -n t vg0
  }
  prepare
  strace -f -s 16 -e trace=io_submit,ioctl,mknodat,symlink,unlink,rename -o /tmp/log lvextend -L 33554432b vg0/t > /dev/null 2>&1
  effects /tmp/log | awk '/write of metadata|suspend|resume/' > /tmp/events
  for signal in TERM INT; do
    while read -r call count text; do
      prepare
      rec "lvextend, SIG$signal before $text" -w "strace -f -o /dev/null -e trace=$call -e inject=$call:signal=$signal:when=$count" -- lvextend -L 33554432b vg0/t
      rec "lvextend, SIG$signal before $text: left" -w 'timeout -k 1 20' -- bash -c 'lvs --noheadings -o lv_name,lv_attr,lv_size vg0; dmsetup info -c --noheadings -o name,suspended'
    done < /tmp/events
  done
}
