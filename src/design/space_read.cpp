// From TOML to a design space.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <type_traits>

#include "cradle/base/text.h"
#include "cradle/design/pareto.h"
#include "cradle/design/space.h"
#include "cradle/embodied/package.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::design {

namespace {

using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;

constexpr double most_splits = 16;
constexpr std::size_t hours_a_day = 24;

/// The study while it is read: its document, and where ids are looked up.
class SpaceReader {
 public:
  SpaceReader(TomlReader document, std::string source, const catalog::Catalog& catalog)
      : document_(std::move(document)), space_(catalog) {
    space_.source = std::move(source);
  }

  Result<Space> read(const std::optional<MeasuredUse>& measured) {
    space_.name = document_.text("name");
    space_.title = document_.text("title", space_.name);
    space_.question = document_.text("question", "Which designs are worth making?");
    objectives();
    for (TomlReader& block : document_.tables("block", true)) read_block(block);
    if (space_.blocks.empty())
      document_.fail("block", "the study has no block", "add a [[block]] for each part of the chip");
    if (space_.blocks.size() > most_blocks)
      document_.fail("block", "the study has " + std::to_string(space_.blocks.size()) + " blocks",
                     "use at most " + std::to_string(most_blocks));
    if (std::none_of(space_.blocks.begin(), space_.blocks.end(), [](const Block& b) { return b.critical; }))
      document_.fail("block", "no block is on the critical path", "set critical = true for the one that sets the pace");
    making();
    use(measured);
    constraints();
    if (auto ok = document_.finish(); !ok) return ok.error();
    if (auto ok = fits(); !ok) return ok.error();
    return std::move(space_);
  }

 private:
  void objectives() {
    space_.objectives.clear();
    for (const std::string& word : document_.texts("objectives", true)) {
      const auto objective = parse_objective(word, document_.where("objectives"));
      if (!objective) return document_.fail("objectives", objective.error().message, objective.error().hint);
      if (std::find(space_.objectives.begin(), space_.objectives.end(), *objective) != space_.objectives.end())
        return document_.fail("objectives", "'" + word + "' is named twice", "name each objective once");
      space_.objectives.push_back(*objective);
    }
    if (space_.objectives.size() > most_objectives)
      document_.fail("objectives", std::to_string(space_.objectives.size()) + " objectives are named",
                     "name at most " + std::to_string(most_objectives));
  }

  template <class Find>
  auto found(TomlReader& table, std::string_view key, const std::string& id, const Find& find) {
    const auto record = find(id, table.where(key));
    using Pointer = typename std::decay_t<decltype(record)>::value_type;
    if (record) return *record;
    table.fail(key, record.error().message, record.error().hint);
    return Pointer{nullptr};
  }

  template <class Record, class Find>
  std::vector<const Record*> records(TomlReader& table, std::string_view key, const Find& find) {
    std::vector<const Record*> list;
    for (const std::string& id : table.texts(key, true))
      if (const Record* record = found(table, key, id, find)) {
        if (std::find(list.begin(), list.end(), record) != list.end())
          table.fail(key, "'" + id + "' is named twice", "name each alternative once");
        list.push_back(record);
      }
    return list;
  }

  /// The values of an axis; `standard` where the key is absent.
  std::vector<double> axis(TomlReader& table, std::string_view key, double low, double high,
                           std::optional<double> standard) {
    const bool given = table.has(key);
    std::vector<double> values = table.numbers(key, low, high, !standard);
    if (!given && standard) return {*standard};
    if (values.empty()) table.fail(key, "'" + std::string(key) + "' is empty", "name at least one value");
    if (std::set<double>(values.begin(), values.end()).size() != values.size())
      table.fail(key, "'" + std::string(key) + "' holds a value twice", "name each value once");
    return values;
  }

  void read_block(TomlReader& table) {
    Block block;
    block.name = table.text("name");
    for (const Block& other : space_.blocks)
      if (other.name == block.name) table.fail("name", "two blocks are called '" + block.name + "'", "rename one");
    block.kind = static_cast<BlockKind>(table.choice("kind", {"logic", "sram", "analog"}));
    const double smallest = 1e-3, largest = 1e6;
    block.area = carbon::SquareMillimetres{table.number("area_mm2", smallest, largest)};
    block.power = carbon::Watts{table.number("power_w", 0, largest)};
    block.person_years = table.number("person_years", 0, 1e6, 0);
    block.critical = table.flag("critical", block.kind != BlockKind::analog);
    block.products = axis(table, "products", 1, 1e6, 1);
    const auto find = [&](const std::string& id, std::string where) {
      return space_.catalog.find_process(id, std::move(where));
    };
    block.nodes = records<catalog::FabProcess>(table, "node", find);
    read_splits(table, block);
    read_reuse(table, block);
    if (block.kind == BlockKind::analog && *std::max_element(block.splits.begin(), block.splits.end()) > 1)
      table.fail("split", "'" + block.name + "' is analog and cannot be split", "leave out split");
    space_.blocks.push_back(std::move(block));
  }

