// 3D-Carbon's rows and switches.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "cradle/base/file.h"
#include "cradle/published/three_d_carbon.h"
#include "cradle/published/tools.h"
#include "die_size.h"
#include "options.h"
#include "switches.h"
#include "three_d_tables.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
using carbon::GramsCO2e;
using carbon::KilogramsCO2e;

/// A file as both ways of reading it have it; products and questions stand at the same places in both.
struct ThreeDFile {
  std::string source;
  ThreeDInput plain, readme;

  const ThreeDInput& read_with(const ThreeDSwitches& switches) const { return switches.readme_keys ? readme : plain; }
};

Result<std::vector<fs::path>> files_of(const fs::path& input) {
  std::error_code error;
  if (!fs::is_directory(input, error)) return std::vector<fs::path>{input};
  std::vector<fs::path> files;
  for (fs::directory_iterator entry(input, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const fs::path extension = entry->path().extension();
    std::error_code ignored;
    if ((extension == ".yaml" || extension == ".yml") && entry->is_regular_file(ignored))
      files.push_back(entry->path());
  }
  if (error) return failure("the folder cannot be read: " + error.message(), input.string(), "check its permissions");
  if (files.empty()) return missing_data("the folder has no .yaml file", input.string(), "name a YAML file");
  std::sort(files.begin(), files.end());
  return files;
}

Result<ThreeDFile> read_file_of(const fs::path& path) {
  constexpr std::uint64_t largest = 16 << 20;
  const auto text = cradle::read_file(path, largest);
  if (!text) return text.error();
  ThreeDFile file;
  file.source = path.string();
  ThreeDSwitches lenient;
  lenient.readme_keys = true;
  auto plain = parse_three_d(*text, file.source, {});
  if (!plain) return plain.error();
  auto readme = parse_three_d(*text, file.source, lenient);
  if (!readme) return readme.error();
  file.plain = std::move(*plain);
  file.readme = std::move(*readme);
  return file;
}

class Rows {
 public:
  Rows(std::vector<Row>& rows, std::string item) : rows_(rows), item_(std::move(item)) {}

  void carbon(std::string quantity, GramsCO2e value) {
    put(std::move(quantity), KilogramsCO2e{value}.value(), "kgCO2e");
  }
  void put(std::string quantity, double value, std::string unit) {
    rows_.push_back({item_, std::move(quantity), value, std::move(unit)});
  }

 private:
  std::vector<Row>& rows_;
  std::string item_;
};

void add_product(const std::string& item, const ThreeDCarbon& carbon, std::vector<Row>& rows) {
  for (const ThreeDDieCarbon& die : carbon.dies) Rows(rows, item + "/" + die.name).carbon("manufacturing", die.carbon);
  Rows of(rows, item);
  of.carbon("dies", carbon.die_sum());
  of.carbon("bonding", carbon.bonding);
  of.carbon("substrate", carbon.substrate);
  of.carbon("package", carbon.package);
  of.carbon("embodied", carbon.embodied());
  if (carbon.operational) of.carbon("operational", *carbon.operational);
  of.carbon("total", carbon.total());
}

constexpr double wafer_mm = 300;

/// Sizes that nobody can make; the tool answers all the same.
void add_size_notes(const std::string& item, const ThreeDProduct& product, const ThreeDCarbon& carbon,
                    std::vector<std::string>& notes) {
  double side_by_side = 0, largest = 0;
  for (std::size_t i = 0; i < carbon.dies.size(); ++i) {
    const ThreeDDieCarbon& die = carbon.dies[i];
    if (auto note = size_note(item + "/" + die.name, die.area, wafer_mm)) notes.push_back(std::move(*note));
    side_by_side += die.area.value() * product.dies[i].number;
    largest = std::max(largest, die.area.value());
  }
  // Interposers are larger than one exposure: they are stitched.
  const double interposer = side_by_side * three_d::interposer_scale;
  if (product.method == ThreeDMethod::silicon_interposer && interposer > std::numbers::pi * wafer_mm * wafer_mm / 4)
    notes.push_back(item + ": an interposer of " + size_text(interposer) + " is larger than a wafer of " +
                    shortest(wafer_mm) + " mm: the tool's number has no meaning");
  const bool stacked = product.method >= ThreeDMethod::micro_bumping;
  const double taken = stacked ? largest : side_by_side, package = product.package_area.value();
  if (package > 0 && package < taken)
    notes.push_back(item + ": a package of " + size_text(package) + " is smaller than the " + size_text(taken) +
                    " that its dies take");
}

/// The tool cuts its percentages and years off rather than rounding them.
double cut(double value) { return std::trunc(value); }

/// The tool's table against the undivided die: savings, and after how many years the choice turns.
void add_savings(Rows& of, const ThreeDOption& whole, const ThreeDOption& option) {
  const double embodied_whole = whole.embodied().value(), embodied = option.embodied().value();
  of.put("embodied_saving", cut((embodied_whole - embodied) / embodied_whole * 10000) / 100, "percent");
  if (!option.operational) return;
  const double use_whole = whole.operational->value(), use = option.operational->value();
  const double total_whole = embodied_whole + use_whole, total = embodied + use;
  const double saving = cut((total_whole - total) / total_whole * 10000) / 100;
  if (std::isfinite(saving)) of.put("total_saving", saving, "percent");
  const double choosing = cut((embodied_whole - embodied) / (use - use_whole) * 10);
  if (choosing >= 0 && std::isfinite(choosing))
    of.put(embodied_whole > embodied ? "choose_below" : "choose_above", choosing, "year");
  else if (choosing < 0 && embodied_whole > embodied)
    of.put("choose_above", 0, "year");
  const double replacing = cut(embodied / (use_whole - use) * 10);
  if (replacing >= 0 && std::isfinite(replacing)) of.put("replace_above", replacing, "year");
}

void add_options(const std::string& item, const std::vector<ThreeDOption>& options, std::vector<Row>& rows) {
  for (const ThreeDOption& option : options) {
    Rows of(rows, item + "/" + option.name);
    of.carbon("dies", option.dies);
    of.carbon("bonding", option.bonding);
    of.carbon("substrate", option.substrate);
    of.carbon("package", option.package);
    of.carbon("embodied", option.embodied());
    if (option.operational && std::isfinite(option.operational->value())) {
      of.carbon("operational", *option.operational);
      of.carbon("total", option.embodied() + *option.operational);
    }
    of.put("bandwidth", option.bandwidth, "TB/s");
    of.put("bandwidth_sufficient", option.wide_enough ? 1 : 0, "1 if true");
    if (&option != &options.front()) add_savings(of, options.front(), option);
  }
}

const char* kind_of(bool heterogeneous) { return heterogeneous ? "heterogeneous" : "homogeneous"; }

struct Answer {
  Comparison comparison;
  std::vector<SwitchMeasure<ThreeDSwitches>> totals;

  Result<void> products(const ThreeDFile& file, const std::string& prefix, const ThreeDSwitches& switches) {
    const auto& list = file.read_with(switches).products;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto carbon = three_d_carbon(list[i], switches, file.source);
      if (!carbon) return carbon.error();
      add_product(prefix + list[i].name, *carbon, comparison.rows);
      add_size_notes(prefix + list[i].name, list[i], *carbon, comparison.notes);
      totals.push_back(
          {prefix + list[i].name, "total", "kgCO2e", [&file, i](const ThreeDSwitches& with) -> Result<double> {
             const auto changed = three_d_carbon(file.read_with(with).products[i], with, file.source);
             if (!changed) return changed.error();
             return KilogramsCO2e{changed->total()}.value();
           }});
      if (list[i].use || switches.every_entry) continue;
      for (++i; i < list.size(); ++i)
        comparison.notes.push_back("not answered: " + prefix + list[i].name +
                                   ", as the tool stops after the first entry without design_exploration");
    }
    return {};
  }

  Result<void> questions(const ThreeDFile& file, const std::string& prefix, const ThreeDSwitches& switches) {
    const auto& list = file.read_with(switches).questions;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i + 1 < list.size() && !switches.every_entry) {
        comparison.notes.push_back("not answered: " + prefix + list[i].name +
                                   ", as the tool keeps the last entry alone");
        continue;
      }
      for (const bool heterogeneous : {false, true}) {
        const auto options = explore(list[i], heterogeneous, switches, file.source);
        if (!options) return options.error();
        const std::string item = prefix + list[i].name + "/" + kind_of(heterogeneous);
        add_options(item, *options, comparison.rows);
        // The undivided die is the largest of all.
        if (auto note = size_note(item, options->front().largest_die, wafer_mm)) comparison.notes.push_back(*note);
        for (std::size_t k = 0; k < options->size(); ++k) {
          const std::string name = item + "/" + (*options)[k].name;
          const auto& used = (*options)[k].operational;
          if (!used || !std::isfinite(used->value()))
            comparison.notes.push_back(name + " cannot give the bandwidth that is asked for");
          totals.push_back(
              {name, "total", "kgCO2e", [&file, i, k, heterogeneous](const ThreeDSwitches& with) -> Result<double> {
                 const auto changed = explore(file.read_with(with).questions[i], heterogeneous, with, file.source);
                 if (!changed) return changed.error();
                 const ThreeDOption& option = (*changed)[k];
                 const double use = option.operational ? option.operational->value() : NAN;
                 if (!std::isfinite(use))
                   return bad_input("the bandwidth is out of reach", file.source, "ask for less");
                 return KilogramsCO2e{option.embodied() + GramsCO2e{use}}.value();
               }});
        }
      }
    }
    return {};
  }
};

}  // namespace

