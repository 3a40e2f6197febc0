# Sourced by the recorders: runs tools and writes down exactly what they did. Recording and assembling are apart, because in the VM every
# process that is not the tool's own costs a tenth of a second.
# shellcheck shell=bash
#
#   topic NAME                      what follows belongs to topic NAME
#   rec NAME [options] -- ARGV…     run ARGV and note it; never fails
#     -n NOTE   why it matters, or the state before
#     -i FILE   standard input (default: empty)
#     -w 'A B'  words put before ARGV to run it (strace, timeout); they stand in "wrapper", not in "argv"
#     -b        keep only the size and the SHA-256 of standard output (it is binary or long)
#   rec_start ID NAME [options] -- ARGV…  the same in the background; its pid is in ${REC_PID[ID]}
#   rec_wait ID                     wait for it and note it
#   assemble RAW OUT                make OUT/TOPIC.json of what was noted in RAW, for each topic
#
# An entry: { name, argv, wrapper?, exitCode, signal, stdout, stderr, ms, note }, in the order in which the commands ended.

export LC_ALL=C
declare -A REC_PID=() REC_RUN=()
REC_COUNT=0

# $REC_RAW: where the entries are noted.
topic() { REC_TOPIC=$REC_RAW/$1; rm -rf "$REC_TOPIC"; mkdir -p "$REC_TOPIC"; }

rec() {
  rec_start _ "$@"
  rec_wait _
}

rec_start() {
  local id=$1 name=$2 note='' input=/dev/null wrapper='' words=() binary='' work
  shift 2
  while [[ $1 != -- ]]; do
    case $1 in
      -n) note=$2; shift 2 ;;
      -i) input=$2; shift 2 ;;
      -w) wrapper=$2; shift 2 ;;
      -b) binary=1; shift ;;
      *) echo "rec: unknown option $1" >&2; exit 64 ;;
    esac
  done
  shift
  read -ra words <<< "$wrapper"
  work=$REC_TOPIC/running.$id
  mkdir "$work" || exit 74
  printf '%s\0' "$name" "$note" "$wrapper" "$binary" "$@" > "$work/head"
  # The end is noted by a subshell of the run's own, so that a run in the background is timed rightly. The tool replaces a second
  # subshell: REC_PID is the tool's own pid, to be killed as such.
  (
    begin=${EPOCHREALTIME/./}
    (
      echo "$BASHPID" > "$work/pid"
      exec "${words[@]}" "$@"
    ) < "$input" > "$work/stdout" 2> "$work/stderr"
    echo "$? $(((${EPOCHREALTIME/./} - begin) / 1000))" > "$work/end"
  ) 2> /dev/null &
  REC_RUN[$id]=$!
  until [[ -s $work/pid ]] || ! kill -0 "${REC_RUN[$id]}" 2> /dev/null; do :; done
  # shellcheck disable=SC2034 # for the recorders
  REC_PID[$id]=$(< "$work/pid")
}

rec_wait() {
  local work
  wait "${REC_RUN[$1]}"
  printf -v work '%s/%04d' "$REC_TOPIC" "$((REC_COUNT++))"
  mv "$REC_TOPIC/running.$1" "$work"
  if [[ -n ${REC_VERBOSE-} ]]; then
    local head
    mapfile -d '' -t head < "$work/head"
    printf '\e[1m$ %s\e[0m   [%s ms] %s\n' "${head[2]} ${head[*]:4}" "$(< "$work/end")" "${head[0]}"
    if [[ -n ${head[3]} ]]; then : > "$work/shown"; else head -c 3000 "$work/stdout" > "$work/shown"; fi
    head -c 3000 "$work/shown" "$work/stderr" | grep -vE '^==> |^$|^ *[]{}[],?$|"report": \[|"lv": \[$'
  fi >&2
}

# The effects in a log of strace, of a tool on device-mapper: each line is the call, how many of that call came before and with it, and what
# it is. `strace -e inject=CALL:signal=KILL:when=COUNT` kills just before it.
effects() {
  awk '{
    sub(/^[0-9]+ +/, "")
    call = $0; sub(/\(.*/, "", call)
    if (call !~ /^[a-z_0-9]+$/) next
    count[call]++
    what = ""
    if (call == "io_submit" && /PWRITE/) what = "write of metadata"
    else if (match($0, /DM_(DEV_CREATE|TABLE_LOAD|DEV_SUSPEND|DEV_REMOVE|DEV_RENAME|TARGET_MSG)/)) {
      what = substr($0, RSTART, RLENGTH)
      if (what == "DM_DEV_SUSPEND") what = what (/DM_SUSPEND_FLAG/ ? " (suspend)" : " (resume)")
    }
    else if (/BLKZEROOUT/) what = "zeroing of the start"
    else if (call ~ /mknodat|symlink|unlink/ && /"\/dev\//) what = call " of a node"
    else if (call == "rename" && /backup/) what = "backup file"
    if (what != "") print call, count[call], what
  }' "$1"
}

assemble() {
  local raw=$1 out=$2 directory entry head status ms size
  mkdir -p "$out"
  for directory in "$raw"/*/; do
    for entry in "$directory"[0-9]*/; do
      mapfile -d '' -t head < "$entry/head"
      read -r status ms < "$entry/end"
      if [[ -n ${head[3]} ]]; then
        size=$(stat -c %s "$entry/stdout")
        printf '(%s bytes, sha256 %s)' "$size" "$(sha256sum < "$entry/stdout" | cut -d ' ' -f 1)" > "$entry/text"
      else
        mv "$entry/stdout" "$entry/text"
      fi
      jq -n --arg name "${head[0]}" --arg note "${head[1]}" --arg wrapper "${head[2]}" --argjson status "$status" --argjson ms "$ms" \
        --rawfile stdout "$entry/text" --rawfile stderr "$entry/stderr" '
        { "130": "SIGINT", "134": "SIGABRT", "135": "SIGBUS", "136": "SIGFPE", "137": "SIGKILL", "139": "SIGSEGV", "141": "SIGPIPE", "143": "SIGTERM" }["\($status)"] as $signal |
        { $name, argv: $ARGS.positional } + (if $wrapper == "" then {} else { $wrapper } end) +
        { exitCode: (if $signal then null else $status end), $signal, $stdout, $stderr, $ms, $note }' --args -- "${head[@]:4}"
    done | jq -s --indent 1 . > "$out/$(basename "$directory").json"
  done
}
