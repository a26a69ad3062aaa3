# Who may include whom. Reads src/rooms.txt, src/fences.txt and every source file of the rooms, prints one line per
# breach ("file:line: what: what to do") and exits 1 if there is any. Called by tools/lint.sh from the top of a tree:
#   awk -f tools/check_rooms.awk src/rooms.txt src/fences.txt FILES...
# FILES are the .h and .cpp files under include/cradle and src and the src/*/room.cmake.

# The core builds with the compiler alone, so its files include the standard library only.
BEGIN { split("base carbon fleet policy", names, " "); for (i in names) core[names[i]] = 1 }

function breach(where, what, advice) { print where ": " what ": " advice; breaches++ }

# A shell pattern with * only, as a regular expression.
function matches(path, pattern) {
  gsub(/[.+]/, "\\\\&", pattern)
  gsub(/\*/, ".*", pattern)
  return path ~ ("^" pattern "$")
}

# The rooms on the way from one room to another along the table's edges, or "" if there is no way.
function way(from, to, seen, parts, count, i, rest) {
  if (from == to) return from
  seen = seen " " from " "
  count = split(edges[from], parts, " ")
  for (i = 1; i <= count; i++)
    if (index(seen, " " parts[i] " ") == 0 && (rest = way(parts[i], to, seen)) != "") return from " -> " rest
  return ""
}

FILENAME ~ /rooms\.txt$/ {
  if ($0 ~ /^ *(#|$)/) next
  if ($0 !~ /^[a-z]+:( [a-z]+)*$/) { breach(FILENAME ":" FNR, "not a room", "write 'room: rooms it may include'"); next }
  room = substr($1, 1, length($1) - 1)
  if (room in line_of) breach(FILENAME ":" FNR, "room '" room "' is listed twice", "keep one line")
  line_of[room] = FNR
  table[++rooms] = room
  edges[room] = substr($0, length($1) + 2)
  next
}

FILENAME ~ /fences\.txt$/ {
  if ($0 ~ /^ *(#|$)/) next
  fence[substr($1, 1, length($1) - 1)] = substr($0, length($1) + 2)
  next
}

# The table itself, once it has been read: known rooms, leaf first, no cycle.
function check_table(i, count, parts, k, path) {
  table_checked = 1
  for (i = 1; i <= rooms; i++) {
    count = split(edges[table[i]], parts, " ")
    for (k = 1; k <= count; k++) {
      where = "src/rooms.txt:" line_of[table[i]]
      if (!(parts[k] in line_of))
        breach(where, "'" table[i] "' names the unknown room '" parts[k] "'", "add its line or take the edge out")
      else if ((path = way(parts[k], table[i], "")) != "")
        breach(where, "cycle: " table[i] " -> " path, "take one of these edges out")
      else if (line_of[parts[k]] > line_of[table[i]])
        breach(where, "'" table[i] "' stands above '" parts[k] "', which it may include", "list leaves first")
    }
  }
}

!table_checked { check_table() }

FNR == 1 {
  public = FILENAME ~ /^include\//
  test = FILENAME ~ /_test\.cpp$/
  split(FILENAME, parts, "/")
  room = public ? parts[3] : parts[2]
  known = room in line_of
  if (!known) breach(FILENAME ":1", "'" room "' is no room of src/rooms.txt", "add a line for it or move the file")
  if (FILENAME ~ /\.h$/ && $0 !~ /^\/\/ /)
    breach(FILENAME ":1", "no purpose comment", "start the header with '// ' and what it is for")
}

FILENAME ~ /room\.cmake$/ {
  if (room in core && /^[^#]*(find_package|find_library|pkg_check_modules|pkg_search_module|cradle_room_libraries)/)
    breach(FILENAME ":" FNR, "core room '" room "' asks for a library", "the core builds with the compiler alone: move what needs it")
  next
}

known && /^[ \t]*#[ \t]*include/ {
  where = FILENAME ":" FNR
  if (match($0, /"[^"]*"/)) quoted = 1
  else if (match($0, /<[^>]*>/)) quoted = 0
  else { breach(where, "an include that is no plain name", "write the header's name"); next }
  header = substr($0, RSTART + 1, RLENGTH - 2)

  if (header ~ /^cradle\//) {
    split(header, parts, "/")
    target = parts[2]
    if (!quoted) breach(where, "<" header ">", "write our own headers in quotes")
    if (target != room && index(" " edges[room] " ", " " target " ") == 0)
      breach(where, "room '" room "' may not include room '" target "'",
             "move the code to a room that may, or change src/rooms.txt and say why in docs/decisions")
    next
  }
  if (quoted && !public) {
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    if (header !~ /\.\./ && (getline ignored < (folder header)) >= 0) { close(folder header); next }
    folder = "src/" room "/"
    if (header !~ /\.\./ && (getline ignored < (folder header)) >= 0) { close(folder header); next }
  }
  if (!quoted && header ~ /^[a-z0-9_]+$/) next
  if (public) { breach(where, "'" header "' in a public header", "public headers need only the standard library and other public headers"); next }

  # C headers of the operating system: wherever files, processes and terminals are touched, never in a pure room.
  if (!quoted && header ~ /^(sys\/[a-z]+|unistd|fcntl|signal|poll|pthread|sched|time|malloc|termios|dirent|pwd|netinet\/in|arpa\/inet|linux\/[a-z_]+)\.h$/) {
    if (!(room in core) || room == "base" || test) next
    breach(where, "<" header "> in room '" room "'", "this room does no I/O: move the code")
    next
  }
  for (prefix in fence)
    if (index(header, prefix) == 1) {
      where_allowed = (room in core && !test) ? "never in a core room" : fence[prefix]
      count = (room in core && !test) ? 0 : split(fence[prefix], parts, " ")
      for (i = 1; i <= count; i++) if (matches(FILENAME, parts[i])) next
      breach(where, "'" header "' outside its fence (" where_allowed ")", "include it in those files only, behind a type of ours")
      next
    }
  breach(where, "'" header "' is no standard, own or declared third-party header", "declare it in src/fences.txt, with its files, or do without")
}

END {
  if (!table_checked) check_table()
  exit breaches > 0
}
