#include "cradle/slicing/miso_trace.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "cradle/base/csv.h"
#include "cradle/base/file.h"
#include "cradle/base/text.h"

namespace cradle::slicing {

namespace {

using Json = nlohmann::ordered_json;

constexpr double longest = 1e9;          ///< seconds
constexpr double start_up_seconds = 10;  ///< what lengths hold besides their iterations
constexpr std::uint64_t file_limit = std::uint64_t{16} << 20;

constexpr const char* trace_name = "trace_100.json";
constexpr const char* exp_name = "exp_100.json";
constexpr const char* models_name = "job_models.json";
constexpr const char* iters_name = "num_iters.json";
constexpr const char* latency_name = "mig_iteration_latency.csv";
constexpr const char* codes_name = "partition_code.json";

constexpr const char* object_hint = "the file is one JSON object with a job's number as key: {\"0\": 120, ...}";

/// A flat object in which no key appears twice.
Result<Json> parse_object(const std::string& text, const std::string& file) {
  if (!is_utf8(text)) return bad_input("the file is not UTF-8", file, object_hint);
  std::set<std::string> keys;
  std::optional<std::string> repeated;
  int deepest = 0;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    deepest = std::max(deepest, depth);
    if (event == Json::parse_event_t::key && depth == 1 && !keys.insert(value.get<std::string>()).second)
      repeated = value.get<std::string>();
    return depth < 8;
  };
  Json document = Json::parse(text, look, false);
  if (deepest >= 8) return bad_input("the JSON nests too deeply", file, object_hint);
  if (document.is_discarded() || !document.is_object())
    return bad_input("the file is no JSON object, or it is cut short", file, object_hint);
  if (repeated) return bad_input("the key '" + *repeated + "' appears twice", file, "keep one of them");
  if (document.empty()) return bad_input("the file has no entry", file, object_hint);
  return document;
}

using ByJob = std::map<std::int64_t, double>;

Result<std::int64_t> job_number(const std::string& key, const std::string& file) {
  const auto number = parse_integer(key);
  if (!number || *number < 0 || *number > 1'000'000'000)
    return bad_input("'" + key + "' is no job's number", file, object_hint);
  return *number;
}

Result<ByJob> read_numbers(const std::string& text, const std::string& file) {
  auto document = parse_object(text, file);
  if (!document) return std::move(document).error();
  ByJob numbers;
  for (const auto& [key, value] : document->items()) {
    const auto job = job_number(key, file);
    if (!job) return job.error();
    const std::string where = file + ": " + key;
    if (!value.is_number()) return bad_input("the value is no number", where, object_hint);
    const double number = value.get<double>();
    if (!(number >= 0) || number > longest)
      return bad_input("the value is negative or beyond 1e9", where, "seconds and iterations are 0..1e9");
    numbers[*job] = number;
  }
  return numbers;
}

struct Model {
  std::string family;
  std::int64_t batch;
};

Result<std::map<std::int64_t, Model>> read_models(const std::string& text) {
  auto document = parse_object(text, models_name);
  if (!document) return std::move(document).error();
  std::map<std::int64_t, Model> models;
  for (const auto& [key, value] : document->items()) {
    const auto job = job_number(key, models_name);
    if (!job) return job.error();
    const std::string name = value.is_string() ? value.get<std::string>() : "";
    const auto cut = name.find("_train");
    const auto batch = cut == std::string::npos ? std::nullopt : parse_integer(std::string_view(name).substr(cut + 6));
    if (!batch || *batch < 1 || *batch > 1'000'000 || cut == 0)
      return bad_input("'" + name + "' is no model", std::string(models_name) + ": " + key,
                       "write MODEL_trainBATCH, e.g. \"resnet_train128\"");
    models[*job] = {name.substr(0, cut), *batch};
  }
  return models;
}

/// Seconds an iteration by profile; 0 where the model does not fit.
using Latency = std::map<std::pair<std::string, std::int64_t>, std::vector<double>>;

Result<Latency> read_latency(const std::string& text, const PartitionTable& table) {
  static constexpr std::array<std::string_view, 4> columns{"slice", "model", "batch", "mean_s"};
  Latency latency;
  const auto rows = read_csv(text, latency_name, columns, [&](const CsvRow& row) -> Result<void> {
    const auto profile = table.find_profile(row.field(0), latency_name + std::string(":") + std::to_string(row.line()));
    if (!profile) return profile.error();
    const auto batch = row.integer(2, 1, 1'000'000);
    if (!batch) return batch.error();
    const auto seconds = row.number(3, 1e-9, longest);
    if (!seconds) return seconds.error();
    auto& profiles = latency[{std::string(row.field(1)), *batch}];
    profiles.resize(table.profiles().size());
    if (profiles[*profile] > 0) return row.error(0, "this slice, model and batch appear twice", "keep one of the rows");
    profiles[*profile] = *seconds;
    return {};
  });
  if (!rows) return rows.error();
  return latency;
}

/// The row of the batch, or of the nearest batch of the model: least ratio, of two alike the larger.
Result<const Latency::value_type*> find_latency(const Latency& latency, const Model& model, std::int64_t job) {
  const Latency::value_type* nearest_row = nullptr;
  double nearest_ratio = 0;
  for (const auto& row : latency) {
    if (row.first.first != model.family) continue;
    const double ratio =
        std::abs(std::log(static_cast<double>(row.first.second)) - std::log(static_cast<double>(model.batch)));
    if (nearest_row != nullptr && ratio > nearest_ratio) continue;
    nearest_row = &row;
    nearest_ratio = ratio;
  }
  if (nearest_row != nullptr) return nearest_row;
  std::vector<std::string> families;
  for (const auto& row : latency)
    if (families.empty() || families.back() != row.first.first) families.push_back(row.first.first);
  return bad_input("no latency of the model '" + model.family + "'",
                   std::string(models_name) + ": " + std::to_string(job), suggest(model.family, families));
}

Result<std::vector<Multiset>> read_codes(const std::string& text, const PartitionTable& table) {
  auto document = parse_object(text, codes_name);
  if (!document) return std::move(document).error();
  std::vector<Multiset> codes;
  for (const auto& [key, value] : document->items()) {
    const std::string where = std::string(codes_name) + ": " + key;
    if (!value.is_array() || value.empty() || value.size() > 8)
      return bad_input("the code is no list of 1..8 slices", where, "write compute slices, e.g. [4, 2, 1]");
    Multiset set = 0;
    for (const auto& slice : value) {
      ProfileId found = no_profile;
      // The profile with that many compute slices and least memory.
      for (std::size_t p = 0; p < table.profiles().size(); ++p) {
        const auto& profile = table.profile(static_cast<ProfileId>(p));
        if (slice.is_number_integer() && slice.get<std::int64_t>() == profile.compute && profile.at_most == 0 &&
            (found == no_profile || profile.memory < table.profile(found).memory))
          found = static_cast<ProfileId>(p);
      }
      if (found == no_profile) return bad_input("a slice that the accelerator has not", where, "see cradle mig states");
      set += Multiset{1} << (4 * found);
    }
    if (table.states_of(set).empty())
      return bad_input("the code is no valid partition", where, "see cradle mig states");
    if (std::find(codes.begin(), codes.end(), set) == codes.end()) codes.push_back(set);
  }
  return codes;
}

template <class Other>
Result<void> check_same_jobs(const ByJob& trace, const Other& other, const char* file) {
  for (const auto& entry : trace)
    if (!other.contains(entry.first))
      return bad_input("job " + std::to_string(entry.first) + " of " + trace_name + " is absent", file,
                       "give files of one trace");
  if (other.size() != trace.size())
    return bad_input(
        "it has " + std::to_string(other.size()) + " jobs, " + trace_name + " has " + std::to_string(trace.size()),
        file, "give files of one trace");
  return {};
}

}  // namespace

Result<MisoFiles> read_miso(const std::filesystem::path& folder) {
  MisoFiles files;
  const std::array<std::pair<const char*, std::string*>, 6> parts{{{trace_name, &files.trace},
                                                                   {exp_name, &files.exp},
                                                                   {models_name, &files.models},
                                                                   {iters_name, &files.iters},
                                                                   {latency_name, &files.latency},
                                                                   {codes_name, &files.codes}}};
  for (const auto& part : parts) {
    auto text = read_file(folder / part.first, file_limit);
    if (!text) return std::move(text).error();
    *part.second = std::move(*text);
  }
  return files;
}

Result<MisoTrace> parse_miso(const MisoFiles& files, const PartitionTable& table, MisoReading reading) {
  const auto trace = read_numbers(files.trace, trace_name);
  if (!trace) return trace.error();
  const auto exp = read_numbers(files.exp, exp_name);
  if (!exp) return exp.error();
  const auto iters = read_numbers(files.iters, iters_name);
  if (!iters) return iters.error();
  const auto models = read_models(files.models);
  if (!models) return models.error();
  const auto latency = read_latency(files.latency, table);
  if (!latency) return latency.error();
  auto codes = read_codes(files.codes, table);
  if (!codes) return std::move(codes).error();
  if (auto fine = check_same_jobs(*trace, *exp, exp_name); !fine) return fine.error();
  if (auto fine = check_same_jobs(*trace, *iters, iters_name); !fine) return fine.error();
  if (auto fine = check_same_jobs(*trace, *models, models_name); !fine) return fine.error();

  MisoTrace result;
  result.partitions = std::move(*codes);
  for (const auto& [number, traced] : *trace) {
    const Model& model = models->at(number);
    const auto row = find_latency(*latency, model, number);
    if (!row) return row.error();
    const std::vector<double>& seconds = (*row)->second;
    const double whole = seconds[table.whole()];
    if (!(whole > 0))
      return bad_input("no latency of " + model.family + " on " + table.profile(table.whole()).name, latency_name,
                       "speeds are relative to the whole accelerator: add its row");
    if ((*row)->first.second != model.batch) ++result.nearest_batches;
    const double told = start_up_seconds + iters->at(number) * whole;
    if (std::abs(told - traced) <= std::max(1.0, 0.002 * traced)) ++result.start_up_jobs;
    SliceJob job;
    job.name = std::to_string(number) + " " + model.family + " b" + std::to_string(model.batch);
    for (const double here : seconds) job.speed.push_back(here > 0 ? whole / here : 0);
    const double expected = exp->at(number);
    if (reading == MisoReading::literal) {
      job.arrival = carbon::Seconds{traced};
      job.length = carbon::Seconds{expected};
    } else {
      if (expected < traced)
        return bad_input("done before its length is over", std::string(exp_name) + ": " + std::to_string(number),
                         "this trace cannot be read as lengths and ends: try --reading literal");
      job.arrival = carbon::Seconds{expected - traced};
      job.length = carbon::Seconds{traced};
    }
    if (!(job.length.value() > 0))
      return bad_input("the job has no length", std::string(trace_name) + ": " + std::to_string(number),
                       "lengths are above 0 s");
    result.jobs.push_back(std::move(job));
  }
  std::stable_sort(result.jobs.begin(), result.jobs.end(),
                   [](const SliceJob& a, const SliceJob& b) { return a.arrival < b.arrival; });
  return result;
}

}  // namespace cradle::slicing
