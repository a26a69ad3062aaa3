#include "cradle/study/study_config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>

#include "cradle/base/text.h"
#include "cradle/base/toml_text.h"

extern "C" const char cradle_embedded_study[];
extern "C" const char cradle_embedded_study_end[];

namespace cradle::study {

namespace {

/// Reads the values of one TOML table and remembers the first thing that is wrong with it.
class Reader {
 public:
  Reader(const toml::table& table, std::string_view file, std::string path, std::vector<std::string> keys)
      : table_(table), file_(file), path_(std::move(path)), keys_(std::move(keys)) {
    for (const auto& [key, value] : table_)
      if (std::find(keys_.begin(), keys_.end(), key.str()) == keys_.end())
        fail(value, std::string(key.str()), "unknown key", suggest(key.str(), keys_));
  }

  const std::optional<Error>& error() const { return error_; }

  void text(const char* key, std::string& out, bool required = false) {
    const toml::node* node = find(key, required, "a text, e.g. \"name\"");
    if (node == nullptr) return;
    if (const auto value = node->value_exact<std::string>()) {
      out = *value;
      if (required && out.empty()) fail(*node, key, "is empty", "write a text");
    } else {
      fail(*node, key, "is not a text", "put it in double quotes");
    }
  }

  void number(const char* key, double& out, double low, double high) {
    const toml::node* node = find(key, false, "a number");
    if (node == nullptr) return;
    const auto value = node->is_number() ? node->value<double>() : std::nullopt;
    if (!value || !std::isfinite(*value)) {
      fail(*node, key, "is not a number", "write a plain decimal number");
    } else if (*value < low || *value > high) {
      fail(*node, key, shortest(*value) + " is outside " + shortest(low) + " .. " + shortest(high),
           "choose a value in that range");
    } else {
      out = *value;
    }
  }

  void flag(const char* key, bool& out) {
    const toml::node* node = find(key, false, "true or false");
    if (node == nullptr) return;
    if (const auto value = node->value_exact<bool>()) {
      out = *value;
    } else {
      fail(*node, key, "is not true or false", "write true or false");
    }
  }

  /// One of the words; `out` is its index.
  void choice(const char* key, const std::vector<std::string>& words, std::size_t& out) {
    std::string word;
    text(key, word);
    if (word.empty()) return;
    const auto found = std::find(words.begin(), words.end(), word);
    if (found == words.end()) {
      fail(*table_.get(key), key, "unknown value '" + word + "'", suggest(word, words));
    } else {
      out = static_cast<std::size_t>(found - words.begin());
    }
  }

  void texts(const char* key, std::vector<std::string>& out) {
    const toml::node* node = find(key, false, "a list of texts");
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return fail(*node, key, "is not a list", "write [\"a\", \"b\"]");
    out.clear();
    for (const toml::node& item : *array) {
      const auto value = item.value_exact<std::string>();
      if (!value) return fail(item, key, "holds something that is no text", "put each item in double quotes");
      out.push_back(*value);
    }
  }

  const toml::node* find(const char* key, bool required, const char* form) {
    const toml::node* node = table_.get(key);
    if (node == nullptr && required) fail(table_, key, "is missing", std::string("add ") + key + " = " + form);
    return node;
  }

  void fail(const toml::node& node, const std::string& key, std::string what, std::string hint) {
    if (error_) return;
    const auto line = node.source().begin.line;
    const std::string where = line > 0 ? std::string(file_) + ":" + std::to_string(line) : std::string(file_);
    error_ = bad_input((path_.empty() ? key : path_ + "." + key) + ": " + std::move(what), where, std::move(hint));
  }

