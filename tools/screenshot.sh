#!/usr/bin/env bash
# Photographs a page as a desktop (1280 px) and a phone (390 px) show it: OUT_PREFIX-wide.png and OUT_PREFIX-narrow.png.
# usage: tools/screenshot.sh FILE.html OUT_PREFIX
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '3s/^# //p' "$0" >&2
  exit 2
fi
page=$(realpath "$1")
out=$2
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
  echo "screenshot: no Chromium found; on Debian: apt-get install chromium" >&2
  exit 3
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

browse() {
  "$browser" --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --hide-scrollbars --allow-file-access-from-files \
    --virtual-time-budget=4000 --user-data-dir="$work/profile" "$@" 2>"$work/log"
}

# Chromium does not make windows as narrow as a phone: the page stands in a frame that is, shown at twice its size. The
# same frame tells the height of the page, so that the picture shows all of it.
frame() {  # WIDTH SCALE
  cat >"$work/frame-$1.html" <<HTML
<!doctype html><meta charset="utf-8"><body style="margin:0;overflow:hidden">
<iframe src="file://$page" style="display:block;border:0;width:$1px;height:900px;transform-origin:0 0;transform:scale($2)"></iframe>
<script>
  const frame = document.querySelector('iframe');
  frame.addEventListener('load', () => setTimeout(() => {
    const root = frame.contentDocument.documentElement;
    const height = frame.contentDocument.body.scrollHeight;
    document.title = root.scrollWidth + 'x' + height;
    frame.style.height = height + 'px';
  }, 500));
</script>
HTML
}

shoot() {  # NAME WIDTH SCALE
  frame "$2" "$3"
  local size width height
  size=$(browse --window-size="$(($2 * $3)),900" --dump-dom "file://$work/frame-$2.html" |
    sed -n 's/.*<title>\([0-9]*x[0-9]*\)<\/title>.*/\1/p')
  width=${size%x*}
  height=${size#*x}
  if [ -z "$size" ]; then
    echo "screenshot: the page did not load:" >&2
    cat "$work/log" >&2
    exit 1
  fi
  browse --window-size="$(($2 * $3)),$((height * $3))" --screenshot="$out-$1.png" "file://$work/frame-$2.html"
  echo "$out-$1.png: the page at $2 px, its content $width x $height"
  if [ "$width" -gt "$2" ]; then
    echo "screenshot: at $2 px the page scrolls sideways (its content is $width px wide)" >&2
    exit 1
  fi
}

shoot wide 1280 1
shoot narrow 390 2
