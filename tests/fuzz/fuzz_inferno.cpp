// The published inference optimiser's files and its allocations on any bytes: each file in turn, the others valid. What
// is read can be sized and allocated; what is not is refused with a place and a hint.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "cradle/inference/inferno.h"
#include "cradle/inference/published_solution.h"

namespace {

using namespace cradle::inference;

void check(const cradle::Error& error) {
  if (error.hint.empty()) std::abort();
}

InfernoFiles valid_files() {
  return {{"accelerators", R"({"accelerators": [{"name": "G", "type": "G", "cost": 10,
            "power": {"idle": 100, "full": 400, "midPower": 300, "midUtil": 0.6}}]})"},
          {"models", R"({"models": [{"name": "m", "acc": "G", "accCount": 2, "maxBatchSize": 10, "atTokens": 512,
            "perfParms": {"alpha": 10, "beta": 0.1, "gamma": 0.001}}]})"},
          {"classes", R"({"serviceClasses": [{"name": "Gold", "priority": 1, "modelTargets": [
            {"model": "m", "slo-itl": 50, "slo-ttft": 1000}]}]})"},
          {"servers", R"({"servers": [{"name": "one", "class": "Gold", "model": "m", "currentAlloc":
            {"load": {"arrivalRate": 60, "AvgInTokens": 100, "AvgOutTokens": 200}}}]})"},
          InfernoFile{"capacity", R"({"count": [{"type": "G", "count": 100}]})"},
          InfernoFile{"optimizer", R"({"optimizer": {"saturationPolicy": "RoundRobin"}})"}};
}

void run(const InfernoFiles& files) {
  const auto system = parse_inferno(files);
  if (!system) {
    if (system.error().where.empty()) std::abort();
    return check(system.error());
  }
  const auto rows = published_rows(*system, {}, {});
  if (!rows) return check(rows.error());
  for (const PublishedRow& row : *rows)
    if (row.part && !(std::isfinite(row.part->state.itl_ms) && std::isfinite(row.part->state.ttft_ms))) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (int which = 0; which < 6; ++which) {
    InfernoFiles files = valid_files();
    InfernoFile* const parts[] = {&files.accelerators, &files.models,    &files.classes,
                                  &files.servers,      &*files.capacity, &*files.optimizer};
    parts[which]->text = text;
    run(files);
  }
  const auto solution = parse_inferno_solution(text, "fuzz");
  if (!solution) return check(solution.error()), 0;
  const auto rows = published_rows(*parse_inferno(valid_files()), *solution, {});
  if (!rows) check(rows.error());
  return 0;
}
