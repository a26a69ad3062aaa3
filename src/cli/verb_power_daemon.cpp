// cradle power daemon, and cradle power check-logs, which judges what daemons logged.
#include <cstdio>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/exchange/audit.h"
#include "cradle/exchange/config.h"
#include "cradle/exchange/daemon.h"
#include "cradle/report/format.h"
#include "verb_power.h"

namespace cradle::cli {

int run_power_daemon(const PowerOptions& options, const Common& common) {
  const auto text = read_file(options.config, 16 << 20);
  if (!text) return fail(text.error());
  const auto config = exchange::parse_daemon_config(*text, options.config.string());
  if (!config) return fail(config.error());
  exchange::DaemonOptions daemon;
  daemon.apply = options.apply ? actuator::Apply::yes : actuator::Apply::no;
  daemon.drop = options.drop;
  daemon.drop_seed = options.seed;
  if (!common.quiet)
    daemon.tell = [](const std::string& note) { std::fprintf(stderr, "cradle: note: %s\n", note.c_str()); };
  const auto ended = exchange::run_daemon(*config, daemon);
  return ended ? 0 : fail(ended.error());
}

namespace {

std::string cuts_text(const exchange::AuditReport& report) {
  if (report.cuts == 0) return "";
  return std::to_string(report.cuts) + (report.cuts == 1 ? " cut" : " cuts") + ", obeyed within " +
         fixed(report.longest_obey.value() * 1000, 0) + " ms and known to the bank within " +
         fixed(report.longest_cut.value() * 1000, 0) + " ms; ";
}

}  // namespace

int run_power_check_logs(const PowerOptions& options, const Common& common) {
  std::vector<exchange::Log> logs;
  for (const auto& file : options.logs) {
    auto text = read_file(file);
    if (!text) return fail(text.error());
    logs.push_back({file.string(), std::move(*text)});
  }
  exchange::AuditOptions audit;
  audit.least_share = options.least_share;
  audit.grace = carbon::Seconds{options.grace_seconds};
  const auto judged = exchange::audit(logs, audit);
  if (!judged) return fail(judged.error());
  const exchange::AuditReport& report = *judged;

  report::Table table;
  table.column("at_ns", "at", report::Align::right, 0, "ns").column("violation", "violation");
  for (const exchange::Violation& one : report.first_violations) table.row({one.at, one.what});
  const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
  DesignAnswer answer;
  answer.page.title = "Logs of a power domain";
  answer.page.question = "Was a coin ever where it must not be?";
  answer.page.answer = (report.holds() ? "No: " : "Yes, " + std::to_string(report.violations) + " violations: ") +
                       std::to_string(report.records) + " records of " + std::to_string(report.nodes) + " nodes over " +
                       fixed(report.span.value(), 1) + " s, " + std::to_string(report.transfers) +
                       " of coins between partners; " + std::to_string(report.incarnations) + " incarnations, " +
                       std::to_string(report.deaths) + " declared dead, " + std::to_string(report.recovered) +
                       " coins recovered; " + cuts_text(report) + "at the end " + fixed(100 * report.share_at_end, 2) +
                       " % of the budget is held or in the bank.";
  answer.page.notes = {
      "held and in flight less outstanding, at most: " + std::to_string(report.worst_excess) + " coins",
      "what devices may draw less held and in flight, at most: " + std::to_string(report.worst_cap) + " coins",
      "least balance: " + std::to_string(report.worst_balance) + "; most outstanding: " +
          std::to_string(report.most_outstanding) + "; budget at the end: " + std::to_string(report.budget)};
  if (report.torn_lines > 0)
    answer.page.notes.push_back(std::to_string(report.torn_lines) + " last lines without an end left out");
  if (table.rows() > 0) answer.page.tables = {{"The first violations", table}};
  answer.schema = "cradle.power.check-logs/1";
  answer.fields = {{"violations", count(report.violations)},
                   {"records", count(report.records)},
                   {"nodes", count(report.nodes)},
                   {"incarnations", count(report.incarnations)},
                   {"deaths", count(report.deaths)},
                   {"terms", count(report.terms)},
                   {"transfers", count(report.transfers)},
                   {"recovered", report.recovered},
                   {"cuts", count(report.cuts)},
                   {"obey_seconds", report.longest_obey.value()},
                   {"obey_known_seconds", report.longest_cut.value()},
                   {"worst_excess", report.worst_excess},
                   {"worst_cap", report.worst_cap},
                   {"worst_balance", report.worst_balance},
                   {"most_outstanding", report.most_outstanding},
                   {"budget", report.budget},
                   {"held_at_end", report.held_at_end},
                   {"in_bank_at_end", report.in_bank_at_end},
                   {"share_at_end", report.share_at_end},
                   {"span_seconds", report.span.value()}};
  answer.rows = table;
  const int status = deliver(std::move(answer), options.command, {}, options.output, common);
  return status == 0 && !report.holds() ? 1 : status;
}

}  // namespace cradle::cli
