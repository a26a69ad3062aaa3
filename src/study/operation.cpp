#include "cradle/study/operation.h"

#include <algorithm>
#include <set>
#include <vector>

#include "cradle/base/text.h"
#include "cradle/carbon/compensated_sum.h"
#include "cradle/ledger/ledger.h"

namespace cradle::study {

Result<MeasuredOperation> measured_operation(const std::filesystem::path& ledger, std::string_view run,
                                             std::string_view kind) {
  const auto file = ledger::Ledger::open_read(ledger);
  if (!file) return file.error();
  const auto reader = file->read_run(run);
  if (!reader) return reader.error();
  const std::string where = ledger.string() + ", run " + reader->summary().info.name;

  MeasuredOperation result;
  result.run = reader->summary().info.name;
  result.warning = reader->summary().warning();
  result.observed = reader->summary().accounted().length();
  std::vector<bool> counted;
  std::set<std::string> kinds;
  for (const carbon::ComponentRecord& component : reader->components()) {
    kinds.insert(component.kind);
    const bool wanted = component.kind == kind && component.operation_type == carbon::OperationType::device_second;
    counted.push_back(wanted);
    if (wanted) result.devices += component.lifetime_operations.value() / component.lifetime.value();
  }
  if (!(result.devices > 0))
    return missing_data("no component of kind '" + std::string(kind) + "' that is counted in device-seconds", where,
                        "the run has: " + suggest("", std::vector<std::string>(kinds.begin(), kinds.end())));
  if (!(result.observed.value() > 0))
    return missing_data("the run accounts for no time", where, "name a run with entries");

  carbon::CompensatedSum device_seconds;
  carbon::ExactEnergy energy;
  const auto read = reader->entries([&](std::span<const carbon::Entry> entries) -> Result<void> {
    for (const carbon::Entry& entry : entries) {
      if (!counted[entry.component]) continue;
      energy += carbon::ExactEnergy(entry.microjoules);
      if (entry.role == carbon::Role::tenant && entry.operation_type == carbon::OperationType::device_second)
        device_seconds.add(entry.operations);
    }
    return {};
  });
  if (!read) return read.error();
  const double device_time = result.devices * result.observed.value();
  result.duty = std::min(1.0, device_seconds.value() / device_time);
  if (!(result.duty > 0)) return missing_data("its devices did no work", where, "name a run whose jobs started");
  const carbon::Seconds year{carbon::Years{1}};
  result.operations_per_year = carbon::Operations{result.duty * year.value()};
  result.energy_per_year = energy.joules() * (year.value() / device_time);
  return result;
}

}  // namespace cradle::study