 private:
  const toml::table& table_;
  std::string_view file_;
  std::string path_;
  std::vector<std::string> keys_;
  std::optional<Error> error_;
};

/// The table of that name; an empty one if there is none; nothing and an error if it is no table.
const toml::table* section(Reader& root, const toml::table& table, const char* key) {
  static const toml::table empty;
  const toml::node* node = table.get(key);
  if (node == nullptr) return &empty;
  if (node->as_table() == nullptr) root.fail(*node, key, "is not a table", std::string("write [") + key + "]");
  return node->as_table();
}

std::optional<Error> read_sites(Reader& root, StudyConfig& config) {
  const toml::node* node = root.find("site", true, "...; write one [[site]] table for each site");
  if (node == nullptr) return root.error();
  const toml::array* sites = node->as_array();
  if (sites == nullptr || !sites->is_array_of_tables() || sites->empty()) {
    root.fail(*node, "site", "is not a list of tables", "write [[site]] before each site");
    return root.error();
  }
  for (const toml::node& item : *sites) {
    Reader site(*item.as_table(), config.file, "site", {"name", "grid", "hourly", "pue", "share"});
    SiteConfig made;
    site.text("name", made.name, true);
    site.text("grid", made.grid, true);
    site.text("hourly", made.hourly);
    const toml::node* grid = item.as_table()->get("grid");
    made.where =
        config.file + ":" + std::to_string((grid != nullptr ? *grid : item).source().begin.line) + ": site.grid";
    site.number("pue", made.pue, 1, 10);
    site.number("share", made.share, 1e-6, 1e6);
    for (const SiteConfig& other : config.sites)
      if (other.name == made.name)
        site.fail(item, "name", "'" + made.name + "' appears twice", "name each site differently");
    if (site.error()) return site.error();
    config.sites.push_back(std::move(made));
  }
  return std::nullopt;
}

std::optional<Error> read_policies(Reader& root, const toml::table& table, StudyConfig& config) {
  const toml::table* section_table = section(root, table, "policies");
  if (section_table == nullptr) return root.error();
  Reader reader(*section_table, config.file, "policies", {"run", "baseline", "tie_break", "quantisation"});
  const auto known = policy::policy_names();
  config.policies.assign(known.begin(), known.end());
  reader.texts("run", config.policies);
  reader.text("baseline", config.baseline);
  std::size_t tie_break = 0, quantisation = 0;
  reader.choice("tie_break", {"fixed", "random"}, tie_break);
  reader.choice("quantisation", {"integer", "full"}, quantisation);
  config.tie_break = tie_break == 0 ? policy::TieBreak::fixed : policy::TieBreak::random;
  config.quantisation = quantisation == 0 ? policy::Quantisation::integer : policy::Quantisation::full;
  const toml::node* run = section_table->get("run");
  if (config.policies.empty()) reader.fail(*run, "run", "is empty", "name at least one policy");
  for (std::size_t i = 0; i < config.policies.size() && run != nullptr; ++i) {
    const auto policy = policy::policy_by_name(config.policies[i]);
    if (!policy) reader.fail(*run, "run", policy.error().message, policy.error().hint);
    if (std::count(config.policies.begin(), config.policies.end(), config.policies[i]) > 1)
      reader.fail(*run, "run", "'" + config.policies[i] + "' appears twice", "name each policy once");
  }
  if (!config.baseline.empty() &&
      std::find(config.policies.begin(), config.policies.end(), config.baseline) == config.policies.end())
    reader.fail(*section_table->get("baseline"), "baseline", "'" + config.baseline + "' is not among the policies run",
                suggest(config.baseline, config.policies));
  return reader.error();
}

}  // namespace

Result<StudyConfig> parse_study(std::string_view text, std::string_view file) {
  if (text.empty()) return bad_input("the file is empty", std::string(file), "see `cradle study --print-default`");
  if (auto sound = check_toml_text(text, file); !sound) return sound.error();
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    return bad_input("not TOML: " + std::string(error.description()),
                     std::string(file) + ":" + std::to_string(error.source().begin.line),
                     "mend the syntax of this line");
  }
  StudyConfig config;
  config.file = std::string(file);
  config.start = instant_of(2022, 1, 1);
  Reader root(table, file, "", {"study", "workload", "fleet", "site", "policies"});
  if (root.error()) return *root.error();

  const toml::table* study = section(root, table, "study");
  const toml::table* workload = section(root, table, "workload");
  const toml::table* fleet = section(root, table, "fleet");
  if (root.error()) return *root.error();

  Reader head(*study, file, "study", {"name", "title", "start", "seed", "sensitivity"});
  head.text("name", config.name, true);
  config.title = config.name;
  head.text("title", config.title);
  std::string start;
  head.text("start", start);
  if (!start.empty()) {
    const auto instant = parse_instant(start);
    if (instant) {
      config.start = *instant;
      if (*instant < instant_of(1970, 1, 1) || *instant > instant_of(2200, 1, 1))
        head.fail(*study->get("start"), "start", start + " is outside 1970 .. 2200", "choose a year in that range");
    } else {
      head.fail(*study->get("start"), "start", instant.error().message, instant.error().hint);
    }
  }
  double seed = 42;
  head.number("seed", seed, 0, 9e15);
  config.seed = static_cast<std::uint64_t>(seed);
  head.flag("sensitivity", config.sensitivity);
  if (head.error()) return *head.error();

  Reader work(*workload, file, "workload", {"source", "pods", "load", "days"});
  std::size_t source = 0;
  work.choice("source", {"automatic", "openb", "generator"}, source);
  config.workload.source = static_cast<WorkloadConfig::Source>(source);
  work.text("pods", config.workload.pods);
  work.number("load", config.workload.load, 1e-4, 1e4);
  work.number("days", config.workload.days, 0, 3650);
  if (work.error()) return *work.error();

  Reader machines(*fleet, file, "fleet", {"nodes", "scale"});
  machines.text("nodes", config.fleet.nodes);
  machines.number("scale", config.fleet.scale, 1e-6, 1);
  if (machines.error()) return *machines.error();

  if (auto error = read_sites(root, config)) return *error;
  if (auto error = read_policies(root, table, config)) return *error;
  return config;
}

std::string_view embedded_study() {
  return {cradle_embedded_study, static_cast<std::size_t>(cradle_embedded_study_end - cradle_embedded_study)};
}

}  // namespace cradle::study
