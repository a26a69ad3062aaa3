// Bills of materials in TOML. docs/embodied.md lists the fields.
#include <utility>

#include "cradle/base/text.h"
#include "cradle/embodied/bill_of_materials.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::embodied {

namespace {

using carbon::Bytes;
using carbon::Gibibytes;
using carbon::Joules;
using carbon::KilowattHours;
using carbon::Watts;
using carbon::Years;

constexpr std::int64_t most_pieces = 1'000'000;
constexpr std::size_t most_entries = 10'000;
constexpr double largest_area = 70'000;  // mm2: a wafer of 300 mm has 70,686
constexpr double most_gib = 1e9;
constexpr double most_failures = 10;  // per part and year

/// What [[part]] may say of itself; the other groups follow from the kind of part.
constexpr Group part_groups[] = {Group::board,     Group::power,       Group::chassis, Group::assembly,
                                 Group::transport, Group::end_of_life, Group::network, Group::other};

class BillReader {
 public:
  explicit BillReader(TomlReader document) : document_(std::move(document)) {}

  Result<BillOfMaterials> read(std::string source) {
    bill_.source = std::move(source);
    bill_.name = document_.text("name");
    bill_.note = document_.text("note", "");
    if (auto server = document_.table("server")) read_server(*server);
    if (auto life = document_.table("life")) read_life(*life);
    if (auto rack = document_.table("rack")) read_rack(*rack);
    for (TomlReader& at : entries("package")) read_package(at);
    for (TomlReader& at : entries("die")) read_die(at);
    for (TomlReader& at : entries("processor")) bill_.processors.push_back(read_device(at));
    for (TomlReader& at : entries("memory")) read_memory(at);
    for (TomlReader& at : entries("drive")) read_drive(at);
    for (TomlReader& at : entries("accelerator")) bill_.accelerators.push_back(read_device(at));
    for (TomlReader& at : entries("network")) bill_.networks.push_back(read_device(at));
    for (TomlReader& at : entries("part")) read_part(at);
    for (TomlReader& at : entries("design")) read_design(at);
    check_whole();
    if (auto fine = document_.finish(); !fine) return fine.error();
    return std::move(bill_);
  }

 private:
  /// The entries of a kind; none, and an error, once the bill has more than it may.
  std::vector<TomlReader> entries(std::string_view key) {
    auto tables = document_.tables(key);
    entries_ += tables.size();
    if (entries_ <= most_entries) return tables;
    document_.fail(key, "the bill has more than " + std::to_string(most_entries) + " entries",
                   "join parts of one kind with count");
    return {};
  }

  static double pieces(TomlReader& at, std::string_view key = "count") {
    return static_cast<double>(at.integer(key, 1, most_pieces, 1));
  }
  static InService service(TomlReader& at, const InService& otherwise) {
    InService service;
    service.failures_per_year = at.number("failures_per_year", 0, most_failures, otherwise.failures_per_year);
    service.repaired_in_place = at.number("repaired_in_place", 0, 1, otherwise.repaired_in_place);
    service.second_life = at.flag("second_life", otherwise.second_life);
    return service;
  }
  InService service(TomlReader& at) const { return service(at, bill_.life.service); }

