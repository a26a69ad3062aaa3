#!/usr/bin/env bash
# Writes the fidelity table of README.md and docs/validation.md from `cradle compare fgd`, between the fidelity markers.
# usage: tools/fidelity_table.sh CRADLE [POD_LIST.csv ...]   without lists: the trace's default and cpu050
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n '3s/^# //p' "$0" >&2; exit 2; }
cradle=$1
shift
lists=()
for list in "$@"; do lists+=(--pods "$list"); done

table=$(mktemp)
trap 'rm -f "$table"' EXIT
"$cradle" compare fgd "${lists[@]}" --output csv | awk -F, '
  NR == 1 {
    print "| trace | policy | allocation at 130 % | published | difference | fragmentation at 50 % | published | at 80 % | published |"
    print "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    next
  }
  {
    printf "| %s | %s | %.2f ± %.2f | %.2f ± %.2f | %+.2f | %.2f | %.2f | %.2f | %.2f |\n",
      $1, $2, $4, $5, $6, $7, $8, $9, $10, $11, $12
  }' >"$table"

for page in README.md docs/validation.md; do
  grep -q '<!-- fidelity:begin -->' "$page" 2>/dev/null || continue
  awk -v table="$table" '
    /<!-- fidelity:begin -->/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
    /<!-- fidelity:end -->/ { skip = 0 }
    !skip' "$page" >"$page.new"
  mv "$page.new" "$page"
  echo "$page"
done
