// Published numbers of SCARIF; every input is stated in the publication or its scripts.
#include <cmath>

#include "cradle/published/scarif.h"
#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

ScarifServer server(const char* vendor, double cores, double dram, double ssd, double hdd, int year) {
  ScarifServer result;
  result.vendor = vendor;
  result.cores = cores;
  result.dram = carbon::Bytes{dram * 1e9};
  result.ssd = carbon::Bytes{ssd * 1e9};
  result.hdd = carbon::Bytes{hdd * 1e9};
  result.year = year;
  return result;
}
ScarifServer with(ScarifServer server, double node, double area) {
  server.accelerator = ScarifChip{node, carbon::SquareMillimetres{area}};
  return server;
}

/// Second case study: the work of one V100 server by servers without accelerator, with it, or with 1 to 8 small FPGAs.
ScarifFleet fpga_study() {
  ScarifFleet fleet;
  fleet.host = server("Dell", 56, 64, 0, 1000, 2017);
  fleet.intensity = carbon::GramsPerKilowattHour{395};
  using carbon::Watts;
  const ScarifChip v100{14, carbon::SquareMillimetres{815}};
  const ScarifChip zcu102{14, carbon::SquareMillimetres{245}};
  fleet.options = {{"sys1", std::nullopt, 0, Watts{410}, Watts{0}, 1.315}, {"sys2", v100, 1, Watts{20}, Watts{250}, 1}};
  constexpr double boards_needed = 11.0541;
  for (const double count : {1.0, 2.0, 4.0, 8.0})
    fleet.options.push_back(
        {"sys" + std::to_string(fleet.options.size() + 1), zcu102, count, Watts{20}, Watts{25}, boards_needed / count});
  return fleet;
}

}  // namespace

AnchorSet anchors_scarif(const std::filesystem::path&) {
  AnchorSet set;
  const auto add = [&](std::string item, std::string quantity, double published, double tolerance, std::string unit,
                       std::string source, double ours) {
    set.anchors.push_back({"scarif", std::move(item), std::move(quantity), published, tolerance, std::move(unit),
                           std::move(source), ours});
  };
  constexpr double exact = 1e-9;

  struct Known {
    const char* item;
    ScarifServer server;
    double total;
    const char* source;
  };
  const Known known[] = {
      {"HP DL380", server("HP", 44, 256, 4800, 0, 2017), 1544.0, "case study 0 at f4dc4fb"},
      {"Dell R740", server("Dell", 44, 32, 0, 4800, 2017), 1455.1999999999998, "case study 0 at f4dc4fb"},
      {"Dell C4130", server("Dell", 44, 16, 200, 0, 2016), 1196.92, "case study 0 at f4dc4fb"},
      {"README R740", server("Dell", 56, 64, 0, 1000, 2017), 1393.7199999999998, "README command at f4dc4fb"},
      {"README R750 + A100", with(server("Dell", 64, 64, 0, 1000, 2020), 10, 826), 1875.2170552103396,
       "README command at f4dc4fb"},
      {"README 56 cores", server("Dell", 56, 32, 2400, 4800, 2017), 1899.3199999999997, "README command at f4dc4fb"},
      {"README 2 V100", with(server("Dell", 56, 32, 2400, 4800, 2017), 14, 1630), 2226.9079656160457,
       "README command at f4dc4fb"},
      {"README HP + GPU", with(server("HP", 56, 256, 1800, 0, 2019), 14, 844), 1459.9022349570198,
       "README command at f4dc4fb"},
  };
  for (const Known& one : known) {
    const auto carbon = evaluate_scarif(one.server, {});
    add(one.item, "total", one.total, exact, "kgCO2e", one.source, carbon ? carbon->total().value() : std::nan(""));
  }

  const auto upgrade = [&](const ScarifUpgrade& question, const std::string& release, double total2,
                           const std::vector<double>& years, double tolerance, const std::string& source) {
    const auto result = evaluate_scarif(question, {});
    const bool complete = result && result->regions.size() == years.size();
    if (total2 > 0) {
      add("GPU upgrade" + release + ", system1", "total", 1557.5139828080228, exact, "kgCO2e", source,
          result ? result->installed.total().value() : std::nan(""));
      add("GPU upgrade" + release + ", system2", "total", total2, exact, "kgCO2e", source,
          result ? result->proposed.total().value() : std::nan(""));
    }
    for (std::size_t i = 0; i < years.size(); ++i)
      add("GPU upgrade" + release + ", " + question.regions[i].name, "break_even_years", years[i],
          tolerance == exact ? exact : tolerance / years[i], "year", source,
          complete ? result->regions[i].after.value() / (365 * 24) : std::nan(""));
  };
  ScarifUpgrade question = scarif_case_study();
  upgrade(question, "", 1940.623300982107, {4.167613701767356, 4.62130329461798, 7.80091795459018, 9.709653198798415},
          exact, "case study 1 at f4dc4fb");
  // The release behind the publication scales from each server's own processors (Xeon 8180, Xeon 8375).
  question.installed.server.own_cpu = ScarifChip{14, carbon::SquareMillimetres{698}};
  question.proposed.server.own_cpu = ScarifChip{10, carbon::SquareMillimetres{660}};
  upgrade(question, " (release 0.1)", 1951.9704547086665,
          {4.191982446243905, 4.648324839126153, 7.846531245533464, 9.766427188589525}, exact,
          "result_reproducing at f4dc4fb");
  upgrade(question, " (slides)", 0, {4.2, 4.6, 7.8, 9.8}, 0.05, "slides of the publication, page 25");

  struct Fleet {
    double servers, operation;
  };
  constexpr Fleet fleet[] = {{1832.7417999999996, 1865.5668299999995}, {1557.5139828080228, 934.2540000000001},
                             {15950.609566126072, 1721.2228569000004}, {8247.449440126073, 1338.7288887000002},
                             {4395.869377126074, 1147.4819045999998},  {2470.0793456260744, 1051.85841255}};
  const auto options = evaluate_scarif(fpga_study(), {});
  for (std::size_t i = 0; i < std::size(fleet); ++i) {
    const std::string item = "FPGA study, sys" + std::to_string(i + 1);
    add(item, "normalised", fleet[i].servers, exact, "kgCO2e", "case study 2 at f4dc4fb",
        options ? (*options)[i].servers.value() : std::nan(""));
    add(item, "operation_per_year", fleet[i].operation, exact, "kgCO2e", "case study 2 at f4dc4fb",
        options ? (*options)[i].operation_per_year.value() : std::nan(""));
  }
  return set;
}

}  // namespace cradle::published
