#include "cradle/catalog/catalog.h"

#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "curve_fields.h"
#include "lister.h"
#include "making_fields.h"
#include "tables.h"

namespace cradle::catalog {

namespace {

constexpr std::uint64_t largest_file = std::uint64_t{16} << 20;

template <class R>
const R* find_in(const std::vector<R>& records, std::string_view id) {
  const auto at =
      std::lower_bound(records.begin(), records.end(), id, [](const R& r, std::string_view key) { return r.id < key; });
  return at != records.end() && at->id == id ? &*at : nullptr;
}

template <class R>
std::vector<std::string> ids(const std::vector<R>& records) {
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const R& record : records) names.push_back(record.id);
  return names;
}

template <class R>
Result<const R*> find_or_error(const std::vector<R>& records, std::string_view id, std::string where) {
  if (const R* record = find_in(records, id)) return record;
  const std::string kind = to_string(kind_of<R>);
  return bad_input("no " + kind + " '" + std::string(id) + "' in the catalogue", std::move(where),
                   suggest(id, ids(records)) + "; 'cradle catalog list " + kind + "' shows all");
}

template <class Q>
carbon::Estimate<Q> times(const Coefficient<Q>& c, double count) {
  return c.estimate * count;
}

/// Grams or watts of a capacity, from the coefficient of one byte.
template <class Q>
auto of_capacity(const Coefficient<Q>& per_byte, const Coefficient<carbon::Bytes>& size) {
  const auto& p = per_byte.estimate;
  const auto& s = size.estimate;
  using Product = decltype(p.value * s.value);
  return carbon::Estimate<Product>{p.value * s.value, p.low * s.low, p.high * s.high};
}

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::accelerator: return "accelerator";
    case Kind::cpu: return "cpu";
    case Kind::memory: return "memory";
    case Kind::storage: return "storage";
    case Kind::nic: return "nic";
    case Kind::server: return "server";
    case Kind::grid: return "grid";
    case Kind::process: return "process";
    case Kind::package: return "package";
    case Kind::material: return "material";
    case Kind::partitioning: return "partitioning";
    case Kind::curve: return "curve";
  }
  return "";
}

struct Catalog::Tables {
  RecordTables records;
  std::map<std::string, std::string, std::less<>> server_of_trace_model;

  template <class R>
  const std::vector<R>& of() const {
    return std::get<std::vector<R>>(records);
  }
};

Catalog::Catalog() : tables_(std::make_shared<Tables>()) {}

namespace {

/// Lays one layer over the records so far.
class Merge {
 public:
  explicit Merge(std::vector<Error>& errors) : errors_(errors) {}

  void add(const Layer& layer) {
    std::map<std::string, std::string> first_in_layer;
    for (const SourceFile& file : layer) {
      RecordTables read;
      read_records(file, read, errors_);
      for_each_table(read, [&](auto& records) {
        for (auto& record : records) take(std::move(record), first_in_layer);
      });
    }
  }

  RecordTables records() {
    RecordTables result;
    for_each_table(result, [&](auto& records) {
      using R = typename std::remove_reference_t<decltype(records)>::value_type;
      for (auto& [id, record] : std::get<std::map<std::string, R>>(maps_)) records.push_back(std::move(record));
    });
    return result;
  }

  /// A later layer takes a trace model over from an earlier one; within a layer it must be unique.
  std::map<std::string, std::string, std::less<>> trace_models(std::span<const Layer> layers) {
    std::map<std::string, std::string, std::less<>> owner;
    const auto& servers = std::get<std::map<std::string, Server>>(maps_);
    std::map<std::string, std::size_t> layer_of;
    for (const auto& [id, server] : servers) {
      const std::string file = server.origin.substr(0, server.origin.rfind(':'));
      for (std::size_t i = 0; i < layers.size(); ++i)
        for (const SourceFile& source : layers[i])
          if (source.name == file) layer_of[id] = i;
    }
    for (const auto& [id, server] : servers) {
      for (const std::string& model : server.trace_models) {
        const auto [at, added] = owner.emplace(model, id);
        if (added) continue;
        if (layer_of[at->second] == layer_of[id])
          errors_.push_back(claimed_twice(model, at->second, server));
        else if (layer_of[at->second] < layer_of[id])
          at->second = id;
      }
    }
    return owner;
  }

