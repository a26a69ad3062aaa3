#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "cradle/inference/inferno.h"
#include "json_fields.h"

namespace cradle::inference {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* name_keys[] = {"server", "serverName", "name"};
constexpr const char* accelerator_keys[] = {"accelerator", "acc"};

constexpr const char* inner_key = "currentAlloc";

bool has_accelerator(const Json& value) {
  return value.is_object() && std::any_of(std::begin(accelerator_keys), std::end(accelerator_keys),
                                          [&](const char* key) { return value.contains(key); });
}

enum class Member { allocation, nothing, other };

Member kind_of(const Json& value) {
  if (has_accelerator(value)) return Member::allocation;
  if (value.is_null() || (value.is_object() && value.empty())) return Member::nothing;
  if (!value.is_object() || !value.contains(inner_key)) return Member::other;
  return has_accelerator(value[inner_key]) ? Member::allocation : Member::nothing;
}

/// A list of allocations, or an object of them by server; `strict`: of nothing else.
bool holds_allocations(const Json& value, bool strict) {
  if (!value.is_object() && !value.is_array()) return false;
  const auto is = [](Member kind) { return [kind](const Json& member) { return kind_of(member) == kind; }; };
  return std::any_of(value.begin(), value.end(), is(Member::allocation)) &&
         !(strict && std::any_of(value.begin(), value.end(), is(Member::other)));
}

struct Found {
  const Json* value = nullptr;
  std::string path;
  std::vector<std::string> notes;
};

/// The first in the order of the file, outer before inner.
std::optional<Found> find_allocations(const Json& value, const std::string& path, bool strict) {
  if (holds_allocations(value, strict)) return Found{&value, path, {}};
  if (value.is_object()) {
    for (const auto& [key, member] : value.items())
      if (auto found = find_allocations(member, path.empty() ? key : path + "." + key, strict)) return found;
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string inner = path + "[" + std::to_string(i) + "]";
      auto found = find_allocations(value[i], inner, strict);
      if (!found) continue;
      if (value.size() > 1)
        found->notes.push_back("only " + inner + " of " + std::to_string(value.size()) + " solutions is read");
      return found;
    }
  }
  return std::nullopt;
}

std::optional<double> optional_number(Fields& fields, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    if (fields.has(key)) return fields.number(key);
  return std::nullopt;
}

InfernoAllocation read_allocation(Fields fields, std::string server) {
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

Result<InfernoSolution> parse_inferno_solution(std::string_view text, const std::string& source) {
  const auto document = parse_json(text, source, true);
  if (!document) return document.error();
  const std::shared_ptr<JsonDocument>& shared = *document;
  auto found = find_allocations(shared->root, "", true);
  // Then one with a member that is something else, so that this can be named.
  if (!found) found = find_allocations(shared->root, "", false);
  if (!found)
    return bad_input("no allocations are here", shared->source,
                     "expected an object by server name, or a list, whose members have an 'accelerator'");
  InfernoSolution solution;
  solution.source = shared->source;
  solution.notes = std::move(found->notes);
  std::set<std::string> servers;
  const auto add = [&](const Json& member, Fields fields, std::string server) {
    if (!servers.insert(server).second) fields.fail("", "'" + server + "' is there twice", "keep one of the two");
    if (kind_of(member) == Member::other)
      fields.fail("", "this is no allocation", "write {\"accelerator\": NAME, ...}, or null where nothing was given");
    const bool inside = !has_accelerator(member) && member.is_object() && fields.has(inner_key);
    solution.allocations.push_back(
        read_allocation(inside ? fields.object(inner_key) : std::move(fields), std::move(server)));
  };
  const std::string& path = found->path;
  if (found->value->is_object()) {
    for (const auto& [name, member] : found->value->items())
      add(member, {shared, member.is_object() ? &member : nullptr, path.empty() ? name : path + "." + name}, name);
  } else {
    for (std::size_t i = 0; i < found->value->size(); ++i) {
      const Json& member = (*found->value)[i];
      Fields fields{shared, member.is_object() ? &member : nullptr, path + "[" + std::to_string(i) + "]"};
      if (kind_of(member) == Member::nothing && (member.is_null() || member.empty())) {
        solution.notes.push_back(fields.where() + ": nothing is here; it is not used");
        continue;
      }
      if (kind_of(member) == Member::other) {
        fields.fail("", "this is no allocation", "write {\"server\": NAME, \"accelerator\": NAME, ...}");
        continue;
      }
      const char* key = name_keys[0];
      for (const char* other : name_keys)
        if (fields.has(other)) {
          key = other;
          break;
        }
      std::string server = fields.text(key);
      add(member, std::move(fields), std::move(server));
    }
  }
  if (shared->error) return *shared->error;
  return solution;
}

}  // namespace cradle::inference
