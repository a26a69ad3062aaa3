// Where the figures of a GreenSKU evaluation come from: files below a folder, and the release's own for the rest.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/published/greensku.h"
#include "yaml_reader.h"

namespace cradle::published::greensku {

/// The framework's tables by file name, and its configurations, as text trees. CSV tables stay text.
struct Sources {
  std::map<std::string, YamlNode> tables;
  struct Text {
    std::string text, source;
  };
  std::map<std::string, Text> series;
  struct Configuration {
    std::string stem;  ///< the file's name without extension
    std::string path;  ///< below the input, with extension
    YamlNode server;
  };
  std::vector<Configuration> configurations;
  std::vector<std::string> notes;
};

Result<Sources> find_sources(const std::filesystem::path& input);
Result<Sources> sources_of(const std::map<std::string, std::string>& files);

/// One configuration with its parts; the first error is kept, and what is returned then is of no use.
Sku read_sku(const Sources& sources, const Sources::Configuration& configuration, std::optional<Error>& error);

/// Resolves every name of `sources`.
Result<Framework> resolve(const Sources& sources);

}  // namespace cradle::published::greensku
