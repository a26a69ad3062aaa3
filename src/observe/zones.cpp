#include "zones.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::observe {

using attribution::IdleFloor;
using attribution::MicroJoules;
using meter::ZoneKind;

namespace {

constexpr const char* base_name = "base";

Component component_of(ZoneKind kind) {
  switch (kind) {
    case ZoneKind::package:
    case ZoneKind::core:
    case ZoneKind::uncore: return Component::cpu;
    case ZoneKind::dram: return Component::memory;
    case ZoneKind::gpu:
    case ZoneKind::gpu_instance: return Component::accelerator;
    case ZoneKind::disk: return Component::storage;
    case ZoneKind::network: return Component::network;
    case ZoneKind::psys:
    case ZoneKind::platform: return Component::base;
  }
  return Component::base;
}

/// The words are those of `meter::ZoneReading::event`; what follows a colon is the case at hand.
MeterEvent event_of(std::string_view text) {
  if (text.ends_with("is not plausible")) return MeterEvent::implausible;
  constexpr std::pair<std::string_view, MeterEvent> beginnings[] = {{"wrapped", MeterEvent::wrapped},
                                                                    {"read late", MeterEvent::read_late},
                                                                    {"ran backwards", MeterEvent::ran_backwards},
                                                                    {"vanished", MeterEvent::vanished},
                                                                    {"returned", MeterEvent::returned}};
  for (const auto& [beginning, event] : beginnings)
    if (text.starts_with(beginning)) return event;
  return MeterEvent::no_reading;
}

bool is_part(ZoneKind kind) {
  return kind == ZoneKind::package || kind == ZoneKind::dram || kind == ZoneKind::gpu || kind == ZoneKind::disk ||
         kind == ZoneKind::network;
}

}  // namespace

void Notes::add(const std::string& note, std::int64_t times) {
  if (times <= 0) return;
  changed_ = true;
  // "3 records were lost" and "5 records were lost" are one note of 8: its key is what follows the number.
  const std::size_t digits = note.find_first_not_of("0123456789");
  const bool counted = digits != 0 && digits != std::string::npos && note[digits] == ' ';
  const auto number = counted ? parse_integer(note.substr(0, digits)) : std::nullopt;
  const std::string key = number ? note.substr(digits) : note;
  times *= number.value_or(1);
  const auto found = counts_.find(key);
  if (found != counts_.end())
    found->second += times;
  else if (counts_.size() < most)
    counts_.emplace(key, times);
  else
    left_out_ += times;
}

std::vector<std::string> Notes::list() const {
  changed_ = false;
  std::vector<std::string> texts;
  for (const auto& [text, count] : counts_)
    texts.push_back(text.starts_with(' ') ? std::to_string(count) + text
                    : count == 1          ? text
                                          : text + " (" + std::to_string(count) + " times)");
  if (left_out_ > 0) texts.push_back(std::to_string(left_out_) + " more notes of other texts");
  return texts;
}

Zones::Zones(std::vector<std::unique_ptr<meter::Meter>> meters,
             const std::array<carbon::Watts, components>& declared_idle, GpuUse gpu_use)
    : meters_(std::move(meters)),
      declared_idle_(declared_idle),
      gpu_use_(std::move(gpu_use)),
      position_(meters_.size()) {
  take_in_new_zones();
}

IdleFloor Zones::floor_for(Component component) const {
  // The declared draw is of the whole component: with several zones each takes its part of it.
  const auto zones = std::count_if(totals_.begin(), totals_.end(),
                                   [&](const ZoneTotals& zone) { return zone.component == component && zone.counted; });
  IdleFloor::Options options;
  options.declared_watts = declared_idle_[static_cast<std::size_t>(component)].value() /
                           static_cast<double>(std::max<std::ptrdiff_t>(zones, 1));
  return IdleFloor(options);
}

