#!/usr/bin/env bash
# Proves that the two commands do all their own set-up: makes a minimal Debian 12 in a folder, copies the last commit
# into it, and runs ./dev run and ./dev test there as a new user would.
#   tools/bare_debian.sh [--keep] [FOLDER] [COMMAND...]
# FOLDER (default: a temporary one) gets some 4 GB and is removed at the end unless --keep. COMMANDs are run in the
# repository in place of "./dev run" and "./dev test". A folder kept from an earlier run is made anew: it must be bare.
# Needs root and the package debootstrap, and reaches the mirror that this machine's own apt sources name.
set -euo pipefail
cd "$(dirname "$0")/.."

keep=
if [ "${1:-}" = --keep ]; then keep=yes; shift; fi
root=${1:-}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- "./dev run" "./dev test"
[ "$(id -u)" = 0 ] || { echo "bare_debian: needs root (for chroot)" >&2; exit 1; }
command -v debootstrap >/dev/null || { echo "bare_debian: apt-get install debootstrap" >&2; exit 1; }

if [ -z "$root" ]; then
  root=$(mktemp -d)
elif [ -e "$root" ] && [ ! -x "$root/bin/sh" ] && [ -n "$(ls -A "$root")" ]; then
  echo "bare_debian: $root holds something else: name another folder" >&2
  exit 1
fi

unmount() { mountpoint -q "$root/proc" && umount "$root/proc" || true; }
finish() {
  unmount
  if [ -n "$keep" ]; then echo "bare_debian: kept in $root"; else rm -rf --one-file-system "$root"; fi
}
trap finish EXIT
unmount
rm -rf --one-file-system "$root"
mkdir -p "$root"

# The first address that this machine gets bookworm itself from (not its updates, not another vendor's packages).
sources() { cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true; }
mirror=$(sources | awk '
  $1 == "deb" { for (i = 2; i < NF; i++) if ($i ~ /^https?:/ && $(i + 1) == "bookworm") { print $i; exit } }
  $1 == "URIs:" { address = $2 }
  $1 == "Suites:" { for (i = 2; i <= NF; i++) if ($i == "bookworm" && address) { print address; exit } }')
[ -n "$mirror" ] || { echo "bare_debian: no apt source of this machine offers bookworm" >&2; exit 1; }

echo "bare_debian: minimal Debian 12 in $root"
log=$(mktemp)
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$log" 2>&1 || { tail -20 "$log"; exit 1; }
rm "$log"
# How this machine reaches the network is no part of what is bare.
for file in /etc/resolv.conf /etc/hosts; do [ -f $file ] && cp -L $file "$root$file"; done
cp -L /etc/apt/apt.conf.d/*proxy* "$root/etc/apt/apt.conf.d/" 2>/dev/null || true
# The sanitizers read /proc.
mount -t proc proc "$root/proc"

git clone -q --no-hardlinks . "$root/root/cradle"
for command in "$@"; do
  echo "bare_debian: $command"
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb bash -c "cd /root/cradle && time $command"
done
echo "bare_debian: all of it works on a bare Debian 12"
