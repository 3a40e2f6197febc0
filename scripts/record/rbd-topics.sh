# Sourced by rbd.sh with a cluster at CEPH_CONF: what is asked of rbd and ceph, a function a topic. `rec` and its friends are in lib.sh.
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2317

quiet() { "$@" > /dev/null 2>&1; }
# $work: an empty directory for the topic's files; $lab: the directory of the cluster.

# A file of SIZE MiB, data in its first DATA MiB, a hole behind.
file() {
  rm -f "$work/$1"
  tr '\0' A < /dev/zero | head -c "${3}M" > "$work/$1"
  truncate -s "${2}M" "$work/$1"
}
# Another client that holds IMAGE open for reading and writing, as a running guest does; `close_image` ends it.
open_image() {
  mkfifo "$work/qemu"
  qemu-io -f raw "rbd:$1" < "$work/qemu" > "$work/qemu.out" 2>&1 &
  opener=$!
  exec 5> "$work/qemu"
  echo 'write -P 66 0 4096' >&5
  until grep -q 'wrote 4096' "$work/qemu.out" || ! kill -0 "$opener"; do sleep 0.05; done
}
close_image() {
  exec 5>&-
  wait "$opener"
  rm -f "$work/qemu"
}
json=(--format json)

topic_basics() {
  rec 'version' -- rbd --version
  rec 'no image' -- rbd ls vms "${json[@]}"
  rec 'no image, long' -- rbd ls -l vms "${json[@]}"
  rec 'create' -- rbd create vms/a --size 100M
  rec 'create again' -- rbd create vms/a --size 100M
  rec 'info' -- rbd info vms/a "${json[@]}"
  rec 'info as text' -- rbd info vms/a
  rec 'list' -- rbd ls vms "${json[@]}"
  rec 'list, long' -- rbd ls -l vms "${json[@]}"
  rec 'list as text' -- rbd ls vms
  rec 'status' -- rbd status vms/a "${json[@]}"
  rec 'size in bytes' -- rbd create vms/b --size 104857601B
  rec 'not rounded' -- rbd info vms/b "${json[@]}"
  rec 'size zero' -- rbd create vms/zero --size 0
  rec 'size in plain number' -n 'megabytes' -- rbd create vms/plain --size 3
  rec 'info of it' -- rbd info vms/plain "${json[@]}"
  rec 'no size' -- rbd create vms/c
  rec 'size negative' -- rbd create vms/c --size -1
  rec 'size garbage' -- rbd create vms/c --size 12x
  rec 'size of 2^53-1 bytes' -- rbd create vms/huge --size 9007199254740991B
  rec 'object size' -- rbd create vms/d --size 10M --object-size 1M
  rec 'features' -- rbd create vms/e --size 10M --image-feature layering
  rec 'info of features' -- rbd info vms/e "${json[@]}"
  rec 'info, missing image' -- rbd info vms/nope "${json[@]}"
  rec 'info, missing pool' -- rbd info nope/a "${json[@]}"
  rec 'info, missing snapshot' -- rbd info vms/a@nope "${json[@]}"
  rec 'info, without pool' -n 'the pool rbd is meant' -- rbd info a "${json[@]}"
  rec 'info, pool as an option' -- rbd info --pool vms a "${json[@]}"
  rec 'list, missing pool' -- rbd ls nope "${json[@]}"
  rec 'create, missing pool' -- rbd create nope/a --size 1M
  rec 'remove' -- rbd rm vms/d
  rec 'remove again' -- rbd rm vms/d
  rec 'remove, missing pool' -- rbd rm nope/d
  rec 'remove without progress' -- rbd rm --no-progress vms/e
  rec 'space used' -- rbd du vms/a "${json[@]}"
  rec 'space used, pool' -- rbd du -p vms "${json[@]}"
  rec 'unknown command' -b -- rbd nonsense
  rec 'unknown option' -- rbd info vms/a --nonsense
  rec 'too many arguments' -- rbd info vms/a vms/b
  rec 'no argument' -- rbd info
  rec 'metadata, none' -- rbd image-meta ls vms/a "${json[@]}"
  rec 'metadata, set' -- rbd image-meta set vms/a platter.state part
  rec 'metadata, set again' -- rbd image-meta set vms/a platter.state whole
  rec 'metadata, get' -- rbd image-meta get vms/a platter.state
  rec 'metadata, list' -- rbd image-meta ls vms/a "${json[@]}"
  rec 'metadata, get missing' -- rbd image-meta get vms/a nope
  rec 'metadata, remove' -- rbd image-meta rm vms/a platter.state
  rec 'metadata, remove missing' -- rbd image-meta rm vms/a platter.state
  rec 'metadata, missing image' -- rbd image-meta set vms/nope k v
  rec 'trash, move' -- rbd trash mv vms/b
  rec 'trash, list' -- rbd trash ls vms "${json[@]}"
  rec 'trash, list all' -- rbd trash ls --long vms "${json[@]}"
  local id
  id=$(rbd trash ls vms --format json | jq -r '.[0].id')
  rec 'trash, restore' -- rbd trash restore -p vms "$id"
  rec 'trash, move again' -- rbd trash mv vms/b
  rec 'trash, remove' -- rbd trash rm -p vms "$id"
  rec 'trash, remove missing' -- rbd trash rm -p vms "$id"
  rec 'trash, move missing' -- rbd trash mv vms/nope
  rec 'objects behind' -- rados -p vms ls
  rec 'bench as a quick writer' -- rbd bench --io-type write --io-size 4K --io-total 64K vms/a
}

topic_names() {
  local name
  for name in a-b a_b a.b 'a b' a+b a:b a,b a=b 'a#b' 'ä' a\\b -x . .. "vm1_disk-part.1" "$(printf 'x%.0s' {1..96})" "$(printf 'x%.0s' {1..97})" "$(printf 'x%.0s' {1..200})"; do
    rec "image name $name" -- rbd create "vms/$name" --size 1M
  done
  for name in a@b a/b a/b/c '' '@' /a a/ 'a@b@c'; do rec "image spec $name" -- rbd create "vms/$name" --size 1M; done
  rec 'name as an option' -- rbd create --pool vms --image 'o@p' --size 1M
  rec 'name as an option, slash' -- rbd create --pool vms --image 'o/p' --size 1M
  rec 'list of what was made' -- rbd ls vms "${json[@]}"
  quiet rbd create vms/s --size 1M
  for name in s1 s-1 s_1 s.1 's 1' s:1 a@b a/b '' "$(printf 'y%.0s' {1..200})"; do rec "snapshot name $name" -- rbd snap create --no-progress "vms/s@$name"; done
  rec 'list of snapshots' -- rbd snap ls vms/s "${json[@]}"
  rec 'info of a name with a colon' -- rbd info vms/a:b "${json[@]}"
  rec 'the same by qemu-img' -n 'a colon ends the name, unless escaped' -- qemu-img info -f raw 'rbd:vms/a:b'
  rec 'escaped' -- qemu-img info -f raw 'rbd:vms/a\:b' --output json
}

topic_snapshots() {
  quiet rbd create vms/a --size 64M
  rec 'no snapshot' -- rbd snap ls vms/a "${json[@]}"
  rec 'create' -- rbd snap create vms/a@s1
  rec 'create again' -- rbd snap create vms/a@s1
  rec 'create, no progress' -- rbd snap create --no-progress vms/a@s2
  rec 'list' -- rbd snap ls vms/a "${json[@]}"
  rec 'list as text' -- rbd snap ls vms/a
  rec 'info of the image' -- rbd info vms/a "${json[@]}"
  rec 'info of the snapshot' -- rbd info vms/a@s1 "${json[@]}"
  rec 'create, missing image' -- rbd snap create vms/nope@s
  rec 'create, missing pool' -- rbd snap create nope/a@s
  rec 'list, missing image' -- rbd snap ls vms/nope "${json[@]}"
  rec 'protect' -- rbd snap protect vms/a@s1
  rec 'protect again' -- rbd snap protect vms/a@s1
  rec 'protect, missing' -- rbd snap protect vms/a@nope
  rec 'list, one protected' -- rbd snap ls vms/a "${json[@]}"
  rec 'info of a protected snapshot' -- rbd info vms/a@s1 "${json[@]}"
  rec 'remove a protected' -- rbd snap rm vms/a@s1
  rec 'remove a protected, forced' -n 'unprotects first' -- rbd snap rm --force vms/a@s1
  rec 'list' -- rbd snap ls vms/a "${json[@]}"
  quiet rbd snap create vms/a@s1
  quiet rbd snap protect vms/a@s1
  rec 'purge with a protected' -- rbd snap purge vms/a
  rec 'list after a purge' -n 's2 is gone or not' -- rbd snap ls vms/a "${json[@]}"
  rec 'unprotect' -- rbd snap unprotect vms/a@s1
  rec 'unprotect again' -- rbd snap unprotect vms/a@s1
  rec 'unprotect, missing' -- rbd snap unprotect vms/a@nope
  rec 'remove' -- rbd snap rm vms/a@s1
  rec 'remove again' -- rbd snap rm vms/a@s1
  rec 'remove, missing image' -- rbd snap rm vms/nope@s1
  rec 'remove, no progress' -- bash -c 'rbd snap create --no-progress vms/a@x && rbd snap rm --no-progress vms/a@x'
  quiet rbd snap create vms/a@r1
  quiet rbd snap create vms/a@r2
  rec 'rename' -- rbd snap rename vms/a@r1 vms/a@r3
  rec 'rename, target exists' -- rbd snap rename vms/a@r3 vms/a@r2
  rec 'rename, missing' -- rbd snap rename vms/a@nope vms/a@x
  quiet rbd snap protect vms/a@r3
  rec 'rename a protected' -- rbd snap rename vms/a@r3 vms/a@r4
  rec 'remove an image with snapshots' -- rbd rm vms/a
  rec 'remove an image with snapshots, no progress' -- rbd rm --no-progress vms/a
  rec 'purge' -- bash -c 'rbd snap unprotect vms/a@r4; rbd snap purge vms/a'
  rec 'purge of none' -- rbd snap purge vms/a

  quiet qemu-io -f raw -c 'write -P 65 0 8M' rbd:vms/a
  quiet rbd snap create vms/a@before
  quiet qemu-io -f raw -c 'write -P 66 0 4M' rbd:vms/a
  quiet rbd resize vms/a --size 128M
  quiet rbd snap create vms/a@later
  rec 'roll back' -- rbd snap rollback vms/a@before
  rec 'size and snapshots after' -n 'size is that of the snapshot; later snapshots stay' -- rbd info vms/a "${json[@]}"
  rec 'snapshots after' -- rbd snap ls vms/a "${json[@]}"
  rec 'content' -- qemu-io -f raw -c 'read -P 65 0 8M' rbd:vms/a
  rec 'roll back twice' -- rbd snap rollback --no-progress vms/a@before
  rec 'roll back forward to a later one' -- rbd snap rollback --no-progress vms/a@later
  rec 'size again' -- rbd info vms/a "${json[@]}"
  rec 'roll back, missing' -- rbd snap rollback vms/a@nope
  rec 'roll back, missing image' -- rbd snap rollback vms/nope@x
  open_image vms/a
  rec 'roll back while a client has it open' -n 'the other client holds the exclusive lock' -w 'timeout -k 2 40' -- rbd snap rollback --no-progress vms/a@before
  rec 'snapshot while a client has it open' -w 'timeout -k 2 40' -- rbd snap create --no-progress vms/a@live
  rec 'grow while a client has it open' -w 'timeout -k 2 40' -- rbd resize --no-progress vms/a --size 256M
  rec 'status while a client has it open' -- rbd status vms/a "${json[@]}"
  close_image
  rec 'limit of snapshots' -- rbd snap limit set vms/a --limit 3
  rec 'beyond the limit' -- rbd snap create --no-progress vms/a@toomany
}

