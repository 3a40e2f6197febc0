#!/bin/bash
# Records what the real LVM does, topic by topic, into fixtures/lvm-2.03: scripts/record/lvm.sh [TOPIC…]
# Each topic runs in a VM of its own (scripts/lab/lvm) and begins with an empty /dev/vda; `no-device-mapper` runs on this host, on a loop
# device. The topics are the functions topic_* of lvm-topics*.sh. REC_VERBOSE=1 shows the entries as they come.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
out=fixtures/lvm-2.03
. scripts/record/lib.sh
for part in scripts/record/lvm-topics*.sh; do
  # shellcheck source=/dev/null
  . "$part"
done
if [[ ${1-} == --inside ]]; then
  REC_RAW=$2
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
export LAB_REC_VERBOSE=${REC_VERBOSE-} # the name is one that the lab hands on
for name in "$@"; do
  begin=$SECONDS
  if [[ $name == no-device-mapper ]]; then
    bash scripts/record/lvm.sh --inside "$raw" "$name"
  else
    [[ $name == thin-metadata ]] && bytes=14G || bytes=4G
    LVM_BYTES=$bytes scripts/lab/lvm run --out "$raw" -- env REC_VERBOSE="$LAB_REC_VERBOSE" bash scripts/record/lvm.sh --inside /out "$name"
  fi
  assemble "$raw" "$out"
  rm -rf "${raw:?}"/*
  echo "recorded $out/$name.json in $((SECONDS - begin)) s" >&2
done
