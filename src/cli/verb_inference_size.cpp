// cradle inference size: what one replica can do, and how many replicas a service takes.
#include <algorithm>
#include <cstdio>

#include "cradle/base/text.h"
#include "cradle/inference/embodied.h"
#include "cradle/report/table.h"
#include "verb_inference.h"

namespace cradle::cli {

namespace {

using namespace inference;
using report::Align;
using report::Cell;

constexpr double seconds_per_hour = 3600;

/// The service of the options as a system of one accelerator and one server.
Result<InfernoSystem> system_of_options(const InferenceOptions& options, const catalog::Catalog& catalog) {
  InfernoSystem system;
  InfernoAccelerator accelerator;
  accelerator.name = accelerator.type = options.device.empty() ? "replica" : options.device;
  if (!options.device.empty()) {
    const auto record = catalog.find_accelerator(options.device, "--device");
    if (!record) return record.error();
    accelerator.power = straight_curve(**record);
  }
  const auto promised = [](double limit) { return limit > 0 ? std::optional<double>(limit) : std::nullopt; };
  InfernoServer server;
  server.name = "service";
  server.where = "the service";
  server.service_class = server.model = "service";
  server.rate_per_s = options.rate_per_s;
  server.in_tokens = options.in_tokens;
  server.out_tokens = options.out_tokens;
  server.max_batch = options.batch;
  server.max_queue = options.queue;
  InfernoProfile profile;
  profile.model = "service";
  profile.accelerator = accelerator.name;
  profile.accelerators = options.devices;
  profile.alpha_ms = options.alpha_ms, profile.beta_ms = options.beta_ms;
  profile.gamma_ms = options.gamma_ms, profile.delta_ms = options.delta_ms;
  profile.separate = options.formula == name(Formula::separate);
  system.targets.push_back(
      {"service", "service", 1, {promised(options.itl_ms), promised(options.ttft_ms), promised(options.tokens_per_s)}});
  system.accelerators.push_back(std::move(accelerator));
  system.servers.push_back(std::move(server));
  system.profiles.push_back(std::move(profile));
  return system;
}

}  // namespace

int run_inference_size(const InferenceOptions& options, const Common& common) {
  const bool from_file = !options.input.empty();
  if (!from_file && !(options.alpha_ms + options.beta_ms > 0))
    return fail(
        bad_input("there is no service", "inference size",
                  "give --input DIR --server NAME, or --alpha, --beta, --gamma, --in, --out, --batch and --rate"));
  if (const char* unused =
          first_given(options.given, {"--alpha", "--beta", "--gamma", "--delta", "--in", "--out", "--rate", "--batch",
                                      "--queue", "--itl", "--ttft", "--tokens", "--device", "--devices"});
      unused && from_file)
    return fail(bad_input("the files of --input tell it already", unused,
                          "leave it out, or leave --input out and describe the service by options alone"));
  if (first_given(options.given, {"--delta"}) && options.formula != name(Formula::separate))
    return fail(bad_input("the formula " + options.formula + " has no such parameter", "--delta",
                          "leave it out, or use --formula separate"));
  if (!from_file && options.batch < 1) return fail(bad_input("a batch of 0", "--batch", "give 1 or more"));
  if (options.devices < 1) return fail(bad_input("a replica of 0 devices", "--devices", "give 1 or more"));
  if (!from_file && (!options.server.empty() || !options.accelerator.empty()))
    return fail(bad_input("a server or accelerator of no file", "inference size", "give --input DIR"));
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  const auto system = from_file ? read_inferno(options.input) : system_of_options(options, *catalog);
  if (!system) return fail(system.error());
  const auto terms = inference_terms(options, *system, *catalog);
  if (!terms) return fail(terms.error());

  std::vector<std::string> names;
  for (const InfernoServer& item : system->servers) names.push_back(item.name);
  const std::string wanted = from_file ? options.server : names.front();
  if (wanted.empty()) return fail(bad_input("no server is named", "--server", suggest("", names)));
  const auto at = std::find(names.begin(), names.end(), wanted);
  if (at == names.end()) return fail(bad_input("no server '" + wanted + "'", "--server", suggest(wanted, names)));
  const InfernoServer& server = system->servers[static_cast<std::size_t>(at - names.begin())];

  report::Table table;
  table.column("accelerator", "accelerator")
      .column("replicas", "replicas", Align::right)
      .column("devices", "devices", Align::right)
      .column("capacity_per_s", "one serves", Align::right, 4, "1/s")
      .column("binding", "bound by")
      .column("max_batch", "batch", Align::right)
      .column("itl_ms", "ITL", Align::right, 3, "ms")
      .column("ttft_ms", "TTFT", Align::right, 3, "ms")
      .column("waiting_ms", "waiting", Align::right, 3, "ms")
      .column("utilisation", "occupied", Align::right, 3)
      .column("cents_per_h", "cost", Align::right, 2, "c/h")
      .column("watts", "draw", Align::right, 0, "W")
      .column("operational_g_per_h", "operation", Align::right, 1, "g/h")
      .column("embodied_g_per_h", "embodied", Align::right, 2, "g/h");
  std::vector<std::string> notes = system->notes;
  if (options.device.empty() && !from_file)
    notes.push_back("no --device: neither watts nor grams are known");
  else
    notes.insert(notes.end(), terms->notes.begin(), terms->notes.end());
  ServerCandidates found;
  for (const InfernoAccelerator& accelerator : system->accelerators) {
    if (!options.accelerator.empty() && accelerator.name != options.accelerator) continue;
    if (!system->profile(server.model, accelerator.name)) continue;
    const auto part = size_on(*system, server, accelerator.name, terms->options);
    if (!part) {
      found.refusals.push_back({accelerator.name, part.error()});
      notes.push_back(accelerator.name + ": " + part.error().message);
      continue;
    }
    found.candidates.push_back({{*part}});
    const auto grams = [&](const auto& rate) {
      return rate && terms->with_grams ? Cell(rate->value() * seconds_per_hour) : Cell();
    };
    table.row({part->accelerator, part->replicas, part->devices, part->capacity.rate_per_s,
               std::string(part->capacity.binding), static_cast<std::int64_t>(part->service.max_batch),
               part->state.itl_ms, part->state.ttft_ms, part->state.waiting_ms, part->state.utilisation,
               from_file ? Cell(part->cents_per_h) : Cell(), part->watts ? Cell(part->watts->value()) : Cell(),
               grams(part->operational), grams(part->embodied)});
  }
  if (found.candidates.empty()) {
    if (!options.accelerator.empty() && found.refusals.empty())
      return fail(size_on(*system, server, options.accelerator, terms->options).error());
    if (!from_file) return fail(found.refusals.front().error);
    return fail(unservable(server, found));
  }
  const double rate = offered_rate_per_s(server, system->target(server.service_class, server.model)->targets);
  if (options.output == Output::json)
    std::fputs(table
                   .to_json("cradle.inference.size/1",
                            {{"server", server.name}, {"rate_per_s", rate}, {"formula", options.formula}})
                   .c_str(),
               stdout);
  else
    std::fputs((options.output == Output::csv ? table.to_csv() : table.to_text(160)).c_str(), stdout);
  print_notes(notes, common);
  return 0;
}

}  // namespace cradle::cli
