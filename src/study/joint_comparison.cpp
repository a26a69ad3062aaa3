#include "cradle/study/joint_comparison.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "joint_ground.h"
#include "strategy_config.h"

namespace cradle::study {

namespace {

using carbon::GramsCO2e;
using carbon::Signal;
using dispatch::Configuration;

struct Strategy {
  std::string name, detail;
  Configuration configuration;
};

/// All that one place replays with one seed.
class Place {
 public:
  Place(std::string name, const JointOptions& options, const catalog::Catalog& catalog)
      : name_(std::move(name)), options_(options), catalog_(catalog) {}

  Result<void> load(const std::vector<std::string>& grids, std::uint64_t seed) {
    config_.file = "joint comparison";
    config_.start = instant_of(2022, 1, 1);
    config_.seed = seed;
    config_.fleet.scale = options_.fleet_scale;
    config_.workload.load = options_.load;
    config_.workload.days = options_.days;
    config_.workload.pods = options_.pods.string();
    config_.service.never_wait = {"LS"};
    config_.service.stretch = options_.stretch;
    for (const std::string& grid : grids) {
      SiteConfig& site = config_.sites.emplace_back();
      site.name = site.grid = grid;
      site.where = "grids";
      site.pue = options_.pue;
    }
    auto input = load_input(config_, options_.data, options_.cache, options_.generated);
    if (!input) return input.error();
    input_ = std::move(*input);
    auto plan = plan_fleet(config_, input_.nodes, catalog_, all_at(End::value));
    if (!plan) return plan.error();
    has_marginal_ = std::all_of(plan->sites.begin(), plan->sites.end(),
                                [](const carbon::SiteRecord& site) { return site.marginal.has_value(); });
    ground_.emplace(config_, input_, std::move(*plan));
    return {};
  }

  Configuration base(const char* placement, Signal signal) const {
    Configuration made;
    made.name = placement;
    made.placement = *policy::policy_by_name(placement);
    made.service = config_.service;
    made.seed = config_.seed;
    made.decide_by = signal == Signal::marginal ? dispatch::DecideBy::marginal : dispatch::DecideBy::average;
    return made;
  }

  Configuration joint(JointView view, CurveEnd end) const {
    Configuration made = base("CarbonShare+FGD", view.signal);
    made.joint.enabled = true;
    made.joint.embodied = view.embodied;
    made.joint.models = joint_models(ground_->plan(), catalog_, end);
    return made;
  }

  /// Each knob alone and once, the earlier choices kept; the best of all orders of the knobs.
  Result<Strategy> pipeline(JointView view) {
    auto fgd = ground_->outcome(base("FGD", view.signal));
    if (!fgd) return fgd.error();
    const JointOutcome& reference = **fgd;
    const double most_late = static_cast<double>(reference.replay.late) + 0.001 * static_cast<double>(jobs());
    const auto grams = [&](const JointOutcome& outcome) { return added(outcome, reference, view); };
    std::vector<Knob> order{Knob::placement, Knob::time, Knob::cap};
    if (config_.sites.size() > 1) order.push_back(Knob::region);
    std::sort(order.begin(), order.end());
    Configuration best = base("FGD", view.signal);
    GramsCO2e least = grams(reference);
    do {
      Configuration chosen = base("FGD", view.signal);
      GramsCO2e now = grams(reference);
      for (const Knob knob : order)
        for (const Configuration& candidate : candidates(knob, chosen)) {
          auto outcome = ground_->outcome(candidate);
          if (!outcome) return outcome.error();
          const GramsCO2e theirs = grams(**outcome);
          if (static_cast<double>((*outcome)->replay.late) > most_late || theirs >= now) continue;
          now = theirs;
          chosen = candidate;
        }
      if (now < least) {
        least = now;
        best = chosen;
      }
    } while (std::next_permutation(order.begin(), order.end()));
    Strategy made{"sequential", best.placement.name + ", " + std::string(shifting::name(best.time)), best};
    if (config_.sites.size() > 1) made.detail += ", " + std::string(dispatch::name(best.region));
    made.detail += best.cap.when == dispatch::CapWhen::never
                       ? ", no cap"
                       : ", cap " + shortest(best.cap.limit) + " " + std::string(dispatch::name(best.cap.when));
    return made;
  }