  void read_reuse(TomlReader& table, Block& block) {
    block.reuse = axis(table, "reuse", 0, 1, 0);
    Reclaiming& reclaiming = block.reclaiming;
    reclaiming.key = "reuse_carbon_share";
    reclaiming.source = "reused DDR4 behind CXL, open data of GreenSKU (Wang et al., ISCA 2024)";
    if (table.has("reuse_carbon_share_range") && !table.has("reuse_carbon_share"))
      table.fail("reuse_carbon_share_range", "a range is given, but no reuse_carbon_share", "add reuse_carbon_share");
    if (!table.has("reuse_carbon_share")) return;
    if (!table.has("reuse"))
      table.fail("reuse_carbon_share", "'reuse_carbon_share' is given, but nothing is reused", "add reuse = [0, 0.5]");
    reclaiming.key = "block." + block.name + ".reuse_carbon_share";
    reclaiming.source = space_.source;
    const double share = table.number("reuse_carbon_share", 0, 1);
    const std::vector<double> range = table.numbers("reuse_carbon_share_range", 0, 1);
    reclaiming.share = carbon::Estimate<double>::exact(share);
    if (!table.has("reuse_carbon_share_range")) return;
    if (range.size() != 2 || range[0] > share || share > range[1])
      return table.fail("reuse_carbon_share_range", "'reuse_carbon_share_range' is no range around the share",
                        "write [least, most] with the share between them");
    reclaiming.share = {share, range[0], range[1]};
  }

  void read_splits(TomlReader& table, Block& block) {
    block.splits = {1};
    if (table.has("split") && table.has("split_range"))
      return table.fail("split", "'split' and 'split_range' are both given", "keep one");
    if (table.has("split")) {
      std::vector<double> splits = axis(table, "split", 1, most_splits, {});
      for (const double split : splits)
        if (split != std::floor(split))
          return table.fail("split", "a block cannot be split over " + shortest(split) + " dies",
                            "choose whole numbers from 1 to 16");
      if (!splits.empty()) block.splits = std::move(splits);
    } else if (table.has("split_range")) {
      const std::vector<double> range = table.numbers("split_range", 1, most_splits, true);
      if (range.size() != 2 || range[0] > range[1] || range[0] != std::floor(range[0]) ||
          range[1] != std::floor(range[1]))
        return table.fail("split_range", "'split_range' is no range of whole numbers", "write [least, most]");
      block.splits.clear();
      for (double split = range[0]; split <= range[1]; ++split) block.splits.push_back(split);
    }
  }

  void making() {
    const auto grid = [&](const std::string& id, std::string where) {
      return space_.catalog.find_grid(id, std::move(where));
    };
    if (auto table = document_.table("package")) {
      const auto find = [&](const std::string& id, std::string where) {
        return space_.catalog.find_package(id, std::move(where));
      };
      space_.packages = records<catalog::PackageTechnology>(*table, "technology", find);
      for (const std::string& word :
           table->has("integration") ? table->texts("integration", true) : std::vector<std::string>{"chiplets"}) {
        if (word != "one-die" && word != "chiplets")
          table->fail("integration", "no integration '" + word + "'", "use one-die, chiplets or both");
        space_.merged.push_back(word == "one-die");
      }
      if (std::set<bool>(space_.merged.begin(), space_.merged.end()).size() != space_.merged.size())
        table->fail("integration", "'integration' holds a value twice", "name each value once");
      package_at_ = table->where("technology");
      integration_at_ = table->where("integration");
    } else {
      document_.fail("package", "the study has no [package]", "add [package] with technology = [...]");
    }
    if (auto table = document_.table("fab")) {
      space_.fabs = records<catalog::Grid>(*table, "grid", grid);
      if (table->flag("stitched", false))
        space_.largest_die = carbon::SquareMillimetres{std::numeric_limits<double>::infinity()};
    } else {
      document_.fail("fab", "the study has no [fab]", "add [fab] with grid = [...]: where dies are made");
    }
    if (auto table = document_.table("design")) {
      space_.design_grid = found(*table, "grid", table->text("grid"), grid);
      space_.volumes = axis(*table, "volume", 1, 1e12, {});
      embodied::DesignEffort& effort = space_.effort;
      effort.gates = 1 / table->number("transistors_per_gate", 1, 1000, 8);
      effort.gates_per_core_hour = table->number("gates_per_core_hour", 1e-3, 1e12, effort.gates_per_core_hour);
      effort.power_per_core = carbon::Watts{table->number("power_per_core_w", 0, 1e4, effort.power_per_core.value())};
      effort.iterations = table->number("iterations", 0, 1e6, effort.iterations);
      space_.energy_per_person_year =
          carbon::Joules{carbon::KilowattHours{table->number("kwh_per_person_year", 0, 1e6, 0)}};
    } else {
      document_.fail("design", "the study has no [design]", "add [design] with grid and volume");
    }
  }

