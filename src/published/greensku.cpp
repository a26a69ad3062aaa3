// The model itself: parts to server, rack, cluster and data centre, as flat arithmetic.
#include "cradle/published/greensku.h"

#include <algorithm>
#include <cmath>

namespace cradle::published::greensku {

namespace {

constexpr double hours_per_month = 24 * 30;
constexpr double buffer_share = 0.1;  ///< of the cores of a cluster, kept free

// Constants of the release's evaluation: compute servers in a data centre's operational and embodied carbon.
constexpr double compute_operational = 0.87 * 0.67;
constexpr double compute_embodied = 0.95 * 0.44;

/// To two decimals, halves to even, as numpy rounds.
double round_2(double value) { return std::nearbyint(value * 100) / 100; }

/// What every part of one evaluation shares.
struct Use {
  double monthly = 0;    ///< kg for each kW over a month
  double lifetime = 0;   ///< months
  double factor = 0;     ///< PUE x power factor
  double regulator = 0;  ///< losses of the processor's supply
  double supply = 0;     ///< losses of the server's
  double utilisation = 0, provisioned_utilisation = 0;
  Switches on;

  const Derate& named_curve(const Part& part) const { return on.item_curves ? part.own_curve : part.curve; }
  double life_share(const Part& part) const { return part.lifetime.value() > 0 ? lifetime / part.lifetime.value() : 1; }
  double operational(double watts, double fraction) const {
    return watts / 1000 * monthly * fraction * lifetime * factor;
  }

  PartResult part(const Part& part, double losses) const {
    const Derate& derate = named_curve(part);
    const double watts = part.power.value() * part.number, fraction = derate.at(utilisation);
    const double making = part.carbon.value() * part.number * life_share(part);
    return {KilogramsCO2e{operational(watts, fraction) * losses},
            KilogramsCO2e{on.embodied_without_use ? making : making * factor * losses},
            Watts{watts * fraction * losses}, Watts{watts * derate.at(provisioned_utilisation) * losses}};
  }

  /// `fan` of the items draws `fan_watts`.
  PartResult group(std::span<const Part> items, const Derate& group_curve, std::size_t fan = SIZE_MAX,
                   double fan_watts = 0) const {
    double kept = 0, made = 0, allocated = 0, provisioned = 0;
    const double shared = group_curve.at(utilisation), shared_provisioned = group_curve.at(provisioned_utilisation);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const Part& item = items[i];
      const Derate& derate = named_curve(item);
      const double watts = (i == fan ? fan_watts : item.power.value()) * item.number;
      const double fraction = derate.at(utilisation);
      kept += operational(watts, fraction);
      made += item.carbon.value() * item.number * life_share(item);
      allocated += watts * (on.item_curves ? fraction : shared);
      provisioned += watts * (on.item_curves ? derate.at(provisioned_utilisation) : shared_provisioned);
    }
    return {KilogramsCO2e{kept}, KilogramsCO2e{made}, Watts{allocated}, Watts{provisioned}};
  }
};

double threads_sold(const Sku& sku, const Switches& on) {
  const double threads = sku.cores * sku.threads;
  const double kept =
      on.overhead_in_cores && sku.overhead_counts ? threads - sku.overhead : threads * (1 - sku.overhead);
  return kept * ((1 - sku.oversubscribable) + sku.oversubscribable / (1 - sku.oversubscription));
}

double repairs(const Sku& sku, std::span<const FailureRate> failures, const Switches& on) {
  double yearly = 0;
  for (const FailureRate& rate : failures) {
    double pieces = 1, reused = 1;
    switch (rate.part) {
      case FailingPart::rest: break;
      case FailingPart::memory:
        pieces = sku.memory.number * sku.sockets;
        reused = sku.cxl.number * sku.sockets;
        break;
      case FailingPart::ssd:
        pieces = sku.ssd.number * sku.sockets;
        reused = sku.ssd_reuse.number * sku.sockets;
        break;
      case FailingPart::cpu:
      case FailingPart::nic:
        if (!on.cpu_nic_failures) continue;
        pieces = rate.part == FailingPart::cpu ? sku.cpu.number * sku.sockets : sku.nic.number;
        reused = 0;
        break;
    }
    yearly += rate.yearly.value_or(0) * pieces * (1 - rate.left_in_place) +
              rate.reused_yearly.value_or(0) * reused * (1 - rate.left_in_place);
  }
  return yearly;
}

constexpr std::size_t at(PartName part) { return static_cast<std::size_t>(part); }

/// Sums `get` over the parts of a server: per-socket parts, card and the server's own items.
template <class Get>
double server_sum(const SkuResult& result, double sockets, Get get) {
  double per_socket = 0;
  for (std::size_t i = at(PartName::cpu); i <= at(PartName::ssd_reuse); ++i) per_socket += get(result.parts[i]);
  return per_socket * sockets + get(result.part(PartName::nic)) + get(result.part(PartName::server));
}

}  // namespace