  static Error claimed_twice(const std::string& model, const std::string& other, const Server& server) {
    return bad_input("the trace model '" + model + "' stands for two servers: '" + other + "' and '" + server.id + "'",
                     server.origin, "remove it from one of them");
  }

  void check_references() {
    for (const auto& [id, server] : std::get<std::map<std::string, Server>>(maps_)) {
      check_reference<Cpu>(server, server.cpu);
      check_reference<Memory>(server, server.memory);
      check_reference<Accelerator>(server, server.accelerator);
      check_reference<Storage>(server, server.storage);
      check_reference<Nic>(server, server.nic);
    }
    for (const auto& [id, package] : std::get<std::map<std::string, PackageTechnology>>(maps_))
      check_reference<FabProcess>(package, package.carrier_process);
    for (const auto& [id, partitioning] : of<Partitioning>())
      for (const std::string& accelerator : partitioning.accelerators) {
        check_reference<Accelerator>(partitioning, accelerator);
        check_divides(partitioning, accelerator);
      }
    for (const auto& [id, curve] : of<AcceleratorCurve>())
      for (const std::string& accelerator : curve.accelerators) check_reference<Accelerator>(curve, accelerator);
  }

  /// Records that name what is missing are no use to anybody.
  void drop_broken() {
    for (const std::string& id : broken_) {
      of<Server>().erase(id);
      of<PackageTechnology>().erase(id);
      of<Partitioning>().erase(id);
      of<AcceleratorCurve>().erase(id);
    }
  }

 private:
  template <class R>
  std::map<std::string, R>& of() {
    return std::get<std::map<std::string, R>>(maps_);
  }

  /// An accelerator divides in one way, and only if its own record says that it divides at all.
  void check_divides(const Partitioning& rules, const std::string& id) {
    const auto& accelerators = of<Accelerator>();
    const auto at = accelerators.find(id);
    if (at == accelerators.end()) return;
    if (!at->second.mig) {
      errors_.push_back(bad_input(
          "partitioning '" + rules.id + "' names the accelerator '" + id + "', whose record does not say mig = true",
          rules.origin, "correct one of the two"));
      broken_.insert(rules.id);
    }
    const auto [first, fresh] = divided_by_.emplace(id, rules.id);
    if (fresh) return;
    errors_.push_back(
        bad_input("the accelerator '" + id + "' has two partitionings: '" + first->second + "' and '" + rules.id + "'",
                  rules.origin, "remove it from one of them"));
    broken_.insert(rules.id);
  }

  template <class R>
  void take(R record, std::map<std::string, std::string>& first_in_layer) {
    const auto [first, fresh] = first_in_layer.emplace(record.id, record.origin);
    if (!fresh) {
      errors_.push_back(bad_input("duplicate id '" + record.id + "', already defined at " + first->second,
                                  record.origin, "rename or remove one of them"));
      return;
    }
    const auto [kind, known] = kinds_.emplace(record.id, kind_of<R>);
    if (!known && kind->second != kind_of<R>) {
      errors_.push_back(bad_input("'" + record.id + "' is already the id of a " + to_string(kind->second),
                                  record.origin, "choose another id: ids are unique over all kinds"));
      return;
    }
    std::string id = record.id;
    std::get<std::map<std::string, R>>(maps_).insert_or_assign(std::move(id), std::move(record));
  }

