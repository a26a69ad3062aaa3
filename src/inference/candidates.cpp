#include "cradle/inference/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

#include "cradle/base/text.h"

namespace cradle::inference {

using carbon::GramsPerJoule;
using carbon::GramsPerSecond;
using carbon::Watts;

namespace {

constexpr std::array<std::pair<Objective, std::string_view>, 3> objectives = {{
    {Objective::cost, "cost"},
    {Objective::watts, "watts"},
    {Objective::carbon, "carbon"},
}};

/// Sums over servers stay far from the end of a 64-bit count.
constexpr double most_devices = 1e15;

/// Mixtures of two accelerators that are tried for each pair: enough for steps of 2 %.
constexpr std::int64_t most_mixtures = 48;

/// The part of a candidate at a known number of replicas and their common rate.
Result<Part> part_of(const InfernoAccelerator& accelerator, const InfernoProfile& profile, const Service& service,
                     const Capacity& capacity, std::int64_t replicas, double rate_per_s, const CarbonTerms& terms) {
  Part part;
  part.accelerator = accelerator.name;
  part.type = accelerator.type;
  part.service = service;
  part.capacity = capacity;
  part.replicas = replicas;
  const auto state = state_of_replica(service, rate_per_s, replicas);
  if (!state) return state.error();
  part.state = *state;
  const auto boards = static_cast<double>(replicas) * profile.accelerators;
  if (boards * accelerator.multiplicity > most_devices)
    return bad_input("it takes " + shortest(boards * accelerator.multiplicity) + " devices on " + accelerator.name,
                     "accCount", "check replicas, accCount and multiplicity");
  part.devices = replicas * profile.accelerators * accelerator.multiplicity;
  part.cents_per_h = boards * accelerator.cents_per_h;
  const auto devices = static_cast<double>(part.devices);
  HostShare host;
  if (const auto known = terms.hosts.find(accelerator.type); known != terms.hosts.end()) host = known->second;
  part.host_watts = (host.idle + (host.full - host.idle) * std::clamp(state->utilisation, 0.0, 1.0)) * devices;
  if (accelerator.power) {
    part.watts = draw(*accelerator.power, state->utilisation) * boards;
    part.operational = (*part.watts + part.host_watts) * terms.pue * GramsPerJoule{terms.intensity};
  }
  if (const auto known = terms.embodied.find(accelerator.type); known != terms.embodied.end())
    part.embodied = (known->second + host.embodied) * devices;
  return part;
}

struct Sized {
  const InfernoAccelerator* accelerator = nullptr;
  const InfernoProfile* profile = nullptr;
  Service service;
  Capacity capacity;
};

Result<Sized> sized_on(const InfernoSystem& system, const InfernoServer& server, std::string_view name,
                       const CandidateOptions& options, bool keep_targets) {
  Sized sized;
  sized.accelerator = system.accelerator(name);
  if (!sized.accelerator) {
    std::vector<std::string> names;
    for (const auto& item : system.accelerators) names.push_back(item.name);
    return bad_input("no accelerator '" + std::string(name) + "'", server.where, suggest(name, names));
  }
  sized.profile = system.profile(server.model, name);
  if (!sized.profile)
    return bad_input(server.model + " has no profile on " + std::string(name), server.where,
                     "measure one, or name another accelerator");
  const auto service = service_of(server, *sized.profile, options.formula, options.prefill_chunks);
  if (!service) return service.error();
  sized.service = *service;
  const InfernoTarget* target = system.target(server.service_class, server.model);
  if (!target)
    return bad_input("no target of class '" + server.service_class + "' for '" + server.model + "'", server.where,
                     "add it to the modelTargets of that class");
  const auto most = capacity(sized.service, target->targets);
  if (most)
    sized.capacity = *most;
  else if (keep_targets)
    return most.error();
  return sized;
}

/// Replicas of `first` from 1 up, of `second` for the rest.
Result<std::vector<Candidate>> mixtures(const Sized& first, const Sized& second, double rate, std::int64_t least,
                                        const CarbonTerms& terms) {
  std::vector<Candidate> found;
  const double whole = std::ceil(rate / first.capacity.rate_per_s);
  if (!(whole > 1) || whole > 1e9) return found;
  const auto most = static_cast<std::int64_t>(whole) - 1;
  const std::int64_t tried = std::min(most, most_mixtures);
  for (std::int64_t i = 1; i <= tried; ++i) {
    const std::int64_t replicas = most * i / tried;
    const double rest = rate - static_cast<double>(replicas) * first.capacity.rate_per_s;
    const double others = std::max(1.0, std::ceil(rest / second.capacity.rate_per_s));
    if (others > 1e9 || replicas + static_cast<std::int64_t>(others) < least) continue;
    const double first_rate = static_cast<double>(replicas) * first.capacity.rate_per_s;
    const double share = first_rate / (first_rate + others * second.capacity.rate_per_s);
    auto one =
        part_of(*first.accelerator, *first.profile, first.service, first.capacity, replicas, rate * share, terms);
    if (!one) return one.error();
    auto other = part_of(*second.accelerator, *second.profile, second.service, second.capacity,
                         static_cast<std::int64_t>(others), rate * (1 - share), terms);
    if (!other) return other.error();
    found.push_back({{std::move(*one), std::move(*other)}});
  }
  return found;
}

}  // namespace

std::string_view name(Objective objective) {
  for (const auto& [value, word] : objectives)
    if (value == objective) return word;
  return {};
}

Result<Objective> objective_by_name(std::string_view name) {
  std::vector<std::string> words;
  for (const auto& [value, word] : objectives) {
    if (word == name) return value;
    words.emplace_back(word);
  }
  return bad_input("no objective '" + std::string(name) + "'", "objective", suggest(name, words));
}

double Candidate::cents_per_h() const {
  double sum = 0;
  for (const Part& part : parts) sum += part.cents_per_h;
  return sum;
}

std::optional<Watts> Candidate::watts() const {
  Watts sum{0};
  for (const Part& part : parts) {
    if (!part.watts) return std::nullopt;
    sum += *part.watts + part.host_watts;
  }
  return sum;
}

std::optional<GramsPerSecond> Candidate::operational() const {
  GramsPerSecond sum{0};
  for (const Part& part : parts) {
    if (!part.operational) return std::nullopt;
    sum += *part.operational;
  }
  return sum;
}

GramsPerSecond Candidate::known_embodied() const {
  GramsPerSecond sum{0};
  for (const Part& part : parts)
    if (part.embodied) sum += *part.embodied;
  return sum;
}

bool Candidate::embodied_known() const {
  return std::all_of(parts.begin(), parts.end(), [](const Part& part) { return part.embodied.has_value(); });
}

bool Candidate::meets(const Targets& targets) const {
  // A sizing lies on its target to the last digits.
  constexpr double slack = 1 + 1e-9;
  return std::all_of(parts.begin(), parts.end(), [&](const Part& part) {
    return part.state.itl_ms <= targets.itl_ms.value_or(part.state.itl_ms) * slack &&
           part.state.ttft_ms <= targets.ttft_ms.value_or(part.state.ttft_ms) * slack;
  });
}

double offered_rate_per_s(const InfernoServer& server, const Targets& targets) {
  return targets.tokens_per_s ? *targets.tokens_per_s / server.out_tokens : server.rate_per_s;
}

Result<Part> size_on(const InfernoSystem& system, const InfernoServer& server, std::string_view accelerator,
                     const CandidateOptions& options, std::optional<std::int64_t> replicas) {
  const auto sized = sized_on(system, server, accelerator, options, !replicas);
  if (!sized) return sized.error();
  const Targets& targets = system.target(server.service_class, server.model)->targets;
  const double rate = offered_rate_per_s(server, targets);
  if (!replicas) {
    const auto needed = size(sized->service, targets, rate, server.least_replicas);
    if (!needed) return needed.error();
    replicas = needed->replicas;
  }
  return part_of(*sized->accelerator, *sized->profile, sized->service, sized->capacity, *replicas, rate,
                 options.carbon);
}

Result<std::vector<ServerCandidates>> candidates(const InfernoSystem& system, const CandidateOptions& options) {
  if (!(options.carbon.pue >= 1 && options.carbon.pue < 100))
    return bad_input("a PUE of " + shortest(options.carbon.pue), "pue", "give a ratio of 1 or more");
  const double intensity = options.carbon.intensity.value();
  if (!(intensity >= 0) || !std::isfinite(intensity))
    return bad_input("an intensity of " + shortest(intensity) + " g/kWh", "intensity", "give 0 or more");

  std::vector<ServerCandidates> all;
  for (const InfernoServer& server : system.servers) {
    ServerCandidates found;
    std::vector<Sized> sizes;
    for (const InfernoAccelerator& accelerator : system.accelerators) {
      const bool kept = server.keep_accelerator && !server.current.accelerator.empty();
      if (kept && accelerator.name != server.current.accelerator) continue;
      if (!system.profile(server.model, accelerator.name)) continue;
      auto part = size_on(system, server, accelerator.name, options);
      if (!part) {
        found.refusals.push_back({accelerator.name, part.error()});
        continue;
      }
      found.candidates.push_back({{std::move(*part)}});
      if (system.heterogeneous) {
        const auto sized = sized_on(system, server, accelerator.name, options, true);
        if (!sized) return sized.error();
        sizes.push_back(*sized);
      }
    }
    const InfernoTarget* target = system.target(server.service_class, server.model);
    const double rate = target ? offered_rate_per_s(server, target->targets) : 0;
    for (const Sized& first : sizes)
      for (const Sized& second : sizes) {
        if (&first >= &second) continue;
        auto mixed = mixtures(first, second, rate, server.least_replicas, options.carbon);
        if (!mixed) return mixed.error();
        for (Candidate& candidate : *mixed) found.candidates.push_back(std::move(candidate));
      }
    all.push_back(std::move(found));
  }
  return all;
}

Error unservable(const InfernoServer& server, const ServerCandidates& candidates) {
  if (candidates.refusals.empty())
    return bad_input("'" + server.name + "' has no accelerator with a profile of " + server.model, server.where,
                     server.keep_accelerator ? "let it change its accelerator, or add a profile on the one it keeps"
                                             : "add a profile of that model");
  std::string message = "no accelerator serves '" + server.name + "'";
  for (const Refusal& refusal : candidates.refusals)
    message += "; " + refusal.accelerator + ": " + refusal.error.message;
  return bad_input(message, server.where, "relax the target that is missed by least, or add a faster accelerator");
}

Result<double> running_value(const Candidate& candidate, Objective objective, std::string_view where) {
  if (objective == Objective::cost) return candidate.cents_per_h();
  const auto watts = candidate.watts();
  if (!watts)
    return missing_data(
        "an accelerator has no power curve, so that its " + std::string(name(objective)) + " cannot be told",
        std::string(where), "add its 'power' to accelerator-data.json");
  if (objective == Objective::watts) return watts->value();
  return (*candidate.operational() + candidate.known_embodied()).value() * carbon::Seconds{carbon::Hours{1}}.value();
}

Result<PricedProblem> priced_problem(const InfernoSystem& system, const std::vector<ServerCandidates>& candidates,
                                     Objective objective, const CandidateOptions& options, double transition) {
  PricedProblem priced;
  const auto type_index = [&](const std::string& type) {
    const auto at = std::find(priced.types.begin(), priced.types.end(), type);
    if (at != priced.types.end()) return static_cast<int>(at - priced.types.begin());
    priced.types.push_back(type);
    const auto known = system.capacity.find(type);
    std::int64_t devices = known == system.capacity.end() ? 0 : known->second;
    // A limit that nothing reaches. Not the largest number, so that sums stay exact.
    if (system.unlimited) devices = std::int64_t{1} << 60;
    priced.problem.capacity.push_back(devices);
    return static_cast<int>(priced.types.size()) - 1;
  };

  std::set<std::string> unknown;
  for (std::size_t i = 0; i < system.servers.size(); ++i) {
    const InfernoServer& server = system.servers[i];
    if (candidates[i].candidates.empty()) return unservable(server, candidates[i]);

    double old_value = 0;
    if (!server.current.accelerator.empty() && server.current.replicas > 0 && transition > 0) {
      auto old = size_on(system, server, server.current.accelerator, options, server.current.replicas);
      if (!old) return old.error();
      const auto value = running_value({{std::move(*old)}}, objective, server.where);
      if (!value) return value.error();
      old_value = *value;
    }

    std::vector<std::pair<Choice, int>> choices;
    for (std::size_t j = 0; j < candidates[i].candidates.size(); ++j) {
      const Candidate& candidate = candidates[i].candidates[j];
      const auto value = running_value(candidate, objective, server.where);
      if (!value) return value.error();
      Choice choice;
      choice.value = *value;
      const bool changes =
          !server.current.accelerator.empty() &&
          (candidate.parts.size() != 1 || candidate.parts[0].accelerator != server.current.accelerator);
      if (changes) choice.value += transition * (old_value + *value);
      for (const Part& part : candidate.parts) {
        const int type = type_index(part.type);
        const auto same =
            std::find_if(choice.uses.begin(), choice.uses.end(), [&](const Use& use) { return use.type == type; });
        if (same != choice.uses.end())
          same->units += part.devices;
        else
          choice.uses.push_back({type, part.devices});
        if (objective == Objective::carbon && !part.embodied) unknown.insert(part.type);
      }
      choice.parts = candidate.parts.size() == 1 ? std::max<std::int64_t>(1, candidate.parts[0].replicas) : 1;
      choices.emplace_back(std::move(choice), static_cast<int>(j));
    }
    std::stable_sort(choices.begin(), choices.end(),
                     [](const auto& a, const auto& b) { return a.first.value < b.first.value; });
    Demand demand;
    demand.priority = system.target(server.service_class, server.model)->priority;
    std::vector<int> indices;
    for (auto& [choice, index] : choices) {
      demand.choices.push_back(std::move(choice));
      indices.push_back(index);
    }
    priced.problem.demands.push_back(std::move(demand));
    priced.candidates.push_back(std::move(indices));
  }
  priced.unknown_embodied.assign(unknown.begin(), unknown.end());
  return priced;
}

}  // namespace cradle::inference
