// Cloud Carbon Footprint's means over SPECpower results and its platform arithmetic.
#include "cradle/published/ccf.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "cradle/base/text.h"

namespace cradle::published {
namespace {

using carbon::KilogramsCO2e;
using carbon::Watts;

constexpr double bytes_per_gb = 1e9;
constexpr double platform = 1000;  // kg, one socket
constexpr double platform_gb = 16;
constexpr double per_gb = 533.0 / 384.0;  // kg
constexpr double per_socket = 100;
constexpr double per_gpu = 150;
constexpr double per_ssd = 100;
constexpr double per_drive = 50;
constexpr double memory_kwh_per_gb_hour = 0.000392;
constexpr double lifetime_years = 4;
constexpr std::array<std::string_view, 3> provider_names = {"aws", "azure", "gcp"};
constexpr std::string_view third_generation = "EPYC 3rd Gen";

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

/// True if `text`, in lower case, ends with `entry` and a word begins where the entry does.
bool ends_with_word(std::string_view text, std::string_view entry) {
  if (entry.empty() || !text.ends_with(entry)) return false;
  const std::size_t start = text.size() - entry.size();
  const bool before = start > 0 && is_word(text[start - 1]);
  return before != is_word(entry.front());
}

class Mean {
 public:
  void add(double value) {
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ > 0 ? sum_ / count_ : std::numeric_limits<double>::quiet_NaN(); }

 private:
  double sum_ = 0;
  double count_ = 0;
};

/// Two decimals, correctly rounded from the binary value, as the tables are written.
double cents(double value) { return parse_number(fixed(value, 2)).value_or(value); }

std::string without(std::string text, std::string_view part) {
  const auto at = text.find(part);
  return at == std::string::npos ? text : text.erase(at, part.size());
}

/// The family of an AWS processor's name, or nothing.
const CcfFamily* aws_family(const CcfData& data, const std::string& cpu, const CcfSwitches& switches) {
  const std::string without_brand = without(without(cpu, "Xeon Platinum"), "Xeon");
  const std::string_view model = trim(without_brand);
  for (const CcfFamily& family : data.families) {
    if (family.name == third_generation && !switches.aws_gen3) continue;
    if (std::find(family.cpus.begin(), family.cpus.end(), model) != family.cpus.end()) return &family;
  }
  return nullptr;
}

}  // namespace

CcfFamilyFigures evaluate_ccf(const CcfFamily& family, std::span<const CcfResult> results,
                              const CcfSwitches& switches) {
  std::vector<std::string> entries;
  for (const std::string& cpu : family.cpus) entries.push_back(to_lower(cpu));
  CcfFamilyFigures figures;
  figures.name = family.name;
  Mean idle, full, full_less_memory, memory, per_chip;
  for (const CcfResult& result : results) {
    const std::string cpu = to_lower(result.cpu);
    if (std::none_of(entries.begin(), entries.end(), [&](const auto& entry) { return ends_with_word(cpu, entry); }))
      continue;
    ++figures.results;
    const double gb = result.memory.value() / bytes_per_gb;
    memory.add(gb);
    per_chip.add(gb / result.chips);
    if (switches.paired_means && (!result.idle || !result.full)) continue;
    if (result.idle) idle.add(result.idle->value() / result.threads);
    if (!result.full) continue;
    full.add(result.full->value() / result.threads);
    full_less_memory.add((result.full->value() - memory_kwh_per_gb_hour * 1000 * gb) / result.threads);
  }
  figures.idle = Watts{idle.value()};
  figures.full = Watts{full.value()};
  figures.full_gcp =
      Watts{switches.gcp_watts ? full_less_memory.value() : full.value() - memory_kwh_per_gb_hour * memory.value()};
  figures.memory_per_chip = carbon::Bytes{per_chip.value() * bytes_per_gb};
  return figures;
}

std::string_view name(CcfProvider provider) { return provider_names[static_cast<std::size_t>(provider)]; }

CcfEmbodied evaluate_ccf(const CcfInstance& instance, const CcfSwitches& switches) {
  const double gb = instance.memory.value() / bytes_per_gb;
  const std::string type = to_lower(instance.storage_type);
  const bool network = type.empty() || type == "ebs" || type == "n/a";
  const bool local = !switches.local_storage || !network;
  const double memory = gb > platform_gb ? (gb - platform_gb) * per_gb : 0;
  const double storage = instance.drives > 0 && local ? instance.drives * (type == "ssd" ? per_ssd : per_drive) : 0;
  const double cpus = instance.sockets > 0 ? per_socket * (instance.sockets - 1) : 0;
  const double gpus = instance.gpus > 0 ? per_gpu * instance.gpus : 0;
  const double total = platform + memory + storage + cpus + gpus;
  return {KilogramsCO2e{cents(memory)}, KilogramsCO2e{cents(storage)}, KilogramsCO2e{cents(cpus)},
          KilogramsCO2e{cents(gpus)}, KilogramsCO2e{cents(switches.instance_share ? total * instance.share : total)}};
}

KilogramsCO2e ccf_hourly_share(const CcfSwitches& switches) {
  return KilogramsCO2e{platform / lifetime_years / (switches.hours_of_year ? 8766.0 : 12.0 * 30 * 24)};
}

std::vector<CcfUse> ccf_use_table(const CcfData& data, CcfProvider provider, const CcfSwitches& switches) {
  std::map<std::string, CcfFamilyFigures> figures;
  for (const CcfFamily& family : data.families)
    figures.emplace(family.name, evaluate_ccf(family, data.results, switches));
  std::vector<CcfUse> table;
  std::vector<std::string> seen;
  for (const CcfInstance& instance : data.instances[static_cast<std::size_t>(provider)]) {
    if (std::find(seen.begin(), seen.end(), instance.architecture) != seen.end()) continue;
    seen.push_back(instance.architecture);
    std::string label = instance.architecture;
    std::string family = label;
    if (provider == CcfProvider::aws) {
      if (label == "Graviton" || label == "Graviton2") {
        family = "EPYC 2nd Gen";  // the coefficients' own stand-in
      } else {
        const CcfFamily* found = aws_family(data, label, switches);
        if (found == nullptr) continue;
        family = found->name;
        label = family == "Skylake" && !switches.one_label ? "Sky Lake" : family;
      }
    }
    const auto found = figures.find(family);
    if (found == figures.end()) continue;
    const CcfFamilyFigures& of = found->second;
    if (std::any_of(table.begin(), table.end(), [&](const CcfUse& row) { return row.architecture == label; })) continue;
    table.push_back({label, of.idle, provider == CcfProvider::gcp ? of.full_gcp : of.full, of.memory_per_chip});
  }
  return table;
}

}  // namespace cradle::published