  template <class R, class Owner>
  void check_reference(const Owner& owner, const std::string& id) {
    const auto& records = std::get<std::map<std::string, R>>(maps_);
    if (id.empty() || records.count(id)) return;
    std::vector<std::string> names;
    names.reserve(records.size());
    for (const auto& [name, record] : records) names.push_back(name);
    const std::string kind = to_string(kind_of<R>);
    errors_.push_back(bad_input(std::string(to_string(kind_of<Owner>)) + " '" + owner.id + "' names the " + kind +
                                    " '" + id + "', which does not exist",
                                owner.origin, names.empty() ? "add [" + kind + "." + id + "]" : suggest(id, names)));
    broken_.insert(owner.id);
  }

  std::vector<Error>& errors_;
  std::map<std::string, Kind> kinds_;
  std::set<std::string> broken_;
  std::map<std::string, std::string> divided_by_;
  std::tuple<std::map<std::string, Accelerator>, std::map<std::string, Cpu>, std::map<std::string, Memory>,
             std::map<std::string, Storage>, std::map<std::string, Nic>, std::map<std::string, Server>,
             std::map<std::string, Grid>, std::map<std::string, FabProcess>, std::map<std::string, PackageTechnology>,
             std::map<std::string, Material>, std::map<std::string, Partitioning>,
             std::map<std::string, AcceleratorCurve>>
      maps_;
};

}  // namespace

Catalog::Parsed Catalog::parse(std::span<const Layer> layers) {
  Parsed parsed{Catalog(), {}};
  Merge merge(parsed.errors);
  for (const Layer& layer : layers) merge.add(layer);
  merge.check_references();
  merge.drop_broken();
  auto tables = std::make_shared<Tables>();
  tables->server_of_trace_model = merge.trace_models(layers);
  tables->records = merge.records();
  parsed.catalog.tables_ = std::move(tables);
  return parsed;
}

Result<Layer> read_layer(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found)
    return missing_data("no such file or folder", path.string(), "check the path");
  std::vector<fs::path> files;
  if (fs::is_directory(status)) {
    const auto options = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at(path, options, failed), end; !failed && at != end; at.increment(failed)) {
      std::error_code unreadable;
      if (at->path().extension() == ".toml" && at->is_regular_file(unreadable)) files.push_back(at->path());
    }
    if (failed) return failure("cannot read the folder: " + failed.message(), path.string(), "check its permissions");
    if (files.empty())
      return bad_input("no *.toml file in the folder", path.string(), "put catalogue files there, see docs/catalog.md");
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  Layer layer;
  for (const fs::path& file : files) {
    auto text = read_file(file, largest_file);
    if (!text) return std::move(text).error();
    layer.push_back({file.string(), std::move(text).value()});
  }
  return layer;
}

namespace {
Result<std::vector<Layer>> read_layers(std::span<const std::filesystem::path> overrides) {
  std::vector<Layer> layers = {embedded_layer()};
  for (const auto& path : overrides) {
    auto layer = read_layer(path);
    if (!layer) return std::move(layer).error();
    layers.push_back(std::move(layer).value());
  }
  return layers;
}
}  // namespace

Result<Catalog> Catalog::load(std::span<const std::filesystem::path> overrides) {
  const auto layers = read_layers(overrides);
  if (!layers) return layers.error();
  Parsed parsed = parse(*layers);
  if (parsed.errors.empty()) return std::move(parsed.catalog);
  Error first = std::move(parsed.errors.front());
  if (const std::size_t more = parsed.errors.size() - 1)
    first.hint += "; " + std::to_string(more) + " more: 'cradle catalog check' on the folder lists all";
  return first;
}

std::vector<Error> check(const std::optional<std::filesystem::path>& path,
                         std::span<const std::filesystem::path> overrides) {
  std::vector<std::filesystem::path> paths(overrides.begin(), overrides.end());
  if (path) paths.push_back(*path);
  const auto layers = read_layers(paths);
  if (!layers) return {layers.error()};
  return Catalog::parse(*layers).errors;
}

