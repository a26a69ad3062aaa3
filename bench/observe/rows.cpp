#include "rows.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string_view>

#include "cradle/base/file.h"

namespace cradle::bench {

namespace {

bool matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  if (name.substr(0, star) != pattern.substr(0, star)) return false;
  for (std::size_t from = star; from <= name.size(); ++from) {
    if (matches(pattern.substr(star + 1), name.substr(from))) return true;
  }
  return false;
}

std::string_view next_field(std::string_view& line) {
  const std::size_t tab = line.find('\t');
  const std::string_view field = line.substr(0, tab);
  line.remove_prefix(tab == std::string_view::npos ? line.size() : tab + 1);
  return field;
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string processor_name() {
  // Written as it is read: /proc files have no size that a reader could ask for.
  std::FILE* file = std::fopen("/proc/cpuinfo", "r");
  if (file == nullptr) return "unknown processor";
  char line[512];
  std::string name = "unknown processor";
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::string_view text = line;
    if (!text.starts_with("model name")) continue;
    text.remove_prefix(std::min(text.find(": ") + 2, text.size()));
    name = text.substr(0, text.find('\n'));
    break;
  }
  std::fclose(file);
  return name;
}

}  // namespace

Result<std::vector<Bar>> read_bars(const std::filesystem::path& file) {
  const Result<std::string> text = read_file(file);
  if (!text) return text.error();
  std::vector<Bar> bars;
  std::string_view rest = *text;
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty() || line.front() == '#') continue;
    Bar bar;
    bar.pattern = next_field(line);
    const std::string_view kind = next_field(line);
    if (kind != "at_most" && kind != "at_least") continue;
    bar.at_most = kind == "at_most";
    const std::string_view value = next_field(line);
    const auto read = std::from_chars(value.data(), value.data() + value.size(), bar.value);
    if (read.ec != std::errc() || read.ptr != value.data() + value.size()) {
      return bad_input("'" + std::string(value) + "' is no number", file.string() + ":" + std::to_string(number),
                       "write bench<TAB>at_most<TAB>NUMBER<TAB>source");
    }
    bars.push_back(bar);
  }
  return bars;
}

const Bar* bar_of(const std::vector<Bar>& bars, const std::string& name) {
  for (const Bar& bar : bars) {
    if (matches(bar.pattern, name)) return &bar;
  }
  return nullptr;
}

std::vector<Judged> judge(const std::vector<Row>& rows, const std::vector<Bar>& bars, bool quick) {
  std::vector<Judged> judged;
  for (const Row& row : rows) {
    Judged one{row, std::nullopt, true};
    const Bar* bar = bar_of(bars, row.name);
    if (bar != nullptr && !(quick && row.timed)) {
      one.bar = *bar;
      // NaN reaches nothing.
      one.reached = bar->at_most ? row.value <= bar->value : row.value >= bar->value;
    }
    judged.push_back(one);
  }
  return judged;
}

std::string shown(double value, Unit unit) {
  switch (unit) {
    case Unit::share: return format("%.2f %%", value * 100);
    case Unit::bytes: return format("%.1f MB", value / 1e6);
    case Unit::count: return format("%.0f", value);
    case Unit::seconds: break;
  }
  if (std::abs(value) < 1e-6) return format("%.0f ns", value * 1e9);
  if (std::abs(value) < 1e-3) return format("%.1f us", value * 1e6);
  if (std::abs(value) < 1) return format("%.2f ms", value * 1e3);
  return format("%.2f s", value);
}

std::string table_of(const std::vector<Judged>& rows) {
  std::string out =
      "| bench | ours | /proc poll, same run | bar | reached? | note |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const Judged& one : rows) {
    out += "| " + one.row.name + " | " + shown(one.row.value, one.row.unit) + " | ";
    out += (one.row.baseline.empty() ? "-" : one.row.baseline) + " | ";
    out += one.bar ? (one.bar->at_most ? "<= " : ">= ") + shown(one.bar->value, one.row.unit) : std::string("-");
    out += " | " + std::string(!one.bar ? "-" : one.reached ? "yes" : "MISSED") + " | " + one.row.note + " |\n";
  }
  return out;
}

std::string json_of(const std::vector<Judged>& rows, const std::string& machine) {
  constexpr const char* units[] = {"ratio", "seconds", "bytes", "count"};
  std::string out = "{\"machine\": " + json_string(machine) + ",\n \"benches\": [";
  for (const Judged& one : rows) {
    out += &one == rows.data() ? "\n" : ",\n";
    out += "  {\"name\": " + json_string(one.row.name) + ", \"value\": ";
    out += std::isfinite(one.row.value) ? format("%.9g", one.row.value) : "null";
    out += ", \"unit\": " + json_string(units[static_cast<int>(one.row.unit)]);
    out += ", \"baseline\": " + json_string(one.row.baseline) + ", \"note\": " + json_string(one.row.note);
    if (one.bar) {
      out += ", \"" + std::string(one.bar->at_most ? "at_most" : "at_least") + "\": " + format("%.9g", one.bar->value);
      out += std::string(", \"reached\": ") + (one.reached ? "true" : "false");
    }
    out += "}";
  }
  return out + "\n ]}\n";
}

std::string machine_line() {
  utsname name{};
  uname(&name);
  const std::string release = name.release;
#ifdef __clang__
  const std::string compiler = "clang " __clang_version__;
#else
  const std::string compiler = "g++ " __VERSION__;
#endif
  return processor_name() + ", " + std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + " cores; Linux " +
         release.substr(0, release.find('-')) + "; " + compiler;
}

}  // namespace cradle::bench