topic_clones() {
  quiet rbd create vms/t --size 64M
  quiet qemu-io -f raw -c 'write -P 65 0 8M' rbd:vms/t
  quiet rbd snap create vms/t@snap
  rec 'clone of an unprotected snapshot, default format' -- rbd clone vms/t@snap vms/c0
  rec 'which clone format is the default' -- ceph-conf --show-config-value rbd_default_clone_format
  rec 'minimal client' -n 'auto means 2 when the cluster requires mimic clients' -- ceph osd get-require-min-compat-client
  rec 'clone v2 asked for, unprotected' -- rbd clone --rbd_default_clone_format 2 vms/t@snap vms/v2
  rec 'info of a v2 clone' -- rbd info vms/v2 "${json[@]}"
  rec 'snapshots of the parent' -- rbd snap ls vms/t "${json[@]}"
  rec 'children' -- rbd children vms/t@snap "${json[@]}"
  rec 'remove a snapshot with a v2 child' -n 'goes to the trash namespace, where it stays until the child is gone' -- rbd snap rm vms/t@snap
  rec 'snapshots of the parent' -- rbd snap ls vms/t "${json[@]}"
  rec 'all snapshots of the parent' -- rbd snap ls --all vms/t "${json[@]}"
  rec 'children, all' -- rbd children --all vms/t "${json[@]}"
  rec 'parent as the child sees it' -- rbd info vms/v2 "${json[@]}"
  rec 'remove the parent' -- rbd rm --no-progress vms/t
  quiet rbd rm vms/v2
  rec 'all snapshots when the child is gone' -- rbd snap ls --all vms/t "${json[@]}"

  quiet rbd snap create vms/t@snap
  rec 'protect' -- rbd snap protect vms/t@snap
  rec 'clone' -- rbd clone vms/t@snap vms/c1
  rec 'clone again' -- rbd clone vms/t@snap vms/c1
  rec 'clone into another pool' -- rbd clone vms/t@snap images/c2
  rec 'clone, format 1' -- rbd clone --rbd_default_clone_format 1 vms/t@snap vms/v1
  rec 'info of a clone' -- rbd info vms/c1 "${json[@]}"
  rec 'info of a v1 clone' -- rbd info vms/v1 "${json[@]}"
  rec 'list, long, with parents' -- rbd ls -l vms "${json[@]}"
  rec 'children' -- rbd children vms/t@snap "${json[@]}"
  rec 'children, none' -- rbd children vms/c1 "${json[@]}"
  rec 'children of a missing' -- rbd children vms/nope@snap "${json[@]}"
  rec 'space' -- rbd du -p vms "${json[@]}"
  rec 'clone of a missing snapshot' -- rbd clone vms/t@nope vms/x
  rec 'clone of a missing image' -- rbd clone vms/nope@snap vms/x
  rec 'clone into a missing pool' -- rbd clone vms/t@snap nope/x
  rec 'clone without a snapshot' -- rbd clone vms/t vms/x
  rec 'clone with features of its own' -- rbd clone --image-feature layering vms/t@snap vms/l
  rec 'unprotect with children' -- rbd snap unprotect vms/t@snap
  rec 'remove with children' -- rbd snap rm vms/t@snap
  rec 'purge with children' -- rbd snap purge vms/t
  rec 'remove an image whose snapshot has children' -- rbd rm --no-progress vms/t
  rec 'purge of a parent' -- rbd snap ls vms/t "${json[@]}"
  rec 'rename a parent' -- rbd rename vms/t vms/t2
  rec 'the child follows' -- rbd info vms/c1 "${json[@]}"
  quiet rbd rename vms/t2 vms/t
  rec 'trash a parent' -- rbd trash mv vms/t
  rec 'the child of a trashed parent' -- rbd info vms/c1 "${json[@]}"
  quiet rbd trash restore -p vms "$(rbd trash ls vms --format json | jq -r '.[0].id')"
  rec 'flatten' -- rbd flatten vms/c1
  rec 'flatten again' -- rbd flatten vms/c1
  rec 'flatten, missing' -- rbd flatten vms/nope
  rec 'info after' -- rbd info vms/c1 "${json[@]}"
  rec 'content after' -- qemu-io -f raw -c 'read -P 65 0 8M' rbd:vms/c1
  quiet rbd rm vms/l
  quiet rbd rm vms/c0
  quiet rbd rm vms/v1
  rec 'children left' -- rbd children vms/t@snap "${json[@]}"
  rec 'unprotect, a child in the other pool' -- rbd snap unprotect vms/t@snap
  quiet rbd rm images/c2
  rec 'unprotect' -- rbd snap unprotect vms/t@snap
  quiet rbd snap protect vms/t@snap
  rec 'clone of a snapshot of a clone' -- bash -c 'rbd clone vms/t@snap vms/k && rbd snap create --no-progress vms/k@s && rbd snap protect vms/k@s && rbd clone vms/k@s vms/kk && rbd info vms/kk --format json'
  rec 'remove a clone that is a parent' -- rbd rm --no-progress vms/k
  rec 'deep copy' -- rbd deep cp --no-progress vms/t vms/deep
  rec 'copy' -- rbd cp --no-progress vms/t@snap vms/copy
  rec 'copy, target exists' -- rbd cp --no-progress vms/t@snap vms/copy
  quiet ceph osd set-require-min-compat-client mimic
  rec 'cluster that requires mimic clients: clone of an unprotected snapshot' -- bash -c 'rbd snap create --no-progress vms/t@free && rbd clone vms/t@free vms/auto2 && rbd info vms/auto2 --format json'
  rec 'unprotected snapshot with a v2 child, children' -- rbd children vms/t@free "${json[@]}"
  rec 'removed all the same' -- rbd snap rm --no-progress vms/t@free
  quiet rbd create vms/victim --size 64M
  quiet qemu-io -f raw -c 'write -P 65 0 8M' rbd:vms/victim
  quiet rbd snap create vms/victim@snap
  quiet rbd snap protect vms/victim@snap
  quiet rbd clone --rbd_default_clone_format 1 vms/victim@snap vms/child
  rec 'remove a protected snapshot with children, forced' -n 'the surprise: it flattens the children, unprotects and removes' -- rbd snap rm --force vms/victim@snap
  rec 'its child' -- rbd info vms/child "${json[@]}"
  rec 'space of the child' -- rbd du vms/child "${json[@]}"
  rec 'roll back a clone' -- bash -c 'rbd snap create --no-progress vms/auto2@p; rbd snap rollback --no-progress vms/auto2@p'
  rec 'flatten a clone with snapshots' -- rbd flatten --no-progress vms/auto2
  rec 'parent of a snapshot taken before' -- rbd info vms/auto2@p "${json[@]}"
}