std::span<const Accelerator> Catalog::accelerators() const { return tables_->of<Accelerator>(); }
std::span<const Cpu> Catalog::cpus() const { return tables_->of<Cpu>(); }
std::span<const Memory> Catalog::memories() const { return tables_->of<Memory>(); }
std::span<const Storage> Catalog::storages() const { return tables_->of<Storage>(); }
std::span<const Nic> Catalog::nics() const { return tables_->of<Nic>(); }
std::span<const Server> Catalog::servers() const { return tables_->of<Server>(); }
std::span<const Grid> Catalog::grids() const { return tables_->of<Grid>(); }
std::span<const FabProcess> Catalog::processes() const { return tables_->of<FabProcess>(); }
std::span<const PackageTechnology> Catalog::packages() const { return tables_->of<PackageTechnology>(); }
std::span<const Material> Catalog::materials() const { return tables_->of<Material>(); }
std::span<const Partitioning> Catalog::partitionings() const { return tables_->of<Partitioning>(); }
std::span<const AcceleratorCurve> Catalog::curves() const { return tables_->of<AcceleratorCurve>(); }

const Accelerator* Catalog::accelerator(std::string_view id) const { return find_in(tables_->of<Accelerator>(), id); }
const Cpu* Catalog::cpu(std::string_view id) const { return find_in(tables_->of<Cpu>(), id); }
const Memory* Catalog::memory(std::string_view id) const { return find_in(tables_->of<Memory>(), id); }
const Storage* Catalog::storage(std::string_view id) const { return find_in(tables_->of<Storage>(), id); }
const Nic* Catalog::nic(std::string_view id) const { return find_in(tables_->of<Nic>(), id); }
const Server* Catalog::server(std::string_view id) const { return find_in(tables_->of<Server>(), id); }
const Grid* Catalog::grid(std::string_view id) const { return find_in(tables_->of<Grid>(), id); }
const FabProcess* Catalog::process(std::string_view id) const { return find_in(tables_->of<FabProcess>(), id); }
const PackageTechnology* Catalog::package(std::string_view id) const {
  return find_in(tables_->of<PackageTechnology>(), id);
}
const Material* Catalog::material(std::string_view id) const { return find_in(tables_->of<Material>(), id); }

const Partitioning* Catalog::partitioning(std::string_view id) const {
  return find_in(tables_->of<Partitioning>(), id);
}
const AcceleratorCurve* Catalog::curve(std::string_view id) const {
  return find_in(tables_->of<AcceleratorCurve>(), id);
}

namespace {
bool names(const std::vector<std::string>& accelerators, std::string_view id) {
  return std::find(accelerators.begin(), accelerators.end(), id) != accelerators.end();
}
}  // namespace

const Partitioning* Catalog::partitioning_of(std::string_view accelerator) const {
  for (const Partitioning& rules : partitionings())
    if (names(rules.accelerators, accelerator)) return &rules;
  return nullptr;
}
std::vector<const AcceleratorCurve*> Catalog::curves_of(std::string_view accelerator, CurveKind kind) const {
  std::vector<const AcceleratorCurve*> found;
  for (const AcceleratorCurve& curve : curves())
    if (curve.curve == kind && names(curve.accelerators, accelerator)) found.push_back(&curve);
  return found;
}

const Server* Catalog::server_for_trace_model(std::string_view model) const {
  const auto at = tables_->server_of_trace_model.find(model);
  return at == tables_->server_of_trace_model.end() ? nullptr : server(at->second);
}

