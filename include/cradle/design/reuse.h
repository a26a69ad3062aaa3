// Second life: a server in which a share of a part comes from retired machines. Making it is saved, running it may take
// more: below which grid intensity is the total saving above a target?
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/design/study_figures.h"

namespace cradle::design {

/// A part of the server, all pieces of it.
struct ReusePart {
  std::string name;
  carbon::GramsCO2e making;  ///< of one piece
  carbon::Watts power;       ///< of one piece at full load
  double count = 1;          ///< pieces, may be fractional where a share is replaced
  double load = 1;           ///< mean draw over full load, ratio
  double failures = 0;       ///< pieces that fail and are replaced by new ones, per piece and year
};

/// The same work with and without reuse. Parts that both have in common stand in `common`.
struct ReuseComparison {
  std::vector<ReusePart> common;
  std::vector<ReusePart> replaced;  ///< only the baseline has them: e.g. the share of new memory that is left out
  std::vector<ReusePart> added;     ///< only the reusing server: reused parts (their making is 0), what connects them
  carbon::Hours service;
  double pue = 1;           ///< facility energy over IT energy, ratio
  double power_factor = 1;  ///< what a loaded server draws of its parts' draw, ratio
};

/// bad_input if a number is negative or not finite, the service is 0, a share is above 1, or a list of parts makes no
/// server. `where` names the study.
Result<void> check(const ReuseComparison& comparison, const std::string& where);

/// One server over its service.
struct ServerLife {
  carbon::GramsCO2e making;   ///< of its parts
  carbon::GramsCO2e repairs;  ///< of the pieces that replace failed ones
  carbon::Joules energy;      ///< at the meter of the facility
  carbon::GramsCO2e embodied() const { return making + repairs; }
  carbon::GramsCO2e total(carbon::GramsPerJoule intensity) const { return embodied() + energy * intensity; }
};
/// What one list of parts costs over the service of the comparison. Precondition: check passes.
ServerLife life_of(std::span<const ReusePart> parts, const ReuseComparison& comparison);
/// The whole server. Precondition: check passes.
ServerLife baseline_life(const ReuseComparison& comparison);
ServerLife reused_life(const ReuseComparison& comparison);

/// Share of the baseline's total that reuse saves at an intensity; negative: it costs. Precondition: check passes.
double saving(const ReuseComparison& comparison, carbon::GramsPerJoule intensity);

/// Where the saving crosses the target. With totals E + J x (embodied, energy), saving(x) >= target exactly where
/// (1 - target) E_base - E_reused >= x (J_reused - (1 - target) J_base): one intensity, in closed form.
struct ReuseThreshold {
  enum class Answer { below, above, always, never };
  Answer answer = Answer::never;
  carbon::GramsPerJoule intensity;  ///< of below and above
};
/// Precondition: check passes.
ReuseThreshold threshold(const ReuseComparison& comparison, double target);

/// A study file: parts, the share of one of them that is reused, and what connects it.
struct ReuseStudy {
  std::string title, question;
  ReuseComparison comparison;
  double target = 0.2;                                    ///< saving that is asked for, ratio
  std::vector<carbon::GramsPerKilowattHour> intensities;  ///< at which the saving is shown
  std::vector<std::string> intensity_names;               ///< as many, may be empty texts
  std::string part;                                       ///< the part of which a share is reused
  double share = 0;                                       ///< of it, ratio
  std::vector<RangedFigure> figures;
  std::vector<std::string> notes;
};

/// Errors name file and line.
Result<ReuseStudy> read_reuse_study(std::string_view text, const std::string& source, std::optional<Move> move = {});

}  // namespace cradle::design
