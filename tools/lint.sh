#!/usr/bin/env bash
# What a change must be besides correct: rooms kept apart, headers whole, text formatted, no check of clang-tidy broken.
#   tools/lint.sh [rooms|core|scripts|words|format|headers|tidy]...   (nothing named: all of them)
# What passed is remembered by content (in ~/.cache/cradle-lint, for every clone), so that a second run looks only at
# what changed.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cradle-lint
jobs=$(nproc)

# Every file of the project: tracked, or new and not ignored; without git (a release archive), every file but build/.
files() {  # files PATTERN... (git pathspecs)
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -co --exclude-standard -- "$@" | sort -u | while read -r file; do [ -f "$file" ] && echo "$file"; done
  else
    local pattern
    for pattern in "$@"; do find . -path './build*' -prune -o -path "./$pattern" -type f -print | sed 's|^\./||'; done | sort -u
  fi
}

digest() { sha256sum | cut -c1-40; }

passed() { [ -e "$cache/$1" ]; }
remember() { mkdir -p "$(dirname "$cache/$1")" && : >"$cache/$1"; }

check_rooms() {
  { files 'include/cradle/*.h' 'src/*.h' 'src/*.cpp' 'src/*/room.cmake'; } |
    xargs awk -f tools/check_rooms.awk src/rooms.txt src/fences.txt
}

# The core's own part of the room check: base, carbon, fleet and policy need nothing but the compiler.
check_core() {
  files 'include/cradle/*.h' 'src/*.h' 'src/*.cpp' 'src/*/room.cmake' |
    awk '/\/(base|carbon|fleet|policy)\// && !/_test\.cpp$/' | xargs awk -f tools/check_rooms.awk src/rooms.txt src/fences.txt
}

check_scripts() {
  local script status=0
  while read -r script; do bash -n "$script" || status=1; done < <(files dev .ci/run '*.sh')
  return $status
}

# Words that mark an unfinished place. (Written in two halves so that this file passes its own check.)
check_words() {
  local found
  if found=$(files '*.h' '*.cpp' '*.cmake' '*.txt' '*.md' '*.sh' '*.toml' '*.js' '*.html' '*.css' '*.awk' dev |
      xargs grep -nwE "TO""DO|FIX""ME|X""XX" /dev/null); then
    echo "$found" | sed 's/$/   <- finish it, or write it down in docs\/goals-and-non-goals.md/'
    return 1
  fi
}

check_format() {
  local found
  found=$(files '*.h' '*.cpp' | xargs -r -n 16 -P "$jobs" clang-format --dry-run -Werror 2>&1 |
    sed -nE 's/^([^:]+:[0-9]+):[0-9]+: error: .*/\1: not formatted: run .\/dev format/p' | sort -u) || true
  [ -z "$found" ] || { echo "$found"; return 1; }
}

# Each public header compiles on its own: whoever includes it needs to know of no other.
check_headers() {
  local stamp
  stamp=headers/$({ c++ --version; files 'include/cradle/*.h' | xargs sha256sum; } | digest)
  passed "$stamp" && return
  files 'include/cradle/*.h' | xargs -r -P "$jobs" -I{} sh -c '
    echo "#include \"${1#include/}\"" |
      c++ -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror \
        -Iinclude -x c++ - || { echo "$1: does not compile on its own: include what it uses"; exit 1; }' _ {} || return 1
  remember "$stamp"
}

# The digest of every header that a room's sources can see, by the table of rooms.
headers_seen_by() {  # headers_seen_by ROOM
  local edges
  edges=$(sed -n "s/^$1://p" src/rooms.txt)
  for room in $1 $edges; do echo "include/cradle/$room" "src/$room"; done | xargs -n 1 | while read -r folder; do
    [ -d "$folder" ] && find "$folder" -name '*.h'
  done | sort | xargs -r sha256sum | digest
}

check_tidy() {
  if [ -f build/test/build.ninja ]; then
    cmake build/test >build/test.log 2>&1 || { cat build/test.log; return 1; }
  else
    cmake -S . -B build/test -G Ninja >build/test.log 2>&1 || { cat build/test.log; return 1; }
  fi
  # Headers that the build makes from eBPF programs; without its tools there are none, nor the code that includes them.
  cmake --build build/test --target kernel_skeletons >>build/test.log 2>&1 || true
  local version room seen file stamp
  version=$({ clang-tidy --version; cat .clang-tidy; sed -n '/^  local tests=/,/^  tests+=.*raii/p' "$0"; } | digest)
  local waiting=build/tidy.waiting
  mkdir -p "$cache" build
  : >"$waiting"
  for room in $(sed -n 's/^\([a-z]*\):.*/\1/p' src/rooms.txt); do
    seen=$(headers_seen_by "$room")
    while read -r file; do
      stamp=tidy/$({ echo "$version $seen $file"; cat "$file"; } | digest)
      passed "$stamp" || echo "$file $cache/$stamp" >>"$waiting"
    done < <(files "src/$room/*.cpp")
  done
  mkdir -p "$cache/tidy"
  # Test programs get the checks that find wrong tests. All of them on the headers of gtest and rapidcheck would take
  # four times as long, and the names that their macros make are not ours.
  local tests='-*,bugprone-argument-comment,bugprone-branch-clone,bugprone-copy-constructor-init,bugprone-dangling-handle'
  tests+=',bugprone-incorrect-roundings,bugprone-integer-division,bugprone-misplaced-widening-cast'
  tests+=',bugprone-string-constructor,bugprone-suspicious-semicolon,bugprone-terminating-continue'
  tests+=',bugprone-undelegated-constructor,bugprone-unused-raii,bugprone-use-after-move'
  checks_of_tests=$tests xargs -r -P "$jobs" -L 1 sh -c '
    case "$1" in
      *_test.cpp) checks=$checks_of_tests ;;
      *) checks= ;;
    esac
    if output=$(clang-tidy -p build/test --quiet "--checks=$checks" "$1" 2>/dev/null); then
      : >"$2"
    else
      printf "%s\n" "$output"
      exit 1
    fi' _ <"$waiting"
}

status=0
[ $# -gt 0 ] || set -- rooms core scripts words format headers tidy
for check in "$@"; do
  declare -F "check_$check" >/dev/null || { echo "lint: no check '$check' (rooms core scripts words format headers tidy)" >&2; exit 2; }
  begin=$SECONDS
  if "check_$check"; then
    echo "lint: $check: ok ($((SECONDS - begin)) s)"
  else
    echo "lint: $check: FAILED ($((SECONDS - begin)) s)"
    status=1
  fi
done
exit $status
