// cradle observe: tenants with their watts and grams, redrawn at every tick.
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <utility>

#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "verb_observe.h"

namespace cradle::cli {

namespace {

using observe::Component;
using report::Align;
using Json = nlohmann::ordered_json;

constexpr double microjoules_per_joule = 1e6, ns_per_second = 1e9, seconds_per_hour = 3600;

/// What a tenant came to at the tick before.
struct Mark {
  std::int64_t cpu_ns = 0;
  std::int64_t microjoules = 0;
  double grams = 0;
};

struct Row {
  const observe::GroupTotals* group = nullptr;
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

Mark mark_of(const observe::GroupTotals& group, attribution::IdlePolicy policy) {
  return {group.totals.cpu_ns, microjoules(group.totals, policy), grams(group.totals)};
}

class View {
 public:
  /// `start`: what there was before the first tick, after a restart all that a checkpoint held.
  View(const ObserveOptions& options, const observe::Snapshot& start, bool terminal)
      : options_(options), terminal_(terminal) {
    for (const observe::GroupTotals& group : start.groups) marks_[group.path] = mark_of(group, start.policy);
  }

  void draw(const observe::Snapshot& snapshot) {
    std::vector<Row> rows;
    std::unordered_map<std::string, Mark> marks;
    const double seconds = static_cast<double>(snapshot.interval_ns) / ns_per_second;
    for (const observe::GroupTotals& group : snapshot.groups) {
      const Mark now = mark_of(group, snapshot.policy);
      const auto known = marks_.find(group.path);
      const Mark before = known == marks_.end() ? Mark{} : known->second;
      Row row{&group};
      if (seconds > 0) {
        row.cores = static_cast<double>(now.cpu_ns - before.cpu_ns) / ns_per_second / seconds;
        row.watts = static_cast<double>(now.microjoules - before.microjoules) / microjoules_per_joule / seconds;
        row.grams_per_hour = (now.grams - before.grams) / seconds * seconds_per_hour;
      }
      marks[group.path] = now;
      if (group.totals.cpu_ns > 0) rows.push_back(row);
    }
    marks_ = std::move(marks);
    const auto key = [&](const Row& row) {
      return options_.sort == "grams" ? grams(row.group->totals) : options_.sort == "watts" ? row.watts : row.cores;
    };
    std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return key(a) > key(b); });

    const std::size_t shown = options_.rows == 0 ? rows.size() : std::min<std::size_t>(rows.size(), options_.rows);
    std::string text = header(snapshot);
    report::Table table;
    table.column("tenant", "tenant")
        .column("kind", "kind")
        .column("cores", "cores", Align::right, 2)
        .column("watts", "power", Align::right, 2, "W")
        .column("joules", "energy", Align::right, 1, "J")
        .column("operational_g", "operational", Align::right, 0, "gCO2e")
        .column("embodied_g", "embodied", Align::right, 0, "gCO2e")
        .column("grams_per_hour", "rate", Align::right, 3, "g/h");
    for (std::size_t i = 0; i < shown; ++i) {
      const observe::GroupTotals& group = *rows[i].group;
      table.row({group.tenant.name + (group.ended ? " (ended)" : ""), std::string(to_string(group.tenant.kind)),
                 rows[i].cores, rows[i].watts,
                 static_cast<double>(microjoules(group.totals, snapshot.policy)) / microjoules_per_joule,
                 report::significant(group.totals.operational_average.value.value(), 3),
                 report::significant(group.totals.embodied.value.value(), 3), rows[i].grams_per_hour});
    }
    text += table.to_text(width());
    if (shown < rows.size()) text += std::to_string(rows.size() - shown) + " more; --rows 0 shows all\n";
    text += footer(snapshot);
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
    return snapshot.node_name + ": " + report::significant(watts, 3) + " W, processors " +
           report::percent_text(snapshot.busy_share) + " busy, tick " + std::to_string(snapshot.ticks) + ", " +
           report::mass_text(carbon::GramsCO2e{grams(snapshot.node)}) + " since the start (grid " + options_.grid +
           ")\n\n";
  }

  static std::string footer(const observe::Snapshot& snapshot) {
    const auto joules = [&](const observe::Totals& totals) {
      return report::significant(static_cast<double>(microjoules(totals, snapshot.policy)) / microjoules_per_joule, 4) +
             " J";
    };
    std::string text = "\nidle " + joules(snapshot.idle) + " (policy: " + to_string(snapshot.policy) + "), overhead " +
                       joules(snapshot.overhead) + ", unattributed " + joules(snapshot.unattributed) + "\nenergy is";
    std::string kinds;
    for (const char* kind : {"measured", "estimated", "simulated"}) {
      std::string parts;
      for (std::size_t c = 0; c < observe::components; ++c)
        if (const auto component = static_cast<Component>(c); knowledge_of(snapshot, component) == kind)
          parts += std::string(parts.empty() ? "" : ", ") + observe::to_string(component);
      if (!parts.empty()) kinds += std::string(kinds.empty() ? " " : "; ") + kind + " for " + parts;
    }
    text += kinds.empty() ? " unknown\n" : kinds + "\n";
    for (const std::string& note : snapshot.notes) text += "note: " + note + "\n";
    return text;
  }

  const ObserveOptions& options_;
  bool terminal_;
  bool drawn_ = false;
  std::unordered_map<std::string, Mark> marks_;  ///< by path of the group
};

Json to_json(const observe::Snapshot& snapshot) {
  Json document;
  document["schema"] = "cradle.observe.node/1";
  document["node"] = snapshot.node_name;
  document["at"] = to_iso(snapshot.at);
  document["tick"] = snapshot.ticks;
  document["interval_seconds"] = static_cast<double>(snapshot.interval_ns) / ns_per_second;
  document["idle_policy"] = attribution::to_string(snapshot.policy);
  const auto totals = [&](const observe::Totals& t) {
    Json energy = Json::object();
    for (std::size_t c = 0; c < observe::components; ++c) {
      const auto component = static_cast<Component>(c);
      if (!knowledge_of(snapshot, component).empty())
        energy[observe::to_string(component)] =
            static_cast<double>(t.microjoules(snapshot.policy, component)) / microjoules_per_joule;
    }
    return Json{{"cpu_seconds", static_cast<double>(t.cpu_ns) / ns_per_second},
                {"joules", energy},
                {"operational_g", t.operational_average.value.value()},
                {"embodied_g", t.embodied.value.value()}};
  };
  Json& kinds = document["meter_kind"] = Json::object();
  for (std::size_t c = 0; c < observe::components; ++c)
    if (const std::string kind = knowledge_of(snapshot, static_cast<Component>(c)); !kind.empty())
      kinds[observe::to_string(static_cast<Component>(c))] = kind;
  document["total"] = totals(snapshot.node);
  document["idle"] = totals(snapshot.idle);
  document["overhead"] = totals(snapshot.overhead);
  document["unattributed"] = totals(snapshot.unattributed);
  Json& rows = document["rows"] = Json::array();
  for (const observe::GroupTotals& group : snapshot.groups) {
    Json row = totals(group.totals);
    row["cgroup"] = group.path;
    row["kind"] = to_string(group.tenant.kind);
    row["tenant"] = group.tenant.name;
    row["ended"] = group.ended;
    rows.push_back(std::move(row));
  }
  document["notes"] = snapshot.notes;
  return document;
}

}  // namespace

int observe_view(const ObserveOptions& options, const observe::ObserverOptions& observer_options, Pace pace,
                 const catalog::Catalog& catalog, const Common&) {
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