std::string_view name(PartName part) {
  constexpr std::array<std::string_view, part_count> names{
      "cpu", "memory", "cxl", "cxl_controller", "ssd", "ssd_reuse", "nic", "server", "rack", "building"};
  return names[at(part)];
}

std::span<const NamedSwitch<Switches>> switch_table() {
  static constexpr NamedSwitch<Switches> table[] = {
      {"embodied-without-use",
       "making a part does not depend on PUE, power factor or regulator, by which its carbon is multiplied",
       &Switches::embodied_without_use},
      {"supply-loss-in-operation", "the power supply's loss counts for the energy too, not for the power budget alone",
       &Switches::supply_loss_in_operation, true},
      {"supply-inverse-efficiency", "a supply of efficiency e draws 1 / e, not 2 - e",
       &Switches::supply_inverse_efficiency, true},
      {"item-curves", "each item draws by its own curve wherever it counts; the fan draws three different powers",
       &Switches::item_curves, true},
      {"rack-of-servers", "a rack draws what its servers draw, not what one of them does", &Switches::rack_of_servers,
       true},
      {"building-outside-supply", "the building and the rack do not hang on a server's power supply",
       &Switches::building_outside_supply, true},
      {"overhead-in-cores", "a core overhead of 1 or more is a number of cores, not a share of them",
       &Switches::overhead_in_cores, true},
      {"cpu-nic-failures", "failure rates of processors and network cards count; the release stops at them",
       &Switches::cpu_nic_failures, true},
      {"buffer-over-sockets", "the buffer of a cluster counts the cores of all sockets", &Switches::buffer_over_sockets,
       true},
      {"measured-base", "the fan's base power is the baseline's own, as the paper says, not 250 and 300 W",
       &Switches::measured_base, true},
      {"single-rounding", "percentages come from unrounded figures; they are rounded up to three times on the way",
       &Switches::single_rounding, true},
      {"per-server-over-racks", "a server's share of a data centre counts the servers of all racks, not of one",
       &Switches::per_server_over_racks, true},
  };
  return table;
}

KilogramsPerKilowattHour mean_intensity(std::span<const Region> regions) {
  double sum = 0;
  for (const Region& region : regions)
    sum += region.renewable * region.renewables.value() + (1 - region.renewable) * region.grid.value();
  return KilogramsPerKilowattHour{sum / static_cast<double>(regions.size())};
}

double fan_slope(std::span<const FanPoint> points) {
  const double count = static_cast<double>(points.size());
  double server = 0, fan = 0, squares = 0, products = 0;
  for (const FanPoint& point : points) {
    server += point.server.value() / count;
    fan += point.fan.value() / count;
  }
  for (const FanPoint& point : points) {
    const double off = point.server.value() - server;
    squares += off * off;
    products += off * (point.fan.value() - fan);
  }
  return products / squares;
}