std::size_t Zones::place(const meter::Zone& zone) {
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    if (live_[i] || totals_[i].zone.name != zone.name || totals_[i].zone.source != zone.source) continue;
    totals_[i].zone = zone;
    totals_[i].component = component_of(zone.kind);
    live_[i] = true;
    return i;
  }
  ZoneTotals totals;
  totals.zone = zone;
  totals.component = component_of(zone.kind);
  totals_.push_back(std::move(totals));
  ticks_.emplace_back();
  idle_known_.push_back(false);
  noted_.push_back({});
  live_.push_back(true);
  floors_.push_back(IdleFloor(IdleFloor::Options{}));
  return totals_.size() - 1;
}

void Zones::take_in_new_zones() {
  std::vector<std::size_t> fresh;
  for (std::size_t m = 0; m < meters_.size(); ++m) {
    const auto& zones = meters_[m]->zones();
    for (std::size_t z = position_[m].size(); z < zones.size(); ++z) {
      const std::size_t at = place(zones[z]);
      // A parent is told by its place within the meter; the list is of all meters.
      const int parent = zones[z].parent;
      totals_[at].zone.parent = parent >= 0 && static_cast<std::size_t>(parent) < position_[m].size()
                                    ? static_cast<int>(position_[m][static_cast<std::size_t>(parent)])
                                    : -1;
      position_[m].push_back(at);
      fresh.push_back(at);
    }
  }
  if (fresh.empty()) return;
  elect();
  for (const std::size_t at : fresh) floors_[at] = floor_for(totals_[at].component);
}

void Zones::elect() {
  if (whole_ == none)
    for (const ZoneKind kind : {ZoneKind::platform, ZoneKind::psys})
      for (std::size_t i = 0; i < totals_.size() && whole_ == none; ++i)
        if (live_[i] && totals_[i].zone.kind == kind && !totals_[i].zone.remainder) whole_ = i;

  std::map<ZoneKind, std::string> source;
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    ZoneTotals& each = totals_[i];
    if (!live_[i] || i == base_) continue;
    const meter::Zone& zone = each.zone;
    if (zone.remainder)
      each.counted = each.counted || whole_ == none;  // what was counted once stays so: sums never shrink
    else
      each.counted = is_part(zone.kind) && source.emplace(zone.kind, zone.source).first->second == zone.source;
  }
  if (whole_ == none || base_ != none) return;
  meter::Zone base = totals_[whole_].zone;
  base.path = base.name + " less the zones that count";
  base.name = base_name;
  base.parent = static_cast<int>(whole_);
  base.remainder = true;
  base_ = place(base);
  totals_[base_].component = Component::base;
  totals_[base_].counted = true;
  floors_[base_] = floor_for(Component::base);
}

void Zones::read(Instant at, const meter::Activity& activity, double busy_share, Notes& notes) {
  for (ZoneTick& tick : ticks_) tick = {};
  whole_present_ = false;
  for (std::size_t m = 0; m < meters_.size(); ++m) {
    const std::vector<meter::ZoneReading> readings = meters_[m]->read(at, activity);
    take_in_new_zones();
    for (const meter::ZoneReading& reading : readings) {
      if (reading.zone >= position_[m].size()) {
        notes.add("a meter gave a reading of a zone that it does not have");
        continue;
      }
      const std::size_t i = position_[m][reading.zone];
      if (!reading.event.empty()) tell(i, event_of(reading.event), reading.event, notes);
      if (!reading.present) continue;
      if (i == whole_) whole_present_ = true;
      if (reading.microjoules < 0) {
        tell(i, MeterEvent::implausible, "a negative reading was left out", notes);
        continue;
      }
      ticks_[i].metered += reading.microjoules;
      idle_known_[i] = reading.idle_known;
      ticks_[i].idle = reading.idle_known ? std::clamp<MicroJoules>(reading.idle_microjoules, 0, ticks_[i].metered)
                                          : floors_[i].idle(ticks_[i].metered, activity.interval_ns, busy_share);
    }
  }
  read_accelerators();
  if (whole_ != none) read_base(activity.interval_ns, busy_share);
}

void Zones::tell(std::size_t zone, MeterEvent event, const std::string& text, Notes& notes) {
  const auto e = static_cast<std::size_t>(event);
  ++totals_[zone].events[e];
  // Noted once: the text may hold a number that is another each time, and would drive out the other notes.
  if (!std::exchange(noted_[zone][e], true)) notes.add("zone " + totals_[zone].zone.name + ": " + text);
}

