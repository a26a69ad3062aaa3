// SCARIF as `cradle compare embodied` runs it: its own flags, an upgrade by flags, or an input file.
#include <algorithm>
#include <cmath>
#include <limits>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/published/scarif.h"
#include "cradle/published/tools.h"
#include "options.h"
#include "switches.h"

namespace cradle::published {
namespace {

constexpr double hours_per_year = 365 * 24;
constexpr double most = 1e12;

/// One of the tool's own numbers, all of which are whole.
std::optional<double> whole(OptionReader& options, const std::vector<std::string>& names, double low, double high) {
  const auto value = options.number(names, low, high);
  if (value && *value != std::floor(*value))
    options.fail(
        bad_input(shortest(*value) + " is no whole number", "--" + names.back(), "SCARIF takes whole numbers only"));
  return value;
}

std::optional<ScarifChip> chip(OptionReader& options, const std::vector<std::string>& node_names,
                               const std::vector<std::string>& area_names, std::vector<std::string>& notes) {
  const auto node = options.number(node_names, 0, 1000);
  const auto area = options.number(area_names, 0, 1e9);
  if (node && area) return ScarifChip{*node, carbon::SquareMillimetres{*area}};
  if (node || area)
    notes.push_back("a chip needs both --" + node_names.back() + " and --" + area_names.back() + "; left out");
  return std::nullopt;
}

constexpr const char* vendors = "use one of: HP, Dell, Lenovo";

/// The server of the tool's own flags.
ScarifServer installed_server(OptionReader& options, std::vector<std::string>& notes) {
  ScarifServer server;
  const auto required = [&](const std::vector<std::string>& names, double low, double high) {
    const auto value = whole(options, names, low, high);
    if (!value)
      options.fail(bad_input("is missing", "--" + names.back(),
                             "give cores, dram, ssd, hdd (GB) and year: -c 44 -d 32 -s 0 -hd 4800 -y 2017"));
    return value.value_or(low);
  };
  server.cores = required({"c", "cpu_core_num", "cpu-core-num", "cores"}, 0, 1e9);
  server.dram = carbon::Bytes{required({"d", "dram"}, 0, most) * 1e9};
  server.ssd = carbon::Bytes{required({"s", "ssd"}, 0, most) * 1e9};
  server.hdd = carbon::Bytes{required({"hd", "hdd"}, 0, most) * 1e9};
  server.year = static_cast<int>(required({"y", "year"}, 1990, 2100));
  if (const auto month = whole(options, {"month"}, 1, 12)) server.month = static_cast<int>(*month);
  server.vendor = options.text({"vendor"}, vendors).value_or("HP");
  server.accelerator = chip(options, {"at", "acc_tech_node", "acc-tech-node", "acc-node"},
                            {"aa", "acc_chip_area", "acc-chip-area", "acc-area"}, notes);
  server.own_cpu = chip(options, {"cpu-node"}, {"cpu-area"}, notes);
  for (const char* ignored : {"config", "acc_config"})
    if (options.text({ignored}))
      notes.push_back(std::string("--") + ignored + " is accepted and ignored, as by the tool");
  return server;
}

/// The new system: what is not given is as in the installed one, but for the accelerator.
ScarifServer proposed_server(OptionReader& options, const ScarifServer& installed, std::vector<std::string>& notes) {
  ScarifServer server = installed;
  server.name = "system2";
  const auto gigabytes = [&](const char* option, carbon::Bytes& into) {
    if (const auto value = whole(options, {option}, 0, most)) into = carbon::Bytes{*value * 1e9};
  };
  server.cores = whole(options, {"new-cores"}, 0, 1e9).value_or(server.cores);
  gigabytes("new-dram", server.dram);
  gigabytes("new-ssd", server.ssd);
  gigabytes("new-hdd", server.hdd);
  server.year = static_cast<int>(whole(options, {"new-year"}, 1990, 2100).value_or(server.year));
  if (const auto month = whole(options, {"new-month"}, 1, 12)) server.month = static_cast<int>(*month);
  server.vendor = options.text({"new-vendor"}, vendors).value_or(server.vendor);
  server.accelerator = chip(options, {"new-acc-node"}, {"new-acc-area"}, notes);
  if (const auto own = chip(options, {"new-cpu-node"}, {"new-cpu-area"}, notes)) server.own_cpu = own;
  return server;
}

/// "TX=0.438,AZ=0.395", or one intensity for all.
std::optional<std::vector<ScarifRegion>> regions(OptionReader& options) {
  std::vector<ScarifRegion> result;
  if (const auto one = options.number({"intensity"}, 0, 100))
    result.push_back({"given grid", carbon::GramsPerKilowattHour{*one * 1000}});
  if (const auto list = options.text({"regions"}, "write names and kg CO2e for each kWh: TX=0.438,AZ=0.395")) {
    for (const std::string_view entry : split(*list, ',')) {
      const auto equals = entry.find('=');
      const auto value = equals == std::string_view::npos ? std::nullopt : parse_number(entry.substr(equals + 1));
      if (!value || *value < 0 || equals == 0) {
        options.fail(bad_input("'" + std::string(entry) + "' is no region", "--regions",
                               "write names and kg CO2e for each kWh: TX=0.438,AZ=0.395"));
        break;
      }
      result.push_back({std::string(entry.substr(0, equals)), carbon::GramsPerKilowattHour{*value * 1000}});
    }
  }
  return result.empty() ? std::nullopt : std::optional(result);
}

Result<ScarifInput> input_of_flags(OptionReader& options) {
  ScarifInput input;
  const bool upgrade = !options.starting_with("new-").empty() || options.has({"old-power", "speedup"});
  ScarifServer server = installed_server(options, input.notes);
  if (!upgrade) {
    input.servers.push_back(std::move(server));
    return input;
  }
  server.name = "system1";
  ScarifUpgrade question;
  question.regions = scarif_regions();
  question.installed.server = server;
  question.proposed.server = proposed_server(options, server, input.notes);
  // The powers are those of whole servers, so that sockets are not counted beside them.
  const auto power = [&](const std::string& name, bool needed) {
    const auto watts = options.number({name}, 0, 1e9);
    if (!watts && needed)
      options.fail(bad_input("is missing", "--" + name, "give the server's mean power at work, in watts"));
    return carbon::Watts{watts.value_or(0)};
  };
  question.installed.accelerator_task = power("old-power", true);
  question.proposed.accelerator_task = power("new-power", true);
  question.installed.accelerator_idle = power("old-idle-power", false);
  question.proposed.accelerator_idle = power("new-idle-power", false);
  question.installed.utilisation = options.number({"util"}, 0, 1).value_or(1);
  const double speedup = options.number({"speedup"}, 1e-6, 1e6).value_or(1);
  const auto busy = options.number({"new-util"}, 0, 1);
  question.proposed.utilisation = busy.value_or(question.installed.utilisation / speedup);
  if (question.proposed.utilisation > 1)
    options.fail(bad_input("the new server cannot do the work: it would be busy for " +
                               fixed(100 * question.proposed.utilisation, 0) + " % of the time",
                           "--speedup", "lower --util, or compare with more servers"));
  if (question.proposed.utilisation < 1 && !options.has({"new-idle-power"}))
    input.notes.push_back("the new server draws 0 W while it is idle (--new-idle-power)");
  input.upgrade = std::move(question);
  return input;
}

Result<ScarifInput> read_input(const Request& request, OptionReader& options) {
  if (!request.input.empty()) {
    const auto text = read_file(request.input, std::uint64_t{16} << 20);
    if (!text) return text.error();
    const std::string extension = to_lower(request.input.extension().string());
    const std::string source = request.input.string();
    if (extension == ".json") return parse_scarif_json(*text, source);
    if (extension == ".toml") return parse_scarif_toml(*text, source);
    if (extension == ".csv") return parse_scarif_csv(*text, source);
    return bad_input("not a format of SCARIF's inputs", source, "give a .json, .toml or .csv file");
  }
  if (options.nothing_but({"regions", "intensity", "switch"})) {
    ScarifInput input;
    input.upgrade = scarif_case_study();
    input.notes.push_back(
        "nothing given: the publication's case study, a server of 2017 with a V100 against one of "
        "2020 with an A100");
    return input;
  }
  return input_of_flags(options);
}

class Rows {
 public:
  Rows(const ScarifSwitches& switches, Comparison& comparison) : switches_(switches), comparison_(comparison) {}

