// The fields of every kind of record, once: what reads TOML and what lists figures both walk them.
#pragma once

#include <concepts>
#include <type_traits>

#include "cradle/catalog/records.h"
#include "units.h"

namespace cradle::catalog {

template <class R, class Kind>
concept RecordOf = std::same_as<std::remove_const_t<R>, Kind>;

enum class Presence { required, optional };

namespace rule {
inline constexpr Rule watts{Measure::power, "W", 0, 1e6};
inline constexpr Rule embodied{Measure::carbon, "kgCO2e", 0, 1e7};
inline constexpr Rule years{Measure::time, "year", 0, 100, true};
inline constexpr Rule gibibytes{Measure::capacity, "GiB", 0, 1e9, true, false, true};
inline constexpr Rule terabytes{Measure::capacity, "TB", 0, 1e6, true, false, true};
inline constexpr Rule teraflops{Measure::rate, "TFLOP/s", 0, 1e6, true};
inline constexpr Rule area{Measure::area, "mm2", 0, 1e6, true};
inline constexpr Rule watts_per_gib{Measure::power_per_capacity, "W/GiB", 0, 100};
inline constexpr Rule watts_per_tb{Measure::power_per_capacity, "W/TB", 0, 1e4};
inline constexpr Rule carbon_per_gib{Measure::carbon_per_capacity, "kgCO2e/GiB", 0, 1e3};
inline constexpr Rule carbon_per_tb{Measure::carbon_per_capacity, "kgCO2e/TB", 0, 1e5};
inline constexpr Rule intensity{Measure::intensity, "gCO2e/kWh", 0, 5000};
inline constexpr Rule cores{Measure::core_count, "core", 1, 4096, false, true, true};
inline constexpr Rule threads{Measure::thread_count, "thread", 1, 16384, false, true, true};
inline constexpr Rule sockets{Measure::socket_count, "socket", 1, 64, false, true, true};
inline constexpr Rule devices{Measure::device_count, "device", 1, 64, false, true, true};
}  // namespace rule

template <class V, RecordOf<Accelerator> R>
void visit_fields(V& visit, R& r) {
  visit.text("vendor", r.vendor, Presence::required);
  visit.flag("mig", r.mig);
  visit.number("idle_power", r.idle_power, rule::watts);
  visit.number("full_power", r.full_power, rule::watts);
  visit.not_below("full_power", r.full_power, "idle_power", r.idle_power);
  visit.number("memory", r.memory, rule::gibibytes);
  visit.number("fp16_throughput", r.fp16_throughput, rule::teraflops);
  visit.number("die_area", r.die_area, rule::area);
  visit.number("embodied", r.embodied, rule::embodied);
  visit.number("lifetime", r.lifetime, rule::years);
}

template <class V, RecordOf<Cpu> R>
void visit_fields(V& visit, R& r) {
  visit.text("vendor", r.vendor, Presence::required);
  visit.number("cores", r.cores, rule::cores);
  visit.number("threads", r.threads, rule::threads);
  visit.not_below("threads", r.threads, "cores", r.cores);
  visit.number("idle_power", r.idle_power, rule::watts);
  visit.number("full_power", r.full_power, rule::watts);
  visit.not_below("full_power", r.full_power, "idle_power", r.idle_power);
  visit.number("die_area", r.die_area, rule::area);
  visit.number("embodied", r.embodied, rule::embodied);
  visit.number("lifetime", r.lifetime, rule::years);
}

template <class V, RecordOf<Memory> R>
void visit_fields(V& visit, R& r) {
  visit.number("power", r.power, rule::watts_per_gib);
  visit.number("embodied", r.embodied, rule::carbon_per_gib);
  visit.number("lifetime", r.lifetime, rule::years);
}

template <class V, RecordOf<Storage> R>
void visit_fields(V& visit, R& r) {
  visit.number("power", r.power, rule::watts_per_tb);
  visit.number("embodied", r.embodied, rule::carbon_per_tb);
  visit.number("lifetime", r.lifetime, rule::years);
}

template <class V, RecordOf<Nic> R>
void visit_fields(V& visit, R& r) {
  visit.number("idle_power", r.idle_power, rule::watts);
  visit.number("full_power", r.full_power, rule::watts);
  visit.not_below("full_power", r.full_power, "idle_power", r.idle_power);
  visit.number("embodied", r.embodied, rule::embodied);
  visit.number("lifetime", r.lifetime, rule::years);
}

template <class V, RecordOf<Server> R>
void visit_fields(V& visit, R& r) {
  visit.text("cpu", r.cpu, Presence::required);
  visit.number("cpu_sockets", r.cpu_sockets, rule::sockets);
  visit.text("memory", r.memory, Presence::required);
  visit.number("memory_size", r.memory_size, rule::gibibytes);
  visit.text("accelerator", r.accelerator, Presence::optional);
  visit.number("accelerator_count", r.accelerator_count, rule::devices);
  visit.together("accelerator", !r.accelerator.empty(), "accelerator_count", r.accelerator_count.has_value());
  visit.text("storage", r.storage, Presence::optional);
  visit.number("storage_size", r.storage_size, rule::terabytes);
  visit.together("storage", !r.storage.empty(), "storage_size", r.storage_size.has_value());
  visit.text("nic", r.nic, Presence::optional);
  visit.number("nic_count", r.nic_count, rule::devices);
  visit.together("nic", !r.nic.empty(), "nic_count", r.nic_count.has_value());
  visit.number("base_embodied", r.base_embodied, rule::embodied);
  visit.number("base_power", r.base_power, rule::watts);
  visit.number("lifetime", r.lifetime, rule::years);
  visit.texts("trace_models", r.trace_models);
}

template <class V, RecordOf<Grid> R>
void visit_fields(V& visit, R& r) {
  visit.text("region", r.region, Presence::required);
  visit.number("average", r.average, rule::intensity);
  visit.profile("average_profile", r.average_profile);
  visit.number("marginal", r.marginal, rule::intensity);
  visit.profile("marginal_profile", r.marginal_profile);
}

/// Every field of a record, the common ones first.
template <class V, class R>
void visit_record(V& visit, R& r) {
  visit.text("name", r.name, Presence::required);
  visit.text("note", r.note, Presence::optional);
  visit_fields(visit, r);
}

}  // namespace cradle::catalog
