#include "boavizta_tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

constexpr BoaviztaRange always(double value) { return {value, value, value}; }

constexpr std::array<BoaviztaArchetype, 5> archetypes = {{
    {"platform_compute_low", {8, 8, 16}, {}, {4, 2, 8}, 16, always(1), always(0), 100, {}, always(2), true},
    {"platform_compute_medium", {24, 16, 48}, {}, {8, 6, 10}, 32, {1, 1, 2}, always(0), 1000, {}, always(2), true},
    {"platform_compute_high", {48, 32, 96}, {}, {8, 6, 12}, 64, {2, 1, 2}, always(0), 2000, {}, always(2), true},
    {"platform_hddstorage_low", {16, 10, 20}, {}, {8, 8, 16}, 32, always(0), {8, 8, 12}, {}, 2000, always(2), true},
    {"dellR740", always(24), 24.5, always(12), 32, always(1), always(0), 400, {}, {2, 1, 2}, false},
}};

struct Chip {
  std::string_view manufacturer;
  double key;  ///< nm of memory, layers of flash
  double density;
};
constexpr std::array<Chip, 11> memory_chips = {{{"Samsung", 30, 0.625},
                                                {"Samsung", 25, 1.25},
                                                {"Samsung", 20, 1.75},
                                                {"Samsung", 18, 2.375},
                                                {"SK hynix", 30, 0.75},
                                                {"SK hynix", 26, 1.0},
                                                {"SK hynix", 21, 1.313},
                                                {"SK hynix", 21, 1.875},
                                                {"Micron", 30, 0.75},
                                                {"Micron", 30, 0.875},
                                                {"Micron", 20, 1.125}}};
constexpr std::array<Chip, 19> flash_chips = {{{"Intel", 32, 16.4},
                                               {"Micron", 64, 49.6},
                                               {"Toshiba", 64, 48.5},
                                               {"Samsung", 64, 53.6},
                                               {"Intel", 64, 90.9},
                                               {"Micron/Intel", 64, 57.5},
                                               {"Micron/Intel", 96, 76.3},
                                               {"Micron", 128, 96.9},
                                               {"Micron", 128, 128},
                                               {"Samsung", 32, 19},
                                               {"Samsung", 36, 23},
                                               {"Samsung", 48, 33},
                                               {"Samsung", 64, 41},
                                               {"Samsung", 96, 57},
                                               {"Samsung", 64, 71},
                                               {"Toshiba/WD", 48, 31},
                                               {"Toshiba/WD", 64, 45.5},
                                               {"Toshiba/WD", 96, 76.1},
                                               {"Micron/Intel", 36, 28.5}}};

BoaviztaRange density(std::span<const Chip> chips, std::string_view manufacturer, std::optional<double> key,
                      bool keep_all) {
  const auto same = [&](const Chip& chip) { return to_lower(chip.manufacturer) == to_lower(trim(manufacturer)); };
  std::vector<Chip> kept(chips.begin(), chips.end());
  if (std::any_of(kept.begin(), kept.end(), same)) std::erase_if(kept, [&](const Chip& chip) { return !same(chip); });
  if (key) {
    std::vector<Chip> of_key = kept;
    std::erase_if(of_key, [&](const Chip& chip) { return chip.key != *key; });
    if (!of_key.empty() || !keep_all) kept = of_key;
  }
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (kept.empty()) return {nan, nan, nan};
  double sum = 0;
  BoaviztaRange range{0, kept.front().density, kept.front().density};
  for (const Chip& chip : kept) {
    sum += chip.density;
    range.min = std::min(range.min, chip.density);
    range.max = std::max(range.max, chip.density);
  }
  range.value = sum / static_cast<double>(kept.size());
  return range;
}

// Die areas in the published table of processors (1,519 rows with a die), by number of cores: mean, least, largest.
struct Die {
  double cores;
  BoaviztaRange mm2;
};
constexpr std::array dies = {Die{16, {606.7192, 205, 1908}}, Die{24, {834.01, 257, 1908}},
                             Die{28, {1306, 688, 1908}},     Die{32, {1314.614, 529.5, 1908}},
                             Die{48, {1363, 973, 1908}},     Die{64, {1039.61, 347.3, 1600}}};
constexpr BoaviztaRange any_die{522.2908624, 41.2, 3640};
constexpr double line_constant = 211.62501841652363;  // least squares over the same rows
constexpr double line_slope = 19.598648142304437;