  void use(const std::optional<MeasuredUse>& measured) {
    auto table = document_.table("use");
    if (!table) return document_.fail("use", "the study has no [use]", "add [use] with grid, lifetime_years and duty");
    const bool hourly = table->flag("hourly", false);
    std::vector<double> daily = table->numbers("daily", 0, 1e6);
    if (!daily.empty() && !hourly)
      table->fail("daily", "'daily' weighs the hours of a grid, but hourly is not set", "add hourly = true");
    double sum = 0;
    for (const double weight : daily) sum += weight;
    if (table->has("daily") && (daily.size() != hours_a_day || !(sum > 0)))
      table->fail("daily", "'daily' is no weight for each of 24 hours (UTC), of which one is above 0",
                  "give 24 numbers");
    const auto find = [&](const std::string& id, std::string where) {
      return space_.catalog.find_grid(id, std::move(where));
    };
    const bool whole = daily.size() == hours_a_day && sum > 0;
    for (const catalog::Grid* grid : records<catalog::Grid>(*table, "grid", find))
      space_.grids.push_back(averages(*grid, hourly, whole ? daily : std::vector<double>(hours_a_day, 1)));
    for (const double years : axis(*table, "lifetime_years", 0.001, 1000, {})) space_.lifetimes.emplace_back(years);
    space_.duties = axis(*table, "duty", 1e-6, 1, measured ? std::optional(measured->duty) : std::nullopt);
    if (measured) space_.duties = {measured->duty};
    space_.base_power = carbon::Watts{table->number("base_power_w", 0, 1e6, 0)};
    space_.idle_share = table->number("idle_share", 0, 1, 0);
    space_.pue = table->number("pue", 1, 10, 1);
    space_.throughput = catalog::OperationsPerSecond{table->number("throughput", 1e-9, 1e24)};
    space_.operation = table->text("operation", "operation");
    if (table->has("traffic_bits_per_operation") && table->has("traffic_gb_per_s"))
      table->fail("traffic_gb_per_s", "traffic is given twice", "keep one of the two");
    constexpr double bits_per_gigabyte = 8e9;
    space_.traffic_bits = table->number("traffic_bits_per_operation", 0, 1e24, 0) +
                          table->number("traffic_gb_per_s", 0, 1e12, 0) * bits_per_gigabyte / space_.throughput.value();
  }

  /// Over a year: hour by hour where asked for, weighted by the hour of the day.
  static UseGrid averages(const catalog::Grid& grid, bool hourly, const std::vector<double>& daily) {
    const auto& annual = grid.average.estimate;
    UseGrid use;
    use.grid = &grid;
    use.mean = {GramsPerJoule{annual.value}, GramsPerJoule{annual.low}, GramsPerJoule{annual.high}};
    use.work = use.mean;
    if (!hourly || annual.value.value() <= 0) return use;
    const carbon::IntensitySeries series = grid.series();
    double weighted = 0, weights = 0, plain = 0;
    std::size_t hour = civil_hour(series.start()).hour;
    const auto steps = series.steps();
    for (const GramsPerJoule step : steps) {
      weighted += step.value() * daily[hour % hours_a_day];
      weights += daily[hour % hours_a_day];
      plain += step.value();
      ++hour;
    }
    // The range of the record is that of its annual mean; its hours move with it.
    const auto scaled = [&](double value) {
      const double factor = value / GramsPerJoule{annual.value}.value();
      return carbon::Estimate<GramsPerJoule>{GramsPerJoule{value}, use.mean.low * factor, use.mean.high * factor};
    };
    // A single step is a constant grid; its one hour is every hour.
    const double mean = plain / static_cast<double>(steps.size());
    use.work = scaled(steps.size() < daily.size() ? mean : weighted / weights);
    use.mean = scaled(mean);
    return use;
  }

