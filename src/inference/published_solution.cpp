#include "cradle/inference/published_solution.h"

#include <algorithm>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/inference/allocation.h"

namespace cradle::inference {

namespace {

Result<std::vector<PublishedRow>> rows_of_solution(const InfernoSystem& system, const InfernoSolution& solution,
                                                   const CandidateOptions& options) {
  std::vector<PublishedRow> rows;
  std::vector<std::string> names;
  for (const InfernoServer& server : system.servers) names.push_back(server.name);
  for (const InfernoAllocation& given : solution.allocations) {
    const auto server = std::find_if(system.servers.begin(), system.servers.end(),
                                     [&](const InfernoServer& item) { return item.name == given.server; });
    if (server == system.servers.end())
      return bad_input("no server '" + given.server + "'", solution.source, suggest(given.server, names));
    PublishedRow row;
    row.server = given.server;
    row.given = given;
    if (given.accelerator.empty()) {
      row.note = "nothing was given to it";
    } else if (!system.accelerator(given.accelerator)) {
      std::vector<std::string> accelerators;
      for (const auto& item : system.accelerators) accelerators.push_back(item.name);
      return bad_input("no accelerator '" + given.accelerator + "'", solution.source + ": " + given.server,
                       suggest(given.accelerator, accelerators));
    } else if (auto part = size_on(system, *server, given.accelerator, options)) {
      row.needed = part->replicas;
      row.part = std::move(*part);
    } else {
      row.note = part.error().message;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<PublishedRow>> rows_of_greedy(const InfernoSystem& system, const CandidateOptions& options) {
  // One accelerator for each server; those that nothing can serve take no part.
  InfernoSystem single = system;
  single.heterogeneous = false;
  auto all = candidates(single, options);
  if (!all) return all.error();
  InfernoSystem servable = single;
  servable.servers.clear();
  std::vector<ServerCandidates> found;
  std::vector<PublishedRow> rows;
  std::vector<std::size_t> row_of;
  for (std::size_t i = 0; i < system.servers.size(); ++i) {
    PublishedRow row;
    row.server = system.servers[i].name;
    if ((*all)[i].candidates.empty()) {
      row.note = unservable(system.servers[i], (*all)[i]).message;
    } else {
      servable.servers.push_back(system.servers[i]);
      found.push_back(std::move((*all)[i]));
      row_of.push_back(rows.size());
    }
    rows.push_back(std::move(row));
  }
  const auto priced = priced_problem(servable, found, Objective::cost, options);
  if (!priced) return priced.error();
  const auto chosen = allocate_published(priced->problem, system.saturation, system.delayed_best_effort);
  if (!chosen) return chosen.error();
  for (std::size_t i = 0; i < found.size(); ++i) {
    PublishedRow& row = rows[row_of[i]];
    const Taken taken = chosen->taken[i];
    if (taken.choice < 0) {
      row.note = "no devices were left for it";
      continue;
    }
    const int index = priced->candidates[i][static_cast<std::size_t>(taken.choice)];
    const Part& whole = found[i].candidates[static_cast<std::size_t>(index)].parts.front();
    row.needed = whole.replicas;
    row.part = whole;
    if (taken.parts < whole.replicas) {
      auto fewer = size_on(system, servable.servers[i], whole.accelerator, options, taken.parts);
      if (!fewer) return fewer.error();
      row.part = std::move(*fewer);
      row.note = "leftovers: it needs " + std::to_string(whole.replicas) + " replicas";
    }
  }
  return rows;
}

}  // namespace

Result<std::vector<PublishedRow>> published_rows(const InfernoSystem& system,
                                                 const std::optional<InfernoSolution>& solution,
                                                 const CandidateOptions& options) {
  return solution ? rows_of_solution(system, *solution, options) : rows_of_greedy(system, options);
}

std::vector<std::string> servers_missing(const InfernoSystem& system, const InfernoSolution& solution) {
  std::vector<std::string> missing;
  for (const InfernoServer& server : system.servers)
    if (std::none_of(solution.allocations.begin(), solution.allocations.end(),
                     [&](const InfernoAllocation& given) { return given.server == server.name; }))
      missing.push_back(server.name);
  return missing;
}

}  // namespace cradle::inference
