#!/usr/bin/env bash
# Proves that the room check refuses what it should: plants each kind of breach in a small tree of its own.
set -euo pipefail
check=$(cd "$(dirname "$0")/.." && pwd)/tools/check_rooms.awk
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
failures=0

plant() {  # plant FILE LINE...: a sound tree with one file added or replaced
  rm -rf src include
  mkdir -p src/{base,carbon,ledger} include/cradle/{base,carbon,ledger}
  printf 'base:\ncarbon: base\nledger: base carbon\n' >src/rooms.txt
  printf 'sqlite3.h: src/ledger/*.cpp\ngtest/: *_test.cpp\n' >src/fences.txt
  printf '// Purpose.\n#include <vector>\n' >include/cradle/base/a.h
  printf '// Purpose.\n#include "cradle/base/a.h"\n' >include/cradle/carbon/b.h
  printf '#include <sqlite3.h>\n#include <unistd.h>\n#include "cradle/carbon/b.h"\n#include "private.h"\n' >src/ledger/l.cpp
  printf '// Purpose.\n' >src/ledger/private.h
  printf '#include <gtest/gtest.h>\n#include "cradle/carbon/b.h"\n' >src/carbon/b_test.cpp
  local file=$1
  shift
  [ "$file" = nothing ] && return
  mkdir -p "$(dirname "$file")"
  printf '%s\n' "$@" >"$file"
}

run_check() {
  find src include -name '*.h' -o -name '*.cpp' -o -name room.cmake | sort | xargs awk -f "$check" src/rooms.txt src/fences.txt
}

refused() {  # refused TEXT: the planted tree is refused with this text, and says what to do
  local output
  if output=$(run_check); then
    echo "NOT REFUSED, expected: $1"
    failures=$((failures + 1))
  elif ! grep -qF -- "$1" <<<"$output"; then
    printf 'refused with the wrong text, expected: %s\n  got: %s\n' "$1" "$output"
    failures=$((failures + 1))
  fi
}

plant nothing
run_check || { echo "the sound tree is refused"; failures=$((failures + 1)); }

plant src/carbon/b.cpp '#include <vector>' '#include "cradle/ledger/l.h"'
refused "src/carbon/b.cpp:2: room 'carbon' may not include room 'ledger'"
plant include/cradle/base/a.h '// Purpose.' '  #  include "cradle/carbon/b.h"'
refused "include/cradle/base/a.h:2: room 'base' may not include room 'carbon'"
plant src/rooms.txt 'base:' 'carbon: base ledger' 'ledger: base carbon'
refused 'cycle: carbon -> ledger -> carbon'
plant src/rooms.txt 'base:' 'ledger: base carbon' 'carbon: base'
refused "'ledger' stands above 'carbon'"
plant src/rooms.txt 'base: base' 'carbon: base' 'ledger: base carbon'
refused 'cycle: base -> base'
plant src/rooms.txt 'base:' 'carbon: base' 'ledger: base carbn'
refused "unknown room 'carbn'"
plant src/rooms.txt 'base:' 'carbon: base' 'carbon: base' 'ledger: base carbon'
refused "'carbon' is listed twice"
plant src/attic/old.cpp '#include <vector>'
refused "'attic' is no room"
plant include/cradle/ledger/l.h '// Purpose.' '#include <sqlite3.h>'
refused "include/cradle/ledger/l.h:2: 'sqlite3.h' in a public header"
plant include/cradle/ledger/l.h '// Purpose.' '#include "private.h"'
refused "'private.h' in a public header"
plant include/cradle/ledger/l.h '#include <vector>'
refused 'include/cradle/ledger/l.h:1: no purpose comment'
plant src/carbon/b.cpp '#include <sqlite3.h>'
refused "'sqlite3.h' outside its fence (never in a core room)"
plant src/carbon/b.cpp '#include <unistd.h>'
refused '<unistd.h> in room'
plant src/carbon/b.cpp '#include <gtest/gtest.h>'
refused "'gtest/gtest.h' outside its fence"
plant src/ledger/m.cpp '#include <Eigen/Dense>'
refused "'Eigen/Dense' is no standard, own or declared third-party header"
plant src/ledger/m.cpp '#include "../carbon/secret.h"'
refused "'../carbon/secret.h' is no standard"
plant src/ledger/m.cpp '#include <cradle/carbon/b.h>'
refused 'write our own headers in quotes'
plant src/ledger/m.cpp '#include "cradle/unknown/b.h"'
refused "may not include room 'unknown'"
plant src/carbon/room.cmake 'find_package(fmt REQUIRED)'
refused "core room 'carbon' asks for a library"

[ "$failures" = 0 ] && echo "every planted breach is refused"
exit "$((failures > 0))"
