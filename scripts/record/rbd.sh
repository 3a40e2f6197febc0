#!/bin/bash
# Records what the real rbd and ceph commands do, topic by topic, into fixtures/rbd-16.2: scripts/record/rbd.sh [TOPIC…]
# Each topic has a cluster of its own (scripts/lab/ceph). The topics are the functions topic_* of rbd-topics.sh.
# The commands find the cluster by CEPH_CONF, so no path stands in their arguments. REC_VERBOSE=1 shows the entries as they come.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=fixtures/rbd-16.2
. scripts/record/lib.sh
. scripts/record/rbd-topics.sh
if [[ ${1-} == --inside ]]; then
  REC_RAW=$2
  work=/tmp/platter-record-rbd # always the same, because it stands in arguments
  mkdir "$work"
  trap 'rm -rf "$work"' EXIT
  lab=$(dirname "$CEPH_CONF")
  set +e
  topic "$3"
  "topic_${3//-/_}"
  exit 0
fi
if (($# == 0)); then
  mapfile -t all < <(declare -F | sed -n 's/^declare -f topic_//p' | tr _ -)
  set -- "${all[@]}"
fi
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT
for name in "$@"; do
  begin=$SECONDS
  mkdir -p "$raw/raw"
  bytes=4294967296 extra=''
  case $name in
    full) bytes=268435456 ;;
    killed-steps) extra='osd_client_watch_timeout = 5' ;;
  esac
  CEPH_BYTES=$bytes CEPH_EXTRA=$extra scripts/lab/ceph run /tmp/platter-record-ceph -- bash scripts/record/rbd.sh --inside "$raw/raw" "$name"
  assemble "$raw/raw" "$out"
  rm -rf "$raw/raw"
  echo "recorded $out/$name.json in $((SECONDS - begin)) s" >&2
done
