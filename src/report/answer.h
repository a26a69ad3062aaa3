// The study's answer in words, for any mark-up, and the tables that several renderings share.
#pragma once

#include <string>
#include <string_view>

#include "cradle/report/study_report.h"

namespace cradle::report {

/// How a rendering writes text: every word of the sentence passes through one of the two.
struct MarkUp {
  std::string (*plain)(std::string_view text);
  std::string (*strong)(std::string_view text);
};

std::string answer_sentence(const StudyReport& report, const MarkUp& mark_up);

/// "149 days"
std::string period_text(const StudyReport& report);
std::string name_of(DataKind kind);

/// The unit that suits the waiting times of all policies.
struct WaitUnit {
  carbon::Seconds size;
  std::string name;
};
WaitUnit wait_unit(const StudyReport& report);

/// Digits after the point that leave about four significant ones for the largest of the values.
int decimals_for(double largest);

/// The JSON document; `indent` -1: on one line.
std::string study_json(const StudyReport& report, int indent);

}  // namespace cradle::report
