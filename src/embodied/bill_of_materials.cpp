#include "cradle/embodied/bill_of_materials.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::embodied {

using carbon::Bytes;

std::string_view name(Group group) {
  constexpr std::array<std::string_view, group_count> names = {
      "silicon", "processor", "memory",   "storage",   "accelerator", "network", "board",       "power", "chassis",
      "rack",    "base",      "assembly", "transport", "end of life", "design",  "maintenance", "other"};
  return names[static_cast<std::size_t>(group)];
}

Bytes BillOfMaterials::memory_size() const {
  Bytes sum;
  for (const MemoryPart& memory : memories) sum += memory.size * memory.count;
  return sum;
}

Bytes BillOfMaterials::drive_size() const {
  Bytes sum;
  for (const DrivePart& drive : drives) sum += drive.size * drive.count;
  return sum;
}

BillOfMaterials bill_of(const catalog::Server& server, const catalog::Catalog& catalog) {
  const catalog::ServerParts parts = catalog.parts(server);
  BillOfMaterials bill;
  bill.name = server.name;
  bill.source = "server " + server.id;
  bill.note = server.note;
  bill.sockets = server.cpu_sockets.value();
  bill.cores = parts.cpu->cores.value() * bill.sockets;
  const std::string& where = server.origin;
  bill.processors.push_back({server.cpu, bill.sockets, {}, where});
  bill.memories.push_back({parts.memory->name, server.memory, server.memory_size.value(), 1, {}, where});
  if (parts.storage)
    bill.drives.push_back({parts.storage->name, server.storage, server.storage_size->value(), 1, {}, where});
  if (parts.accelerator)
    bill.accelerators.push_back({server.accelerator, server.accelerator_count->value(), {}, where});
  if (parts.nic) bill.networks.push_back({server.nic, server.nic_count->value(), {}, where});
  bill.base = server.id;
  bill.base_where = where;
  bill.life.years = server.lifetime.value();
  return bill;
}

Result<BillOfMaterials> find_bill(std::string_view subject, const catalog::Catalog& catalog) {
  if (const catalog::Server* server = catalog.server(subject)) return bill_of(*server, catalog);
  std::vector<std::string> names;
  for (const EmbeddedBill& bill : embedded_bills()) {
    if (bill.name == subject) return parse_bill(bill.text, "bills/" + std::string(bill.name) + ".toml");
    names.emplace_back(bill.name);
  }
  const std::filesystem::path path{std::string(subject)};
  std::error_code unreadable;
  if (path.has_extension() || path.has_parent_path() || std::filesystem::exists(path, unreadable))
    return read_bill(path);
  for (const catalog::Server& server : catalog.servers()) names.push_back(server.id);
  return bad_input("no server or bill of materials '" + std::string(subject) + "'", "embodied",
                   suggest(subject, names) + "; or name a TOML file");
}

}  // namespace cradle::embodied