Result<const Accelerator*> Catalog::find_accelerator(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Accelerator>(), id, std::move(where));
}
Result<const Cpu*> Catalog::find_cpu(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Cpu>(), id, std::move(where));
}
Result<const Server*> Catalog::find_server(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Server>(), id, std::move(where));
}
Result<const Grid*> Catalog::find_grid(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Grid>(), id, std::move(where));
}
Result<const Memory*> Catalog::find_memory(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Memory>(), id, std::move(where));
}
Result<const Storage*> Catalog::find_storage(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Storage>(), id, std::move(where));
}
Result<const FabProcess*> Catalog::find_process(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<FabProcess>(), id, std::move(where));
}
Result<const PackageTechnology*> Catalog::find_package(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<PackageTechnology>(), id, std::move(where));
}
Result<const Material*> Catalog::find_material(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Material>(), id, std::move(where));
}
Result<const Partitioning*> Catalog::find_partitioning(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<Partitioning>(), id, std::move(where));
}
Result<const AcceleratorCurve*> Catalog::find_curve(std::string_view id, std::string where) const {
  return find_or_error(tables_->of<AcceleratorCurve>(), id, std::move(where));
}
Result<const Server*> Catalog::find_server_for_trace_model(std::string_view model, std::string where) const {
  if (const Server* found = server_for_trace_model(model)) return found;
  std::vector<std::string> models;
  for (const auto& [name, id] : tables_->server_of_trace_model)
    if (!name.empty()) models.push_back(name);
  return bad_input("no server stands for the trace's GPU model '" + std::string(model) + "'", std::move(where),
                   suggest(model, models) + "; a server record claims a model in its trace_models");
}

ServerParts Catalog::parts(const Server& server) const {
  return {cpu(server.cpu), memory(server.memory), accelerator(server.accelerator), storage(server.storage),
          nic(server.nic)};
}

std::vector<ServerLine> Catalog::breakdown(const Server& server) const {
  const ServerParts part = parts(server);
  std::vector<ServerLine> lines;
  if (part.accelerator && server.accelerator_count) {
    const double count = server.accelerator_count->value();
    lines.push_back({"accelerator", times(part.accelerator->embodied, count),
                     times(part.accelerator->idle_power, count), times(part.accelerator->full_power, count)});
  }
  if (part.cpu) {
    const double count = server.cpu_sockets.value();
    lines.push_back({"cpu", times(part.cpu->embodied, count), times(part.cpu->idle_power, count),
                     times(part.cpu->full_power, count)});
  }
  if (part.memory) {
    const auto watts = of_capacity(part.memory->power, server.memory_size);
    lines.push_back({"memory", of_capacity(part.memory->embodied, server.memory_size), watts, watts});
  }
  if (part.storage && server.storage_size) {
    const auto watts = of_capacity(part.storage->power, *server.storage_size);
    lines.push_back({"storage", of_capacity(part.storage->embodied, *server.storage_size), watts, watts});
  }
  if (part.nic && server.nic_count) {
    const double count = server.nic_count->value();
    lines.push_back({"nic", times(part.nic->embodied, count), times(part.nic->idle_power, count),
                     times(part.nic->full_power, count)});
  }
  lines.push_back({"base", server.base_embodied.estimate, server.base_power.estimate, server.base_power.estimate});
  return lines;
}

std::vector<Listing> Catalog::list() const {
  std::vector<Listing> all;
  for_each_table(tables_->records, [&](const auto& records) {
    using R = typename std::remove_cvref_t<decltype(records)>::value_type;
    for (const R& record : records) all.push_back({kind_of<R>, record.id, record.name, record.origin});
  });
  return all;
}

Result<Listing> Catalog::find(std::string_view id) const {
  std::vector<std::string> names;
  for (Listing& listing : list()) {
    if (listing.id == id) return std::move(listing);
    names.push_back(std::move(listing.id));
  }
  const auto near = nearest(id, names);
  return bad_input(
      "no record '" + std::string(id) + "' in the catalogue", "catalog",
      (near ? "did you mean '" + std::string(*near) + "'? " : std::string()) + "'cradle catalog list' shows all");
}

namespace {
Lister list_fields(const RecordTables& tables, std::string_view id) {
  Lister lister;
  for_each_table(tables, [&](const auto& records) {
    if (const auto* record = find_in(records, id)) visit_record(lister, *record);
  });
  return lister;
}
}  // namespace

std::vector<Figure> Catalog::figures(std::string_view id) const { return list_fields(tables_->records, id).figures; }

std::vector<std::pair<std::string, std::string>> Catalog::texts(std::string_view id) const {
  return list_fields(tables_->records, id).texts_found;
}

}  // namespace cradle::catalog
