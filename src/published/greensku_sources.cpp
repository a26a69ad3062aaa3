// Finding the files of a GreenSKU folder by name.
#include <algorithm>
#include <array>
#include <set>

#include "cradle/base/file.h"
#include "greensku_read.h"
#include "greensku_release.h"

namespace cradle::published::greensku {

namespace {

namespace fs = std::filesystem;

constexpr int deepest = 6;
constexpr std::size_t most_files = 20'000;
constexpr std::array<const char*, 11> table_names{
    "params.yaml",         "CPU.yaml",    "DRAM.yaml", "SSD.yaml",         "SSD_reuse.yaml", "NIC.yaml",
    "CXL_controller.yaml", "server.yaml", "rack.yaml", "data_center.yaml", "afr_data.yaml"};
constexpr std::array<const char*, 3> series_names{"azure_dc_data.csv", "server_fan_power.csv", "cluster_data.csv"};

bool is_table(const std::string& name) {
  return std::find(table_names.begin(), table_names.end(), name) != table_names.end() ||
         std::find(series_names.begin(), series_names.end(), name) != series_names.end();
}

struct Found {
  std::map<std::string, fs::path> tables;
  std::vector<fs::path> others;  ///< YAML files of other names, in order
};

/// Files below `root` in order of path; a table that is there twice is an error.
Result<Found> search(const fs::path& root) {
  Found found;
  std::vector<fs::path> paths;
  std::error_code error;
  fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    std::error_code ignored;
    if (it->is_directory(ignored)) {
      if (it.depth() >= deepest || name.starts_with(".")) it.disable_recursion_pending();
    } else if (it->is_regular_file(ignored)) {
      const fs::path extension = it->path().extension();
      if (extension == ".yaml" || extension == ".yml" || extension == ".csv") paths.push_back(it->path());
    }
    if (paths.size() > most_files)
      return bad_input("holds more than 20000 YAML and CSV files", root.string(), "name the framework's own folder");
  }
  if (error) return failure("cannot be searched: " + error.message(), root.string(), "check its permissions");
  // By name without extension, so that Baseline comes before Baseline-2U.
  std::sort(paths.begin(), paths.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.parent_path(), a.stem()) < std::pair(b.parent_path(), b.stem());
  });
  for (fs::path& path : paths) {
    const std::string name = path.filename().string();
    if (is_table(name)) {
      const auto [place, fresh] = found.tables.emplace(name, path);
      if (!fresh)
        return bad_input("is there twice: also as " + path.string(), place->second.string(),
                         "name the folder of one framework");
    } else if (path.extension() != ".csv") {
      found.others.push_back(std::move(path));
    }
  }
  return found;
}

/// The tables' folder above `start`: "data/carbon_data" or "carbon_data" of one of four folders.
std::optional<fs::path> tables_above(const fs::path& start) {
  fs::path folder = start;
  for (int level = 0; level < 4 && !folder.empty(); ++level) {
    std::error_code ignored;
    for (const char* below : {"data", "carbon_data"})
      if (fs::is_regular_file(folder / below / "params.yaml", ignored) ||
          fs::is_regular_file(folder / below / "carbon_data" / "params.yaml", ignored))
        return folder / below;
    if (folder == folder.parent_path()) break;
    folder = folder.parent_path();
  }
  return std::nullopt;
}

/// Adds a document that is a server configuration; false if it is some other YAML.
Result<bool> add_configuration(const fs::path& path, const Result<YamlNode>& document, Sources& sources) {
  if (!document) return document.error();
  const YamlNode* server = document->find("server");
  if (!server) return false;
  sources.configurations.push_back({path.stem().string(), path.generic_string(), *server});
  return true;
}

/// Adds the release's configurations, or the one of that file name.
void add_release_configurations(std::string_view only, Sources& sources) {
  for (const auto& [file, text] : release_configurations()) {
    if (!only.empty() && file != only) continue;
    const auto document = YamlNode::parse(text, "built-in " + std::string(file));
    sources.configurations.push_back({fs::path(file).stem().string(), std::string(file), *document->find("server")});
  }
}

