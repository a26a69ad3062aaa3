#include "inference_replay_setting.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/catalog/catalog.h"
#include "cradle/inference/embodied.h"
#include "cradle/inference/inferno.h"
#include "cradle/report/format.h"
#include "cradle/workload/data_set.h"
#include "verb_inference.h"

namespace cradle::cli {

namespace {

using namespace inference;

constexpr int usual_batch = 16;

Result<carbon::Seconds> seconds_of(const std::string& text, const char* option) {
  std::string_view digits = text;
  double unit = 1;
  for (const auto& [suffix, factor] : {std::pair{"ms", 1e-3}, std::pair{"s", 1.0}, std::pair{"m", 60.0}})
    if (digits.ends_with(suffix)) {
      digits.remove_suffix(std::string_view(suffix).size());
      unit = factor;
      break;
    }
  const auto number = parse_number(digits);
  if (!number || *number < 0 || *number > 1e7)
    return bad_input("'" + text + "' is no time", option, "write seconds or minutes, e.g. 90s or 2m");
  return carbon::Seconds{*number * unit};
}

struct Trace {
  std::string name;
  Instant start{instant_of(2022, 1, 1)};
  std::vector<Arrival> arrivals;
};

Result<Trace> read_trace(const std::filesystem::path& file, std::string name) {
  const auto read = workload::read_azure_llm(file);
  if (!read) return read.error();
  auto arrivals = arrivals_of(*read);
  if (!arrivals) return arrivals.error();
  return Trace{std::move(name), read->start, std::move(*arrivals)};
}

Result<Trace> trace_of(const InferenceReplayOptions& options) {
  if (options.trace == "generated") {
    GeneratedArrivals kind;
    kind.rate_per_s = options.rate_per_s;
    kind.length = carbon::Seconds{carbon::Hours{options.hours}};
    if (options.in_tokens >= 0) kind.in_tokens = options.in_tokens;
    if (options.out_tokens >= 1) kind.out_tokens = options.out_tokens;
    kind.burst = options.burst;
    kind.burst_length = carbon::Seconds{options.burst_seconds};
    auto arrivals = generate_arrivals(kind, options.seed);
    if (!arrivals) return arrivals.error();
    Trace trace;
    trace.name = "generated";
    trace.arrivals = std::move(*arrivals);
    return trace;
  }
  for (const char* part : {"conv", "code"}) {
    if (options.trace != std::string("azure-") + part) continue;
    const auto cache = workload::default_cache();
    const auto folder = workload::find_data_set("azure-llm", options.data, cache ? *cache : std::filesystem::path());
    if (!folder)
      return missing_data("the Azure LLM inference traces are not there", "--trace " + options.trace,
                          "get them with `cradle data get azure-llm`, or give --data DIR");
    return read_trace(*folder / ("AzureLLMInferenceTrace_" + std::string(part) + ".csv"), options.trace);
  }
  if (!std::filesystem::exists(options.trace)) {
    const std::vector<std::string> known{"azure-conv", "azure-code", "generated"};
    return missing_data("no trace and no file '" + options.trace + "'", "--trace", suggest(options.trace, known));
  }
  return read_trace(options.trace, std::filesystem::path(options.trace).filename().string());
}

/// Mean tokens of the part that margins are found on: what an operator would know.
std::pair<double, double> mean_tokens(const std::vector<Arrival>& arrivals, double first_part) {
  const double end = arrivals.back().at_ms * first_part;
  double in = 0, out = 0, count = 0;
  for (const Arrival& a : arrivals) {
    if (a.at_ms > end && count > 0) break;
    in += a.in_tokens, out += a.out_tokens, ++count;
  }
  return {in / count, out / count};
}

/// Law, draw and embodied grams of one replica.
Result<Variant> replica_of(const InferenceReplayOptions& options, const catalog::Catalog& catalog, double in_tokens,
                           double out_tokens, std::vector<std::string>& notes) {
  const auto formula = formula_by_name(options.formula);
  if (!formula) return formula.error();
  const auto device = catalog.find_accelerator(options.device, "--device");
  if (!device) return device.error();
  if (options.devices < 1) return bad_input("a replica of 0 devices", "--devices", "give 1 or more");
  Variant replica;
  replica.devices = options.devices;
  replica.embodied = embodied_rate(**device) * replica.devices;
  const PowerCurve curve = straight_curve(**device);
  replica.power = {curve.idle * replica.devices, curve.middle * replica.devices, curve.full * replica.devices,
                   curve.middle_use};
  Service& service = replica.service;
  if (options.input.empty()) {
    if (!options.model.empty() || !options.accelerator.empty())
      return bad_input("a model or accelerator of no file", "inference replay", "give --input DIR as well");
    service.formula = *formula;
    service.alpha_ms = options.alpha_ms, service.beta_ms = options.beta_ms;
    service.gamma_ms = options.gamma_ms, service.delta_ms = options.delta_ms;
    service.in_tokens = in_tokens, service.out_tokens = out_tokens;
    service.prefill_chunks = options.chunks;
    service.max_batch = options.batch < 0 ? usual_batch : options.batch;
    service.max_queue = 10 * service.max_batch;
    replica.name = options.device;
  } else {
    const auto system = read_inferno(options.input);
    if (!system) return system.error();
    const InfernoProfile* profile = system->profile(options.model, options.accelerator);
    if (!profile) {
      std::vector<std::string> known;
      for (const InfernoProfile& one : system->profiles) known.push_back(one.model + " on " + one.accelerator);
      return bad_input("no model '" + options.model + "' on accelerator '" + options.accelerator + "'", "--input",
                       suggest(options.model + " on " + options.accelerator, known));
    }
    InfernoServer server;
    server.name = server.model = options.model;
    server.in_tokens = in_tokens, server.out_tokens = out_tokens;
    server.max_batch = std::max(0, options.batch);
    server.where = "--model " + options.model;
    const auto made = service_of(server, *profile, *formula, options.chunks);
    if (!made) return made.error();
    service = *made;
    replica.name = options.model + " on " + options.accelerator;
    if (const auto* board = system->accelerator(options.accelerator); board && board->power) {
      const double boards = profile->accelerators;
      replica.power = {board->power->idle * boards, board->power->middle * boards, board->power->full * boards,
                       board->power->middle_use};
      replica.devices = boards * board->multiplicity;
      replica.embodied = embodied_rate(**device) * replica.devices;
      notes.push_back("draw: the file's curve of " + options.accelerator + "; embodied grams: " +
                      shortest(replica.devices) + " of the catalogue's " + options.device + " for each replica");
    }
  }
  if (options.queue >= 0) service.max_queue = options.queue;
  replica.full_batch = std::max(1, service.max_batch);
  return replica;
}

/// Refuses what would have no effect beside the other options.
Result<void> check_effect(const InferenceReplayOptions& options) {
  const auto& given = options.given;
  const bool made_up = options.trace == "generated";
  if (const char* unused = first_given(given, {"--rate", "--hours", "--burst", "--burst-seconds"}); unused && !made_up)
    return bad_input("the trace " + options.trace + " is as it is", unused, "leave it out, or use --trace generated");
  if (first_given(given, {"--data"}) && options.trace != "azure-conv" && options.trace != "azure-code")
    return bad_input("no Azure trace is asked for", "--data", "leave it out, or use --trace azure-conv or azure-code");
  if (const char* unused = first_given(given, {"--alpha", "--beta", "--gamma", "--delta", "--devices"});
      unused && !options.input.empty())
    return bad_input("the files of --input tell it already", unused, "leave it out, or leave --input out");
  if (first_given(given, {"--delta"}) && options.formula != name(Formula::separate))
    return bad_input("the formula " + options.formula + " has no such parameter", "--delta",
                     "leave it out, or use --formula separate");
  if (const char* unused = first_given(given, {"--grid", "--start"}); unused && first_given(given, {"--intensity"}))
    return bad_input("--intensity is the same at all times", unused, "leave it or --intensity out");
  return {};
}

}  // namespace

Result<InferenceReplaySetting> inference_replay_setting(const InferenceReplayOptions& options, const Common& common) {
  if (auto fine = check_effect(options); !fine) return fine.error();
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return catalog.error();
  auto trace = trace_of(options);
  if (!trace) return std::move(trace).error();
  std::vector<std::string> notes;
  const auto [mean_in, mean_out] = mean_tokens(trace->arrivals, options.first_part);
  const bool given = options.in_tokens >= 0 && options.out_tokens >= 1;
  auto replica = replica_of(options, *catalog, options.in_tokens >= 0 ? options.in_tokens : mean_in,
                            options.out_tokens >= 1 ? options.out_tokens : std::max(1.0, mean_out), notes);
  if (!replica) return std::move(replica).error();
  if (!given)
    notes.push_back("tokens of the mean request (" + report::decimal(mean_in, 0) + " read, " +
                    report::decimal(mean_out, 0) + " written) are those of the trace's first " +
                    report::percent_text(options.first_part, 0));

  ReplayOptions replay;
  replay.replica = std::move(*replica);
  replay.targets.ttft_ms = options.ttft_ms, replay.targets.itl_ms = options.itl_ms;
  const auto limit = capacity(replay.replica.service, replay.targets);
  if (!limit) return limit.error();
  AutoscalerRule& rule = replay.rule;
  rule.capacity_per_s = limit->rate_per_s;
  for (const auto& [text, option, field] :
       {std::tuple{&options.startup, "--startup", &rule.startup},
        std::tuple{&options.interval, "--interval", &rule.interval},
        std::tuple{&options.window, "--window", &rule.window},
        std::tuple{&options.scale_down_delay, "--scale-down-delay", &rule.scale_down_delay}}) {
    const auto time = seconds_of(*text, option);
    if (!time) return time.error();
    *field = *time;
  }
  rule.memory = std::max(rule.memory, rule.window);
  rule.min_replicas = options.least, rule.max_replicas = options.most;
  const auto fidelity = fidelity_by_name(options.fidelity);
  if (!fidelity) return fidelity.error();
  const auto routing = routing_by_name(options.routing);
  if (!routing) return routing.error();
  replay.fidelity = *fidelity, replay.routing = *routing;
  replay.start = trace->start;
  if (!options.start.empty()) {
    const auto start = parse_instant(options.start);
    if (!start) return bad_input(start.error().message, "--start", "write it like 2022-07-01T18:00Z");
    replay.start = *start;
  }
  replay.pue = options.pue;
  replay.seed = options.seed;

  std::vector<TypeKnobs> knobs{knobs_of(replay.replica, *catalog, options.device)};

  std::vector<Scaling> scalings;
  for (const std::string& word : options.autoscalers) {
    if (word == "all") {
      scalings.insert(scalings.end(), all_scalings.begin(), all_scalings.end());
      continue;
    }
    const auto scaling = scaling_by_name(word);
    if (!scaling) return bad_input(scaling.error().message, "--autoscaler", scaling.error().hint);
    scalings.push_back(*scaling);
  }

  auto series = carbon::IntensitySeries::constant(carbon::Signal::average,
                                                  carbon::GramsPerKilowattHour{std::max(0.0, options.intensity)});
  std::string intensity = shortest(options.intensity) + " g/kWh";
  if (options.intensity < 0) {
    const auto grid = catalog->find_grid(options.grid, "--grid");
    if (!grid) return grid.error();
    series = (*grid)->series();
    intensity = "the typical year of " + options.grid + " (average)";
  }
  return InferenceReplaySetting{
      std::move(trace->name), std::move(trace->arrivals), std::move(replay), *limit,          std::move(scalings),
      std::move(series),      std::move(intensity),       std::move(knobs),  std::move(notes)};
}

}  // namespace cradle::cli