Result<Comparison> compare_three_d_carbon(const Request& request) {
  OptionReader options(request.options);
  const ThreeDSwitches switches = switches_of(request.mode, three_d_switches(), options);
  if (auto fine = options.finish(); !fine) return fine.error();
  if (request.input.empty()) return bad_input("no input file", "--input", "name a YAML file of 3D-Carbon");
  const auto paths = files_of(request.input);
  if (!paths) return paths.error();

  std::vector<ThreeDFile> files;
  for (const fs::path& path : *paths) {
    auto file = read_file_of(path);
    if (!file) return file.error();
    files.push_back(std::move(*file));
  }
  Answer answer;
  answer.comparison.tool = "3d-carbon";
  answer.comparison.mode = request.mode;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string prefix = files.size() > 1 ? (*paths)[i].stem().string() + "/" : "";
    if (auto fine = answer.products(files[i], prefix, switches); !fine) return fine.error();
    if (auto fine = answer.questions(files[i], prefix, switches); !fine) return fine.error();
    for (const std::string& note : files[i].read_with(switches).notes) answer.comparison.notes.push_back(prefix + note);
  }
  add_switches(three_d_switches(), answer.totals, answer.comparison);
  note_switches(three_d_switches(), switches, answer.comparison);
  answer.comparison.notes.push_back(
      "coefficients: built in, those of 3D-Carbon at 14e1a7f; a product is used 10 % of T_exe, whatever its load");
  return std::move(answer.comparison);
}

}  // namespace cradle::published
