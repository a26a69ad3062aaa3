#include <algorithm>
#include <set>

#include "cradle/inference/inferno.h"
#include "json_fields.h"

namespace cradle::inference {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* name_keys[] = {"server", "serverName", "name"};
constexpr const char* accelerator_keys[] = {"accelerator", "acc"};

bool names_accelerator(const Json& value) {
  if (!value.is_object()) return false;
  return std::any_of(std::begin(accelerator_keys), std::end(accelerator_keys),
                     [&](const char* key) { return value.contains(key); });
}

/// A list of allocations, or an object of them by server.
bool holds_allocations(const Json& value) {
  return (value.is_object() || value.is_array()) && !value.empty() &&
         std::all_of(value.begin(), value.end(), names_accelerator);
}

/// The first in the order of the file, outer before inner, with the path to it.
const Json* find_allocations(const Json& value, std::string& path) {
  if (holds_allocations(value)) return &value;
  if (!value.is_object()) return nullptr;
  for (const auto& [key, member] : value.items()) {
    if (!member.is_object() && !member.is_array()) continue;
    std::string inner = path.empty() ? key : path + "." + key;
    if (const Json* found = find_allocations(member, inner)) {
      path = std::move(inner);
      return found;
    }
  }
  return nullptr;
}

std::optional<double> optional_number(Fields& fields, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (fields.has(key)) return fields.number(key);
  return std::nullopt;
}

InfernoAllocation read_allocation(Fields& fields, std::string server) {
  InfernoAllocation allocation;
  allocation.server = std::move(server);
  for (const char* key : accelerator_keys)
    if (fields.has(key)) allocation.accelerator = fields.text(key);
  allocation.replicas = optional_number(fields, {"numReplicas", "replicas"});
  allocation.max_batch = optional_number(fields, {"maxBatch", "max_batch"});
  allocation.cents_per_h = optional_number(fields, {"cost"});
  allocation.itl_ms = optional_number(fields, {"itlAverage", "itl", "itl_ms"});
  allocation.ttft_ms = optional_number(fields, {"ttftAverage", "ttft", "ttft_ms"});
  allocation.waiting_ms = optional_number(fields, {"waitAverage", "wait", "wait_ms"});
  return allocation;
}

}  // namespace

Result<std::vector<InfernoAllocation>> parse_inferno_solution(std::string_view text, std::string source) {
  const auto document = parse_json(text, std::move(source));
  if (!document) return document.error();
  const std::shared_ptr<JsonDocument>& shared = *document;
  std::string path;
  const Json* found = find_allocations(shared->root, path);
  if (!found)
    return bad_input("no allocations are here", shared->source,
                     "expected an object by server name, or a list, whose members have an 'accelerator'");
  std::vector<InfernoAllocation> allocations;
  std::set<std::string> servers;
  const auto add = [&](Fields fields, std::string server) {
    if (!servers.insert(server).second) fields.fail("", "'" + server + "' is there twice", "keep one of the two");
    allocations.push_back(read_allocation(fields, std::move(server)));
  };
  if (found->is_object()) {
    for (const auto& [name, member] : found->items())
      add({shared, &member, path.empty() ? name : path + "." + name}, name);
  } else {
    for (std::size_t i = 0; i < found->size(); ++i) {
      Fields fields{shared, &(*found)[i], path + "[" + std::to_string(i) + "]"};
      const char* key = name_keys[0];
      for (const char* other : name_keys)
        if (fields.has(other)) {
          key = other;
          break;
        }
      std::string server = fields.text(key);
      add(std::move(fields), std::move(server));
    }
  }
  if (shared->error) return *shared->error;
  return allocations;
}

}  // namespace cradle::inference
