// The accelerators folder of an ESP checkout.
#include <algorithm>
#include <system_error>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/soc/esp_accelerator.h"

namespace cradle::soc {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t largest_file = 1 << 20;
constexpr std::size_t most_blocks = 4096;

/// Folders in a folder, in order of name.
Result<std::vector<fs::path>> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    std::error_code unknown;
    if (!entries->is_directory(unknown)) continue;
    if (found.size() == most_blocks)
      return bad_input("more than " + std::to_string(most_blocks) + " folders", folder.string(),
                       "name the accelerators folder of an ESP checkout");
    found.push_back(entries->path());
  }
  if (error)
    return missing_data("cannot be read: " + error.message(), folder.string(),
                        "name the accelerators folder of an ESP checkout");
  std::sort(found.begin(), found.end());
  return found;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// Nothing if there is no such file.
template <class Part>
Result<std::optional<Part>> read_part(const fs::path& path,
                                      Result<Part> (*parse)(std::string_view, const std::string&)) {
  if (!is_file(path)) return std::optional<Part>();
  const auto text = read_file(path, largest_file);
  if (!text) return text.error();
  auto part = parse(*text, path.string());
  if (!part) return part.error();
  return std::optional<Part>(std::move(*part));
}

/// fft2 or fft2_stratus in the folder fft2_stratus or fft2 of stratus_hls.
bool is_named(std::string_view name, std::string_view folder, std::string_view flow) {
  const std::string ending = "_" + to_lower(flow.substr(0, flow.find('_')));
  const auto stem = [&](std::string_view text) {
    const std::string lower = to_lower(text);
    return lower.ends_with(ending) ? lower.substr(0, lower.size() - ending.size()) : lower;
  };
  return stem(name) == stem(folder);
}

}  // namespace

Result<std::vector<Accelerator>> read_accelerators(const fs::path& folder) {
  const auto flows = folders_in(folder);
  if (!flows) return flows.error();
  std::vector<Accelerator> found;
  for (const fs::path& flow : *flows) {
    const auto blocks = folders_in(flow);
    if (!blocks) return blocks.error();
    for (const fs::path& block : *blocks) {
      Accelerator accelerator;
      accelerator.flow = flow.filename().string();
      accelerator.folder = block.filename().string();
      const fs::path hardware = block / "hw";
      auto record = read_part(hardware / (accelerator.folder + ".xml"), parse_accelerator_xml);
      if (!record) return record.error();
      if (*record && !is_named((*record)->name, accelerator.folder, accelerator.flow))
        return bad_input(
            "describes the accelerator '" + (*record)->name + "', in the folder of '" + accelerator.folder + "'",
            (hardware / (accelerator.folder + ".xml")).string(), "rename one of the two");
      auto memories = read_part(hardware / "memlist.txt", parse_memory_list);
      if (!memories) return memories.error();
      accelerator.record = std::move(*record);
      accelerator.memories = std::move(*memories);
      if (accelerator.record || accelerator.memories) found.push_back(std::move(accelerator));
    }
  }
  if (found.empty())
    return missing_data("no accelerator in it", folder.string(),
                        "name the accelerators folder of an ESP checkout: FLOW/NAME/hw/NAME.xml and memlist.txt");
  return found;
}

const Accelerator* find_accelerator(std::span<const Accelerator> accelerators, std::string_view ip) {
  const std::string wanted = to_lower(ip);
  for (const Accelerator& accelerator : accelerators)
    if (to_lower(accelerator.folder) == wanted) return &accelerator;
  for (const Accelerator& accelerator : accelerators) {
    const std::string flow = accelerator.flow.substr(0, accelerator.flow.find('_'));
    if (to_lower(accelerator.folder + "_" + flow) == wanted) return &accelerator;
  }
  return nullptr;
}

}  // namespace cradle::soc
