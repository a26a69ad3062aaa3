// What hardware and grids cost, with provenance: TOML records embedded in the binary, replaced or added to by files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/catalog/accelerator_curves.h"
#include "cradle/catalog/records.h"

namespace cradle::catalog {

/// One TOML file: the name that errors call it by, and its text.
struct SourceFile {
  std::string name;
  std::string text;
};

/// Files that belong together: within a layer an id may occur once; a later layer replaces whole records of an
/// earlier one.
using Layer = std::vector<SourceFile>;

/// A record without its fields.
struct Listing {
  Kind kind;
  std::string id;
  std::string name;
  std::string origin;
};

/// The parts that a server names; null where it names none.
struct ServerParts {
  const Cpu* cpu = nullptr;
  const Memory* memory = nullptr;
  const Accelerator* accelerator = nullptr;
  const Storage* storage = nullptr;
  const Nic* nic = nullptr;
};

/// One line of what a whole server costs. `power` is what the published placement models count: idle and full draw.
struct ServerLine {
  std::string part;  ///< "accelerator", "cpu", "memory", "storage", "nic", "base"
  carbon::Estimate<carbon::GramsCO2e> embodied;
  carbon::Estimate<carbon::Watts> idle_power;
  carbon::Estimate<carbon::Watts> full_power;
};

class Catalog {
 public:
  struct Parsed;

  /// The embedded records, then each of `overrides` in turn: a folder (every *.toml in and below it, by name) or one
  /// file. An error names file and line; when there are several it says how many more.
  static Result<Catalog> load(std::span<const std::filesystem::path> overrides = {});

  /// The records of `layers`, and every error in them; with errors the catalogue holds the records without any.
  static Parsed parse(std::span<const Layer> layers);

  /// Null if there is no such record.
  const Accelerator* accelerator(std::string_view id) const;
  const Cpu* cpu(std::string_view id) const;
  const Memory* memory(std::string_view id) const;
  const Storage* storage(std::string_view id) const;
  const Nic* nic(std::string_view id) const;
  const Server* server(std::string_view id) const;
  const Grid* grid(std::string_view id) const;
  const FabProcess* process(std::string_view id) const;
  const PackageTechnology* package(std::string_view id) const;
  const Material* material(std::string_view id) const;
  const Partitioning* partitioning(std::string_view id) const;
  const AcceleratorCurve* curve(std::string_view id) const;
  /// The server that stands for a trace's GPU model ("" for a node without one); null if none does.
  const Server* server_for_trace_model(std::string_view model) const;
  /// The rules by which an accelerator divides; null if no record names it.
  const Partitioning* partitioning_of(std::string_view accelerator) const;
  /// The curves of a kind that stand for an accelerator, in order of id.
  std::vector<const AcceleratorCurve*> curves_of(std::string_view accelerator, CurveKind kind) const;

  /// As above, or an error that names the nearest id. `where` says who asked (file and line, key, option). The pointer
  /// is never null and lives as long as the catalogue and its copies.
  Result<const Accelerator*> find_accelerator(std::string_view id, std::string where) const;
  Result<const Cpu*> find_cpu(std::string_view id, std::string where) const;
  Result<const Server*> find_server(std::string_view id, std::string where) const;
  Result<const Grid*> find_grid(std::string_view id, std::string where) const;
  Result<const Memory*> find_memory(std::string_view id, std::string where) const;
  Result<const Storage*> find_storage(std::string_view id, std::string where) const;
  Result<const FabProcess*> find_process(std::string_view id, std::string where) const;
  Result<const PackageTechnology*> find_package(std::string_view id, std::string where) const;
  Result<const Material*> find_material(std::string_view id, std::string where) const;
  Result<const Partitioning*> find_partitioning(std::string_view id, std::string where) const;
  Result<const AcceleratorCurve*> find_curve(std::string_view id, std::string where) const;
  Result<const Server*> find_server_for_trace_model(std::string_view model, std::string where) const;

  /// In order of id.
  std::span<const Accelerator> accelerators() const;
  std::span<const Cpu> cpus() const;
  std::span<const Memory> memories() const;
  std::span<const Storage> storages() const;
  std::span<const Nic> nics() const;
  std::span<const Server> servers() const;
  std::span<const Grid> grids() const;
  std::span<const FabProcess> processes() const;
  std::span<const PackageTechnology> packages() const;
  std::span<const Material> materials() const;
  std::span<const Partitioning> partitionings() const;
  std::span<const AcceleratorCurve> curves() const;

  /// The parts of a server of this catalogue: what it names is there, `load` has checked it.
  ServerParts parts(const Server& server) const;
  /// The server as configured, part by part. Memory, drives and network draw the same idle and full.
  std::vector<ServerLine> breakdown(const Server& server) const;

  /// Every record, by kind and id.
  std::vector<Listing> list() const;
  Result<Listing> find(std::string_view id) const;
  /// Every number of a record, in the order of its fields; nothing if there is no such record.
  std::vector<Figure> figures(std::string_view id) const;
  /// Every text field of a record that is not empty, as name and value.
  std::vector<std::pair<std::string, std::string>> texts(std::string_view id) const;

 private:
  struct Tables;
  Catalog();
  std::shared_ptr<const Tables> tables_;
};

struct Catalog::Parsed {
  Catalog catalog;
  std::vector<Error> errors;  ///< in the order of the files and lines
};

/// The files of the layer that is compiled in.
const Layer& embedded_layer();

/// Reads a layer from a folder (every *.toml in and below it, in order of path) or from one file.
Result<Layer> read_layer(const std::filesystem::path& path);

/// Every error in `path` (file or folder) when laid over the embedded records and `overrides`; none if it is good.
/// Without a path: the embedded records and `overrides` themselves.
std::vector<Error> check(const std::optional<std::filesystem::path>& path,
                         std::span<const std::filesystem::path> overrides = {});

}  // namespace cradle::catalog