topic_resize_rename() {
  quiet rbd create vms/a --size 64M
  rec 'grow' -- rbd resize vms/a --size 128M
  rec 'equal' -- rbd resize vms/a --size 128M
  rec 'shrink' -- rbd resize vms/a --size 64M
  rec 'size after' -- rbd info vms/a "${json[@]}"
  rec 'shrink, allowed' -- rbd resize vms/a --size 64M --allow-shrink
  rec 'grow, bytes' -- rbd resize vms/a --size 134217728B
  rec 'grow, no progress' -- rbd resize --no-progress vms/a --size 134217729B
  rec 'missing' -- rbd resize vms/nope --size 1M
  rec 'missing pool' -- rbd resize nope/a --size 1M
  rec 'a snapshot' -- rbd resize vms/a@s --size 1M
  rec 'zero' -- rbd resize vms/a --size 0
  quiet rbd create vms/b --size 1M
  rec 'rename' -- rbd rename vms/a vms/c
  rec 'rename again' -n 'as when a first try was not seen to succeed' -- rbd rename vms/a vms/c
  rec 'rename, target exists' -- rbd rename vms/c vms/b
  rec 'rename, missing' -- rbd rename vms/nope vms/x
  rec 'rename, missing and target exists' -- rbd rename vms/nope vms/b
  rec 'rename to itself' -- rbd rename vms/c vms/c
  rec 'rename across pools' -- rbd rename vms/c images/c
  rec 'rename, missing pool' -- rbd rename nope/c nope/d
  rec 'rename, target without pool' -- rbd rename vms/c d
  rec 'list' -- rbd ls vms "${json[@]}"
  rec 'alias mv' -n 'a target without a pool went into the pool of the source' -- rbd mv vms/d vms/e
  quiet rbd snap create vms/e@s
  quiet rbd snap protect vms/e@s
  rec 'rename with a protected snapshot' -- rbd rename vms/e vms/f
  open_image vms/f
  rec 'rename while a client has it open' -w 'timeout -k 2 40' -- rbd rename vms/f vms/g
  rec 'the client goes on' -- rbd status vms/g "${json[@]}"
  close_image
  rec 'rename of a trashed' -- bash -c 'rbd trash mv vms/b; rbd rename vms/b vms/h'
}

topic_remove() {
  quiet rbd create vms/a --size 64M
  open_image vms/a
  rec 'status' -- rbd status vms/a "${json[@]}"
  rec 'status as text' -- rbd status vms/a
  rec 'locks' -- rbd lock ls vms/a "${json[@]}"
  rec 'remove, a client has it open' -n 'is it still whole afterwards?' -- rbd rm vms/a
  rec 'still listed' -- rbd ls vms "${json[@]}"
  rec 'still whole' -- rbd info vms/a "${json[@]}"
  rec 'the client still writes' -- bash -c "echo 'write -P 67 0 4096' > $work/qemu; sleep 1; tail -n 1 $work/qemu.out"
  rec 'lock and watch after the attempt' -- rbd status vms/a "${json[@]}"
  rec 'trash, a client has it open' -- rbd trash mv vms/a
  rec 'listed' -- rbd ls vms "${json[@]}"
  close_image
  rec 'in the trash' -- rbd trash ls vms "${json[@]}"
  quiet rbd trash purge vms
  quiet rbd create vms/w --size 64M
  rbd watch vms/w > /dev/null 2>&1 < <(sleep 100) & # it ends when its standard input has something, or ends
  local watcher=$!
  until [[ $(rbd status vms/w --format json) == *address* ]]; do sleep 0.1; done
  rec 'a watcher' -- rbd status vms/w "${json[@]}"
  rec 'remove, watched' -- rbd rm vms/w
  kill -KILL "$watcher"
  wait "$watcher" 2> /dev/null
  rec 'watcher killed a moment ago' -n 'the watch lives until its timeout, 30 s' -- rbd rm --no-progress vms/w
  sleep 35
  rec 'watcher killed 35 s ago' -- rbd rm --no-progress vms/w
  quiet rbd create vms/l --size 1M
  rec 'lock by hand' -- rbd lock add vms/l mine
  rec 'lock again' -- rbd lock add vms/l mine
  rec 'locks' -- rbd lock ls vms/l "${json[@]}"
  rec 'remove, locked' -n 'a lock without a watcher: it waits for it without a limit' -w 'timeout -k 1 30' -- rbd rm --no-progress vms/l
  rec 'write, locked' -w 'timeout -k 1 20' -- qemu-io -f raw -c 'write 0 4k' rbd:vms/l
  rec 'snapshot, locked' -w 'timeout -k 1 20' -- rbd snap create --no-progress vms/l@s
  rec 'rename, locked' -w 'timeout -k 1 20' -- rbd rename vms/l vms/l2
  rec 'lock taken away' -- rbd lock rm vms/l2 mine "$(rbd lock ls vms/l2 --format json | jq -r '.[0].locker')"
  rec 'remove' -w 'timeout -k 1 30' -- rbd rm --no-progress vms/l2
  rec 'two, one missing' -n 'takes one image only' -- rbd rm vms/x vms/y
}

topic_import_export() {
  file sparse 64 8
  file odd 1 1
  printf tail >> "$work/odd"
  : > "$work/empty"
  ln -s "$work/sparse" "$work/link"
  cd "$work" || return
  rec 'import as Nova does' -- rbd import --pool vms sparse n1 --image-format=2
  rec 'import' -- rbd import sparse vms/i1
  rec 'info' -- rbd info vms/i1 "${json[@]}"
  rec 'holes stay holes' -- rbd du vms/i1 "${json[@]}"
  rec 'import again' -- rbd import sparse vms/i1
  rec 'import, no progress' -- rbd import --no-progress sparse vms/i2
  rec 'import from standard input' -i sparse -- rbd import - vms/i3
  rec 'info of it' -- rbd info vms/i3 "${json[@]}"
  rec 'holes from standard input' -- rbd du vms/i3 "${json[@]}"
  rec 'import from a pipe' -- bash -c 'cat sparse | rbd import --no-progress - vms/i4'
  rec 'import, odd size' -- rbd import --no-progress odd vms/i5
  rec 'size of it' -- rbd info vms/i5 "${json[@]}"
  rec 'import, empty file' -- rbd import --no-progress empty vms/i6
  rec 'import, no file' -- rbd import nofile vms/i7
  rec 'import, a directory' -- rbd import /etc vms/i8
  rec 'import through a link' -- rbd import --no-progress link vms/i9
  rec 'import, missing pool' -- rbd import sparse nope/x
  rec 'import, object size' -- rbd import --no-progress --object-size 1M sparse vms/o1
  rec 'import, sparse size' -- rbd import --no-progress --sparse-size 64K sparse vms/o2
  rec 'import, features' -- rbd import --no-progress --image-feature layering sparse vms/o3
  rec 'import of zeros that are written' -n 'zeros in the file become holes' -- bash -c 'head -c 16M /dev/zero > zeros; rbd import --no-progress zeros vms/z; rbd du vms/z --format json'
  rec 'import, name derived from the file' -n 'goes into the pool rbd' -- rbd import --no-progress sparse
  rec 'import with a bad name' -- rbd import --no-progress sparse vms/a@b
  rec 'list' -- rbd ls vms "${json[@]}"
  rec 'export' -- rbd export vms/i1 out1
  rec 'sparse or not' -- du --block-size=1 --apparent-size out1
  rec 'blocks' -- du --block-size=1 out1
  rec 'same' -- cmp sparse out1
  rec 'export again' -n 'the file exists' -- rbd export vms/i1 out1
  rec 'export, no progress' -- rbd export --no-progress vms/i1 out2
  rec 'export to standard output' -b -- rbd export vms/i1 -
  rec 'export to standard output, no progress' -b -- rbd export --no-progress vms/i5 -
  quiet rbd snap create vms/i1@s
  rec 'export of a snapshot' -- rbd export --no-progress vms/i1@s out3
  rec 'export, missing image' -- rbd export vms/nope out4
  rec 'export, missing snapshot' -- rbd export vms/i1@nope out4
  rec 'export leaves' -- ls out4
  rec 'export, no directory' -- rbd export vms/i1 nodir/out
  rec 'export into a full file system' -- bash -c 'mkdir -p m; mount -t tmpfs -o size=4M tmpfs m; rbd export vms/i1 m/out; s=$?; ls -l m | tail -n +2 | cut -d" " -f5; umount m; exit $s'
  rec 'export, standard output closed' -- bash -c 'rbd export --no-progress vms/i1 - | head -c 4096 > /dev/null; echo "${PIPESTATUS[0]}"'
  rec 'compare by hash' -b -- rbd export --no-progress vms/i3 -
  cd - > /dev/null || return
}

topic_namespaces() {
  file f 8 1
  rec 'create' -- rbd namespace create vms/ns
  rec 'create again' -- rbd namespace create vms/ns
  rec 'list' -- rbd namespace ls vms "${json[@]}"
  rec 'image' -- rbd create vms/ns/a --size 8M
  rec 'import' -- rbd import --no-progress "$work/f" vms/ns/b
  rec 'list of the pool' -n 'does not show the namespace' -- rbd ls vms "${json[@]}"
  rec 'list of the namespace' -- rbd ls vms/ns "${json[@]}"
  rec 'list, by option' -- rbd ls --pool vms --namespace ns "${json[@]}"
  rec 'info' -- rbd info vms/ns/a "${json[@]}"
  rec 'missing namespace' -- rbd info vms/nope/a "${json[@]}"
  rec 'list, missing namespace' -- rbd ls vms/nope "${json[@]}"
  rec 'create in a missing namespace' -- rbd create vms/nope/a --size 8M
  rec 'snapshot' -- rbd snap create --no-progress vms/ns/b@s
  rec 'protect' -- rbd snap protect vms/ns/b@s
  rec 'clone in it' -- rbd clone vms/ns/b@s vms/ns/c
  rec 'clone out of it' -- rbd clone vms/ns/b@s vms/out
  rec 'clone out of it, format 2' -- rbd clone --rbd_default_clone_format 2 vms/ns/b@s vms/out2
  rec 'info of that' -- rbd info vms/out2 "${json[@]}"
  rec 'children' -- rbd children vms/ns/b@s "${json[@]}"
  rec 'rename in it' -- rbd rename vms/ns/a vms/ns/a2
  rec 'rename out of it' -- rbd rename vms/ns/a2 vms/a2
  rec 'remove the namespace, not empty' -- rbd namespace rm vms/ns
  rec 'by qemu-img' -- qemu-img info -f raw rbd:vms/ns/b --output json
  rec 'pool that rbd never initialised' -- bash -c 'ceph osd pool create raw 8 >/dev/null 2>&1; rbd create raw/a --size 1M && rbd ls raw --format json'
  rec 'namespace in a missing pool' -- rbd namespace create nope/ns
}

