#include <cmath>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/profile/gpu_profile.h"

namespace cradle::profile {

namespace {

using Json = nlohmann::ordered_json;
using carbon::Joules;
using carbon::Seconds;
using carbon::Watts;

constexpr const char* schema = "cradle.gpu-profile/1";
constexpr std::size_t most_items = 100'000;
constexpr int most_multiprocessors = 4096;
constexpr double most_over_limit = 1.5;  ///< power of a sample over the board's default limit

Json sample_json(const GpuSample& sample) {
  Json json = {{"at_s", sample.at.value()}};
  if (sample.energy) json["energy_j"] = sample.energy->value();
  if (sample.power) json["power_w"] = sample.power->value();
  if (sample.megahertz) json["clock_mhz"] = *sample.megahertz;
  return json;
}

/// Reads members of objects; keeps the first thing that is wrong.
class Reader {
 public:
  explicit Reader(std::string_view source) : source_(source) {}

  const std::optional<Error>& error() const { return error_; }

  void fail(const std::string& path, const std::string& what,
            const char* hint = "give a file that 'cradle profile gpu --record FILE' wrote") {
    if (!error_) error_ = bad_input(path + " " + what, source_, hint);
  }

  const Json* member(const Json& json, const char* key, const std::string& path) {
    const auto at = json.is_object() ? json.find(key) : json.end();
    if (json.is_object() && at != json.end()) return &*at;
    fail(path + "." + key, "is missing");
    return nullptr;
  }

  double number(const Json& json, const char* key, const std::string& path, double low, double high) {
    const Json* value = member(json, key, path);
    if (!value) return low;
    const double read = value->is_number() ? value->get<double>() : std::nan("");
    if (read >= low && read <= high) return read;
    fail(path + "." + key, "is no number from " + shortest(low) + " to " + shortest(high));
    return low;
  }

  int whole(const Json& json, const char* key, const std::string& path, int low, int high) {
    const double read = number(json, key, path, low, high);
    if (read != std::floor(read)) fail(path + "." + key, "is no whole number");
    return static_cast<int>(read);
  }

  std::optional<double> maybe(const Json& json, const char* key, const std::string& path, double high) {
    if (!json.is_object() || !json.contains(key)) return std::nullopt;
    return number(json, key, path, 0, high);
  }

  std::string text(const Json& json, const char* key, const std::string& path) {
    const Json* value = member(json, key, path);
    if (!value) return {};
    if (value->is_string()) return value->get<std::string>();
    fail(path + "." + key, "is no text");
    return {};
  }

  const Json* list(const Json& json, const char* key, const std::string& path) {
    const Json* value = member(json, key, path);
    if (!value) return nullptr;
    if (value->is_array() && value->size() <= most_items) return value;
    fail(path + "." + key, "is no list of at most 100000 entries");
    return nullptr;
  }