  void read_server(TomlReader& at) {
    bill_.vendor = at.text("vendor", "");
    bill_.year = static_cast<int>(at.integer("year", 1990, 2100, 0));
    bill_.sockets = static_cast<double>(at.integer("sockets", 1, 64, 0));
    bill_.cores = static_cast<double>(at.integer("cores", 1, 65'536, 0));
    bill_.base = at.text("base", "");
    bill_.base_where = at.where("base");
  }

  void read_life(TomlReader& at) {
    Life& life = bill_.life;
    life.years = Years{at.number("years", 0.01, 100, life.years.value())};
    life.service = service(at, {});
    life.second_years = Years{at.number("second_years", 0, 100, 0)};
    life.second_share = at.number("second_share", 0, 1, 1);
    if (at.has("second_share") && !at.has("second_years"))
      at.fail("second_share", "second_share is of parts with a second life, whose second_years are missing",
              "state second_years, or leave second_share out");
  }

  void read_rack(TomlReader& at) {
    RackPart rack;
    rack.material = at.text("material", "rack");
    rack.units = at.number("units", 0.01, 1000);
    rack.of = at.number("of", 1, 1000, rack.of);
    rack.years = Years{at.number("years", 0.01, 100, rack.years.value())};
    rack.where = at.where("units");
    if (rack.units > rack.of)
      at.fail("units", "the product has more units than its rack", "state at most `of` units, or more racks as parts");
    bill_.rack = std::move(rack);
  }

  void read_package(TomlReader& at) {
    PackagePart package;
    package.name = at.text("name");
    package.technology = at.text("technology");
    package.count = pieces(at);
    package.site = at.text("site");
    package.service = service(at);
    package.where = at.where("technology");
    package.site_where = at.where("site");
    for (const PackagePart& other : bill_.packages)
      if (other.name == package.name)
        at.fail("name", "there are two packages '" + package.name + "'", "give each a name of its own");
    bill_.packages.push_back(std::move(package));
  }

  void read_die(TomlReader& at) {
    DiePart die;
    die.name = at.text("name");
    die.count = pieces(at);
    die.area = carbon::SquareMillimetres{at.number("area_mm2", 0.001, largest_area)};
    die.process = at.text("process");
    die.fab = at.text("fab");
    read_yield(at, die);
    die.edge = Millimetres{at.number("edge_mm", 0, 140, 0)};
    die.stitched = at.flag("stitched", false);
    if (at.has("package")) die.package = package_index(at);
    read_die_service(at, die);
    die.where = at.where("area_mm2");
    die.process_where = at.where("process");
    die.fab_where = at.where("fab");
    bill_.dies.push_back(std::move(die));
  }

  static void read_yield(TomlReader& at, DiePart& die) {
    if (at.has("yield")) {
      die.yield = at.number("yield", 1e-6, 1);
      die.yield_law = YieldLaw::constant;
    }
    if (!at.has("yield_law")) return;
    const auto law = parse_yield_law(at.text("yield_law"), at.where("yield_law"));
    if (!law) return at.fail("yield_law", law.error().message, law.error().hint);
    die.yield_law = *law;
    if ((*law == YieldLaw::constant) != die.yield.has_value())
      at.fail("yield_law", die.yield ? "a stated yield is a constant one" : "a constant yield is not stated",
              die.yield ? "leave yield or yield_law out" : "add yield, a ratio");
  }

  /// A package and its dies are one piece.
  void read_die_service(TomlReader& at, DiePart& die) {
    if (!at.has("package")) {
      die.service = service(at);
      return;
    }
    if (die.package) die.service = bill_.packages[*die.package].service;
    for (const char* key : {"failures_per_year", "repaired_in_place", "second_life"})
      if (at.has(key)) at.fail(key, "a die fails and is used again with its package", "state it at the [[package]]");
  }

  std::optional<std::size_t> package_index(TomlReader& at) {
    const std::string wanted = at.text("package");
    std::vector<std::string> names;
    for (std::size_t i = 0; i < bill_.packages.size(); ++i) {
      if (bill_.packages[i].name == wanted) return i;
      names.push_back(bill_.packages[i].name);
    }
    at.fail("package", "no [[package]] has the name '" + wanted + "'",
            names.empty() ? "add a [[package]] of that name" : suggest(wanted, names));
    return std::nullopt;
  }

  DevicePart read_device(TomlReader& at) {
    DevicePart device;
    device.id = at.text("id");
    device.count = pieces(at);
    device.service = service(at);
    device.where = at.where("id");
    return device;
  }

  void read_memory(TomlReader& at) {
    MemoryPart memory;
    memory.technology = at.text("technology");
    memory.name = at.text("name", memory.technology);
    memory.size = Bytes{Gibibytes{at.number("gib", 1e-6, most_gib)}};
    memory.count = pieces(at, "modules");
    memory.service = service(at);
    memory.where = at.where("technology");
    bill_.memories.push_back(std::move(memory));
  }

  void read_drive(TomlReader& at) {
    DrivePart drive;
    drive.technology = at.text("technology");
    drive.name = at.text("name", drive.technology);
    // Drives are sold by powers of ten.
    if (at.has("gb")) {
      drive.size = Bytes{at.number("gb", 1e-6, most_gib) * 1e9};
      if (at.has("gib")) at.fail("gib", "a drive has both gb and gib", "state one of them");
    } else {
      drive.size = Bytes{Gibibytes{at.number("gib", 1e-6, most_gib)}};
    }
    drive.count = pieces(at);
    drive.service = service(at);
    drive.where = at.where("technology");
    bill_.drives.push_back(std::move(drive));
  }

  void read_part(TomlReader& at) {
    MaterialPart part;
    part.name = at.text("name");
    part.material = at.text("material");
    part.amount = at.number("amount", 0, 1e9);
    part.unit = at.text("unit");
    part.count = pieces(at);
    std::vector<std::string> words;
    for (const Group group : part_groups) words.emplace_back(name(group));
    part.group = part_groups[at.choice("group", words, words.size() - 1)];
    // What is done to a product once is not done again when one of its parts fails, and has no second life.
    const bool thing =
        part.group != Group::assembly && part.group != Group::transport && part.group != Group::end_of_life;
    part.service = service(at, thing ? bill_.life.service : InService{});
    if (!thing && part.service.second_life)
      at.fail("second_life", "assembly, freight and end of life have no second life", "leave second_life out");
    part.where = at.where("material");
    bill_.materials.push_back(std::move(part));
  }

  void read_design(TomlReader& at) {
    DesignPart design;
    design.name = at.text("name");
    DesignEffort& effort = design.effort;
    effort.gates = at.number("gates", 0, 1e13, 0);
    effort.iterations = at.number("iterations", 0, 1e6, effort.iterations);
    effort.gates_per_core_hour = at.number("gates_per_core_hour", 1e-3, 1e12, effort.gates_per_core_hour);
    effort.power_per_core = Watts{at.number("watts_per_core", 0, 1e4, effort.power_per_core.value())};
    effort.person_years = at.number("person_years", 0, 1e7, 0);
    if (at.has("person_years") || at.has("kwh_per_person_year"))
      effort.energy_per_person_year = Joules{KilowattHours{at.number("kwh_per_person_year", 0, 1e9)}};
    if (!(effort.gates > 0) && !(effort.person_years > 0))
      at.fail("", "the design has neither gates nor people", "state gates, person_years or both above 0");
    design.site = at.text("site");
    design.volume = at.number("volume", 1, 1e12);
    design.products = at.number("products", 1, 1e6, 1);
    design.count = pieces(at);
    design.where = at.where();
    design.site_where = at.where("site");
    bill_.designs.push_back(std::move(design));
  }

  void check_whole() {
    if (bill_.dies.empty() && bill_.processors.empty() && bill_.memories.empty() && bill_.drives.empty() &&
        bill_.accelerators.empty() && bill_.networks.empty() && bill_.materials.empty() && bill_.base.empty())
      document_.fail("", "the bill has no parts",
                     "add [[die]], [[processor]], [[memory]], [[drive]], [[accelerator]], [[network]] or [[part]]");
  }

  TomlReader document_;
  BillOfMaterials bill_;
  std::size_t entries_ = 0;
};

}  // namespace

Result<BillOfMaterials> parse_bill(std::string_view text, std::string source) {
  auto document = TomlReader::parse(text, source);
  if (!document) return document.error();
  return BillReader{std::move(*document)}.read(std::move(source));
}

Result<BillOfMaterials> read_bill(const std::filesystem::path& path) {
  auto document = TomlReader::read(path);
  if (!document) return document.error();
  return BillReader{std::move(*document)}.read(path.string());
}

}  // namespace cradle::embodied
