// cradle inference allocate: which accelerators serve which servers, and how far from the optimum that can be.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "cradle/base/text.h"
#include "cradle/inference/allocation.h"
#include "cradle/inference/embodied.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "interrupt.h"
#include "verb_inference.h"

namespace cradle::cli {

namespace {

using namespace inference;
using report::Align;
using report::Cell;

constexpr double seconds_per_hour = 3600;

const char* unit_of(Objective objective) {
  switch (objective) {
    case Objective::cost: return "c/h";
    case Objective::watts: return "W";
    case Objective::carbon: break;
  }
  return "gCO2e/h";
}

/// Refuses what the solver would not look at.
Result<void> check_solver(const InferenceOptions& options) {
  const std::vector<std::string> solvers{"heuristic", "milp", "greedy"};
  if (std::find(solvers.begin(), solvers.end(), options.solver) == solvers.end())
    return bad_input("no solver '" + options.solver + "'", "--solver", suggest(options.solver, solvers));
  const bool milp = options.solver == "milp";
  if (const char* unused =
          milp ? first_given(options.given, {"--seed", "--steps"}) : first_given(options.given, {"--time-limit"}))
    return bad_input("the solver " + options.solver + " would not look at it", unused,
                     milp ? "leave it out, or use --solver heuristic: milp has --time-limit"
                          : "leave it out, or use --solver milp: the others have --steps and --seed");
  if (options.solver == "greedy" && options.priorities)
    return bad_input("the published rule goes by priority in any case", "--priorities",
                     "leave it out, or use --solver heuristic or milp");
  return {};
}

Result<AllocationResult> solved(const InferenceOptions& options, const InfernoSystem& system,
                                const AllocationProblem& problem) {
  AllocationOptions solver;
  solver.seed = options.seed;
  solver.most_steps = options.steps;
  solver.time_limit_seconds = options.time_limit;
  solver.interrupted = [] { return InterruptGuard::interrupted(); };
  if (options.solver == "heuristic") return inference::allocate(problem, solver);
  if (options.solver == "milp") return allocate_by_program(problem, solver);
  auto greedy = allocate_published(problem, system.saturation, system.delayed_best_effort);
  if (!greedy) return greedy.error();
  // The published rule proves nothing; the bound of our search says how far off it is.
  AllocationProblem all_at_once = problem;
  all_at_once.by_priority = false;
  if (const auto best = inference::allocate(all_at_once, solver); best && best->unserved == greedy->unserved) {
    greedy->bound = std::min(best->bound, greedy->value);
    greedy->gap = greedy->value > 0 ? (greedy->value - greedy->bound) / greedy->value : 0;
  }
  return greedy;
}

/// Over what is known; `no_power` are the accelerators in use without a power curve, `no_embodied` the types in use
/// whose embodied grams are not known.
struct Sums {
  double cents_per_h = 0, watts = 0, host_watts = 0, operational = 0, embodied = 0;
  std::set<std::string> no_power, no_embodied;