SkuResult evaluate(const Sku& sku, const Parameters& p, std::span<const FailureRate> failures, const Switches& on) {
  Use use;
  use.monthly = p.intensity.value() * hours_per_month;
  use.lifetime = p.lifetime.value();
  use.factor = p.pue * p.power_factor;
  use.regulator = p.voltage_regulator_overhead * p.cpu_efficiency;
  use.supply = on.supply_inverse_efficiency ? 1 / p.supply_efficiency : 1 + (1 - p.supply_efficiency);
  use.utilisation = sku.utilisation;
  use.provisioned_utilisation = sku.provisioned_utilisation;
  use.on = on;

  SkuResult result;
  const auto part = [&result](PartName index) -> PartResult& { return result.parts[at(index)]; };
  part(PartName::cpu) = use.part(sku.cpu, use.regulator);
  part(PartName::memory) = use.part(sku.memory, 1);
  part(PartName::cxl) = use.part(sku.cxl, 1);
  part(PartName::cxl_controller) = use.part(sku.cxl_controller, 1);
  part(PartName::ssd) = use.part(sku.ssd, 1);
  part(PartName::ssd_reuse) = use.part(sku.ssd_reuse, 1);
  part(PartName::nic) = use.part(sku.nic, 1);
  part(PartName::rack) = use.group(sku.rack, sku.rack_curve);
  part(PartName::building) = use.group(sku.building, sku.building_curve);

  const Part& fan = sku.server[sku.fan];
  double fan_watts = fan.power.value();
  const auto server_power = [&](auto figure) {
    const double parts = server_sum(result, sku.sockets, figure);
    return (on.building_outside_supply ? parts : parts + figure(part(PartName::building))) * use.supply;
  };
  const auto allocated = [](const PartResult& of) { return of.allocated.value(); };
  const auto provisioned = [](const PartResult& of) { return of.provisioned.value(); };
  part(PartName::server) = use.group(sku.server, sku.server_curve, sku.fan, fan_watts);
  const double fan_drawn = fan_watts * fan.number * use.named_curve(fan).at(sku.utilisation) * p.power_factor;
  const double without_fan = server_power(allocated) * p.power_factor - fan_drawn * (on.item_curves ? use.supply : 1);
  if (p.fan_slope > 0) {
    fan_watts += p.fan_slope * (without_fan - (sku.one_unit ? *p.base_1u : *p.base_2u).value());
    part(PartName::server) = use.group(sku.server, sku.server_curve, sku.fan, fan_watts);
  }
  result.without_fan = Watts{without_fan};
  result.fan = Watts{fan_watts};
  if (on.supply_loss_in_operation)
    for (std::size_t i = 0; i < part_count; ++i)
      if (i != at(PartName::rack) && i != at(PartName::building))
        result.parts[i].operational = result.parts[i].operational * use.supply;

  result.provisioned = Watts{server_power(provisioned)};
  result.allocated = Watts{server_power(allocated)};
  result.used = result.allocated * p.power_factor;
  result.server.operational =
      KilogramsCO2e{server_sum(result, sku.sockets, [](const PartResult& of) { return of.operational.value(); })};
  result.server.embodied =
      KilogramsCO2e{server_sum(result, sku.sockets, [](const PartResult& of) { return of.embodied.value(); })};

  const double by_power = std::floor((sku.rack_power - part(PartName::rack).provisioned) / result.provisioned);
  const double by_height = std::floor((sku.rack_height - sku.rack_height_taken) / sku.height);
  const double servers = sku.servers_in_rack > 0 ? sku.servers_in_rack : by_power < by_height ? by_power : by_height;
  result.servers_per_rack = servers;
  result.rack = {part(PartName::rack).operational + result.server.operational * servers,
                 part(PartName::rack).embodied + result.server.embodied * servers};

  // As published, the server's supply also feeds the rack's own items, and a rack holds one server.
  const double counted = on.rack_of_servers ? servers : 1;
  result.rack_provisioned =
      result.provisioned * counted + part(PartName::rack).provisioned * (on.building_outside_supply ? 1 : use.supply);
  const double racks_by_power = std::floor(sku.building_power / result.rack_provisioned);
  result.racks = racks_by_power < sku.racks_in_building ? racks_by_power : sku.racks_in_building;
  result.building = {part(PartName::building).operational + result.rack.operational * result.racks,
                     part(PartName::building).embodied + result.rack.embodied * result.racks};

  result.threads = sku.cores * sku.threads;
  result.cores_sold = threads_sold(sku, on);
  const double rack_cores = result.cores_sold * sku.sockets * servers;
  result.per_core = result.rack / rack_cores;
  result.per_core_building = result.building / (rack_cores * result.racks);
  result.per_server = result.rack / servers;
  result.per_server_building = result.building / (on.per_server_over_racks ? servers * result.racks : servers);
  result.threads_in_server = result.threads * sku.sockets;
  result.failures_per_year = repairs(sku, failures, on);
  return result;
}

