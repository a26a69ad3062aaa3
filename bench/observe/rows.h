// What was measured, the bars it must reach (bench/bars.tsv), and the table and JSON that say so.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::bench {

enum class Unit { share, seconds, bytes, count };

struct Row {
  std::string name;  ///< "observe/...", as in bars.tsv
  double value = 0;
  Unit unit = Unit::share;
  std::string baseline;  ///< what others reach in the same run, in words
  std::string note;
  /// Of times and sizes: depends on how fast and how busy the machine is, so that a quick run has no bar on it.
  bool timed = false;
};

/// A bar: "at_most" or "at_least" of bench/bars.tsv.
struct Bar {
  std::string pattern;  ///< '*' stands for anything
  bool at_most = true;
  double value = 0;
};

/// bad_input with the line for what cannot be read. Lines of other kinds are other programs' and left out.
Result<std::vector<Bar>> read_bars(const std::filesystem::path& file);
/// Null: none.
const Bar* bar_of(const std::vector<Bar>& bars, const std::string& name);

struct Judged {
  Row row;
  std::optional<Bar> bar;
  bool reached = true;
};

/// `quick`: no bar on what is timed.
std::vector<Judged> judge(const std::vector<Row>& rows, const std::vector<Bar>& bars, bool quick);
/// Markdown.
std::string table_of(const std::vector<Judged>& rows);
std::string json_of(const std::vector<Judged>& rows, const std::string& machine);
/// Processor, cores, kernel, compiler.
std::string machine_line();
std::string shown(double value, Unit unit);

}  // namespace cradle::bench
