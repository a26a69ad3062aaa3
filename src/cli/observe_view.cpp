// cradle observe: tenants with their watts and grams, redrawn at every tick.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "verb_observe.h"

namespace cradle::cli {

namespace {

using observe::Component;
using report::Align;
using Json = nlohmann::ordered_json;

constexpr double microjoules_per_joule = 1e6, ns_per_second = 1e9, seconds_per_hour = 3600;

/// What a tenant or process came to at the tick before.
struct Mark {
  std::int64_t cpu_ns = 0;
  std::int64_t microjoules = 0;
  double grams = 0;
};

/// One line of the view: a control group or a process.
struct Row {
  std::string key;  ///< the same from tick to tick
  std::string name, of;
  Mark now;
  double operational = 0, embodied = 0;  ///< grams
  double watts = 0, cores = 0, grams_per_hour = 0;
};

std::int64_t microjoules(const observe::Totals& totals, attribution::IdlePolicy policy) {
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < observe::components; ++c) sum += totals.microjoules(policy, static_cast<Component>(c));
  return sum;
}

double grams(const observe::Totals& totals) {
  return (totals.operational_average.value + totals.embodied.value).value();
}

std::string with_end(const std::string& name, bool ended) { return name + (ended ? " (ended)" : ""); }

std::vector<Row> rows_of_groups(const observe::Snapshot& snapshot) {
  std::vector<Row> rows;
  for (const observe::GroupTotals& group : snapshot.groups) {
    const observe::Totals& totals = group.totals;
    Row row;
    row.key = group.path;
    row.name = with_end(group.tenant.name, group.ended);
    row.of = to_string(group.tenant.kind);
    row.now = {totals.cpu_ns, microjoules(totals, snapshot.policy), grams(totals)};
    row.operational = totals.operational_average.value.value();
    row.embodied = totals.embodied.value.value();
    rows.push_back(std::move(row));
  }
  return rows;
}

std::unordered_map<std::uint64_t, const observe::GroupTotals*> groups_by_id(const observe::Snapshot& snapshot) {
  std::unordered_map<std::uint64_t, const observe::GroupTotals*> groups;
  for (const observe::GroupTotals& group : snapshot.groups) groups.emplace(group.id, &group);
  return groups;
}

std::vector<Row> rows_of_processes(const observe::Snapshot& snapshot) {
  std::vector<Row> rows;
  const auto groups = groups_by_id(snapshot);
  for (const observe::ProcessTotals& process : snapshot.processes) {
    const auto group = groups.find(process.group);
    const std::string pid = std::to_string(process.key.pid);
    Row row;
    row.key = pid + ' ' + std::to_string(process.key.started_ns);
    row.name = with_end(pid + ' ' + process.command, process.ended);
    if (group != groups.end()) row.of = group->second->tenant.name;
    row.now = {process.cpu_ns, 0, (process.operational + process.embodied).value()};
    for (std::size_t c = 0; c < observe::components; ++c)
      row.now.microjoules += process.dynamic_microjoules[c] + process.idle_microjoules[c];
    row.operational = process.operational.value();
    row.embodied = process.embodied.value();
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Half the range over the value, "+-5.1 %" or "+-51 %"; empty for nothing.
template <class Quantity>
std::string plus_minus(const carbon::Estimate<Quantity>& estimate) {
  if (!(estimate.value.value() > 0)) return {};
  const double ratio = (estimate.high - estimate.low) / estimate.value / 2;
  constexpr double large = 0.1;
  return "+-" + report::percent_text(ratio, ratio < large ? 1 : 0);
}

/// In lines of at most `width` columns, broken between words; a longer word stays whole.
std::string in_lines(const std::string& text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t size = report::display_width(word);
    if (column > 0 && column + 1 + size > width) {
      lines += '\n';
      column = 0;
    } else if (column > 0) {
      lines += ' ';
      ++column;
    }
    lines += word;
    column += size;
  }
  return lines + '\n';
}

class View {
 public:
  /// `start`: what there was before the first tick, after a restart all that a checkpoint held.
  View(const ObserveOptions& options, const observe::Snapshot& start, bool terminal)
      : options_(options), terminal_(terminal) {
    for (const Row& row : rows_of(start)) marks_[row.key] = row.now;
  }

  void draw(const observe::Snapshot& snapshot) {
    std::vector<Row> rows = rows_of(snapshot);
    std::unordered_map<std::string, Mark> marks;
    const double seconds = static_cast<double>(snapshot.interval_ns) / ns_per_second;
    for (Row& row : rows) {
      const auto known = marks_.find(row.key);
      const Mark before = known == marks_.end() ? Mark{} : known->second;
      if (seconds > 0) {
        row.cores = static_cast<double>(row.now.cpu_ns - before.cpu_ns) / ns_per_second / seconds;
        row.watts = static_cast<double>(row.now.microjoules - before.microjoules) / microjoules_per_joule / seconds;
        row.grams_per_hour = (row.now.grams - before.grams) / seconds * seconds_per_hour;
      }
      marks[row.key] = row.now;
    }
    marks_ = std::move(marks);
    std::erase_if(rows, [](const Row& row) { return row.now.cpu_ns <= 0; });
    const auto key = [&](const Row& row) {
      return options_.sort == "grams" ? row.now.grams : options_.sort == "watts" ? row.watts : row.cores;
    };
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) > key(b); });

