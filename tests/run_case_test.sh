#!/usr/bin/env bash
# Proves that the case runner can fail: a program with known output, and cases that are right, wrong, skipped, malformed.
set -euo pipefail
runner=$(cd "$(dirname "$0")" && pwd)/run_case.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >cradle <<'PROGRAM'
#!/bin/sh
echo "out $*"
echo "err in $PWD" >&2
exit "${1:-0}"
PROGRAM
chmod +x cradle
failures=0

expect() {  # expect STATUS TEXT FILE-CONTENT: the runner's exit code, and a text in what it says
  printf '%s\n' "$3" >one.case
  local status=0 output
  output=$("$runner" ./cradle one.case 2>&1) || status=$?
  if [ "$status" != "$1" ] || ! grep -qF -- "$2" <<<"$output "; then
    printf 'expected %s with "%s", got %s:\n%s\nfor:\n%s\n\n' "$1" "$2" "$status" "$output" "$3"
    failures=$((failures + 1))
  fi
}

expect 0 '' $'# right\n$ cradle 2 x\nexit 2\n$ cradle\n---\nout 2 x\nerr in <folder>\nout \nerr in <folder>'
expect 1 'exit code 2, expected 0' $'# wrong code\n$ cradle 2\n---\nout 2\nerr in <folder>'
expect 1 '-out 3' $'# wrong output\n$ cradle 2\nexit 2\n---\nout 3\nerr in <folder>'
expect 1 '+err in <folder>' $'# output cut short\n$ cradle 2\nexit 2\n---\nout 2'
expect 1 "is no '# ...'" $'# malformed\ncradle\n---'
expect 1 'no command' $'# nothing to run\n---'
expect 1 "no '---' line" $'# no expectation\n$ cradle'
expect 1 'say in a' $'$ cradle\n---\nout \nerr in <folder>'
expect 1 'before any command' $'# early\nexit 1\n$ cradle\n---'
DATA=$folder/absent expect 77 'skipped' $'# needs\nneeds data\n$ cradle\n---\nanything'
DATA=$folder expect 0 '' $'# has data\nneeds data\n$ cat "$DATA"/one.case | head -1; echo "$DATA"\n---\n# has data\n<data>'

printf '# blessed\n$ cradle 2\n$ cradle\nexit 9\n---\nold\n' >one.case
"$runner" --bless ./cradle one.case >/dev/null
printf '# blessed\n$ cradle 2\nexit 2\n$ cradle\n---\nout 2\nerr in <folder>\nout \nerr in <folder>\n' >expected.case
diff -u expected.case one.case || { echo 'bless wrote something else'; failures=$((failures + 1)); }
"$runner" ./cradle one.case || { echo 'a blessed case does not pass'; failures=$((failures + 1)); }

[ "$failures" = 0 ] && echo "the case runner tells right from wrong"
exit "$((failures > 0))"
