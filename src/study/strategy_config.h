// The [service] and [[strategy]] tables of a study, and what the report says of them.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cradle/study/study_config.h"
#include "cradle/toml/toml_reader.h"

namespace cradle::study {

/// Length of the period: as configured, or until the last job would end if none waited.
std::int64_t horizon_of(const StudyConfig& config, std::span<const workload::Job> jobs);

/// One line each for the report: who counts as late, and what a strategy does.
std::string service_note(const dispatch::ServiceRule& rule);
std::string strategy_note(const dispatch::Configuration& strategy);

/// Fills service, strategies and shows_service; mistakes are kept in the document.
void read_strategies(TomlReader& root, StudyConfig& config);

}  // namespace cradle::study