 private:
  std::string source_;
  std::optional<Error> error_;
};

RawRepetition read_repetition(Reader& reader, const Json& json, const std::string& path) {
  RawRepetition raw;
  raw.multiprocessors = reader.whole(json, "multiprocessors", path, 0, most_multiprocessors);
  raw.worked = reader.whole(json, "worked", path, 0, most_multiprocessors);
  raw.operations = reader.number(json, "operations", path, 0, 1e30);
  raw.duration = Seconds{reader.number(json, "duration_s", path, 1e-9, 1e6)};
  const Json* samples = reader.list(json, "samples", path);
  if (!samples) return raw;
  for (std::size_t i = 0; i < samples->size() && !reader.error(); ++i) {
    const Json& from = (*samples)[i];
    const std::string place = path + ".samples[" + std::to_string(i) + "]";
    GpuSample sample;
    sample.at = Seconds{reader.number(from, "at_s", place, -1e15, 1e15)};
    if (const auto energy = reader.maybe(from, "energy_j", place, 1e18)) sample.energy = Joules{*energy};
    if (const auto power = reader.maybe(from, "power_w", place, 1e6)) sample.power = Watts{*power};
    if (const auto clock = reader.maybe(from, "clock_mhz", place, 1e6))
      sample.megahertz = static_cast<std::int64_t>(*clock);
    if (!raw.samples.empty() && !(sample.at > raw.samples.back().at)) reader.fail(place + ".at_s", "does not rise");
    raw.samples.push_back(sample);
  }
  return raw;
}

/// No board's reading lies that far above its default limit, not even for the length of a sample.
void check_power(Reader& reader, const RawProfile& profile) {
  const Watts most = profile.device.default_limit * most_over_limit;
  for (std::size_t i = 0; i < profile.repetitions.size(); ++i) {
    const std::vector<GpuSample>& samples = profile.repetitions[i].samples;
    for (std::size_t j = 0; j < samples.size(); ++j)
      if (samples[j].power && *samples[j].power > most)
        reader.fail("repetitions[" + std::to_string(i) + "].samples[" + std::to_string(j) + "].power_w",
                    "is above " + shortest(most_over_limit) + " times the board's default limit",
                    "measure again; power and default_limit_w are in watts");
  }
}

}  // namespace

std::string to_json(const RawProfile& profile) {
  const GpuFacts& device = profile.device;
  Json json = {{"schema", schema},
               {"date", to_iso(profile.date)},
               {"device",
                {{"name", device.name},
                 {"uuid", device.uuid},
                 {"driver", device.driver},
                 {"compute_capability", device.compute_capability},
                 {"multiprocessors", device.multiprocessors},
                 {"limit_w", device.limit.value()},
                 {"default_limit_w", device.default_limit.value()}}},
               {"settle_s", profile.settle.value()},
               {"window_s", profile.window.value()},
               {"cut_short", profile.cut_short},
               {"repetitions", Json::array()}};
  for (const RawRepetition& raw : profile.repetitions) {
    Json repetition = {{"multiprocessors", raw.multiprocessors},
                       {"worked", raw.worked},
                       {"operations", raw.operations},
                       {"duration_s", raw.duration.value()},
                       {"samples", Json::array()}};
    for (const GpuSample& sample : raw.samples) repetition["samples"].push_back(sample_json(sample));
    json["repetitions"].push_back(std::move(repetition));
  }
  // A device may call itself anything: bytes that are no UTF-8 are replaced, not thrown at us.
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RawProfile> parse_profile(std::string_view text, std::string_view source) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded())
    return bad_input("the file is no JSON", std::string(source),
                     "give a file that 'cradle profile gpu --record' wrote");
  Reader reader(source);
  RawProfile profile;
  if (const std::string found = reader.text(json, "schema", "profile"); !reader.error() && found != schema)
    reader.fail("profile.schema", "is '" + found + "', not " + schema);
  if (reader.error()) return *reader.error();
  const auto date = parse_instant(reader.text(json, "date", "profile"));
  if (!date) reader.fail("profile.date", "is no date");
  if (date) profile.date = *date;
  if (const Json* device = reader.member(json, "device", "profile")) {
    GpuFacts& facts = profile.device;
    facts.name = reader.text(*device, "name", "device");
    facts.uuid = reader.text(*device, "uuid", "device");
    facts.driver = reader.text(*device, "driver", "device");
    facts.compute_capability = reader.text(*device, "compute_capability", "device");
    facts.multiprocessors = reader.whole(*device, "multiprocessors", "device", 1, most_multiprocessors);
    facts.limit = Watts{reader.number(*device, "limit_w", "device", 0, 1e6)};
    facts.default_limit = Watts{reader.number(*device, "default_limit_w", "device", 0, 1e6)};
    if (!(facts.default_limit > Watts{}))
      reader.fail("device.default_limit_w", "is not above 0",
                  "write the limit that the board's data sheet states, in watts");
  }
  profile.settle = Seconds{reader.number(json, "settle_s", "profile", 0, 1e6)};
  profile.window = Seconds{reader.number(json, "window_s", "profile", 1e-9, 1e6)};
  profile.cut_short = reader.text(json, "cut_short", "profile");
  if (const Json* repetitions = reader.list(json, "repetitions", "profile"))
    for (std::size_t i = 0; i < repetitions->size() && !reader.error(); ++i)
      profile.repetitions.push_back(
          read_repetition(reader, (*repetitions)[i], "repetitions[" + std::to_string(i) + "]"));
  for (const RawRepetition& raw : profile.repetitions)
    if (raw.worked > profile.device.multiprocessors || raw.multiprocessors > profile.device.multiprocessors)
      reader.fail("repetitions", "name more multiprocessors than the device has");
  check_power(reader, profile);
  if (reader.error()) return *reader.error();
  return profile;
}

}  // namespace cradle::profile
