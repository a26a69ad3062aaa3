// The actions of `cradle power`, one file each, and what they share.
#pragma once

#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/power/events.h"
#include "cradle/power/outcome.h"
#include "design_output.h"
#include "power_options.h"

namespace cradle::cli {

int run_power_simulate(const PowerOptions& options, const Common& common);
int run_power_compare(const PowerOptions& options, const Common& common);
int run_power_sweep(const PowerOptions& options, const Common& common);
int run_power_tree(const PowerOptions& options, const Common& common);
int run_power_unit_cost(const PowerOptions& options, const Common& common);
int run_power_daemon(const PowerOptions& options, const Common& common);
int run_power_check_logs(const PowerOptions& options, const Common& common);

/// Topology and tiles that the options name.
struct PowerSystem {
  power::Topology topology;
  power::Tiles tiles;
};
Result<PowerSystem> power_system(const PowerOptions& options);
/// The weights as the engines take them.
std::vector<power::Coins> coins_of(const std::vector<std::int64_t>& weights);
/// With all faults that the options name.
Result<power::EventOptions> event_options(const PowerOptions& options, power::Protocol protocol);
/// Whether a protocol is a latency model here, of messages that arrive and tiles that live: a manager, the ring,
/// static.
bool knows_no_faults(power::Protocol protocol);
/// The options without loss, doubles, reordering, crashes and partitions.
PowerOptions without_faults(PowerOptions options);
/// Which of those the options ask for, "loss, crashes"; empty: none.
std::string faults_text(const PowerOptions& options);
/// One run of one protocol by the engine that fits it; Ctrl-C ends it early where an InterruptGuard lives.
Result<power::EventOutcome> run_protocol(const PowerOptions& options, power::Protocol protocol);
/// What shells call a program ended by SIGINT.
inline constexpr int interrupted_status = 130;
std::string interrupted_note(const power::PowerOutcome& outcome);
/// How far the breaker of `hierarchy/run.h`, rated for the budget, warmed up: 1 trips it.
double breaker_share(const PowerOptions& options, const power::PowerOutcome& outcome);
/// "AT:PART"; bad_input names the option: no numbers, a part above 1.
Result<std::pair<double, double>> parse_cut(const std::string& text);
report::Curve error_curve(const std::vector<std::pair<std::string, const power::PowerOutcome*>>& runs);
/// What --activity means for the figures.
std::string activity_note(const PowerOptions& options);
std::string settle_text(const power::PowerOutcome& outcome);

}  // namespace cradle::cli
