#include "cradle/workload/data_set.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <system_error>

#include "cradle/base/text.h"

namespace cradle::workload {

namespace {

namespace fs = std::filesystem;

/// A file of a set: its name, size in bytes and SHA-256.
struct Row {
  std::string_view name;
  std::uint64_t bytes;
  std::string_view sha256;
};

constexpr std::array<Row, 4> openb_files = {{
    {"openb_node_list_all_node.csv", 52287, "5a85c2af79c66a1efff8bbcbda430400aae56d8431370d738480967e1a9c6b15"},
    {"openb_node_list_gpu_node.csv", 42353, "2beca64b4d3dfa342036a34b56a495c6cef9225db836c81f541282cb1df320b5"},
    {"openb_pod_list_default.csv", 575468, "1ee7ed79c27a3b0861cda8ddba86a004c6aba904caafa329a76ae93ca63834a8"},
    {"openb_pod_list_cpu050.csv", 525811, "747f43247bffc2b0bb081d7f61f0705ca8d390dafc0b647e642c92f3baf3ba1e"},
}};

/// The other lists of the family: other shares of CPU-only, sharing, constrained and multi-GPU pods.
constexpr std::array<Row, 21> openb_other_files = {{
    {"openb_pod_list_cpu037.csv", 518687, "8ed554026d041b15ff21ddc104d9a21dbd9a93c496262fa23ef7b5be27e220dc"},
    {"openb_pod_list_cpu072.csv", 537576, "f8a2b031461b54d7b9f06d55473c2371eb3357b78a255c646bdca5e0833a8a2f"},
    {"openb_pod_list_cpu100.csv", 554709, "bec1c33fbdde61fd463877534ec79b393aec73e1cbb22d55fab9f166ac480982"},
    {"openb_pod_list_cpu200.csv", 622703, "b7e9d8a1a601da84d6e0b4110b19ef5001be5e4796d33e7b82f166ba95161f87"},
    {"openb_pod_list_cpu235.csv", 651171, "87bebd4d012faa8305ce1fd82737f51cf03361aac28b75d42e34aa656d7f4ee0"},
    {"openb_pod_list_cpu250.csv", 663708, "134c21ff96d57533df8a37b67632972884fec9396e77cd0898ddc370cc8e607d"},
    {"openb_pod_list_cpu300.csv", 710698, "76528825f40ee662cb098b3b6e683c1efd9f87a0c8af7e628df1f32c639636d1"},
    {"openb_pod_list_gpushare100.csv", 561220, "12dbc07d6a49bf8641e2275a2ff5bf7be74b5df7d148d531e135b140b95f9a3d"},
    {"openb_pod_list_gpushare20.csv", 574603, "9be2d0efb52e242c32e23dd184cc5fcc1983478c6c9c02cbb6b4b62925c0ffcd"},
    {"openb_pod_list_gpushare40.csv", 572662, "d83ce79a4eb6987524bedbb0c65e41aed3a36bf6c1b78b86234c3687a07e1d40"},
    {"openb_pod_list_gpushare60.csv", 566361, "d31809628128a1f24491086eda4af3e23882b9213d3ef57a56ee2d1af69492fe"},
    {"openb_pod_list_gpushare80.csv", 563740, "88b6649369ced40d0fde287d2498ea61ff4b05fccba8bdc95daf6042f2f8431e"},
    {"openb_pod_list_gpuspec05.csv", 577176, "8f1c0ef7e4e511e982bd2818898ba22ee6d273bf5fce124b7ace285b5928cf4e"},
    {"openb_pod_list_gpuspec10.csv", 579461, "2dc7e4cb9480484f08539720b433a9ec9ab5d76b396f3f7557c53a2ff78a7611"},
    {"openb_pod_list_gpuspec20.csv", 582612, "6b9b89ab8913c1c074e994e98f548cf1a872fc5f76f2442ca8cd514a478b00a9"},
    {"openb_pod_list_gpuspec25.csv", 584915, "9d030679a2ccd7e27a7ec9ff15baff34480d22a0012515691fc187e3f35ee68c"},
    {"openb_pod_list_gpuspec33.csv", 587467, "eca4f746db1e5b25864ad021b55ece3943e101a3ebd4574d09dcb95c46117652"},
    {"openb_pod_list_multigpu20.csv", 271530, "d9ec6f6c74fb980cc0b81239470c6353fceea077ea9abd610003b604c7cc2b01"},
    {"openb_pod_list_multigpu30.csv", 277920, "a5e479c6444b1d83eef848159cf00c3cfa13441b2d1e2c113c391b91f1cc5b11"},
    {"openb_pod_list_multigpu40.csv", 286202, "32c9e8731ca07ef96108aa65f2a289bb9aacb47f642ed9e3789f99b242df60eb"},
    {"openb_pod_list_multigpu50.csv", 297219, "206f2f5959db30ecb7c44e7f13197c8ec50b7a35558ad3777cc3662ef0fe5373"},
}};

constexpr std::array<Row, 2> azure_llm_files = {{
    {"AzureLLMInferenceTrace_code.csv", 320117, "54e9a6d2a4bd06ba1e060304b900abbc74cbea53de96506e60fe5bb4f2277fb6"},
    {"AzureLLMInferenceTrace_conv.csv", 719188, "2f1e5b666d4e3055fdbba98598ce2ec307767b9064e03e2fa46676dbcc7d0bf8"},
}};

constexpr std::array<Row, 1> pai_files = {{
    {"pai_1k.csv", 17754, "f1fb822a29bff1a12948a482423f761d68ac7c88ae541f646fe4e6e149361069"},
}};

std::vector<DataFile> files_at(std::string_view base, std::span<const Row> rows) {
  std::vector<DataFile> files;
  for (const Row& row : rows)
    files.push_back({.name = std::string(row.name),
                     .url = std::string(base) + std::string(row.name),
                     .bytes = row.bytes,
                     .sha256 = std::string(row.sha256)});
  return files;
}

std::vector<DataSet> list_data_sets() {
  // Every address names a commit, so that what it gives cannot change.
  constexpr std::string_view openb_base =
      "https://raw.githubusercontent.com/hkust-adsl/kubernetes-scheduler-simulator/"
      "8f3d6417353c5083c6d56617f255fadd8dc306bc/data/csv/";
  constexpr std::string_view azure_base =
      "https://raw.githubusercontent.com/Azure/AzurePublicDataset/b469a113cedca53ddc3bdea71a143dc4b7d8700c/data/";
  constexpr std::string_view gaia_base =
      "https://raw.githubusercontent.com/umassos/GAIA/62a5efccb20fa04d6e507e12350eb4468eab9888/src/cluster_traces/";

  const std::vector<DataFile> openb = files_at(openb_base, openb_files);
  std::vector<DataFile> openb_all = openb;
  const std::vector<DataFile> others = files_at(openb_base, openb_other_files);
  openb_all.insert(openb_all.end(), others.begin(), others.end());
  return {
      {.name = "openb",
       .folder = "openb",
       .content = "Alibaba GPU cluster of FGD (ATC 2023): two node lists, pod lists default and cpu050",
       .licence = "Apache-2.0",
       .files = openb},
      {.name = "openb-all",
       .folder = "openb",
       .content = "openb with every pod list of the family (23)",
       .licence = "Apache-2.0",
       .files = openb_all},
      {.name = "azure-llm",
       .folder = "azure-llm",
       .content = "Azure LLM inference 2023: one hour of code and of conversation requests",
       .licence = "CC-BY-4.0",
       .files = files_at(azure_base, azure_llm_files)},
      {.name = "pai",
       .folder = "pai",
       .content = "1,000 jobs of the Alibaba PAI 2020 trace, as sampled by GAIA",
       .licence = "MIT",
       .files = files_at(gaia_base, pai_files)},
  };
}

bool holds_every_file(const fs::path& folder, const DataSet& set) {
  return std::all_of(set.files.begin(), set.files.end(), [&](const DataFile& file) {
    std::error_code ignored;
    return fs::is_regular_file(folder / file.name, ignored);
  });
}

}  // namespace

const std::vector<DataSet>& data_sets() {
  static const std::vector<DataSet> sets = list_data_sets();
  return sets;
}

Result<DataSet> data_set(std::string_view name) {
  std::vector<std::string> names;
  for (const DataSet& set : data_sets()) {
    if (set.name == name) return set;
    names.push_back(set.name);
  }
  return bad_input("no data set '" + std::string(name) + "'", "data", suggest(name, names));
}

Result<fs::path> default_cache() {
  // The XDG base directory specification: a relative path there is to be ignored.
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "cradle";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return fs::path(home) / ".cache" / "cradle";
  return missing_data("no cache folder: neither XDG_CACHE_HOME nor HOME is set", "data",
                      "set XDG_CACHE_HOME to an absolute path, or name a folder with --cache");
}

Result<fs::path> cached_data_set(const DataSet& set, const fs::path& cache) {
  const fs::path folder = cache / "data" / set.folder;
  const std::string hint = "run: cradle data get " + set.name;
  for (const DataFile& file : set.files) {
    const auto digest = sha256_of_file(folder / file.name);
    if (!digest && digest.error().code == ErrorCode::missing_data)
      return missing_data("data set '" + set.name + "' is not complete: no such file", (folder / file.name).string(),
                          hint);
    if (!digest) return digest.error();
    if (*digest != file.sha256)
      return missing_data("data set '" + set.name + "' is not complete: the file has another checksum",
                          (folder / file.name).string(), hint);
  }
  return folder;
}

std::optional<fs::path> find_data_set(std::string_view name, const fs::path& explicit_folder, const fs::path& cache) {
  const auto set = data_set(name);
  if (!set) return std::nullopt;
  std::vector<fs::path> candidates;
  if (!explicit_folder.empty())
    candidates = {explicit_folder, explicit_folder / set->folder};
  else
    candidates = {cache / "data" / set->folder, fs::path("..") / "shared" / "data" / set->folder};
  for (const fs::path& folder : candidates)
    if (holds_every_file(folder, *set)) return folder;
  return std::nullopt;
}

}  // namespace cradle::workload