  std::vector<Strategy> strategies(JointView view, const Strategy& pipeline) const {
    std::vector<Strategy> list{{"FGD", "", base("FGD", view.signal)}, {"PWR+FGD", "", base("PWR+FGD", view.signal)}};
    Strategy& sequential = list.emplace_back(pipeline);
    sequential.configuration.seed = config_.seed;
    const Configuration all = joint(view, CurveEnd::value);
    list.push_back({"joint", "", all});
    const auto without = [&](const char* knob, auto&& turn_off) {
      Strategy& made = list.emplace_back(Strategy{std::string("joint, no ") + knob, "", all});
      turn_off(made.configuration);
    };
    without("placement", [&](Configuration& made) {
      made.joint.placement = false;
      made.placement = *policy::policy_by_name("FGD");
      if (config_.sites.size() > 1) made.region = dispatch::RegionRule::cheapest_window;
    });
    without("start", [](Configuration& made) { made.joint.start = false; });
    if (config_.sites.size() > 1) without("region", [](Configuration& made) { made.joint.region = false; });
    without("cap", [](Configuration& made) { made.joint.cap = false; });
    list.push_back({"joint, caps save least", "", joint(view, CurveEnd::least_saving)});
    list.push_back({"joint, caps save most", "", joint(view, CurveEnd::most_saving)});
    list.push_back({"joint, in slices", "", all});
    list.back().configuration.joint.slice = true;
    if (has_marginal_) {
      // Counted by this view's signal, decided by the other: where the two disagree, the start knob changes its sign.
      const Signal other = view.signal == Signal::average ? Signal::marginal : Signal::average;
      list.push_back({"joint, by other signal", "", joint({other, view.embodied}, CurveEnd::value)});
    }
    return list;
  }

  std::vector<JointView> views() const {
    std::vector<JointView> list;
    for (const Signal signal : {Signal::average, Signal::marginal})
      for (const bool embodied : {false, true})
        if (signal == Signal::average || has_marginal_) list.push_back({signal, embodied});
    return list;
  }

  /// Rows of every view; `pipelines` in the order of views().
  Result<std::vector<JointRow>> rows(const std::vector<Strategy>& pipelines) {
    std::vector<JointRow> rows;
    const std::vector<JointView> all = views();
    for (std::size_t v = 0; v < all.size(); ++v) {
      const JointView view = all[v];
      const JointOutcome* reference = nullptr;
      for (const Strategy& strategy : strategies(view, pipelines[v])) {
        auto made = ground_->outcome(strategy.configuration);
        if (!made) return made.error();
        const JointOutcome& outcome = **made;
        if (reference == nullptr) reference = &outcome;
        JointRow& row = rows.emplace_back();
        row.place = name_;
        row.view = view;
        row.strategy = strategy.name;
        row.detail = strategy.detail;
        row.added = added(outcome, *reference, view);
        row.total = reference->idle[index(view.signal)] + added(outcome, *reference, {view.signal, false});
        if (view.embodied) row.total += ground_->fleet_embodied();
        const simulate::TimedResult& replay = outcome.replay;
        row.useful = carbon::Hours{replay.useful_gpu_hours};
        row.wait_mean = carbon::Seconds{replay.waits.mean_s};
        row.wait_p95 = carbon::Seconds{replay.waits.p95_s};
        row.slowdown = replay.slowdown_mean;
        row.late = static_cast<double>(replay.late);
        row.finished = static_cast<double>(replay.finished);
      }
    }
    return rows;
  }

  std::vector<JointFixed> fixed() {
    std::vector<JointFixed> list;
    for (const Signal signal : {Signal::average, Signal::marginal}) {
      if (signal == Signal::marginal && !has_marginal_) continue;
      const auto fgd = ground_->outcome(base("FGD", Signal::average));
      if (!fgd) continue;
      list.push_back(
          {name_, signal, (*fgd)->idle[index(signal)], ground_->fleet_embodied(), ground_->least_added(signal)});
    }
    return list;
  }

  std::uint64_t jobs() const { return input_.workload.jobs.size(); }
  std::size_t machines() const { return ground_->plan().nodes.size(); }
  bool has_marginal() const { return has_marginal_; }
  const std::string& name() const { return name_; }
  const StudyInput& input() const { return input_; }
  Result<double> allocation() {
    auto fgd = ground_->outcome(base("FGD", Signal::average));
    if (!fgd) return fgd.error();
    return (*fgd)->replay.gpu_allocation_percent / 100;
  }

 private:
  enum class Knob : std::uint8_t { placement, time, region, cap };

  /// What jobs add in this view, at the work that the reference does.
  static GramsCO2e added(const JointOutcome& outcome, const JointOutcome& reference, JointView view) {
    const double useful = outcome.replay.useful_gpu_hours;
    const double work = useful > 0 ? reference.replay.useful_gpu_hours / useful : 1;
    GramsCO2e grams = outcome.added[index(view.signal)] * work;
    if (view.embodied) grams += outcome.used_embodied * work;
    return grams;
  }

