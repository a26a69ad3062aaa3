// The records of a catalogue by kind, and one TOML file read into them.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "cradle/catalog/catalog.h"

namespace cradle::catalog {

template <class R>
inline constexpr Kind kind_of = Kind::accelerator;
template <>
inline constexpr Kind kind_of<Cpu> = Kind::cpu;
template <>
inline constexpr Kind kind_of<Memory> = Kind::memory;
template <>
inline constexpr Kind kind_of<Storage> = Kind::storage;
template <>
inline constexpr Kind kind_of<Nic> = Kind::nic;
template <>
inline constexpr Kind kind_of<Server> = Kind::server;
template <>
inline constexpr Kind kind_of<Grid> = Kind::grid;
template <>
inline constexpr Kind kind_of<FabProcess> = Kind::process;
template <>
inline constexpr Kind kind_of<PackageTechnology> = Kind::package;
template <>
inline constexpr Kind kind_of<Material> = Kind::material;
template <>
inline constexpr Kind kind_of<Partitioning> = Kind::partitioning;
template <>
inline constexpr Kind kind_of<AcceleratorCurve> = Kind::curve;

using RecordTables =
    std::tuple<std::vector<Accelerator>, std::vector<Cpu>, std::vector<Memory>, std::vector<Storage>, std::vector<Nic>,
               std::vector<Server>, std::vector<Grid>, std::vector<FabProcess>, std::vector<PackageTechnology>,
               std::vector<Material>, std::vector<Partitioning>, std::vector<AcceleratorCurve>>;

/// Calls visit(table) for the vector of each kind, in the order of `all_kinds`.
template <class Tables, class F>
void for_each_table(Tables& tables, F&& visit) {
  std::apply([&](auto&... table) { (visit(table), ...); }, tables);
}

/// True if `id` can be the key of a record: 1 to 64 of A-Z a-z 0-9 . _ -
bool is_id(std::string_view id);

/// Reads one file. A record with an error in it is left out; every error is appended to `errors`.
void read_records(const SourceFile& file, RecordTables& tables, std::vector<Error>& errors);

}  // namespace cradle::catalog