    const std::size_t shown = options_.rows == 0 ? rows.size() : std::min<std::size_t>(rows.size(), options_.rows);
    std::string text = header(snapshot);
    report::Table table;
    table.column(by_process() ? "process" : "tenant", by_process() ? "process" : "tenant")
        .column(by_process() ? "tenant" : "kind", by_process() ? "tenant" : "kind")
        .column("cores", "cores", Align::right, 2)
        .column("watts", "power", Align::right, 2, "W")
        .column("joules", "energy", Align::right, 1, "J")
        .column("operational_g", "operational", Align::right, 0, "gCO2e")
        .column("embodied_g", "embodied", Align::right, 0, "gCO2e")
        .column("grams_per_hour", "rate", Align::right, 3, "g/h");
    for (std::size_t i = 0; i < shown; ++i) {
      const Row& row = rows[i];
      table.row({row.name, row.of, row.cores, row.watts,
                 static_cast<double>(row.now.microjoules) / microjoules_per_joule,
                 report::significant(row.operational, 3), report::significant(row.embodied, 3), row.grams_per_hour});
    }
    text += table.to_text(width());
    if (shown < rows.size()) text += std::to_string(rows.size() - shown) + " more; --rows 0 shows all\n";
    text += footer(snapshot, width());
    // Home, the text, and whatever the picture before left below it.
    if (terminal_)
      text = "\x1b[H\x1b[2J" + text;
    else if (drawn_)
      text = "\n" + text;
    drawn_ = true;
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
  }

 private:
  bool by_process() const { return options_.by == "process"; }
  std::vector<Row> rows_of(const observe::Snapshot& snapshot) const {
    return by_process() ? rows_of_processes(snapshot) : rows_of_groups(snapshot);
  }

  static std::size_t width() {
    winsize size{};
    constexpr std::size_t narrowest = 40;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return report::Table::default_width;
    return std::max<std::size_t>(size.ws_col, narrowest);
  }

  std::string header(const observe::Snapshot& snapshot) const {
    double watts = 0;
    for (const observe::ZoneTotals& zone : snapshot.zones)
      if (zone.counted) watts += zone.watts;
    return in_lines(snapshot.node_name + ": " + report::significant(watts, 3) + " W, processors " +
                        report::percent_text(snapshot.busy_share) + " busy, tick " + std::to_string(snapshot.ticks) +
                        ", " + report::mass_text(carbon::GramsCO2e{grams(snapshot.node)}) + " since the start (grid " +
                        options_.grid + ")",
                    width()) +
           "\n";
  }

  std::string footer(const observe::Snapshot& snapshot, std::size_t columns) const {
    const auto joules = [&](const observe::Totals& totals) {
      return report::significant(static_cast<double>(microjoules(totals, snapshot.policy)) / microjoules_per_joule, 4) +
             " J";
    };
    std::string text =
        "\n" + in_lines("idle " + joules(snapshot.idle) + " (policy: " + to_string(snapshot.policy) + "), overhead " +
                            joules(snapshot.overhead) + ", unattributed " + joules(snapshot.unattributed),
                        columns);
    std::string kinds;
    for (const char* kind : {"measured", "estimated", "simulated"}) {
      std::string parts;
      for (std::size_t c = 0; c < observe::components; ++c) {
        const auto component = static_cast<Component>(c);
        if (knowledge_of(snapshot, component) != kind) continue;
        const std::string range = plus_minus(energy_estimate(snapshot, snapshot.node, component));
        parts += std::string(parts.empty() ? "" : ", ") + observe::to_string(component);
        if (!range.empty()) parts += " (" + range + ")";
      }
      if (!parts.empty()) kinds += std::string(kinds.empty() ? " " : "; ") + kind + " for " + parts;
    }
    text += in_lines("energy is" + (kinds.empty() ? " unknown" : kinds), columns);
    const std::string operational = plus_minus(snapshot.node.operational_average),
                      embodied = plus_minus(snapshot.node.embodied);
    if (!operational.empty() && !embodied.empty())
      text += in_lines("grams: operational " + operational + ", embodied " + embodied, columns);
    // Whoever reads the view from a file looks for notes as they are.
    for (const std::string& note : snapshot.notes)
      text += terminal_ ? in_lines("note: " + note, columns) : "note: " + note + "\n";
    return text;
  }

  const ObserveOptions& options_;
  bool terminal_;
  bool drawn_ = false;
  std::unordered_map<std::string, Mark> marks_;  ///< by key of the row
};

