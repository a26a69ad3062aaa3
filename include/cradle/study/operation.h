// What a ledger says about how devices are used, so that a design may start from measured use in place of an
// assumption.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"

namespace cradle::study {

/// Over all devices of a kind in one run of a ledger, and the time that it accounts for.
struct MeasuredOperation {
  std::string run;
  double devices = 0;                      ///< count
  carbon::Seconds observed;                ///< length of the period
  double duty = 0;                         ///< device time that jobs had over device time, 0 (excluded) .. 1
  carbon::Operations operations_per_year;  ///< device-seconds that jobs had, for each device and year
  carbon::Joules energy_per_year;          ///< drawn for each device and year, at the machine, idle included
  std::string warning;                     ///< empty, or what is wrong with the run (it was interrupted)
};

/// Components of `kind` ("gpu") whose life is counted in device-seconds; a component of several devices counts as that
/// many. An empty `run` stands for the only run. Errors as Ledger::open_read and read_run; missing_data if the run has
/// no such component, accounts for no time, or its devices did no work.
Result<MeasuredOperation> measured_operation(const std::filesystem::path& ledger, std::string_view run,
                                             std::string_view kind = "gpu");

}  // namespace cradle::study