  void constraints() {
    auto table = document_.table("constraints");
    if (!table) return;
    const double huge = 1e18;
    const auto limit = [&](const char* key) -> std::optional<double> {
      if (!table->has(key)) return std::nullopt;
      return table->number(key, 1e-12, huge);
    };
    Constraints& c = space_.constraints;
    if (const auto v = limit("most_area_mm2")) c.area = carbon::SquareMillimetres{*v};
    if (const auto v = limit("most_carbon_kg")) c.carbon = carbon::GramsCO2e{carbon::KilogramsCO2e{*v}};
    if (const auto v = limit("least_throughput")) c.throughput = catalog::OperationsPerSecond{*v};
    if (const auto v = limit("most_cost_usd")) c.cost = *v;
    if (const auto v = limit("most_power_w")) c.power = carbon::Watts{*v};
  }

  /// What no single field shows: packages that nothing fits, blocks that no wafer holds, too many points.
  Result<void> fits() const {
    bool chiplets = false, one_die = false;
    for (const bool merged : space_.merged) (merged ? one_die : chiplets) = true;
    if (one_die && !common_reuse())
      return bad_input("no reuse share is among the alternatives of all blocks: one die is new or reclaimed as a whole",
                       integration_at_, "give all blocks a common reuse and reuse_carbon_share, or take out one-die");
    if (one_die && !common_node())
      return bad_input("no node is among the alternatives of all blocks, undivided: they cannot share one die",
                       integration_at_, "give all blocks a common node and split 1, or take out one-die");
    std::set<std::size_t> dies;
    if (one_die) dies.insert(1);
    if (chiplets) {
      std::set<std::size_t> sums{0};
      for (const Block& block : space_.blocks) {
        std::set<std::size_t> next;
        for (const std::size_t sum : sums)
          for (const double split : block.splits) next.insert(sum + static_cast<std::size_t>(split));
        sums = std::move(next);
      }
      dies.insert(sums.begin(), sums.end());
    }
    for (const catalog::PackageTechnology* package : space_.packages) {
      if (package->form == catalog::PackageForm::monolithic && !all_new())
        return bad_input("the tiers of '" + package->id + "' are grown on one wafer, so that none is reclaimed",
                         package_at_, "give each block reuse 0 among its alternatives, or take the package out");
      std::optional<Error> why;
      for (const std::size_t count : dies) {
        const auto fine = embodied::check_package(*package, count, !package->carrier_process.empty(), package_at_);
        if (fine) {
          why.reset();
          break;
        }
        if (!why) why = fine.error();
      }
      if (why) return *why;
    }
    std::uint64_t points = 1;
    const auto times = [&](std::uint64_t count) {
      points = points > most_points / count ? most_points + 1 : points * count;
    };
    for (const std::size_t count :
         {space_.merged.size(), space_.packages.size(), space_.fabs.size(), space_.grids.size(),
          space_.lifetimes.size(), space_.duties.size(), space_.volumes.size()})
      if (points <= most_points) times(count);
    for (const Block& block : space_.blocks)
      if (points <= most_points) times(block.options());
    if (points > most_points)
      return bad_input("the space has more than 2^62 points", space_.source, "take alternatives out of its axes");
    return {};
  }

  /// Every block may be new.
  bool all_new() const {
    return std::all_of(space_.blocks.begin(), space_.blocks.end(), [](const Block& block) {
      return std::find(block.reuse.begin(), block.reuse.end(), 0.0) != block.reuse.end();
    });
  }

  /// A share, and a way to reclaim it unless it is 0, that all blocks have.
  bool common_reuse() const {
    if (all_new()) return true;
    const Block& first = space_.blocks.front();
    return std::any_of(first.reuse.begin(), first.reuse.end(), [&](double share) {
      return std::all_of(space_.blocks.begin(), space_.blocks.end(), [&](const Block& block) {
        return block.reclaiming.share == first.reclaiming.share &&
               std::find(block.reuse.begin(), block.reuse.end(), share) != block.reuse.end();
      });
    });
  }

  bool common_node() const {
    for (const Block& block : space_.blocks)
      if (std::find(block.splits.begin(), block.splits.end(), 1.0) == block.splits.end()) return false;
    const Block& first = space_.blocks.front();
    return std::any_of(first.nodes.begin(), first.nodes.end(), [&](const catalog::FabProcess* node) {
      return std::all_of(space_.blocks.begin(), space_.blocks.end(), [&](const Block& block) {
        return std::find(block.nodes.begin(), block.nodes.end(), node) != block.nodes.end();
      });
    });
  }

  TomlReader document_;
  Space space_;
  std::string package_at_, integration_at_;
};

}  // namespace

Result<Space> parse_space(std::string_view text, std::string source, const catalog::Catalog& catalog,
                          const std::optional<MeasuredUse>& measured) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  return SpaceReader(std::move(*document), std::move(source), catalog).read(measured);
}

}  // namespace cradle::design