void Zones::read_accelerators() {
  __extension__ using Wide = __int128;
  accelerator_uses_.clear();
  if (!gpu_use_) return;
  for (std::size_t m = 0; m < meters_.size(); ++m) {
    const std::vector<meter::GpuProcessUse> uses = gpu_use_(*meters_[m]);
    for (const meter::GpuProcessUse& use : uses) {
      if (use.zone >= position_[m].size() || use.use_ns <= 0) continue;
      const std::size_t at = position_[m][use.zone];
      if (totals_[at].counted) {
        accelerator_uses_.push_back({use.pid, at, use.use_ns});
        continue;
      }
      const int parent = totals_[at].zone.parent;
      if (parent < 0 || !totals_[static_cast<std::size_t>(parent)].counted) continue;
      std::int64_t all = 0;
      for (const meter::GpuProcessUse& other : uses)
        if (other.zone == use.zone) all += std::max<std::int64_t>(0, other.use_ns);
      const auto part = static_cast<std::int64_t>(static_cast<Wide>(ticks_[at].metered) * use.use_ns / all);
      accelerator_uses_.push_back({use.pid, static_cast<std::size_t>(parent), part});
    }
  }
}

void Zones::read_base(std::int64_t interval_ns, double busy_share) {
  MicroJoules parts = 0, parts_idle = 0;
  for (std::size_t i = 0; i < totals_.size(); ++i) {
    if (!totals_[i].counted || i == base_) continue;
    parts += ticks_[i].metered;
    parts_idle += ticks_[i].idle;
  }
  const ZoneTick& whole = ticks_[whole_];
  if (!whole_present_) {  // what the parts drew meanwhile is no debt of a meter that was not there
    base_deficit_ = 0;
    return;
  }
  const MicroJoules beyond = whole.metered - parts - base_deficit_;
  // A meter that advances every few seconds owes some readings; one that always reads less than its parts must not pile
  // up a debt: it is limited to what the parts draw in a minute.
  constexpr std::int64_t minute_ns = 60'000'000'000;
  const std::int64_t intervals = interval_ns > 0 ? std::max<std::int64_t>(1, minute_ns / interval_ns) : 1;
  base_deficit_ = std::min(std::max<MicroJoules>(0, -beyond), parts * std::min<std::int64_t>(intervals, 600));
  ZoneTick& base = ticks_[base_];
  base.metered = std::max<MicroJoules>(0, beyond);
  base.idle = idle_known_[whole_] ? std::clamp<MicroJoules>(whole.idle - parts_idle, 0, base.metered)
                                  : floors_[base_].idle(base.metered, interval_ns, busy_share);
}

carbon::Knowledge Zones::knowledge(Component component) const {
  auto worst = carbon::Knowledge::measured;
  bool any = false;
  for (const ZoneTotals& zone : totals_) {
    const bool of_it = zone.counted && zone.component == component;
    // The base is a difference: it is known no better than the zones that were taken off.
    const bool taken_off = component == Component::base && base_ != none && zone.counted;
    if (!of_it && !taken_off) continue;
    any = true;
    worst = std::max(worst, zone.zone.knowledge);
  }
  return any ? worst : carbon::Knowledge::estimated;
}

void Zones::restore(std::vector<ZoneTotals> zones) {
  for (ZoneTotals& old : zones) {
    const auto same = std::find_if(totals_.begin(), totals_.end(), [&](const ZoneTotals& zone) {
      return zone.zone.name == old.zone.name && zone.zone.source == old.zone.source;
    });
    old.watts = 0;
    if (same != totals_.end()) {
      const ZoneTotals now = *same;
      *same = std::move(old);
      same->zone = now.zone;
      same->counted = now.counted;
      same->component = now.component;
      for (std::size_t e = 0; e < meter_events; ++e) same->events[e] += now.events[e];
      continue;
    }
    totals_.push_back(std::move(old));
    ticks_.emplace_back();
    idle_known_.push_back(false);
    noted_.push_back({});
    live_.push_back(false);
    floors_.push_back(IdleFloor(IdleFloor::Options{}));
  }
}

}  // namespace cradle::observe