ClusterSaving cluster_saving(std::span<const Cluster> clusters, const SkuResult& baseline, const SkuResult& green,
                             const Switches& on) {
  const double old_server = baseline.per_server.total().value() * (1 + baseline.failures_per_year);
  const double new_server = green.per_server.total().value() * (1 + green.failures_per_year);
  const double old_threads = on.buffer_over_sockets ? baseline.threads_in_server : baseline.threads;
  const double new_threads = on.buffer_over_sockets ? green.threads_in_server : green.threads;
  double weight = 0, weighted = 0, sum = 0, before = 0, after = 0;
  for (const Cluster& cluster : clusters) {
    const double old_carbon = (cluster.original + std::ceil(cluster.original * buffer_share)) * old_server;
    // In this order and in doubles: 550 x 0.1 is a little more than 55, and its ceiling 56 is what was published.
    const double buffer =
        std::ceil((cluster.baseline * old_threads + cluster.green * new_threads) * buffer_share / old_threads);
    const double new_carbon = (cluster.baseline + buffer) * old_server + cluster.green * new_server;
    const double percent = (old_carbon - new_carbon) * 100 / old_carbon;
    weighted += percent * cluster.original;
    weight += cluster.original;
    sum += percent;
    before += old_carbon;
    after += new_carbon;
  }
  return {weighted / weight, sum / static_cast<double>(clusters.size()), KilogramsCO2e{before}, KilogramsCO2e{after}};
}

namespace {

Savings savings(const Carbon& baseline, const Carbon& sku, double (*step)(double)) {
  const auto percent = [step](KilogramsCO2e from, KilogramsCO2e to) {
    const double before = step(from.value());
    return (before - step(to.value())) * 100 / before;
  };
  return {percent(baseline.operational, sku.operational), percent(baseline.embodied, sku.embodied),
          percent(baseline.total(), sku.total())};
}

using Place = std::optional<std::size_t>;

/// The configuration of that name, or else the only one of that stem.
Place find_sku(const Framework& framework, std::string_view wanted) {
  const auto& skus = framework.skus;
  const auto named = std::find_if(skus.begin(), skus.end(), [&](const Sku& sku) { return sku.name == wanted; });
  if (named != skus.end()) return static_cast<std::size_t>(named - skus.begin());
  const auto has_stem = [&](const Sku& sku) { return sku.stem == wanted; };
  if (std::count_if(skus.begin(), skus.end(), has_stem) != 1) return std::nullopt;
  return static_cast<std::size_t>(std::find_if(skus.begin(), skus.end(), has_stem) - skus.begin());
}

/// The one asked for, which must be there, or the release's, which need not.
Result<Place> find_sku(const Framework& framework, const std::string& wanted, const char* release, const char* option) {
  const Place place = find_sku(framework, wanted.empty() ? release : wanted);
  if (place || wanted.empty()) return place;
  std::string list;
  for (const Sku& known : framework.skus) list += (list.empty() ? "" : ", ") + known.name;
  return bad_input("no server configuration named '" + wanted + "'", option, "it is one of: " + list);
}

Result<Parameters> parameters_of(const Framework& framework, const Setting& setting, Place baseline) {
  Parameters p = framework.parameters;
  if (!setting.plain) {
    p.intensity = mean_intensity(framework.regions);
    p.pue = 1.12;
    p.power_factor = 0.66;
    if (setting.switches.measured_base && baseline) {
      p.fan_slope = -1;  // the power without the fan does not depend on it
      const Sku& sku = framework.skus[*baseline];
      const auto base_of = [&](const Sku& of) {
        return evaluate(of, p, framework.failures, setting.switches).without_fan;
      };
      p.base_1u = base_of(sku);
      for (const Sku& other : framework.skus)
        if (other.name == sku.name + "-2U") p.base_2u = base_of(other);
    }
    p.fan_slope = fan_slope(framework.fan_points);
  }
  if (setting.intensity) p.intensity = *setting.intensity;
  if (p.fan_slope > 0 && (!p.base_1u || !p.base_2u))
    return bad_input("'1U_server_base' or '2U_server_base' is missing", "params.yaml",
                     "a positive fan slope needs the server power at which the fan draws its own figure");
  return p;
}

Result<void> check(const Sku& sku, const SkuResult& result) {
  if (!(result.servers_per_rack >= 1))
    return bad_input("no server fits the rack", sku.name,
                     "a server needs " + std::to_string(result.provisioned.value()) + " W and " +
                         std::to_string(sku.height) + " rack units: check rack power, capacity and form");
  if (!(result.racks > 0))
    return bad_input("no rack fits the data centre", sku.name, "check its power_capacity and rack_capacity");
  const double total = result.building.total().value() + result.per_core.total().value();
  if (result.cores_sold == 0 || !std::isfinite(total))
    return bad_input("has no finite carbon per core", sku.name, "check core_count, number, threads and overhead");
  return {};
}

}  // namespace

