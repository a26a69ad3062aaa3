// The figures of GreenSKU's release in the framework's own formats, for what an input does not bring.
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace cradle::published::greensku {

/// The table of that file name ("CPU.yaml", "cluster_data.csv"), or an empty text.
std::string_view release_table(std::string_view file);
/// The six server configurations: file name and text.
std::span<const std::pair<std::string_view, std::string_view>> release_configurations();

}  // namespace cradle::published::greensku