  void add(const Part& part) {
    cents_per_h += part.cents_per_h;
    host_watts += part.host_watts.value();
    if (part.watts) {
      watts += part.watts->value();
      operational += part.operational->value() * seconds_per_hour;
    } else {
      no_power.insert(part.accelerator);
    }
    if (part.embodied)
      embodied += part.embodied->value() * seconds_per_hour;
    else
      no_embodied.insert(part.type);
  }
};

template <class Names>
std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// A total, or what lacks for it.
std::string total_text(const std::string& total, const std::string& what, const std::set<std::string>& unknown) {
  return ", " + (unknown.empty() ? total : what + " unknown for " + joined(unknown));
}

/// What is said of the proof: a class's gap is to its best among what the classes before it can leave it.
std::string proof_text(const AllocationResult& result, bool by_class) {
  std::string text = " (gap " + report::percent_text(result.gap, 2) + (by_class ? " class by class" : "");
  if (result.optimal) text += by_class ? ", each class optimal after those before it" : ", proven optimal";
  return text + ")";
}

/// What every unserved server lacks, one server after the other.
std::string lacks_text(const InfernoSystem& system, const PricedProblem& priced, const AllocationResult& result) {
  std::string text;
  for (std::size_t i = 0; i < result.taken.size(); ++i) {
    if (result.taken[i].choice >= 0) continue;
    text += (text.empty() ? "" : "; ") + system.servers[i].name + " lacks ";
    // Of each type the choice that lacks least.
    std::map<int, Shortage> least;
    for (const Shortage& shortage : shortages(priced.problem, result, static_cast<int>(i)))
      least.emplace(shortage.type, shortage);
    bool first = true;
    for (const auto& [type, shortage] : least) {
      text += (first ? "" : " or ") + std::to_string(shortage.needed - shortage.left) + " " +
              priced.types[static_cast<std::size_t>(type)] + " (" + std::to_string(shortage.needed) + " needed, " +
              std::to_string(shortage.left) + " left)";
      first = false;
    }
  }
  return text;
}

/// What to do where servers are left out. A rule that goes by classes may leave one out that a search over all finds
/// devices for; a short one tells.
std::string left_out_hint(const InferenceOptions& options, const AllocationProblem& problem) {
  std::string usual = "add devices, relax targets, or use --unlimited to see what it takes";
  const bool greedy = options.solver == "greedy";
  if (!greedy && !options.priorities) return usual;
  AllocationProblem all_at_once = problem;
  all_at_once.by_priority = false;
  constexpr std::int64_t few_steps = 20'000;
  AllocationOptions search;
  search.seed = options.seed;
  search.most_steps = std::min(options.steps, few_steps);
  search.interrupted = [] { return InterruptGuard::interrupted(); };
  const auto found = inference::allocate(all_at_once, search);
  if (!found || found->unserved > 0) return usual;
  return std::string("the devices suffice for all servers: ") +
         (greedy ? "use --solver heuristic" : "leave --priorities out") + ", or " + usual;
}

/// The hosts of all types go into the terms, or of none: counted for some only, they would draw load to the others.
/// True if they are in.
Result<bool> add_hosts(const InferenceOptions& options, const InfernoSystem& system, const catalog::Catalog& catalog,
                       InferenceTerms& terms) {
  if (options.no_hosts && !options.hosts.empty())
    return bad_input("hosts are given and left out", "--no-hosts", "give --host or --no-hosts");
  const auto given = pairs_by_type(options.hosts, "--host", "write TYPE=KEY");
  if (!given) return given.error();
  if (options.no_hosts) {
    terms.notes.emplace_back("hosts are not counted (--no-hosts)");
    return false;
  }
  auto shares = host_shares(system, catalog, *given);
  if (!shares) return shares.error();
  if (!shares->unknown.empty()) {
    terms.notes.push_back("hosts are not counted: none is known for " + joined(shares->unknown) +
                          "; give one with --host TYPE=KEY");
    return false;
  }
  terms.options.carbon.hosts = std::move(shares->of_type);
  if (options.operational_only)
    for (auto& [type, share] : terms.options.carbon.hosts) share.embodied = {};
  terms.notes.insert(terms.notes.end(), shares->notes.begin(), shares->notes.end());
  return true;
}

}  // namespace

int run_inference_allocate(const InferenceOptions& options, const Common& common) {
  const auto objective = objective_by_name(options.objective);
  if (!objective) return fail(objective.error());
  if (auto fine = check_solver(options); !fine) return fail(fine.error());
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  auto system = read_inferno(options.input);
  if (!system) return fail(system.error());
  system->heterogeneous = system->heterogeneous || options.mixed;
  system->unlimited = system->unlimited || options.unlimited;
  auto terms = inference_terms(options, *system, *catalog);
  if (!terms) return fail(terms.error());
  if (options.operational_only) {
    terms->options.carbon.embodied.clear();
    terms->notes.clear();
    if (terms->with_grams) terms->notes.emplace_back("embodied grams are left out (--operational-only)");
  }
  const std::size_t notes_before = terms->notes.size();
  const auto with_hosts = add_hosts(options, *system, *catalog, *terms);
  if (!with_hosts) return fail(with_hosts.error());
  if (*objective == Objective::cost && !terms->with_grams && !*with_hosts) terms->notes.resize(notes_before);
  if (*objective == Objective::carbon && !terms->with_grams)
    return fail(bad_input("grams need an intensity", "--objective carbon", "give --intensity G or --grid KEY"));

  const auto all = candidates(*system, terms->options);
  if (!all) return fail(all.error());
  auto priced = priced_problem(*system, *all, *objective, terms->options, options.transition);
  if (!priced) return fail(priced.error());
  if (!priced->unknown_embodied.empty() && !options.operational_only)
    return fail(missing_data("embodied grams of " + joined(priced->unknown_embodied) +
                                 " are not known; counted as 0 they would draw load there",
                             "--objective carbon",
                             "give --embodied TYPE=KG:YEARS for each, or leave all embodied grams out with "
                             "--operational-only"));
  priced->problem.by_priority = options.priorities;
  const InterruptGuard guard;
  const auto result = solved(options, *system, priced->problem);
  if (!result) return fail(result.error());

  report::Table table;
  table.column("server", "server")
      .column("priority", "priority", Align::right)
      .column("accelerator", "accelerator")
      .column("replicas", "replicas", Align::right)
      .column("devices", "devices", Align::right)
      .column("itl_ms", "ITL", Align::right, 2, "ms")
      .column("ttft_ms", "TTFT", Align::right, 2, "ms")
      .column("cents_per_h", "cost", Align::right, 2, "c/h")
      .column("watts", "draw", Align::right, 0, "W");
  if (*with_hosts) table.column("host_watts", "hosts", Align::right, 0, "W");
  table.column("operational_g_per_h", "operation", Align::right, 1, "g/h")
      .column("embodied_g_per_h", "embodied", Align::right, 2, "g/h");
  Sums sums;
  const auto grams = [&](const auto& rate) {
    return rate && terms->with_grams ? Cell(rate->value() * seconds_per_hour) : Cell();
  };
  for (std::size_t i = 0; i < system->servers.size(); ++i) {
    const InfernoServer& server = system->servers[i];
    const auto priority = static_cast<std::int64_t>(priced->problem.demands[i].priority);
    const Taken taken = result->taken[i];
    if (taken.choice < 0) {
      std::vector<Cell> cells{server.name, priority, std::string("unserved")};
      cells.resize(*with_hosts ? 12 : 11);
      table.row(std::move(cells));
      continue;
    }
    const int index = priced->candidates[i][static_cast<std::size_t>(taken.choice)];
    Candidate candidate = (*all)[i].candidates[static_cast<std::size_t>(index)];
    if (candidate.parts.size() == 1 && taken.parts < candidate.parts[0].replicas) {
      auto fewer = size_on(*system, server, candidate.parts[0].accelerator, terms->options, taken.parts);
      if (!fewer) return fail(fewer.error());
      candidate.parts[0] = std::move(*fewer);
    }
    for (const Part& part : candidate.parts) {
      std::vector<Cell> cells{server.name,        priority,         part.accelerator,
                              part.replicas,      part.devices,     part.state.itl_ms,
                              part.state.ttft_ms, part.cents_per_h, part.watts ? Cell(part.watts->value()) : Cell()};
      if (*with_hosts) cells.emplace_back(part.host_watts.value());
      cells.push_back(grams(part.operational));
      cells.push_back(grams(part.embodied));
      table.row(std::move(cells));
    }
    for (const Part& part : candidate.parts) sums.add(part);
  }
  // The published rule with more unserved than need be: no bound speaks of such an allocation.
  const bool bounded = result->bound > 0 || result->value == 0;
  const bool with_embodied = terms->with_grams && !options.operational_only;
  const auto list = [](const std::set<std::string>& names) { return names.empty() ? Cell() : Cell(joined(names)); };
  if (options.output == Output::json) {
    std::fputs(
        table
            .to_json(
                "cradle.inference.allocate/1",
                {{"objective", options.objective},
                 {"unit", std::string(unit_of(*objective))},
                 {"solver", options.solver},
                 {"value", result->value},
                 {"bound", bounded ? Cell(result->bound) : Cell()},
                 {"gap", bounded ? Cell(result->gap) : Cell()},
                 {"optimal", std::string(!result->optimal     ? "no"
                                         : options.priorities ? "by class"
                                                              : "yes")},
                 {"unserved", static_cast<std::int64_t>(result->unserved)},
                 {"cents_per_h", sums.cents_per_h},
                 {"watts", sums.no_power.empty() ? Cell(sums.watts) : Cell()},
                 {"host_watts", *with_hosts ? Cell(sums.host_watts) : Cell()},
                 {"watts_unknown_of", list(sums.no_power)},
                 {"operational_g_per_h", terms->with_grams && sums.no_power.empty() ? Cell(sums.operational) : Cell()},
                 {"embodied_g_per_h", with_embodied && sums.no_embodied.empty() ? Cell(sums.embodied) : Cell()},
                 {"embodied_unknown_of", with_embodied ? list(sums.no_embodied) : Cell()}})
            .c_str(),
        stdout);
  } else if (options.output == Output::csv) {
    std::fputs(table.to_csv().c_str(), stdout);
  } else {
    std::string text = table.to_text(140) + "\n";
    const std::size_t servers = system->servers.size();
    if (result->unserved > 0)
      text +=
          "servers that lack devices: " + std::to_string(result->unserved) + " of " + std::to_string(servers) + "; ";
    text += options.objective + ": " + report::significant(result->value, 8) + " " + unit_of(*objective);
    if (bounded)
      text += ", at least " + report::significant(result->bound, 8) +
              proof_text(*result, options.priorities && options.solver != "greedy");
    text += "\n";
    const double running = *objective == Objective::cost    ? sums.cents_per_h
                           : *objective == Objective::watts ? sums.watts + sums.host_watts
                           : with_embodied                  ? sums.operational + sums.embodied
                                                            : sums.operational;
    const double changes = result->value - running;
    if (result->unserved == 0 && changes > 1e-9 * result->value)
      text += "of it for servers that leave their accelerator: " + report::significant(changes, 6) + " " +
              unit_of(*objective) + "\n";
    text += "in all: " + report::grouped(sums.cents_per_h, 0) + " c/h";
    text += total_text(report::grouped(sums.watts / 1000, 2) + " kW", "draw", sums.no_power);
    if (*with_hosts) text += ", " + report::grouped(sums.host_watts / 1000, 2) + " kW of hosts";
    if (terms->with_grams)
      text += total_text(report::grouped(sums.operational, 0) + " g/h of operation", "operation", sums.no_power);
    if (with_embodied)
      text += total_text(report::grouped(sums.embodied, 0) + " g/h embodied", "embodied", sums.no_embodied);
    std::fputs((text + "\n").c_str(), stdout);
  }
  std::vector<std::string> notes = system->notes;
  notes.insert(notes.end(), terms->notes.begin(), terms->notes.end());
  if (!sums.no_power.empty())
    notes.push_back("draw of " + joined(sums.no_power) +
                    ": not known, so that no total is told; add its 'power' to accelerator-data.json");
  if (InterruptGuard::interrupted()) notes.emplace_back("interrupted: this is the best so far");
  print_notes(notes, common);
  if (result->unserved == 0) return 0;
  const std::string lacks = lacks_text(*system, *priced, *result);
  return fail({ErrorCode::budget_exceeded,
               std::to_string(result->unserved) + " of " + std::to_string(system->servers.size()) +
                   " servers have not all they need" + (lacks.empty() ? "" : ": " + lacks),
               (options.input / "capacity-data.json").string(), left_out_hint(options, priced->problem)});
}

}  // namespace cradle::cli
