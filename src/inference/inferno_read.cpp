#include <algorithm>
#include <cmath>
#include <set>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/inference/inferno.h"
#include "json_fields.h"

namespace cradle::inference {

namespace {

constexpr double seconds_per_minute = 60;
constexpr std::int64_t most_devices = 1'000'000'000'000;
constexpr std::uint64_t largest_file = std::uint64_t{64} << 20;

/// The same name twice in one list is an error.
class Names {
 public:
  void add(Fields& fields, std::string_view key, const std::string& name) {
    if (!names_.insert(name).second) fields.fail(key, "'" + name + "' is there twice", "keep one of the two");
  }

 private:
  std::set<std::string> names_;
};

std::optional<double> target(Fields& fields, std::string_view key) {
  const double limit = fields.number(key, {}, 0.0);
  return limit > 0 ? std::optional<double>(limit) : std::nullopt;
}

void read_accelerators(Fields root, InfernoSystem& system) {
  Names names;
  for (Fields& item : root.objects("accelerators")) {
    InfernoAccelerator accelerator;
    accelerator.name = item.text("name");
    accelerator.type = item.text("type");
    accelerator.multiplicity = static_cast<int>(item.whole("multiplicity", 1, 1'000'000, 1));
    accelerator.memory_gb = item.number("memSize", {}, 0.0);
    accelerator.cents_per_h = item.number("cost");
    if (item.has("power")) {
      Fields power = item.object("power");
      PowerCurve curve;
      curve.idle = carbon::Watts{power.number("idle")};
      curve.full = carbon::Watts{power.number("full")};
      curve.middle = carbon::Watts{power.number("midPower")};
      curve.middle_use = power.number("midUtil");
      if (const auto fine = check(curve); !fine)
        power.fail(fine.error().where, fine.error().message, fine.error().hint);
      accelerator.power = curve;
    }
    names.add(item, "name", accelerator.name);
    system.accelerators.push_back(std::move(accelerator));
  }
}

void read_profiles(Fields root, InfernoSystem& system) {
  Names names;
  std::size_t unused = 0;
  std::string first_unused;
  std::set<std::string> unknown;
  for (Fields& item : root.objects("models")) {
    InfernoProfile profile;
    profile.model = item.text("name");
    profile.accelerator = item.text("acc");
    profile.accelerators = static_cast<int>(item.whole("accCount", 1, 1'000'000, 1));
    profile.max_batch = static_cast<int>(item.whole("maxBatchSize", 1, largest_batch));
    profile.at_tokens = item.number("atTokens", {1, 1e12});
    if (item.has("decodeParms") || item.has("prefillParms")) {
      Fields decode = item.object("decodeParms"), prefill = item.object("prefillParms");
      profile.separate = true;
      profile.alpha_ms = decode.number("alpha");
      profile.beta_ms = decode.number("beta");
      profile.gamma_ms = prefill.number("gamma");
      profile.delta_ms = prefill.number("delta");
    } else {
      Fields parameters = item.object("perfParms");
      profile.alpha_ms = parameters.number("alpha");
      profile.beta_ms = parameters.number("beta");
      profile.gamma_ms = parameters.number("gamma");
      profile.separate = parameters.has("delta");
      profile.delta_ms = parameters.number("delta", {}, 0.0);
      if (profile.separate)
        system.notes.push_back(parameters.where("delta") + ": with it " + profile.model + " on " + profile.accelerator +
                               " has two laws, which only the formula separate uses; take it out if one law is meant");
    }
    names.add(item, "acc", profile.model + " on " + profile.accelerator);
    if (!system.accelerator(profile.accelerator)) {
      if (unused++ == 0) first_unused = item.where("acc");
      unknown.insert(profile.accelerator);
    }
    system.profiles.push_back(std::move(profile));
  }
  if (unused == 0) return;
  std::string unknown_text;
  for (const std::string& name : unknown) unknown_text += (unknown_text.empty() ? "'" : ", '") + name + "'";
  system.notes.push_back(first_unused + (unused == 1 ? "" : " and " + std::to_string(unused - 1) + " more") + ": " +
                         unknown_text + (unknown.size() == 1 ? " is no accelerator" : " are no accelerators") +
                         " of this system; " +
                         (unused == 1 ? "the profile is" : std::to_string(unused) + " profiles are") + " not used");
}

void read_classes(Fields root, InfernoSystem& system) {
  Names classes, targets;
  for (Fields& item : root.objects("serviceClasses")) {
    const std::string name = item.text("name");
    classes.add(item, "name", name);
    const int priority = static_cast<int>(item.whole("priority", 0, 1'000'000));
    for (Fields& entry : item.objects("modelTargets")) {
      InfernoTarget row{name, entry.text("model"), priority, {}};
      row.targets.itl_ms = target(entry, "slo-itl");
      row.targets.ttft_ms = target(entry, "slo-ttft");
      row.targets.tokens_per_s = target(entry, "slo-tps");
      targets.add(entry, "model", name + " for " + row.model);
      system.targets.push_back(std::move(row));
    }
  }
}

/// Older files begin these two names with a capital.
double tokens(Fields& load, const char* key, const char* older) {
  return load.number(load.has(key) || !load.has(older) ? key : older);
}

void read_servers(Fields root, InfernoSystem& system) {
  Names names;
  for (Fields& item : root.objects("servers")) {
    InfernoServer server;
    server.where = item.where();
    server.name = item.text("name");
    server.service_class = item.text("class");
    server.model = item.text("model");
    server.keep_accelerator = item.flag("keepAccelerator", false);
    server.least_replicas = item.whole("minNumReplicas", 0, most_replicas, 0);
    server.max_batch = static_cast<int>(item.whole("maxBatchSize", 0, largest_batch, 0));
    Fields current = item.object("currentAlloc", !item.has("load"));
    server.current.accelerator = current.text("accelerator", "");
    server.current.replicas = current.whole("numReplicas", 0, most_replicas, 0);
    Fields load = item.has("load") ? item.object("load") : current.object("load");
    server.rate_per_s = load.number("arrivalRate") / seconds_per_minute;
    server.in_tokens = tokens(load, "avgInTokens", "AvgInTokens");
    server.out_tokens = tokens(load, "avgOutTokens", "AvgOutTokens");
    // A server without load may say that its requests have no length.
    if (server.rate_per_s == 0) server.out_tokens = std::max(server.out_tokens, 1.0);
    if (server.out_tokens < 1)
      load.fail("avgOutTokens", shortest(server.out_tokens) + " is out of range", "a request writes at least 1 token");
    names.add(item, "name", server.name);
    if (!system.target(server.service_class, server.model))
      item.fail("class", "no service class '" + server.service_class + "' has a target for '" + server.model + "'",
                "add it to the modelTargets of that class");
    if (!server.current.accelerator.empty() && !system.accelerator(server.current.accelerator))
      current.fail("accelerator", "no accelerator '" + server.current.accelerator + "'",
                   "use the name of one in the accelerators' file");
    system.servers.push_back(std::move(server));
  }
}

void read_capacity(Fields root, InfernoSystem& system) {
  Names names;
  for (Fields& item : root.objects("count")) {
    const std::string type = item.text("type");
    names.add(item, "type", type);
    system.capacity[type] = item.whole("count", 0, most_devices);
  }
}

void read_optimizer(Fields root, InfernoSystem& system) {
  constexpr std::pair<const char*, Saturation> policies[] = {
      {"None", Saturation::none},
      {"PriorityExhaustive", Saturation::priority_exhaustive},
      {"PriorityRoundRobin", Saturation::priority_round_robin},
      {"RoundRobin", Saturation::round_robin},
  };
  Fields options = root.object("optimizer");
  system.unlimited = options.flag("unlimited", false);
  system.heterogeneous = options.flag("heterogeneous", false);
  system.delayed_best_effort = options.flag("delayedBestEffort", false);
  const std::string word = options.text("saturationPolicy", "None");
  std::vector<std::string> words;
  for (const auto& [policy, value] : policies) {
    words.emplace_back(policy);
    if (word == policy || word.empty()) {
      system.saturation = value;
      return;
    }
  }
  options.fail("saturationPolicy", "no policy '" + word + "'", suggest(word, words));
}

Result<void> read(const InfernoFile& file, void (*reader)(Fields, InfernoSystem&), InfernoSystem& system) {
  const auto document = parse_json(file.text, file.name);
  if (!document) return document.error();
  reader(Fields::of(*document), system);
  if ((*document)->error) return *(*document)->error;
  return {};
}

}  // namespace

const InfernoAccelerator* InfernoSystem::accelerator(std::string_view name) const {
  for (const auto& item : accelerators)
    if (item.name == name) return &item;
  return nullptr;
}

const InfernoProfile* InfernoSystem::profile(std::string_view model, std::string_view accelerator) const {
  for (const auto& item : profiles)
    if (item.model == model && item.accelerator == accelerator) return &item;
  return nullptr;
}

const InfernoTarget* InfernoSystem::target(std::string_view service_class, std::string_view model) const {
  for (const auto& item : targets)
    if (item.service_class == service_class && item.model == model) return &item;
  return nullptr;
}

Result<InfernoSystem> parse_inferno(const InfernoFiles& files) {
  InfernoSystem system;
  // In this order, so that each file finds what it names.
  const std::pair<const InfernoFile*, void (*)(Fields, InfernoSystem&)> parts[] = {
      {&files.accelerators, read_accelerators},
      {&files.models, read_profiles},
      {&files.classes, read_classes},
      {&files.servers, read_servers},
      {files.capacity ? &*files.capacity : nullptr, read_capacity},
      {files.optimizer ? &*files.optimizer : nullptr, read_optimizer},
  };
  for (const auto& [file, reader] : parts) {
    if (!file) continue;
    if (auto fine = read(*file, reader, system); !fine) return fine.error();
  }
  if (!files.capacity) system.unlimited = true;
  return system;
}

Result<InfernoSystem> read_inferno(const std::filesystem::path& folder) {
  std::optional<Error> error;
  const auto text = [&](const char* name) -> InfernoFile {
    if (error) return {};
    auto bytes = cradle::read_file(folder / name, largest_file);
    if (!bytes) {
      error = bytes.error();
      return {};
    }
    return {(folder / name).string(), std::move(*bytes)};
  };
  const auto where_there = [&](const char* name) -> std::optional<InfernoFile> {
    std::error_code ignored;
    if (!std::filesystem::exists(folder / name, ignored)) return {};
    return text(name);
  };
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    return missing_data("there is no such folder", folder.string(),
                        "name the folder with accelerator-data.json, model-data.json, serviceclass-data.json and "
                        "server-data.json");
  InfernoFiles files;
  files.accelerators = text("accelerator-data.json");
  files.models = text("model-data.json");
  files.classes = text("serviceclass-data.json");
  files.servers = text("server-data.json");
  files.capacity = where_there("capacity-data.json");
  files.optimizer = where_there("optimizer-data.json");
  if (error) return *error;
  return parse_inferno(files);
}

Result<Service> service_of(const InfernoServer& server, const InfernoProfile& profile, Formula formula, int chunks) {
  constexpr int waiting_for_each_served = 10;
  if (profile.separate != (formula == Formula::separate))
    return bad_input("the profile of " + profile.model + " on " + profile.accelerator + " has " +
                         (profile.separate ? "four parameters of two laws" : "three parameters of one law") +
                         ", which the formula '" + std::string(name(formula)) + "' cannot use",
                     server.where,
                     profile.separate ? "use the formula separate" : "use the formula iteration or newest");
  Service service;
  service.formula = formula;
  service.alpha_ms = profile.alpha_ms, service.beta_ms = profile.beta_ms;
  service.gamma_ms = profile.gamma_ms, service.delta_ms = profile.delta_ms;
  service.in_tokens = server.in_tokens, service.out_tokens = server.out_tokens;
  service.prefill_chunks = chunks;
  const double batch =
      server.max_batch > 0 ? server.max_batch : std::floor(profile.max_batch * profile.at_tokens / server.out_tokens);
  if (batch > largest_batch)
    return bad_input("a batch of " + shortest(batch) + " requests of " + profile.model + " on " + profile.accelerator,
                     server.where, "check maxBatchSize, atTokens and the tokens of a request");
  service.max_batch = std::max(1, static_cast<int>(batch));
  service.max_queue = server.max_queue >= 0 ? server.max_queue : waiting_for_each_served * service.max_batch;
  if (auto fine = check(service); !fine) {
    Error error = fine.error();
    error.where = server.where + ", " + profile.model + " on " + profile.accelerator + ": " + error.where;
    return error;
  }
  return service;
}

}  // namespace cradle::inference