struct Range {
  std::string_view name;
  BoaviztaProfile profile;
};
constexpr std::array<Range, 6> profiles = {{{"xeon platinum", {171.1813, 0.0354, 36.8953, -10.1336}},
                                            {"xeon gold", {35.5688, 0.2438, 9.6694, -0.6087}},
                                            {"xeon silver", {20.7794, 0.3043, 8.4241, 0.8613}},
                                            {"xeon e5", {48.9167, 0.1349, 15.7262, -4.654}},
                                            {"xeon e3", {342.3624, 0.0347, 36.8952, -16.4022}},
                                            {"xeon e", {55.6501, 0.0467, 20.4146, 4.24362}}}};

constexpr std::array<double, 4> fit_loads = {0, 10, 50, 100};
constexpr std::array<double, 4> fit_shares = {0.12, 0.32, 0.75, 1.02};
// The free optimum of share = slope ln(load + shift) + level over these four points.
constexpr double free_slope = 0.508479340485425182;
constexpr double free_shift = 20.4511031877279027;
constexpr double free_level = -1.41535595927936253;

/// The level that fits a given slope and shift best, and what is then left over.
struct Fit {
  double level = 0, residual = 0;
};
Fit fit_level(double slope, double shift) {
  Fit fit;
  for (std::size_t i = 0; i < fit_loads.size(); ++i)
    fit.level += fit_shares[i] - slope * std::log(fit_loads[i] + shift);
  fit.level /= static_cast<double>(fit_loads.size());
  for (std::size_t i = 0; i < fit_loads.size(); ++i) {
    const double miss = fit_shares[i] - slope * std::log(fit_loads[i] + shift) - fit.level;
    fit.residual += miss * miss;
  }
  return fit;
}

struct Grid {
  std::string_view country;
  double kilograms;  // for a kWh
};
constexpr std::array grids = {Grid{"FRA", 0.098}, Grid{"USA", 0.37}, Grid{"DEU", 0.422}, Grid{"POL", 0.805},
                              Grid{"SWE", 0.04}};

}  // namespace

double significant(double value, int digits) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) + 1 - digits);
  // A unit below one is divided by as a whole number, so that the result is the double nearest to the decimal.
  if (unit < 1) {
    const double scale = std::round(1 / unit);
    return std::floor(value * scale + 0.5) / scale;
  }
  return std::floor(value / unit + 0.5) * unit;
}

Result<BoaviztaArchetype> boavizta_archetype(std::string_view id) {
  std::vector<std::string> ids;
  for (const BoaviztaArchetype& archetype : archetypes) {
    if (archetype.id == id) return archetype;
    ids.emplace_back(archetype.id);
  }
  return bad_input("no archetype '" + std::string(id) + "'", "--archetype", suggest(id, ids));
}

BoaviztaRange boavizta_ram_density(std::string_view manufacturer, std::optional<double> process_nm, bool keep_all) {
  return density(memory_chips, manufacturer, process_nm, keep_all);
}

BoaviztaRange boavizta_ssd_density(std::string_view manufacturer, std::optional<double> layers, bool keep_all) {
  return density(flash_chips, manufacturer, layers, keep_all);
}

BoaviztaRange boavizta_die(std::optional<double> cores, bool& fitted) {
  fitted = false;
  const auto rounded = [](const BoaviztaRange& die) {
    return BoaviztaRange{significant(die.value, 3), significant(die.min, 3), significant(die.max, 3)};
  };
  if (!cores) return rounded(any_die);
  for (const Die& die : dies)
    if (die.cores == *cores) return rounded(die.mm2);
  fitted = true;
  return BoaviztaRange::exactly(significant(line_constant + line_slope * *cores, 3));
}

double BoaviztaProfile::watts(double load_percent) const {
  return std::max(1.0, a * std::log(b * (load_percent + c)) + d);
}

BoaviztaProfile boavizta_profile(std::string_view model_range) {
  for (const Range& range : profiles)
    if (range.name == to_lower(trim(model_range))) return range.profile;
  return {};
}

BoaviztaProfile boavizta_fit(const BoaviztaProfile& start, double tdp) {
  const double most_slope = 3 * start.a / tdp;
  if (free_slope <= most_slope) return {tdp * free_slope, 1, free_shift, tdp * free_level};
  // The residual falls to its only minimum and rises after it: golden section.
  double low = 1e-9, high = 3 * start.c;
  constexpr double golden = 0.6180339887498949;
  constexpr int steps = 100;
  for (int i = 0; i < steps; ++i) {
    const double left = high - golden * (high - low);
    const double right = low + golden * (high - low);
    if (fit_level(most_slope, left).residual < fit_level(most_slope, right).residual)
      high = right;
    else
      low = left;
  }
  const double shift = (low + high) / 2;
  return {tdp * most_slope, 1, shift, tdp * fit_level(most_slope, shift).level};
}

std::optional<double> boavizta_intensity(std::string_view location) {
  for (const Grid& grid : grids)
    if (grid.country == location) return grid.kilograms;
  return std::nullopt;
}

}  // namespace cradle::published
