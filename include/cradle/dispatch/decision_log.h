// A dispatcher's inputs and decisions as text, and their replay: same inputs, same object, same bytes.
//
// One section for each run:
//   cradle-decisions 1
//   NAME VALUE ...        the configuration, the service, and fingerprints of fleet, sites and typical workload
//   begin
//   a MS CPU MEMORY GPUS GPU_MILLI LENGTH_MS CLASS MODELS NAME     a job arrives
//   f MS JOB ...          jobs finish
//   t MS                  a tick
//   > JOB start|resume|cap NODE GPUS LIMIT DRAW SPEED | JOB suspend NODE GPUS | JOB defer MS | JOB refuse
//   end INPUTS DECISIONS
// Decisions stand below the input that they answer. Numbers are decimal, GPU sets bit masks, names are escaped.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/dispatch/dispatcher.h"

namespace cradle::dispatch {

class DecisionLog {
 public:
  /// Begins a section; the lines of `setting` are its head.
  void begin(std::string_view setting);
  void arrived(std::int64_t now_ms, const workload::Job& job);
  void finished(std::int64_t now_ms, std::span<const JobId> jobs);
  void ticked(std::int64_t now_ms);
  void decided(std::span<const Decision> decisions);
  void end();

  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::uint64_t inputs_ = 0, decisions_ = 0;
};

/// One line each, with fingerprints (64-bit FNV-1a) of what is too long to be written: everything on which decisions
/// depend besides the inputs.
std::string setting_text(const Configuration& configuration, std::span<const fleet::NodeSpec> nodes,
                         std::span<const carbon::SiteRecord> sites, std::span<const workload::Job> typical,
                         Service service);

/// A section of a log, as found: nothing in it has been checked yet.
struct LogSection {
  std::string name;     ///< of its configuration
  std::string setting;  ///< lines of its head
  std::string_view body;
  std::size_t line = 0;  ///< of the section's first line in the file, from 1
  std::size_t body_line = 0;
};
/// bad_input with file and line: no section, a head that is none, a section without an end.
Result<std::vector<LogSection>> read_log(std::string_view text, std::string_view file);

/// bad_input at the first line of the section's head that is not that of the setting.
Result<void> check_setting(const LogSection& section, std::string_view file, std::string_view setting);

struct LogCheck {
  bool identical = false;
  std::uint64_t inputs = 0, decisions = 0;
  // The first difference, if any:
  std::size_t line = 0;
  std::string logged, decided;  ///< empty: there is none where the other has one
};

/// Feeds the inputs of a section to a fresh dispatcher and compares what it decides with what the log says.
/// bad_input with file and line: a line that is none, inputs that cannot be (time runs backwards, an unknown job
/// finishes), counts at the end that are not those of the section.
Result<LogCheck> replay_log(const LogSection& section, std::string_view file, Dispatcher& dispatcher);

}  // namespace cradle::dispatch