  /// The configuration with every other setting of a knob.
  std::vector<Configuration> candidates(Knob knob, const Configuration& from) const {
    std::vector<Configuration> list;
    switch (knob) {
      case Knob::placement:
        for (const char* placement : {"PWR+FGD", "PowerShare+FGD", "CarbonShare+FGD"})
          list.emplace_back(from).placement = *policy::policy_by_name(placement);
        break;
      case Knob::time:
        for (const shifting::TimePolicy time : shifting::all_time_policies) list.emplace_back(from).time = time;
        break;
      case Knob::region:
        for (const auto region : {dispatch::RegionRule::cleanest_now, dispatch::RegionRule::cheapest_window})
          list.emplace_back(from).region = region;
        break;
      case Knob::cap:
        for (const dispatch::CapRule& cap : cap_rules()) list.emplace_back(from).cap = cap;
        break;
    }
    return list;
  }

  /// Every limit that the curves name, for the models whose speed at it keeps the stretch.
  std::vector<dispatch::CapRule> cap_rules() const {
    std::map<double, std::vector<dispatch::ModelCap>> limits;
    for (const dispatch::JointModel& model : joint_models(ground_->plan(), catalog_, CurveEnd::value))
      for (const dispatch::JointCap& cap : model.caps)
        if (cap.speed * options_.stretch >= 1)
          limits[cap.limit].push_back({model.gpu_model, cap.limit, cap.power, cap.speed});
    std::vector<dispatch::CapRule> rules;
    for (const auto& [limit, models] : limits)
      for (const auto when : {dispatch::CapWhen::always, dispatch::CapWhen::dirty_hours})
        rules.push_back({when, limit, 1, 1, true, models});
    return rules;
  }

  std::string name_;
  const JointOptions& options_;
  const catalog::Catalog& catalog_;
  StudyConfig config_;
  StudyInput input_;
  bool has_marginal_ = false;
  std::optional<JointGround> ground_;
};

void add(JointRow& sum, const JointRow& row) {
  sum.total += row.total;
  sum.added += row.added;
  sum.useful += row.useful;
  sum.wait_mean += row.wait_mean;
  sum.wait_p95 += row.wait_p95;
  sum.slowdown += row.slowdown;
  sum.late += row.late;
  sum.finished += row.finished;
}

void divide(JointRow& row, double count) {
  row.total = row.total / count;
  row.added = row.added / count;
  row.useful = row.useful / count;
  row.wait_mean = row.wait_mean / count;
  row.wait_p95 = row.wait_p95 / count;
  row.slowdown /= count;
  row.late /= count;
  row.finished /= count;
}

/// Against FGD and PWR+FGD of the same place and view, the first two rows of each block.
void compare(std::vector<JointRow>& rows) {
  std::size_t fgd = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    JointRow& row = rows[i];
    if (row.strategy == "FGD") fgd = i;
    const JointRow& power = rows[std::min(fgd + 1, rows.size() - 1)];
    row.total_vs_fgd = row.total / rows[fgd].total - 1;
    row.added_vs_fgd = row.added / rows[fgd].added - 1;
    row.total_vs_power = row.total / power.total - 1;
    row.added_vs_power = row.added / power.added - 1;
  }
}

}  // namespace

std::vector<dispatch::JointModel> joint_models(const FleetPlan& plan, const catalog::Catalog& catalog, CurveEnd end) {
  std::vector<dispatch::JointModel> models;
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) {
    const fleet::NodeSpec& spec = plan.nodes[node];
    const auto known = [&](const dispatch::JointModel& model) { return model.gpu_model == spec.gpu_model; };
    if (std::any_of(models.begin(), models.end(), known)) continue;
    dispatch::JointModel& model = models.emplace_back();
    model.gpu_model = spec.gpu_model;
    const auto rate = [&](simulate::Part part) {
      const auto at = simulate::component_of(static_cast<fleet::NodeIndex>(node), part);
      const carbon::ComponentRecord& component = plan.components[at];
      return component.lifetime.value() > 0 ? component.embodied.value / component.lifetime : carbon::GramsPerSecond{};
    };
    if (spec.gpu_count > 0) model.gpu_embodied = rate(simulate::Part::gpu) / spec.gpu_count;
    const double threads = static_cast<double>(spec.cpu_milli) / fleet::milli;
    model.thread_embodied = (rate(simulate::Part::cpu) + rate(simulate::Part::host)) / threads;
    const catalog::AcceleratorCurve* curve =
        spec.gpu_count > 0 ? cap_curve_of(catalog, spec.gpu_model, "training") : nullptr;
    if (curve == nullptr) continue;
    for (const catalog::CurvePoint& point : curve->points) {
      const dispatch::CapPoint cap = cap_point(point, end);
      if (cap.limit < 1) model.caps.push_back({cap.limit, cap.power, cap.speed});
    }
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.gpu_model < b.gpu_model; });
  return models;
}