topic_cluster() {
  rec 'fsid' -- ceph fsid
  rec 'fsid, json' -- ceph fsid "${json[@]}"
  rec 'monitors' -- ceph mon dump "${json[@]}"
  rec 'pools' -- ceph osd pool ls "${json[@]}"
  rec 'free space' -- ceph df "${json[@]}"
  rec 'status' -- ceph status "${json[@]}"
  rec 'health' -- ceph health "${json[@]}"
  rec 'features of the pool' -- ceph osd pool get vms all "${json[@]}"
  rec 'pool statistics by rbd' -- rbd pool stats vms "${json[@]}"
  rec 'quota' -- ceph osd pool get-quota vms "${json[@]}"
  rec 'missing pool' -- ceph osd pool get nope size
  rec 'unknown command' -- ceph nonsense
  rec 'ceph version' -- ceph versions "${json[@]}"
  rec 'default features' -- ceph-conf --show-config-value rbd_default_features
  rec 'default features by rbd' -- rbd config global get client rbd_default_features
  rec 'no manager: stopped' -- bash -c "kill \$(cat $lab/run/mgr.x.pid); sleep 3; ceph df --format json"
}

topic_users() {
  file f 8 1
  quiet rbd create vms/a --size 8M
  quiet rbd import --no-progress "$work/f" images/t
  quiet rbd snap create images/t@snap
  quiet rbd snap protect images/t@snap
  quiet ceph auth get-or-create client.ro mon 'profile rbd' osd 'profile rbd-read-only pool=images, profile rbd-read-only pool=vms' -o "$work/ro"
  quiet ceph auth get-or-create client.nova mon 'profile rbd' osd 'profile rbd pool=vms, profile rbd-read-only pool=images' -o "$work/nova"
  quiet ceph auth get-or-create client.nocaps -o "$work/nocaps"
  sed 's/key = .*/key = AQAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAA==/' "$work/nova" > "$work/wrong"
  sed s/nova/ghost/ "$work/nova" > "$work/ghost"
  chmod 600 "$work"/*
  cd "$work" || return
  rec 'user unknown to the cluster' -n 'no key for it in the keyring' -- rbd --id ghost ls vms
  rec 'unknown user, with a key' -- rbd --id ghost --keyring ghost ls vms
  rec 'wrong key' -- rbd --id nova --keyring wrong ls vms
  rec 'keyring missing' -- rbd --id nova --keyring nokeyring ls vms
  rec 'no capabilities' -- rbd --id nocaps --keyring nocaps ls vms
  rec 'configuration missing' -- rbd --conf noconf ls vms
  rec 'configuration empty' -- rbd --conf /dev/null ls vms
  rec 'read-only user, list' -- rbd --id ro --keyring ro ls vms "${json[@]}"
  rec 'read-only user, info' -- rbd --id ro --keyring ro info vms/a "${json[@]}"
  rec 'read-only user, create' -- rbd --id ro --keyring ro create vms/x --size 1M
  rec 'read-only user, import' -- rbd --id ro --keyring ro import --no-progress f vms/x
  rec 'read-only user, remove' -- rbd --id ro --keyring ro rm --no-progress vms/a
  rec 'read-only user, snapshot' -- rbd --id ro --keyring ro snap create --no-progress vms/a@s
  rec 'read-only user, resize' -- rbd --id ro --keyring ro resize --no-progress vms/a --size 16M
  rec 'read-only user, rename' -- rbd --id ro --keyring ro rename vms/a vms/b
  rec 'read-only user, info of a missing' -- rbd --id ro --keyring ro info vms/nope
  rec 'own pool writable, template pool readable: clone' -- rbd --id nova --keyring nova clone images/t@snap vms/c
  rec 'info of the clone' -- rbd --id nova --keyring nova info vms/c "${json[@]}"
  rec 'flatten' -- rbd --id nova --keyring nova flatten --no-progress vms/c
  rec 'import into the template pool' -- rbd --id nova --keyring nova import --no-progress f images/x
  rec 'protect in the template pool' -- rbd --id nova --keyring nova snap protect images/t@snap
  rec 'clone into the template pool' -- bash -c 'rbd snap create --no-progress vms/a@s; rbd snap protect vms/a@s; rbd --id nova --keyring nova clone vms/a@s images/y'
  rec 'children, as a user who cannot see all pools' -- rbd --id nova --keyring nova children vms/a@s "${json[@]}"
  rec 'pools, as that user' -- ceph --id nova --keyring nova osd pool ls "${json[@]}"
  rec 'free space, as that user' -- ceph --id nova --keyring nova df "${json[@]}"
  rec 'monitors, as that user' -- ceph --id nova --keyring nova mon dump "${json[@]}"
  rec 'unknown user, ceph' -- ceph --id ghost fsid
  rec 'wrong key, ceph' -- ceph --id nova --keyring wrong fsid
  rec 'configuration missing, ceph' -- ceph --conf noconf fsid
  cd - > /dev/null || return
}

topic_qemu() {
  file f 64 8
  cd "$work" || return
  rec 'convert into a new image' -n 'makes the image under that name and fills it: not whole until it ends' -- qemu-img convert -f raw -O raw f rbd:vms/q1
  rec 'info' -- rbd info vms/q1 "${json[@]}"
  rec 'holes' -- rbd du vms/q1 "${json[@]}"
  rec 'convert into an existing image' -- qemu-img convert -f raw -O raw f rbd:vms/q1
  rec 'convert into an existing image, -n' -- qemu-img convert -n -f raw -O raw f rbd:vms/q1
  rec 'info by qemu-img' -- qemu-img info -f raw --output json rbd:vms/q1
  rec 'info by qemu-img, with user and conf' -- qemu-img info -f raw --output json "rbd:vms/q1:id=admin:conf=$CEPH_CONF"
  rec 'info by qemu-img, missing' -- qemu-img info -f raw --output json rbd:vms/nope
  rec 'info by qemu-img, missing pool' -- qemu-img info -f raw --output json rbd:nope/q1
  quiet rbd snap create vms/q1@s
  rec 'info of a snapshot' -- qemu-img info -f raw --output json rbd:vms/q1@s
  rec 'convert out of a snapshot' -- qemu-img convert -f raw -O raw rbd:vms/q1@s back
  rec 'same' -- cmp f back
  rec 'convert qcow2 into rbd' -- bash -c "qemu-img convert -O qcow2 f f.qcow2 && qemu-img convert -f qcow2 -O raw f.qcow2 rbd:vms/q2"
  rec 'resize by qemu-img' -- qemu-img resize -f raw rbd:vms/q2 128M
  rec 'shrink by qemu-img' -- qemu-img resize -f raw rbd:vms/q2 64M
  rec 'snapshot by qemu-img' -- qemu-img snapshot -c x rbd:vms/q2
  rec 'progress' -- qemu-img convert -p -f raw -O raw f rbd:vms/q3
  cd - > /dev/null || return
}

# What CONTRACT 6.8 asks: the template imported once under a private name, a protected snapshot, a rename; images as clones, grown.
topic_template() {
  file f 64 32
  rec 'private name' -- rbd import --no-progress "$work/f" images/tpl.part
  rec 'snapshot' -- rbd snap create --no-progress images/tpl.part@snap
  rec 'protect' -- rbd snap protect images/tpl.part@snap
  rec 'publish' -- rbd rename images/tpl.part images/tpl
  rec 'is it whole' -- rbd info images/tpl@snap "${json[@]}"
  rec 'clone, same size' -- rbd clone images/tpl@snap vms/vm1_disk
  rec 'clone, larger: private' -- rbd clone images/tpl@snap vms/vm2_disk.part
  rec 'clone, larger: grown' -- rbd resize --no-progress vms/vm2_disk.part --size 134217728B
  rec 'clone, larger: published' -- rbd rename vms/vm2_disk.part vms/vm2_disk
  rec 'size as an option of clone' -n 'the hope: a larger clone in one process' -- rbd clone --size 128M images/tpl@snap vms/vm3_disk
  rec_start one 'two hosts publish at once' -- rbd import --no-progress "$work/f" images/race
  rec_start two 'two hosts publish at once' -- rbd import --no-progress "$work/f" images/race
  rec_wait one
  rec_wait two
  quiet rbd import "$work/f" images/p1
  quiet rbd import "$work/f" images/p2
  rec_start one 'two renames at once' -- rbd rename images/p1 images/winner
  rec_start two 'two renames at once' -- rbd rename images/p2 images/winner
  rec_wait one
  rec_wait two
  rec 'what there is' -- rbd ls images "${json[@]}"
  rec_start one 'two clones at once' -- rbd clone images/tpl@snap vms/same
  rec_start two 'two clones at once' -- rbd clone images/tpl@snap vms/same
  rec_wait one
  rec_wait two
  local n
  for n in x y z; do
    rec_start one 'two snapshots at once' -n 'both may say 0: the one that does not own the exclusive lock asks the other client to do it' -- rbd snap create --no-progress "images/tpl@$n"
    rec_start two 'two snapshots at once' -- rbd snap create --no-progress "images/tpl@$n"
    rec_wait one
    rec_wait two
  done
  rec_start one 'two protects at once' -- rbd snap protect images/tpl@x
  rec_start two 'two protects at once' -- rbd snap protect images/tpl@x
  rec_wait one
  rec_wait two
  rec_start one 'clone and unprotect at once' -- rbd clone images/tpl@x vms/late
  rec_start two 'clone and unprotect at once' -- rbd snap unprotect images/tpl@x
  rec_wait one
  rec_wait two
  rec 'what is left of the clone' -- rbd ls vms "${json[@]}"
  rec_start one 'two removals at once' -n 'both may fail: each is a watcher to the other' -- rbd rm --no-progress vms/same
  rec_start two 'two removals at once' -- rbd rm --no-progress vms/same
  rec_wait one
  rec_wait two
  rec 'removed or not' -- rbd ls vms "${json[@]}"
  for n in 1 2; do
    rec_start one 'two growths at once' -- rbd resize --no-progress vms/vm2_disk --size "$((200 + n))M"
    rec_start two 'two growths at once' -- rbd resize --no-progress vms/vm2_disk --size "$((300 + n))M"
    rec_wait one
    rec_wait two
    rec 'size then' -- rbd info vms/vm2_disk "${json[@]}"
  done
  rec 'direct snapshot as in B108' -- bash -c 'rbd snap create --no-progress vms/vm1_disk@d && rbd snap protect vms/vm1_disk@d && rbd clone vms/vm1_disk@d images/new && rbd flatten --no-progress images/new && rbd snap unprotect vms/vm1_disk@d && rbd snap rm --no-progress vms/vm1_disk@d && rbd snap create --no-progress images/new@snap && rbd snap protect images/new@snap && rbd info images/new@snap --format json'
}

# The cluster out of reach, in the three ways that differ: nobody listens (killed), somebody listens and says nothing (stopped), only the
# OSD is away. What bounds each command, and what its status and text are then.
topic_away() {
  quiet rbd create vms/a --size 8M
  quiet rbd snap create vms/a@s
  local mon osd
  mon=$(< "$lab/run/mon.a.pid") osd=$(< "$lab/run/osd.0.pid")
  rec 'defaults' -- bash -c 'for o in client_mount_timeout rados_mon_op_timeout rados_osd_op_timeout rbd_default_clone_format osd_client_watch_timeout; do echo "$o $(ceph-conf --show-config-value $o)"; done'
  kill -STOP "$mon"
  local bound=(--client-mount-timeout 5) ops=(--rados-mon-op-timeout 5 --rados-osd-op-timeout 5)
  rec 'monitor stopped: no bound' -n 'client_mount_timeout is 300 s' -w 'timeout -k 1 20' -- rbd info vms/a "${json[@]}"
  rec 'monitor stopped: mount timeout' -w 'timeout -k 1 30' -- rbd "${bound[@]}" info vms/a "${json[@]}"
  rec 'monitor stopped: mount timeout, spelled with underscores' -w 'timeout -k 1 30' -- rbd --client_mount_timeout=5 ls vms
  rec 'monitor stopped: mount timeout, missing image' -w 'timeout -k 1 30' -- rbd "${bound[@]}" info vms/nope "${json[@]}"
  rec 'monitor stopped: operation timeouts only' -w 'timeout -k 1 30' -- rbd "${ops[@]}" info vms/a "${json[@]}"
  rec 'monitor stopped: import' -w 'timeout -k 1 30' -- rbd "${bound[@]}" import --no-progress /etc/hostname vms/x
  rec 'monitor stopped: ceph' -w 'timeout -k 1 30' -- ceph --connect-timeout 5 fsid
  rec 'monitor stopped: ceph, no bound' -w 'timeout -k 1 20' -- ceph fsid
  rec 'monitor stopped: by the environment' -n 'CEPH_ARGS' -w 'timeout -k 1 30 env CEPH_ARGS=--client_mount_timeout=5' -- rbd ls vms
  rec 'monitor stopped: qemu-img' -w 'timeout -k 1 20' -- qemu-img info -f raw rbd:vms/a
  rec 'monitor stopped: qemu-img, bounded' -w 'timeout -k 1 30' -- qemu-img info -f raw rbd:vms/a:client_mount_timeout=5
  kill -CONT "$mon"
  sleep 8
  rec 'monitor back' -- rbd "${bound[@]}" info vms/a "${json[@]}"

  kill -STOP "$osd"
  rec 'OSD stopped: no bound' -w 'timeout -k 1 15' -- rbd info vms/a "${json[@]}"
  rec 'OSD stopped: mount timeout does not help' -w 'timeout -k 1 15' -- rbd "${bound[@]}" info vms/a "${json[@]}"
  rec 'OSD stopped: operation timeouts' -w 'timeout -k 1 40' -- rbd "${ops[@]}" info vms/a "${json[@]}"
  rec 'OSD stopped: list' -w 'timeout -k 1 40' -- rbd "${ops[@]}" ls vms "${json[@]}"
  rec 'OSD stopped: create' -n 'its write was sent and is done when the OSD goes on: the outcome is unknown' -w 'timeout -k 1 60' -- rbd "${ops[@]}" create vms/late --size 8M
  rec 'OSD stopped: snapshot' -w 'timeout -k 1 60' -- rbd "${ops[@]}" snap create --no-progress vms/a@late
  rec 'OSD stopped: remove' -w 'timeout -k 1 60' -- rbd "${ops[@]}" rm --no-progress vms/a
  rec 'OSD stopped: rename' -w 'timeout -k 1 60' -- rbd "${ops[@]}" rename vms/a vms/b
  rec 'OSD stopped: import' -w 'timeout -k 1 60' -- rbd "${ops[@]}" import --no-progress /etc/hostname vms/imp
  rec 'OSD stopped: the monitor still answers' -- ceph --connect-timeout 5 fsid
  rec 'OSD stopped: free space' -- ceph --connect-timeout 5 df "${json[@]}"
  kill -CONT "$osd"
  sleep 12
  rec 'OSD back: what was done after all' -w 'timeout -k 1 60' -- rbd ls vms "${json[@]}"
  rec 'OSD back: snapshots' -w 'timeout -k 1 60' -- rbd snap ls vms/a "${json[@]}"
  rec 'OSD back: the late one' -w 'timeout -k 1 60' -- rbd info vms/late "${json[@]}"
  rec 'OSD back: its objects' -w 'timeout -k 1 60' -- rados -p vms ls
  # The OSD stops in the middle of a command, whose operations time out; those that were sent are done when the OSD goes on.
  local at what
  for what in create snapshot rename remove; do
    for at in 0.02 0.03 0.04 0.05 0.06 0.07; do
      case $what in
        create) set -- rbd "${ops[@]}" create "vms/c$at" --size 8M ;;
        snapshot) set -- rbd "${ops[@]}" snap create --no-progress "vms/a@s$at" ;;
        rename) quiet rbd create "vms/r$at" --size 8M; set -- rbd "${ops[@]}" rename "vms/r$at" "vms/R$at" ;;
        remove) quiet rbd create "vms/d$at" --size 8M; set -- rbd "${ops[@]}" rm --no-progress "vms/d$at" ;;
      esac
      rec_start slow "OSD stopped $at s after the start: $what" -w 'timeout -k 1 60' -- "$@"
      sleep "$at"
      kill -STOP "$osd"
      rec_wait slow
      kill -CONT "$osd"
      sleep 3
    done
    rec "OSD went on: $what" -w 'timeout -k 1 60' -- rbd ls vms "${json[@]}"
    rec "OSD went on: $what, snapshots" -w 'timeout -k 1 60' -- rbd snap ls vms/a "${json[@]}"
    rec "OSD went on: $what, objects" -w 'timeout -k 1 60' -- bash -c 'rados -p vms ls | grep -E "rbd_id|rbd_header" | sort'
  done

  kill -KILL "$mon"
  sleep 1
  rec 'monitor killed: no bound' -w 'timeout -k 1 20' -- rbd info vms/a "${json[@]}"
  rec 'monitor killed: mount timeout' -w 'timeout -k 1 30' -- rbd "${bound[@]}" info vms/a "${json[@]}"
  rec 'monitor killed: mount timeout, missing image' -w 'timeout -k 1 30' -- rbd "${bound[@]}" info vms/nope "${json[@]}"
  rec 'monitor killed: remove' -w 'timeout -k 1 30' -- rbd "${bound[@]}" rm --no-progress vms/a
  rec 'monitor killed: clone' -w 'timeout -k 1 30' -- rbd "${bound[@]}" clone vms/a@s vms/c
  rec 'monitor killed: snapshot' -w 'timeout -k 1 30' -- rbd "${bound[@]}" snap create --no-progress vms/a@t
  rec 'monitor killed: ceph' -w 'timeout -k 1 30' -- ceph --connect-timeout 5 fsid
  rec 'monitor killed: ceph df' -w 'timeout -k 1 30' -- ceph --connect-timeout 5 df "${json[@]}"
  rec 'monitor killed: qemu-img' -w 'timeout -k 1 30' -- qemu-img info -f raw rbd:vms/a:client_mount_timeout=5
  sed 's/127.0.0.1/nosuchhost.invalid/g' "$CEPH_CONF" > "$work/conf"
  rec 'monitor with an unknown name' -w "timeout -k 1 30 env CEPH_CONF=$work/conf" -- rbd "${bound[@]}" info vms/a
}

# An operation timeout, and a cluster that is away for longer than it while data is written: is it told?
topic_lost_writes() {
  local osd sum ops=(--rados-osd-op-timeout 3)
  osd=$(< "$lab/run/osd.0.pid")
  file f 512 512
  sum="$(sha256sum < "$work/f" | cut -d ' ' -f 1)"
  # pause SECONDS: the OSD says nothing for so long, beginning in a moment
  pause() { (sleep 0.4; kill -STOP "$osd"; sleep "$1"; kill -CONT "$osd") & }
  check() {
    rec "$1: content" -n "the file's SHA-256 is $sum" -b -w 'timeout -k 1 60' -- rbd export --no-progress "vms/$2" -
    rec "$1: info" -w 'timeout -k 1 20' -- rbd info "vms/$2" "${json[@]}"
  }
  pause 10
  rec 'import, pause of 10 s, no bound' -w 'timeout -k 1 90' -- rbd import --no-progress "$work/f" vms/i0
  wait
  check 'import, no bound' i0
  pause 10
  rec 'import, pause of 10 s, operations bounded to 3 s' -n 'status 0 would be a lie' -w 'timeout -k 1 120' -- rbd "${ops[@]}" import --no-progress "$work/f" vms/i1
  wait
  sleep 2
  check 'import, bounded' i1
  pause 10
  rec 'import from standard input, bounded' -i "$work/f" -w 'timeout -k 1 120' -- rbd "${ops[@]}" import --no-progress - vms/i2
  wait
  sleep 2
  check 'import from standard input, bounded' i2
  pause 10
  rec 'import, bounded, no object map' -w 'timeout -k 1 120' -- rbd "${ops[@]}" import --no-progress --image-feature layering "$work/f" vms/i3
  wait
  sleep 2
  check 'import, bounded, no object map' i3
  pause 10
  rec 'import, bounded, no cache' -w 'timeout -k 1 120' -- rbd "${ops[@]}" --rbd-cache false import --no-progress "$work/f" vms/i4
  wait
  sleep 2
  check 'import, bounded, no cache' i4
  quiet rbd snap create vms/i0@s
  quiet rbd snap protect vms/i0@s
  quiet rbd clone vms/i0@s vms/c
  pause 10
  rec 'flatten, bounded' -w 'timeout -k 1 120' -- rbd "${ops[@]}" flatten --no-progress vms/c
  wait
  sleep 2
  check 'flatten, bounded' c
  quiet qemu-io -f raw -c 'write -P 66 0 512M' rbd:vms/i0
  pause 10
  rec 'roll back, bounded' -w 'timeout -k 1 120' -- rbd "${ops[@]}" snap rollback --no-progress vms/i0@s
  wait
  sleep 2
  check 'roll back, bounded' i0
  quiet rbd snap rollback vms/i0@s
  pause 10
  rec 'export, bounded' -w 'timeout -k 1 120' -- rbd "${ops[@]}" export --no-progress vms/i0 "$work/out"
  wait
  rec 'export, bounded: content' -- sha256sum "$work/out"
  rm -f "$work/out"
  pause 10
  rec 'copy, bounded' -w 'timeout -k 1 120' -- rbd "${ops[@]}" cp --no-progress vms/i0 vms/copy
  wait
  sleep 2
  check 'copy, bounded' copy
  quiet rbd create vms/q --size 512M
  pause 10
  rec 'qemu-img convert, bounded' -w 'timeout -k 1 120' -- qemu-img convert -n -f raw -O raw "$work/f" rbd:vms/q:rados_osd_op_timeout=3
  wait
  sleep 2
  check 'qemu-img convert, bounded' q
  pause 10
  rec 'qemu-img convert, bounded, no cache' -w 'timeout -k 1 120' -- qemu-img convert -t none -n -f raw -O raw "$work/f" rbd:vms/q:rados_osd_op_timeout=3
  wait
  # The same with a cluster that turns full for a while.
  (sleep 0.3; ceph osd set full; sleep 10; ceph osd unset full) > /dev/null 2>&1 &
  rec 'import, full for 10 s, no bound' -n 'waits' -w 'timeout -k 1 90' -- rbd import --no-progress "$work/f" vms/f0
  wait
  check 'import, full for 10 s, no bound' f0
  (sleep 0.3; ceph osd set full; sleep 10; ceph osd unset full) > /dev/null 2>&1 &
  rec 'import, full for 10 s, bounded' -w 'timeout -k 1 120' -- rbd "${ops[@]}" import --no-progress "$work/f" vms/f1
  wait
  check 'import, full for 10 s, bounded' f1
}

topic_full() {
  # An OSD of 256 MiB; the limits are the usual ones: near full 85 %, back-fill full 90 %, full 95 %.
  file f 64 64
  file big 182 182
  rec 'free space' -- ceph df "${json[@]}"
  quiet rbd import "$work/f" vms/small
  rec 'import that fills it to 96 %' -n 'accepted: that it is full is noticed some seconds later' -w 'timeout -k 1 60' -- rbd import --no-progress "$work/big" vms/big
  sleep 10
  rec 'health' -- ceph health detail "${json[@]}"
  rec 'free space' -- ceph df "${json[@]}"
  rec 'listed' -w 'timeout -k 1 20' -- rbd ls -l vms "${json[@]}"
  rec 'read on a full cluster' -b -w 'timeout -k 1 20' -- rbd export --no-progress vms/small -
  rec 'create on a full cluster' -n 'writes wait for space, they do not fail' -w 'timeout -k 1 20' -- rbd create vms/x --size 8M
  rec 'snapshot on a full cluster' -w 'timeout -k 1 20' -- rbd snap create --no-progress vms/big@s
  rec 'clone on a full cluster' -w 'timeout -k 1 20' -- rbd clone --rbd_default_clone_format 2 vms/big@s vms/c
  rec 'import on a full cluster' -w 'timeout -k 1 20' -- rbd import --no-progress "$work/f" vms/i
  rec 'import with an operation timeout' -n 'the status is 0' -w 'timeout -k 1 120' -- rbd --rados-osd-op-timeout 5 import --no-progress "$work/f" vms/y
  rec 'the file' -- sha256sum "$work/f"
  rec 'what was imported' -n 'the same size, another content' -b -w 'timeout -k 1 60' -- rbd export --no-progress vms/y -
  rec 'bytes of it that are there' -w 'timeout -k 1 60' -- bash -c 'rbd export --no-progress vms/y - | tr -cd A | wc -c'
  rec 'flags of it' -w 'timeout -k 1 20' -- rbd info vms/y "${json[@]}"
  rec 'create with an operation timeout' -w 'timeout -k 1 60' -- rbd --rados-osd-op-timeout 5 create vms/z --size 8M
  rec 'rename on a full cluster' -w 'timeout -k 1 20' -- rbd rename vms/small vms/small2
  rec 'resize on a full cluster' -w 'timeout -k 1 20' -- rbd resize --no-progress vms/small --size 128M
  rec 'qemu-img convert on a full cluster' -w 'timeout -k 1 20' -- qemu-img convert -n -f raw -O raw "$work/f" rbd:vms/small
  rec 'images' -w 'timeout -k 1 20' -- rbd ls vms "${json[@]}"
  rec 'remove on a full cluster' -n 'status 2, and the image stays' -w 'timeout -k 1 60' -- rbd rm --no-progress vms/big
  rec 'info of it' -w 'timeout -k 1 20' -- rbd info vms/big "${json[@]}"
  rec 'snapshot removal on a full cluster' -w 'timeout -k 1 20' -- rbd snap rm --no-progress vms/big@s
  rec 'trash on a full cluster' -w 'timeout -k 1 20' -- rbd trash mv vms/big
  rec 'remove with the full check off' -w 'timeout -k 1 60' -- rbd --rados-pool-full-try true rm --no-progress vms/big
  rec 'shrink on a full cluster' -w 'timeout -k 1 20' -- rbd resize --no-progress --allow-shrink vms/big --size 1M
  rec 'the way out: the limit raised for a moment' -- ceph osd set-full-ratio 0.98
  sleep 3
  rec 'remove then' -w 'timeout -k 1 60' -- rbd rm --no-progress vms/big
  rec 'what is left' -w 'timeout -k 1 20' -- rbd ls vms "${json[@]}"
  sleep 8
  rec 'health' -- ceph health "${json[@]}"
  rec 'pool quota' -- ceph osd pool set-quota vms max_bytes 33554432
  rec 'import past the quota' -w 'timeout -k 1 60' -- rbd import --no-progress "$work/f" vms/q
  sleep 6
  rec 'import into a pool over its quota' -w 'timeout -k 1 20' -- rbd import --no-progress "$work/f" vms/q2
  rec 'health' -- ceph health detail "${json[@]}"
  rec 'free space' -- ceph df "${json[@]}"
}

# SIGKILL at several moments, and what is left: listed, whole-looking, removable, repeatable? The moments are what they are: a run on another
# day, or a busier machine, meets other states.
topic_killed() {
  file f 512 512
  local at name
  # kill_after SECONDS NAME -- ARGV…
  kill_after() {
    rec_start k "$2, killed after $1 s" -- "${@:4}"
    sleep "$1"
    kill -KILL "${REC_PID[k]}" 2> /dev/null
    rec_wait k
  }
  # Names, directory, and whatever else is no data.
  left() { rec "$1: left" -- bash -c 'echo "ls: $(rbd ls vms | tr "\n" " ")"; echo "trash: $(rbd trash ls --all vms | tr "\n" " ")"; rados -p vms ls | grep -E "^rbd_(id|header|children)" | sort'; }

  for at in 0.03 0.05 0.07 0.1 0.5; do
    name="import, killed after $at s"
    kill_after "$at" import -- rbd import --no-progress "$work/f" "vms/i$at"
    left "$name"
    rec "$name: info" -n 'looks whole: the size is the final one from the start' -- rbd info "vms/i$at" "${json[@]}"
    rec "$name: space" -- rbd du "vms/i$at" "${json[@]}"
    rec "$name: status" -- rbd status "vms/i$at" "${json[@]}"
    rec "$name: again" -n 'a whole one, when nothing was left' -- rbd import --no-progress "$work/f" "vms/i$at"
    rec "$name: rename at once" -n 'a dead watcher does not keep an image from its new name' -- rbd rename "vms/i$at" "vms/j$at"
    rec "$name: remove at once" -n 'the dead client holds the exclusive lock: waits until its watch is over (30 s), then removes' -w 'timeout -k 1 60' -- rbd rm --no-progress "vms/j$at"
  done
  kill_after 0.5 'import from standard input' -- bash -c 'exec rbd import --no-progress - vms/stdin < /dev/zero'
  rec 'import from standard input, killed: info' -n 'its size is as much as had come' -- rbd info vms/stdin "${json[@]}"
  rec 'trash it' -- rbd trash mv vms/stdin
  rec 'a short standard input makes a short image' -- bash -c 'head -c 5M /dev/zero | tr "\0" A | rbd import --no-progress - vms/short; rbd info vms/short --format json'

  quiet rbd import "$work/f" vms/t
  quiet rbd snap create vms/t@s
  quiet rbd snap protect vms/t@s
  quiet rbd clone vms/t@s vms/fl
  kill_after 0.3 flatten -- rbd flatten --no-progress vms/fl
  rec 'flatten, killed: info' -n 'still has its parent' -- rbd info vms/fl "${json[@]}"
  rec 'flatten, killed: again' -- rbd flatten --no-progress vms/fl
  rec 'flatten, killed: info then' -- rbd info vms/fl "${json[@]}"
  kill_after 0.15 'removal of a large image' -- rbd rm --no-progress vms/fl
  rec 'removal of a large image, killed: info' -- rbd info vms/fl "${json[@]}"
  rec 'removal of a large image, killed: space' -- rbd du vms/fl "${json[@]}"
  left 'removal of a large image, killed'
  rec 'removal of a large image, killed: again' -w 'timeout -k 1 60' -- rbd rm --no-progress vms/fl
  left 'removal of a large image, again'
  for name in $(rbd snap ls vms/t --format json | jq -r '.[].name'); do quiet rbd snap unprotect "vms/t@$name"; done
  quiet qemu-io -f raw -c 'write -P 66 0 512M' rbd:vms/t
  kill_after 0.3 rollback -- rbd snap rollback --no-progress vms/t@s
  rec 'rollback, killed: content is half and half' -- bash -c 'rbd export --no-progress vms/t - | tr -cd A | wc -c'
  rec 'rollback, killed: again' -n 'complete afterwards' -w 'timeout -k 1 60' -- rbd snap rollback --no-progress vms/t@s
  rec 'rollback, killed: content then' -- bash -c 'rbd export --no-progress vms/t - | tr -cd A | wc -c'
  rec_start k 'import, terminated' -n 'SIGTERM: does rbd clean up?' -- rbd import --no-progress "$work/f" vms/term
  sleep 0.3
  kill -TERM "${REC_PID[k]}"
  rec_wait k
  rec 'import, terminated: info' -- rbd info vms/term "${json[@]}"
}

# SIGKILL before each message that a command sends to the cluster, one after the other until it gets through. Each try has a namespace of its
# own, so that what is left can be listed whole. (In this cluster a dead client's watch ends after 5 s instead of 30.)
#   steps LABEL PREPARE ARGV…       PREPARE (a function) makes the state in the namespace $ns; NS in ARGV stands for it
steps() {
  local label=$1 prepare=$2 n ns left before=''
  shift 2
  for ((n = 1; n < 80; n++)); do
    ns=$label$n
    quiet rbd namespace create "vms/$ns"
    "$prepare"
    rec "$label, killed before message $n" -w "strace -f -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=KILL:when=$n" -- "${@//NS/$ns}"
    # It got through: there is no such message.
    [[ $(cut -d ' ' -f 1 "$REC_TOPIC/$(printf %04d $((REC_COUNT - 1)))/end") != 0 ]] || break
    left=$(rados -p vms -N "$ns" ls | sed -E 's/\.[0-9a-f]{6,}/.ID/g' | sort; rbd snap ls "vms/$ns/t" --format json 2> /dev/null | jq -c 'map([.name, .protected])'; rbd children "vms/$ns/t@s" 2> /dev/null; rbd ls -l "vms/$ns" --format json | jq -c 'map([.image, .size, .parent])')
    left=${left//$ns/NS}
    # The first messages only log in and look around: what leaves nothing new is not written down again.
    if [[ $left == "$before" ]]; then continue; fi
    before=$left
    rec "$label, killed before message $n: left" -- bash -c "rados -p vms -N $ns ls | sort; rbd ls -l vms/$ns --format json; echo; rbd trash ls --all vms/$ns; rbd snap ls vms/$ns/t --format json; echo; rbd children vms/$ns/t@s"
    rec "$label, killed before message $n: again" -w 'timeout -k 1 60' -- "${@//NS/$ns}"
    rec "$label, killed before message $n: in the end" -- bash -c "rados -p vms -N $ns ls | sort; rbd ls -l vms/$ns --format json; echo; rbd trash ls --all vms/$ns; rbd snap ls vms/$ns/t --format json; echo; rbd children vms/$ns/t@s"
  done
}

topic_killed_steps() {
  file f 4 4
  nothing() { :; }
  image() { quiet rbd create "vms/$ns/t" --size 8M; }
  snapshot() { quiet rbd create "vms/$ns/t" --size 8M; quiet rbd snap create "vms/$ns/t@s"; }
  template() { quiet rbd import "$work/f" "vms/$ns/t"; quiet rbd snap create "vms/$ns/t@s"; quiet rbd snap protect "vms/$ns/t@s"; }
  child() { template; quiet rbd clone "vms/$ns/t@s" "vms/$ns/c"; }
  steps create nothing rbd create vms/NS/t --size 8M
  steps import nothing rbd import --no-progress "$work/f" vms/NS/t
  steps clone template rbd clone vms/NS/t@s vms/NS/c
  steps resize image rbd resize --no-progress vms/NS/t --size 16M
  steps rename image rbd rename vms/NS/t vms/NS/u
  steps snap-create image rbd snap create --no-progress vms/NS/t@s
  steps snap-protect snapshot rbd snap protect vms/NS/t@s
  steps snap-rm snapshot rbd snap rm --no-progress vms/NS/t@s
  steps flatten child rbd flatten --no-progress vms/NS/c
  steps rm-child child rbd rm --no-progress vms/NS/c
  steps rm image rbd rm --no-progress vms/NS/t
}

# How long each takes when nothing else runs, five times each; memory as storage, one host: the processes' own time, mostly.
topic_times() {
  local i
  file f 64 32
  quiet rbd import "$work/f" images/t
  quiet rbd snap create images/t@s
  quiet rbd snap protect images/t@s
  for i in 1 2 3 4 5; do
    rec 'rbd --version' -- rbd --version
    rec 'rbd ls' -- rbd ls vms "${json[@]}"
    rec 'rbd create' -- rbd create vms/a --size 64M
    rec 'rbd info' -- rbd info vms/a "${json[@]}"
    rec 'rbd resize' -- rbd resize --no-progress vms/a --size 128M
    rec 'rbd snap create' -- rbd snap create --no-progress vms/a@s
    rec 'rbd snap protect' -- rbd snap protect vms/a@s
    rec 'rbd snap ls' -- rbd snap ls vms/a "${json[@]}"
    rec 'rbd snap unprotect' -- rbd snap unprotect vms/a@s
    rec 'rbd snap rollback' -- rbd snap rollback --no-progress vms/a@s
    rec 'rbd snap rm' -- rbd snap rm --no-progress vms/a@s
    rec 'rbd rename' -- rbd rename vms/a vms/b
    rec 'rbd rm' -- rbd rm --no-progress vms/b
    rec 'rbd clone' -- rbd clone images/t@s vms/c
    rec 'rbd children' -- rbd children images/t@s "${json[@]}"
    rec 'rbd flatten 32 MiB' -- rbd flatten --no-progress vms/c
    rec 'rbd export 32 MiB' -- rbd export --no-progress vms/c "$work/out"
    rm -f "$work/out"
    quiet rbd rm vms/c
    rec 'rbd import 32 MiB' -- rbd import --no-progress "$work/f" vms/i
    quiet rbd rm vms/i
    rec 'rbd image-meta set' -- rbd image-meta set images/t k v
    rec 'rbd status' -- rbd status images/t "${json[@]}"
    rec 'ceph fsid' -- ceph fsid
    rec 'ceph df' -- ceph df "${json[@]}"
    rec 'ceph mon dump' -- ceph mon dump "${json[@]}"
    rec 'qemu-img info' -- qemu-img info -f raw --output json rbd:images/t
  done
}

# What a removal that was killed has left in the trash, and how it is told from what somebody has put there.
topic_removing() {
  local id n
  quiet rbd namespace create vms/ns
  quiet rbd create vms/ns/kept --size 8M
  rec 'put there by somebody' -- rbd trash mv vms/ns/kept
  for ((n = 20; n < 80; n++)); do
    quiet rbd create vms/ns/a --size 8M
    id=$(rbd info vms/ns/a --format json | jq -r .id)
    strace -f -qq -o /dev/null -e trace=sendmsg -e "inject=sendmsg:signal=KILL:when=$n" rbd rm --no-progress vms/ns/a > /dev/null 2>&1
    [[ -z $(rbd trash ls --all vms/ns | grep "$id") ]] || break
    quiet rbd rm --no-progress vms/ns/a
  done
  rec 'killed on its way: what is listed' -- rbd ls vms/ns "${json[@]}"
  rec 'killed on its way: info' -- rbd info vms/ns/a "${json[@]}"
  rec 'killed on its way: trash' -- rbd trash ls vms/ns "${json[@]}"
  rec 'killed on its way: all trash' -- rbd trash ls --all vms/ns "${json[@]}"
  rec 'killed on its way: all trash, long' -- rbd trash ls --all --long vms/ns "${json[@]}"
  rec 'killed on its way: another of that name' -- rbd create vms/ns/a --size 16M
  rec 'killed on its way: all trash, then' -- rbd trash ls --all --long vms/ns "${json[@]}"
  rec 'finished by its id' -w 'timeout -k 1 60' -- rbd trash rm --no-progress "vms/ns/$id"
  rec 'all trash after it' -- rbd trash ls --all --long vms/ns "${json[@]}"
  rec 'the other one of that name' -- rbd ls vms/ns "${json[@]}"
  rec 'again' -- rbd trash rm --no-progress "vms/ns/$id"
  rec 'all trash of a pool without any' -- rbd trash ls --all --long images "${json[@]}"
  rec 'all trash of a namespace that is not there' -- rbd trash ls --all --long vms/nope "${json[@]}"
  rec 'all trash of a pool that is not there' -- rbd trash ls --all --long nope "${json[@]}"
}

# The states that a killed command leaves (killed-steps), made by hand, and what other commands make of them.
#   listed NAME      what names there are, and what they open
topic_half_made() {
  local id
  listed() { rec "$1: left" -- bash -c 'rbd ls vms; echo; rados -p vms ls | grep -E "^rbd_(id|header|trash)" | sort; echo; rbd trash ls --all vms'; }
  id_of() { rbd info "vms/$1" --format json | jq -r .id; }
  quiet rbd create vms/listed --size 1M
  id=$(id_of listed)
  quiet rados -p vms rm rbd_id.listed
  quiet rados -p vms rm "rbd_header.$id"
  rec 'listed, not there: info' -- rbd info vms/listed "${json[@]}"
  rec 'listed, not there: create' -- rbd create vms/listed --size 1M
  rec 'listed, not there: remove' -- rbd rm --no-progress vms/listed
  listed 'listed, not there'
  quiet rbd create vms/named --size 1M
  id=$(id_of named)
  quiet rados -p vms rm "rbd_header.$id"
  rec 'named, not there: info' -- rbd info vms/named "${json[@]}"
  rec 'named, not there: create' -- rbd create vms/named --size 1M
  rec 'named, not there: snapshots' -- rbd snap ls vms/named "${json[@]}"
  rec 'named, not there: rename' -- rbd rename vms/named vms/named2
  rec 'named, not there: remove' -- rbd rm --no-progress vms/named
  listed 'named, not there'
  quiet rbd create vms/listed --size 1M
  id=$(id_of listed)
  quiet rados -p vms rm rbd_id.listed
  quiet rados -p vms rm "rbd_header.$id"
  quiet rbd create vms/other --size 1M
  rec 'listed, not there: another one renamed to it' -- rbd rename vms/other vms/listed
  listed 'listed, not there: another one renamed to it'
  rec 'listed, not there: another one renamed to it, old name' -- rbd info vms/other "${json[@]}"
  rec 'listed, not there: another one renamed to it, new name' -- rbd info vms/listed "${json[@]}"
  for name in $(rados -p vms ls); do quiet rados -p vms rm "$name"; done
  quiet rbd create vms/r --size 1M
  quiet rbd rename vms/r vms/u
  quiet rados -p vms cp rbd_id.u rbd_id.r
  quiet rados -p vms rm rbd_id.u
  rec 'listed by another name: info' -- rbd info vms/r "${json[@]}"
  rec 'listed by another name: info by that' -- rbd info vms/u "${json[@]}"
  rec 'listed by another name: remove' -- rbd rm --no-progress vms/r
  listed 'listed by another name: remove'
  rec 'listed by another name: remove by that' -- rbd rm --no-progress vms/u
  listed 'listed by another name: remove by that'
  for state in 1 2; do
    for way in 'rename vms/r vms/u' 'rename vms/u vms/r' 'rename vms/r vms/w' 'rename vms/u vms/w' 'rm --no-progress vms/r' 'rm --no-progress vms/u'; do
      quiet rbd create vms/r --size 1M
      if ((state == 1)); then quiet rados -p vms cp rbd_id.r rbd_id.u; fi
      if ((state == 2)); then
        quiet rbd rename vms/r vms/u
        quiet rados -p vms cp rbd_id.u rbd_id.r
      fi
      # shellcheck disable=SC2086
      rec "half renamed, $state: $way" -- rbd $way
      listed "half renamed, $state: $way"
      rec "half renamed, $state: $way, old name" -- rbd info vms/r "${json[@]}"
      rec "half renamed, $state: $way, new name" -- rbd info vms/u "${json[@]}"
      for name in $(rados -p vms ls); do quiet rados -p vms rm "$name"; done
    done
  done
}

# Two who resize one image at once. The one that asks for less is stopped before its nth message (of any of its threads), and goes on when the
# other one is done.
topic_resize_race() {
  local n tool
  for n in 8 16 18 20 22 24 28; do
    quiet rbd create vms/t --size 8M
    rec_start less "to 64 MiB, stopped before message $n" -w "strace -f -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=STOP:when=$n" -- rbd resize --no-progress vms/t --size 64M
    until tool=$(pgrep -P "${REC_PID[less]}" rbd) && [[ $(cut -d ' ' -f 3 "/proc/$tool/stat") == t ]] && sleep 0.3 && [[ $(cut -d ' ' -f 3 "/proc/$tool/stat") == t ]]; do sleep 0.05; done
    rec "to 1 GiB, meanwhile ($n)" -w 'timeout -k 1 60' -- rbd resize --no-progress vms/t --size 1G
    while kill -0 "${REC_PID[less]}" 2> /dev/null; do kill -CONT "$tool" 2> /dev/null; sleep 0.2; done
    rec_wait less
    rec "size afterwards ($n)" -- rbd info vms/t --format json
    quiet rbd rm --no-progress vms/t
  done
}

# A rename that is stopped before its nth message (of any of its threads), while somebody else gives the same name to another image, renames
# or removes the image, or the cluster stops answering. It goes on when the other one is done.
topic_rename_race() {
  local n tool osd log=(--debug-rbd=1 --log-to-stderr=true) ops=(--rados-mon-op-timeout 3 --rados-osd-op-timeout 3)
  osd=$(< "$lab/run/osd.0.pid")
  #   race LABEL N OPTIONS… -- OTHER…
  race() {
    local label=$1 at=$2 options=()
    shift 2
    while [[ $1 != -- ]]; do options+=("$1"); shift; done
    shift
    quiet rbd create vms/a --size 8M
    quiet rbd create vms/b --size 16M
    rec_start slow "$label: a to n, stopped before message $at" -w "strace -f -qq -o /dev/null -e trace=sendmsg -e inject=sendmsg:signal=STOP:when=$at" -- rbd "${options[@]}" rename vms/a vms/n
    until tool=$(pgrep -P "${REC_PID[slow]}" rbd) && [[ $(cut -d ' ' -f 3 "/proc/$tool/stat") == t ]] && sleep 0.3 && [[ $(cut -d ' ' -f 3 "/proc/$tool/stat") == t ]]; do sleep 0.05; done
    if [[ $1 == stop ]]; then kill -STOP "$osd"; else rec "$label: meanwhile ($at)" -w 'timeout -k 1 60' -- "$@"; fi
    while kill -0 "${REC_PID[slow]}" 2> /dev/null; do kill -CONT "$tool" 2> /dev/null; sleep 0.2; done
    rec_wait slow
    if [[ $1 == stop ]]; then kill -CONT "$osd"; sleep 4; fi
    rec "$label: left ($at)" -- bash -c 'rbd ls -l vms --format json | jq -c "map([.image, .size])"; for n in a b c n; do echo "$n $(rbd info vms/$n --format json 2> /dev/null | jq -c "[.name, .size]")"; done; rados -p vms ls | grep rbd_id | sort'
    for n in $(rados -p vms ls); do quiet rados -p vms rm "$n"; done
  }
  local at
  for at in 24 28 30; do
    race 'the name given meanwhile' "$at" -- rbd rename vms/b vms/n
    race 'the name given meanwhile, log' "$at" "${log[@]}" -- rbd rename vms/b vms/n
    race 'away meanwhile, log' "$at" "${log[@]}" "${ops[@]}" -- stop
  done
  race 'renamed meanwhile, log' 28 "${log[@]}" -- rbd rename vms/a vms/c
  race 'removed meanwhile, log' 28 "${log[@]}" -- rbd rm --no-progress vms/a
}

# What rbd says before it does anything, on hosts whose `admin_socket` cannot be made (as configured for machines of OpenStack): whatever
# follows, and at status 0.
topic_warnings() {
  local socket
  quiet rbd create vms/a --size 8M
  for socket in /nowhere/a.asok /sys/a.asok /dev/full/a.asok; do
    rec "$socket: info" -- rbd --admin-socket "$socket" info vms/a --format json
    rec "$socket: info of an absent image" -- rbd --admin-socket "$socket" info vms/nope --format json
    rec "$socket: create" -- rbd --admin-socket "$socket" create vms/b --size 8M
    rec "$socket: create again" -- rbd --admin-socket "$socket" create vms/b --size 8M
    rec "$socket: snapshot" -- rbd --admin-socket "$socket" snap create --no-progress vms/b@s
    rec "$socket: remove, with a snapshot" -- rbd --admin-socket "$socket" rm --no-progress vms/b
    rec "$socket: pools" -- ceph --admin-socket "$socket" osd pool ls --format json
    quiet rbd snap purge --no-progress vms/b
    quiet rbd rm --no-progress vms/b
  done
}