template <class Quantity>
Json low_high(const carbon::Estimate<Quantity>& estimate) {
  return Json::array({estimate.low.value(), estimate.high.value()});
}

double in_joules(std::int64_t microjoules) { return static_cast<double>(microjoules) / microjoules_per_joule; }

/// The grams of totals with their ranges.
void add_grams(const observe::Totals& totals, Json& row) {
  row["operational_g"] = totals.operational_average.value.value();
  row["operational_g_range"] = low_high(totals.operational_average);
  if (totals.operational_marginal) {
    row["operational_marginal_g"] = totals.operational_marginal->value.value();
    row["operational_marginal_g_range"] = low_high(*totals.operational_marginal);
  }
  row["embodied_g"] = totals.embodied.value.value();
  row["embodied_g_range"] = low_high(totals.embodied);
}

/// Joules by component, of Totals or a process, with their ranges.
template <class Consumer>
void add_joules(const observe::Snapshot& snapshot, const Consumer& consumer, Json& row) {
  Json energy = Json::object(),
       ranges = Json::object();  // no references into `row`: an ordered object moves its values
  for (std::size_t c = 0; c < observe::components; ++c) {
    const auto component = static_cast<Component>(c);
    if (knowledge_of(snapshot, component).empty()) continue;
    const carbon::Estimate<carbon::Joules> estimate = energy_estimate(snapshot, consumer, component);
    energy[observe::to_string(component)] = estimate.value.value();
    ranges[observe::to_string(component)] = low_high(estimate);
  }
  row["joules"] = std::move(energy);
  row["joules_range"] = std::move(ranges);
}

Json to_json(const observe::Snapshot& snapshot, const observe::GroupTotals& group) {
  Json row{{"cpu_seconds", static_cast<double>(group.totals.cpu_ns) / ns_per_second}};
  add_joules(snapshot, group.totals, row);
  Json untold = Json::object();
  for (std::size_t c = 0; c < observe::components; ++c)
    if (const auto component = static_cast<Component>(c); !knowledge_of(snapshot, component).empty())
      untold[observe::to_string(component)] = in_joules(group.untold_microjoules[c] + group.untold_idle_microjoules[c]);
  row["untold_joules"] = std::move(untold);
  add_grams(group.totals, row);
  row["cgroup"] = group.path;
  row["kind"] = to_string(group.tenant.kind);
  row["tenant"] = group.tenant.name;
  row["ended"] = group.ended;
  return row;
}

Json to_json(const observe::ZoneTotals& totals) {
  Json row{{"zone", totals.zone.name},
           {"source", totals.zone.source},
           {"component", observe::to_string(totals.component)},
           {"counted", totals.counted},
           {"joules", in_joules(totals.microjoules)},
           {"watts", totals.watts},
           {"uncertainty", totals.zone.uncertainty}};
  Json events = Json::object();
  for (std::size_t e = 0; e < observe::meter_events; ++e)
    if (totals.events[e] > 0) events[to_string(static_cast<observe::MeterEvent>(e))] = totals.events[e];
  row["events"] = std::move(events);
  return row;
}