  void system(const std::string& item, const ScarifCarbon& carbon, bool accelerator) {
    add(item, "base", carbon.base.value());
    if (accelerator) {
      printed_ = carbon.accelerator.value();
      add(item, "accelerator", *printed_);
      add(item, "accelerator_chip", carbon.chip.value());
    } else if (printed_ && !switches_.clear_accelerator) {
      add(item, "accelerator", *printed_);
      comparison_.notes.push_back(item + ": the accelerator printed is the one of the system before, as by the tool");
    }
    add(item, "total", carbon.total().value());
    if (carbon.clamped) comparison_.notes.push_back(item + ": outside the fit's range, which gives less than nothing");
  }
  void add(const std::string& item, const std::string& quantity, double value, const std::string& unit = "kgCO2e") {
    comparison_.rows.push_back({item, quantity, value, unit});
  }

 private:
  const ScarifSwitches& switches_;
  Comparison& comparison_;
  std::optional<double> printed_;
};

Result<void> add_upgrade(const ScarifUpgrade& upgrade, const ScarifSwitches& switches, Comparison& comparison) {
  const auto result = evaluate_scarif(upgrade, switches);
  if (!result) return result.error();
  Rows rows(switches, comparison);
  const auto system = [&](const ScarifSystem& which, const ScarifCarbon& carbon) {
    rows.system(which.server.name, carbon, which.server.accelerator.has_value());
    rows.add(which.server.name, "energy_per_year", scarif_energy(which).value(), "kWh");
  };
  system(upgrade.installed, result->installed);
  system(upgrade.proposed, result->proposed);
  for (const ScarifBreakEven& region : result->regions) {
    rows.add(region.region, "saved_per_year", region.saved_per_year.value());
    rows.add(region.region, "break_even_years", region.after.value() / hours_per_year, "year");
    if (std::isinf(region.after.value())) comparison.notes.push_back(region.region + ": never breaks even");
  }
  return {};
}

Result<void> add_fleet(const ScarifFleet& fleet, const ScarifSwitches& switches, Comparison& comparison) {
  const auto results = evaluate_scarif(fleet, switches);
  if (!results) return results.error();
  Rows rows(switches, comparison);
  for (const ScarifFleetResult& option : *results) {
    rows.add(option.name, "server", option.server.value());
    rows.add(option.name, "normalised", option.servers.value());
    rows.add(option.name, "operation_per_year", option.operation_per_year.value());
    for (std::size_t i = 0; i < fleet.years.size(); ++i)
      rows.add(option.name, "total_after_" + shortest(fleet.years[i]), option.after[i].value());
  }
  return {};
}

Result<double> measured(const ScarifInput& input, const ScarifSwitches& switches) {
  if (input.fleet) {
    const auto results = evaluate_scarif(*input.fleet, switches);
    if (!results) return results.error();
    double sum = 0;
    for (const ScarifFleetResult& option : *results) sum += option.servers.value();
    return sum;
  }
  const auto carbon = evaluate_scarif(input.upgrade ? input.upgrade->proposed.server : input.servers.front(), switches);
  if (!carbon) return carbon.error();
  return carbon->total().value();
}
/// The number that switches are judged by: the new system's total, the fleets' totals, or the server's.
SwitchMeasure<ScarifSwitches> measure_of(const ScarifInput& input) {
  const auto value = [&input](const ScarifSwitches& alone) { return measured(input, alone); };
  if (input.upgrade) return {input.upgrade->proposed.server.name, "total", "kgCO2e", value};
  if (input.fleet) return {"all options", "normalised", "kgCO2e", value};
  return {input.servers.front().name, "total", "kgCO2e", value};
}

}  // namespace

Result<Comparison> compare_scarif(const Request& request) {
  OptionReader options(request.options);
  const auto grids = regions(options);
  auto input = read_input(request, options);
  if (!input) return input.error();
  const ScarifSwitches switches = switches_of(request.mode, scarif_switches(), options);
  if (auto ok = options.finish(); !ok) return ok.error();
  if (grids && input->upgrade) input->upgrade->regions = *grids;
  if (grids && !input->upgrade) input->notes.push_back("no upgrade is asked, so no grid has an effect");

  Comparison comparison{"scarif", request.mode, {}, {}, std::move(input->notes)};
  note_switches(scarif_switches(), switches, comparison);
  if (input->upgrade) {
    if (auto ok = add_upgrade(*input->upgrade, switches, comparison); !ok) return ok.error();
  } else if (input->fleet) {
    if (auto ok = add_fleet(*input->fleet, switches, comparison); !ok) return ok.error();
  } else {
    Rows rows(switches, comparison);
    for (const ScarifServer& server : input->servers) {
      const auto carbon = evaluate_scarif(server, switches);
      if (!carbon) return carbon.error();
      rows.system(server.name, *carbon, server.accelerator.has_value());
    }
  }
  add_switches(scarif_switches(), {measure_of(*input)}, comparison);
  return comparison;
}

}  // namespace cradle::published
