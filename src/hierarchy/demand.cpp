#include "cradle/hierarchy/demand.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"
#include "hash.h"
#include "lanes.h"

namespace cradle::hierarchy {

namespace {

constexpr std::int32_t most_quanta = 1 << 20;
constexpr std::int64_t day = 86'400;

std::uint32_t fold(std::uint64_t seed) { return static_cast<std::uint32_t>(seed ^ (seed >> 32)); }

}  // namespace

Result<GeneratedDemand> GeneratedDemand::make(const DemandOptions& options, std::string where) {
  const auto share = [](double x) { return x >= 0 && x <= 1; };
  if (!share(options.busy_by_day) || !share(options.busy_by_night) || !share(options.noise))
    return bad_input("a share of the demand is outside 0 .. 1", std::move(where), "give shares, not percent");
  if (options.highest < 1 || options.highest > most_quanta)
    return bad_input("a device's highest demand is outside 1 .. " + std::to_string(most_quanta), std::move(where),
                     "choose a larger quantum");
  return GeneratedDemand(options);
}

void GeneratedDemand::fill(std::int64_t second, std::size_t first, std::span<std::int32_t> out) const {
  const double hour = static_cast<double>(second % day) / 3600;
  // Fullest at 15:00, emptiest at 03:00.
  const double by_day = 0.5 + 0.5 * std::cos((hour - 15) / 12 * std::numbers::pi);
  const double busy = options_.busy_by_night + (options_.busy_by_day - options_.busy_by_night) * by_day;
  // Shares in 24 bits, noise in 8.
  DemandDraw draw;
  draw.seed = mix(fold(options_.seed));
  draw.now = static_cast<std::uint32_t>(second);
  draw.moment = mix(draw.now + 0x9e37'79b9U);
  draw.threshold = static_cast<std::uint32_t>(busy * 0x1p24);
  draw.highest = static_cast<std::uint32_t>(options_.highest);
  draw.noise = static_cast<std::uint32_t>(options_.noise * 256);
  lanes().draw_demand(draw, static_cast<std::uint32_t>(first), out);
}

Result<RecordedDemand> RecordedDemand::read(std::string_view csv, std::string name) {
  static constexpr std::string_view columns[] = {"second", "device?", "demand"};
  constexpr std::int64_t most_devices = std::int64_t{1} << 27, most_seconds = std::int64_t{1} << 40;
  constexpr std::size_t most_values = std::size_t{1} << 28;
  struct Row {
    std::int64_t second, device, quanta;
  };
  std::vector<Row> rows;
  std::int64_t widest = 0;
  const auto read = read_csv(csv, name, columns, [&](const CsvRow& row) -> Result<void> {
    const auto second = row.integer(0, 0, most_seconds);
    if (!second) return second.error();
    std::int64_t device = 0;
    if (!row.empty(1)) {
      const auto number = row.integer(1, 0, most_devices);
      if (!number) return number.error();
      device = *number;
    }
    const auto quanta = row.integer(2, 0, most_quanta);
    if (!quanta) return quanta.error();
    if (!rows.empty() && *second < rows.back().second)
      return row.error(0, "the seconds do not grow", "sort the rows by second");
    widest = std::max(widest, device);
    rows.push_back({*second, device, *quanta});
    return {};
  });
  if (!read) return read.error();
  RecordedDemand demand;
  demand.columns_ = static_cast<std::size_t>(widest) + 1;
  std::vector<std::int32_t> now(demand.columns_, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    now[static_cast<std::size_t>(rows[i].device)] = static_cast<std::int32_t>(rows[i].quanta);
    if (i + 1 < rows.size() && rows[i + 1].second == rows[i].second) continue;
    if (demand.values_.size() + now.size() > most_values)
      return bad_input("more than " + std::to_string(most_values) + " values", std::move(name),
                       "record fewer devices (they repeat) or fewer seconds");
    demand.seconds_.push_back(rows[i].second);
    demand.values_.insert(demand.values_.end(), now.begin(), now.end());
  }
  return demand;
}

void RecordedDemand::fill(std::int64_t second, std::size_t first, std::span<std::int32_t> out) const {
  const std::int64_t length = seconds_.back() + 1;
  const std::int64_t at = second % length;
  const auto next = std::upper_bound(seconds_.begin(), seconds_.end(), at);
  if (next == seconds_.begin()) {
    std::fill(out.begin(), out.end(), 0);
    return;
  }
  const auto row = static_cast<std::size_t>(next - seconds_.begin()) - 1;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = values_[row * columns_ + (first + i) % columns_];
}

}  // namespace cradle::hierarchy