Result<Evaluation> evaluate(const Framework& framework, const Setting& setting) {
  const Switches& on = setting.switches;
  for (const FailureRate& rate : framework.failures) {
    const bool refused = rate.part == FailingPart::cpu || rate.part == FailingPart::nic;
    if (refused && (rate.yearly || rate.reused_yearly) && !on.cpu_nic_failures)
      return bad_input("has failure rates of CPU or NIC, at which the release stops", "afr_data.yaml",
                       "leave them out, or count them with --switch cpu-nic-failures");
  }
  Evaluation evaluation;
  const auto baseline = find_sku(framework, setting.baseline, "Baseline", "--baseline");
  if (!baseline) return baseline.error();
  evaluation.baseline = *baseline;
  const auto sized = find_sku(framework, setting.cluster_sku, "GreenSKU-Full", "--cluster-sku");
  if (!sized) return sized.error();
  evaluation.cluster_sku = *sized;
  if (evaluation.baseline && !evaluation.cluster_sku) {
    // Of an input with other names, the last that is no variant of the baseline.
    const std::string& base = framework.skus[*evaluation.baseline].name;
    for (std::size_t i = 0; i < framework.skus.size(); ++i)
      if (framework.skus[i].name.rfind(base, 0) != 0) evaluation.cluster_sku = i;
  }
  auto parameters = parameters_of(framework, setting, *baseline);
  if (!parameters) return parameters.error();
  evaluation.parameters = *parameters;

  for (const Sku& sku : framework.skus) {
    SkuEvaluation entry;
    entry.name = sku.name;
    entry.result = evaluate(sku, *parameters, framework.failures, on);
    if (auto fine = check(sku, entry.result); !fine) return fine.error();
    evaluation.skus.push_back(std::move(entry));
  }
  if (!evaluation.baseline) return evaluation;
  const SkuResult& base = evaluation.skus[*evaluation.baseline].result;
  const auto exact = [](double value) { return value; };
  for (SkuEvaluation& entry : evaluation.skus) {
    entry.savings = savings(base.per_core, entry.result.per_core, exact);
    entry.before_rounding = savings(base.per_core, entry.result.per_core, on.single_rounding ? exact : round_2);
    entry.table = {std::nearbyint(entry.before_rounding.operational), std::nearbyint(entry.before_rounding.embodied),
                   std::nearbyint(entry.before_rounding.total)};
    if (evaluation.cluster_sku) entry.clusters = cluster_saving(framework.clusters, base, entry.result, on);
  }
  const double share = base.rack.operational / base.rack.total();
  evaluation.baseline_operational_share = on.single_rounding ? share : round_2(share * 100) / 100;
  if (!evaluation.cluster_sku) return evaluation;
  const double weighted = evaluation.skus[*evaluation.cluster_sku].clusters.weighted;
  evaluation.cluster_percent = on.single_rounding ? weighted : std::nearbyint(weighted);
  evaluation.building_percent =
      evaluation.cluster_percent * (compute_operational * evaluation.baseline_operational_share +
                                    compute_embodied * (1 - evaluation.baseline_operational_share));
  return evaluation;
}

}  // namespace cradle::published::greensku