Result<JointComparison> compare_joint(const JointOptions& options, const catalog::Catalog& catalog) {
  if (options.grids.empty())
    return bad_input("no grid", "grids", "name at least one grid of the catalogue: cradle catalog list grid");
  for (auto grid = options.grids.begin(); grid != options.grids.end(); ++grid)
    if (std::find(options.grids.begin(), grid, *grid) != grid)
      return bad_input("'" + *grid + "' appears twice", "grids", "name each grid once");
  if (options.seeds.empty()) return bad_input("no seed", "seeds", "give at least one, e.g. 42..44");
  std::vector<std::pair<std::string, std::vector<std::string>>> named;
  for (const std::string& grid : options.grids) named.push_back({grid, {grid}});
  if (options.grids.size() > 1) {
    std::string all;
    for (const std::string& grid : options.grids) all += (all.empty() ? "" : "+") + grid;
    named.emplace_back(all, options.grids);
  }
  struct Task {
    std::size_t place;
    std::uint64_t seed;
    std::vector<JointRow> rows;
    std::optional<Error> error;
  };
  struct First {
    std::vector<Strategy> pipelines;  ///< by view
    std::vector<JointFixed> fixed;
    std::uint64_t jobs = 0;
    std::size_t machines = 0;
    double allocation = 0;
    bool has_marginal = false;
    std::vector<std::string> notes;
  };
  std::vector<First> firsts(named.size());
  const auto run = [&](Task& task) -> Result<void> {
    Place place(named[task.place].first, options, catalog);
    if (auto ok = place.load(named[task.place].second, task.seed); !ok) return ok;
    First& first = firsts[task.place];
    if (task.seed == options.seeds.front()) {
      for (const JointView view : place.views()) {
        auto pipeline = place.pipeline(view);
        if (!pipeline) return pipeline.error();
        first.pipelines.push_back(std::move(*pipeline));
      }
      first.fixed = place.fixed();
      first.jobs = place.jobs();
      first.machines = place.machines();
      first.has_marginal = place.has_marginal();
      first.notes = place.input().workload.notes;
      if (!place.input().note.empty()) first.notes.push_back(place.input().note);
      auto allocation = place.allocation();
      if (!allocation) return allocation.error();
      first.allocation = *allocation;
    }
    auto rows = place.rows(first.pipelines);
    if (!rows) return rows.error();
    task.rows = std::move(*rows);
    return {};
  };
  // What the first seed chose is what the others replay.
  std::vector<Task> tasks;
  JointComparison comparison;
  for (const bool first : {true, false}) {
    const std::size_t from = tasks.size();
    for (std::size_t place = 0; place < named.size(); ++place)
      for (std::size_t seed = first ? 0 : 1; seed < (first ? 1 : options.seeds.size()); ++seed)
        tasks.push_back({place, options.seeds[seed], {}, std::nullopt});
    parallel_for(tasks.size() - from, options.threads, [&](std::size_t i) {
      Task& task = tasks[from + i];
      if (auto ok = run(task); !ok) task.error = ok.error();
    });
    for (const Task& task : tasks)
      if (task.error) return *task.error;
  }
  for (std::size_t place = 0; place < named.size(); ++place) {
    std::vector<JointRow> sums;
    for (const Task& task : tasks) {
      if (task.place != place) continue;
      if (sums.empty()) {
        sums = task.rows;
      } else {
        for (std::size_t i = 0; i < sums.size(); ++i) add(sums[i], task.rows[i]);
      }
    }
    for (JointRow& row : sums) divide(row, static_cast<double>(options.seeds.size()));
    compare(sums);
    comparison.rows.insert(comparison.rows.end(), sums.begin(), sums.end());
    comparison.fixed.insert(comparison.fixed.end(), firsts[place].fixed.begin(), firsts[place].fixed.end());
    if (!firsts[place].has_marginal)
      comparison.notes.push_back(named[place].first + ": a grid has no marginal signal, so its views are left out");
  }
  comparison.jobs = firsts[0].jobs;
  comparison.machines = firsts[0].machines;
  comparison.allocation = firsts[0].allocation;
  comparison.notes.insert(comparison.notes.end(), firsts[0].notes.begin(), firsts[0].notes.end());
  return comparison;
}

}  // namespace cradle::study
