#!/usr/bin/env bash
# Runs case files: a command line, its exit code and its exact output, so that a test can be added without C++.
#   tests/run_case.sh CRADLE FILE...           checks; shows the difference; exit 0 all pass, 1 some fail, 77 all skipped
#   tests/run_case.sh --bless CRADLE FILE...   writes what the commands print now into the files
#
# A case file:
#   # what it shows, in a line or two
#   needs data                 (optional: skipped where ../shared/data is absent)
#   $ cradle catalog list      (one or more; bash; the working folder is empty at the start)
#   exit 2                     (optional: exit code of the command above it; 0 if not given)
#   ---
#   standard output and standard error of all commands, exactly
#
# The commands see cradle on PATH, a home folder and cache of their own, NO_COLOR=1, no terminal, and $DATA. In the
# output, the working folder reads <folder> and the data folder <data>.
set -euo pipefail

usage() { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }

bless=
if [ "${1:-}" = --bless ]; then bless=yes; shift; fi
[ $# -ge 2 ] || usage
cradle=$(realpath -e "$1")
shift
source_folder=$(cd "$(dirname "$0")/.." && pwd)
DATA=${DATA:-$(realpath -m "$source_folder/../shared/data")}
export DATA

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin"
ln -s "$cradle" "$scratch/bin/cradle"

malformed() { echo "$1:$2: $3" >&2; return 1; }

run_case() {  # run_case FILE: 0 pass, 1 fail, 77 skipped
  local file=$1 line number=0 needs_data= separated= described= k
  local -a commands=() exits=()
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case "$line" in
      ---) separated=yes; break ;;
      '#'*) described=yes ;;
      '') ;;
      'needs data') needs_data=yes ;;
      '$ '*) commands+=("${line#\$ }"); exits+=(0) ;;
      'exit '[0-9]*)
        [ ${#commands[@]} -gt 0 ] || { malformed "$file" $number "an exit code before any command"; return; }
        exits[-1]=${line#exit } ;;
      *) malformed "$file" $number "'$line' is no '# ...', '\$ ...', 'exit N', 'needs data' or '---'"; return ;;
    esac
  done <"$file"
  [ -n "$described" ] || { malformed "$file" 1 "say in a '# ...' line what the case shows"; return; }
  [ -n "$separated" ] && [ ${#commands[@]} -gt 0 ] || { malformed "$file" $number "no command or no '---' line"; return; }
  if [ -n "$needs_data" ] && [ ! -d "$DATA" ]; then
    echo "$file: skipped: no data folder at ../shared/data"
    return 77
  fi

  local home=$scratch/home folder=$scratch/folder
  rm -rf "$home" "$folder"
  mkdir "$home" "$folder"
  local status wrong=
  : >"$scratch/raw"
  for k in "${!commands[@]}"; do
    status=0
    (cd "$folder" && HOME=$home XDG_CACHE_HOME=$home/cache PATH=$scratch/bin:$PATH NO_COLOR=1 LC_ALL=C.UTF-8 TZ=UTC \
      bash -o pipefail -c "${commands[k]}" </dev/null >>"$scratch/raw" 2>&1) || status=$?
    if [ "$status" != "${exits[k]}" ]; then
      wrong+="exit code $status, expected ${exits[k]}: ${commands[k]}"$'\n'
      exits[k]=$status
    fi
  done
  sed -e "s|$folder|<folder>|g" -e "s|$home|<home>|g" -e "s|$DATA|<data>|g" "$scratch/raw" >"$scratch/actual"
  sed '1,/^---$/d' "$file" >"$scratch/expected"

  if [ -n "$bless" ]; then
    {
      k=-1
      while IFS= read -r line; do
        case "$line" in
          'exit '*) continue ;;
          '$ '*) k=$((k + 1)); echo "$line"; [ "${exits[k]}" = 0 ] || echo "exit ${exits[k]}" ;;
          *) echo "$line" ;;
        esac
        [ "$line" = --- ] && break
      done <"$file"
      cat "$scratch/actual"
    } >"$scratch/blessed"
    cmp -s "$scratch/blessed" "$file" || { cat "$scratch/blessed" >"$file"; echo "$file: rewritten"; }
    return 0
  fi
  if ! diff -u --label "$file: expected" --label "$file: now" "$scratch/expected" "$scratch/actual" || [ -n "$wrong" ]; then
    printf '%s' "$wrong"
    echo "$file: FAILED (if the new output is right: ./dev bless $file, and read the diff)"
    return 1
  fi
}

failed=0 skipped=0
for file in "$@"; do
  status=0
  run_case "$file" || status=$?
  case $status in
    0) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) ;;
  esac
done
[ $failed = 0 ] || exit 1
[ $skipped -lt $# ] || exit 77