Json to_json(const observe::Snapshot& snapshot) {
  Json document;
  document["schema"] = "cradle.observe.node/1";
  document["node"] = snapshot.node_name;
  document["at"] = to_iso(snapshot.at);
  document["tick"] = snapshot.ticks;
  document["interval_seconds"] = static_cast<double>(snapshot.interval_ns) / ns_per_second;
  document["idle_policy"] = attribution::to_string(snapshot.policy);
  Json& kinds = document["meter_kind"] = Json::object();
  for (std::size_t c = 0; c < observe::components; ++c)
    if (const std::string kind = knowledge_of(snapshot, static_cast<Component>(c)); !kind.empty())
      kinds[observe::to_string(static_cast<Component>(c))] = kind;
  Json total{{"cpu_seconds", static_cast<double>(snapshot.node.cpu_ns) / ns_per_second}};
  add_joules(snapshot, snapshot.node, total);
  add_grams(snapshot.node, total);
  document["total"] = std::move(total);
  // What nobody bears: its range is that of the meters, which the total has.
  for (const auto& [name, totals] : {std::pair{"idle", &snapshot.idle}, std::pair{"overhead", &snapshot.overhead},
                                     std::pair{"unattributed", &snapshot.unattributed}}) {
    Json part{{"cpu_seconds", static_cast<double>(totals->cpu_ns) / ns_per_second}};
    Json energy = Json::object();
    for (std::size_t c = 0; c < observe::components; ++c)
      if (const auto component = static_cast<Component>(c); !knowledge_of(snapshot, component).empty())
        energy[observe::to_string(component)] = in_joules(totals->microjoules(snapshot.policy, component));
    part["joules"] = std::move(energy);
    add_grams(*totals, part);
    document[name] = std::move(part);
  }
  Json zones = Json::array(), rows = Json::array(), processes = Json::array();
  for (const observe::ZoneTotals& zone : snapshot.zones) zones.push_back(to_json(zone));
  for (const observe::GroupTotals& group : snapshot.groups) rows.push_back(to_json(snapshot, group));
  const auto groups = groups_by_id(snapshot);
  for (const observe::ProcessTotals& process : snapshot.processes) {
    const auto group = groups.find(process.group);
    Json row{{"pid", process.key.pid},
             {"comm", process.command},
             {"cgroup", group == groups.end() ? std::string() : group->second->path},
             {"cpu_seconds", static_cast<double>(process.cpu_ns) / ns_per_second}};
    add_joules(snapshot, process, row);
    row["operational_g"] = process.operational.value();
    row["embodied_g"] = process.embodied.value();
    row["ended"] = process.ended;
    processes.push_back(std::move(row));
  }
  document["zones"] = std::move(zones);
  document["rows"] = std::move(rows);
  document["processes"] = std::move(processes);
  document["notes"] = snapshot.notes;
  return document;
}

}  // namespace

int observe_view(const ObserveOptions& options, const observe::ObserverOptions& observer_options, Pace pace,
                 const catalog::Catalog& catalog, const Common&) {
  if (const std::vector<std::string> levels{"tenant", "process"};
      std::find(levels.begin(), levels.end(), options.by) == levels.end())
    return fail(bad_input("no level '" + options.by + "'", "--by", suggest(options.by, levels)));
  auto opened = observe::Observer::open(observer_options, catalog);
  if (!opened) return fail(opened.error());
  observe::Observer& node = **opened;
  StopGuard guard;
  const bool json = options.output == Output::json;
  View view(options, node.snapshot(), ::isatty(STDOUT_FILENO) == 1);
  std::uint64_t ticks = 0;
  while ((options.ticks == 0 || ticks < options.ticks) && guard.pause(pace.interval_ms)) {
    ++ticks;
    if (auto ticked = node.tick(); !ticked) return fail(ticked.error());
    // One line for each tick, so that a program can read them as they come.
    if (json) {
      std::fputs((to_json(node.snapshot()).dump(-1, ' ', false, Json::error_handler_t::replace) + "\n").c_str(),
                 stdout);
      std::fflush(stdout);
    } else {
      view.draw(node.snapshot());
    }
  }
  if (auto done = node.finish(); !done) return fail(done.error());
  return 0;
}

}  // namespace cradle::cli