/// One configuration, and the Baseline beside it or else the release's, unless it is a Baseline itself. A copy beside
/// the original is none, though it may still have its name.
Result<void> add_with_baseline(const fs::path& file, Sources& sources) {
  const auto added = add_configuration(file, YamlNode::read(file), sources);
  if (!added) return added.error();
  if (!*added) return bad_input("is no server configuration", file.string(), "it must have the top key 'server'");
  if (file.stem() == "Baseline") return {};
  const fs::path beside = file.parent_path() / "Baseline.yaml";
  std::error_code ignored;
  const bool there = fs::exists(beside, ignored);
  const auto baseline = there ? add_configuration(beside, YamlNode::read(beside), sources) : Result<bool>(false);
  if (!baseline) return baseline.error();
  const YamlNode* name = sources.configurations.front().server.find("name");
  if (!*baseline && name && name->text() == "Baseline") return {};
  if (!*baseline) add_release_configurations("Baseline.yaml", sources);
  sources.notes.push_back("compared with " + (*baseline ? beside.string() : "the release's Baseline"));
  return {};
}

/// Fills the tables: `text_of` gives a file's text, or nothing where the release's own is to be taken.
template <class TextOf>
Result<void> add_tables(const TextOf& text_of, Sources& sources) {
  std::string missing;
  const auto add = [&](const char* name, const auto& keep) -> Result<void> {
    Result<std::optional<Sources::Text>> text = text_of(name);
    if (!text) return text.error();
    if (!*text) missing += (missing.empty() ? "" : ", ") + std::string(name);
    return keep(*text ? std::move(**text)
                      : Sources::Text{std::string(release_table(name)), std::string("built-in ") + name});
  };
  for (const char* name : table_names) {
    auto added = add(name, [&](const Sources::Text& text) -> Result<void> {
      auto table = YamlNode::parse(text.text, text.source);
      if (!table) return table.error();
      sources.tables.emplace(name, std::move(*table));
      return {};
    });
    if (!added) return added;
  }
  for (const char* name : series_names) {
    auto added = add(name, [&](Sources::Text text) -> Result<void> {
      sources.series[name] = std::move(text);
      return {};
    });
    if (!added) return added;
  }
  if (!missing.empty()) sources.notes.push_back("not in the input, figures of the release at b469a11 used: " + missing);
  return {};
}

}  // namespace

Result<Sources> find_sources(const fs::path& input) {
  if (input.empty()) {
    auto sources = sources_of({});
    if (sources) sources->notes = {"no input: the release's own figures, of b469a11"};
    return sources;
  }
  std::error_code error;
  if (!fs::exists(input, error))
    return missing_data("does not exist", input.string(), "name a folder of the framework, or one configuration");
  Sources sources;
  Found found;
  const bool is_folder = fs::is_directory(input, error);
  if (is_folder) {
    auto searched = search(input);
    if (!searched) return searched.error();
    found = std::move(*searched);
    for (const fs::path& other : found.others) {
      const auto added = add_configuration(other.lexically_relative(input), YamlNode::read(other), sources);
      if (!added) return added.error();
      if (!*added) sources.notes.push_back("left out, no key 'server': " + other.lexically_relative(input).string());
    }
    if (sources.configurations.empty())
      return missing_data("holds no server configuration", input.string(),
                          "a configuration is a YAML file with the top key 'server'");
  } else if (auto added = add_with_baseline(input, sources); !added) {
    return added.error();
  }
  if (found.tables.empty()) {
    const fs::path whole = fs::absolute(input, error).lexically_normal();
    if (const auto above = tables_above(is_folder ? whole : whole.parent_path())) {
      auto searched = search(*above);
      if (!searched) return searched.error();
      found.tables = std::move(searched->tables);
      sources.notes.push_back("tables from " + above->string());
    }
  }
  const auto text_of = [&found](const char* name) -> Result<std::optional<Sources::Text>> {
    const auto file = found.tables.find(name);
    if (file == found.tables.end()) return std::optional<Sources::Text>();
    auto text = read_file(file->second, std::uint64_t{64} << 20);
    if (!text) return text.error();
    return std::optional(Sources::Text{std::move(*text), file->second.string()});
  };
  if (auto added = add_tables(text_of, sources); !added) return added.error();
  return sources;
}

Result<Sources> sources_of(const std::map<std::string, std::string>& files) {
  Sources sources;
  for (const auto& [name, text] : files) {
    if (is_table(name)) continue;
    const auto added = add_configuration(name, YamlNode::parse(text, name), sources);
    if (!added) return added.error();
    if (!*added) return bad_input("is no server configuration", name, "it must have the top key 'server'");
  }
  if (sources.configurations.empty()) add_release_configurations("", sources);
  const auto text_of = [&files](const char* name) -> Result<std::optional<Sources::Text>> {
    const auto file = files.find(name);
    return file == files.end() ? std::optional<Sources::Text>() : Sources::Text{file->second, name};
  };
  if (auto added = add_tables(text_of, sources); !added) return added.error();
  return sources;
}

}  // namespace cradle::published::greensku
