#include "cradle/workload/data_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/workload/openb.h"

namespace cradle::workload {
namespace {

namespace fs = std::filesystem;

/// A folder that is gone after the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "cradle-data-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

void put(const fs::path& file, const std::string& bytes) {
  fs::create_directories(file.parent_path());
  ASSERT_TRUE(write_file(file, bytes));
}

/// Paths of all files below a folder, relative to it.
std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> names;
  if (!fs::exists(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (!entry.is_directory()) names.insert(fs::relative(entry.path(), folder).string());
  return names;
}

/// A set of two files with a mirror that holds them.
class DataSetGet : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 300'000; ++i) second += static_cast<char>('a' + i % 26);
    set = {.name = "demo",
           .folder = "demo-folder",
           .content = "two files",
           .licence = "none",
           .files = {file("one.csv", first), file("two.csv", second)}};
    put(mirror() / "demo-folder" / "one.csv", first);
    put(mirror() / "demo-folder" / "two.csv", second);
  }
  static DataFile file(const std::string& name, const std::string& bytes) {
    return {.name = name, .url = "http://127.0.0.1:1/" + name, .bytes = bytes.size(), .sha256 = sha256(bytes)};
  }
  fs::path mirror() const { return folder.path() / "mirror"; }
  fs::path cache() const { return folder.path() / "cache"; }
  fs::path place() const { return cache() / "data" / "demo-folder"; }
  Result<Fetched> get() const { return get_data_set(set, cache(), "file://" + mirror().string(), {}); }
  /// The download fails with this text, and of the named file nothing is left.
  void expect_failure(const Result<Fetched>& result, const std::string& text) const {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::failed);
    EXPECT_EQ(exit_code(result.error().code), 1);
    EXPECT_NE(result.error().message.find(text), std::string::npos) << to_string(result.error());
    EXPECT_FALSE(result.error().hint.empty());
  }

  TemporaryFolder folder;
  std::string first = "a,b\n1,2\n", second;
  DataSet set;
};

TEST_F(DataSetGet, FetchesEveryFileThroughAMirror) {
  const auto fetched = get();
  ASSERT_TRUE(fetched) << to_string(fetched.error());
  EXPECT_EQ(fetched->folder, place());
  EXPECT_EQ(fetched->downloaded, (std::vector<std::string>{"one.csv", "two.csv"}));
  EXPECT_TRUE(fetched->present.empty());
  EXPECT_EQ(fetched->bytes, first.size() + second.size());
  EXPECT_EQ(files_below(cache()), (std::set<std::string>{"data/demo-folder/one.csv", "data/demo-folder/two.csv"}));
  EXPECT_EQ(read_file(place() / "two.csv").value(), second);
  const auto cached = cached_data_set(set, cache());
  ASSERT_TRUE(cached) << to_string(cached.error());
  EXPECT_EQ(*cached, place());
}

TEST_F(DataSetGet, WhatIsThereAndRightIsNotFetchedAgain) {
  ASSERT_TRUE(get());
  fs::remove_all(mirror());
  const auto again = get();
  ASSERT_TRUE(again) << to_string(again.error());
  EXPECT_TRUE(again->downloaded.empty());
  EXPECT_EQ(again->present.size(), 2U);
  EXPECT_EQ(again->bytes, 0U);
}

TEST_F(DataSetGet, WhatIsThereAndWrongIsReplaced) {
  ASSERT_TRUE(get());
  put(place() / "one.csv", "damaged");
  const auto damaged = cached_data_set(set, cache());
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::missing_data);
  EXPECT_NE(damaged.error().hint.find("cradle data get demo"), std::string::npos);
  const auto again = get();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->downloaded, (std::vector<std::string>{"one.csv"}));
  EXPECT_EQ(read_file(place() / "one.csv").value(), first);
}

TEST_F(DataSetGet, AWrongChecksumLeavesNothing) {
  put(mirror() / "demo-folder" / "one.csv", "a,b\n1,3\n");
  const auto result = get();
  expect_failure(result, "expected sha256 " + set.files[0].sha256 + ", got " + sha256("a,b\n1,3\n"));
  EXPECT_TRUE(files_below(cache()).empty());
}

TEST_F(DataSetGet, AFileThatIsLongerOrShorterLeavesNothing) {
  put(mirror() / "demo-folder" / "one.csv", first + "3,4\n");
  expect_failure(get(), "larger than the expected 8 bytes");
  put(mirror() / "demo-folder" / "one.csv", "a,b\n");
  expect_failure(get(), "has 4 bytes, expected 8");
  put(mirror() / "demo-folder" / "one.csv", "");
  expect_failure(get(), "");
  EXPECT_TRUE(files_below(cache()).empty());
}

TEST_F(DataSetGet, AFailureKeepsTheFilesThatAreWhole) {
  fs::remove(mirror() / "demo-folder" / "two.csv");
  const auto result = get();
  expect_failure(result, "download failed");
  EXPECT_NE(result.error().hint.find("--mirror"), std::string::npos);
  EXPECT_EQ(files_below(cache()), (std::set<std::string>{"data/demo-folder/one.csv"}));
  const auto cached = cached_data_set(set, cache());
  ASSERT_FALSE(cached);
  EXPECT_EQ(cached.error().code, ErrorCode::missing_data);
  EXPECT_NE(cached.error().where.find("two.csv"), std::string::npos);
}

TEST_F(DataSetGet, AFailureKeepsTheOldFile) {
  ASSERT_TRUE(get());
  put(place() / "one.csv", "older edition");
  put(mirror() / "demo-folder" / "one.csv", "something else");
  ASSERT_FALSE(get());
  EXPECT_EQ(read_file(place() / "one.csv").value(), "older edition");
}

TEST_F(DataSetGet, StoppedLeavesNothing) {
  int calls = 0;
  const auto result = get_data_set(set, cache(), "file://" + mirror().string(), [&](const Progress& progress) {
    ++calls;
    EXPECT_LE(progress.done, progress.total);
    return progress.file == "one.csv";
  });
  EXPECT_GT(calls, 0);
  expect_failure(result, "stopped");
  EXPECT_EQ(files_below(cache()), (std::set<std::string>{"data/demo-folder/one.csv"}));
}

TEST_F(DataSetGet, PartsOfAKilledProcessAreRemoved) {
  put(place() / "one.csv.999999.part", "half");
  put(place() / "notes.txt", "the user's own");
  ASSERT_TRUE(get());
  EXPECT_EQ(files_below(place()), (std::set<std::string>{"notes.txt", "one.csv", "two.csv"}));
}

// Port 1 of this machine: nobody listens there, so that the connection is refused at once.
TEST_F(DataSetGet, NoConnectionIsAClearError) {
  const auto result = get_data_set(set, cache(), "", {});
  expect_failure(result, "download failed");
  EXPECT_NE(result.error().hint.find("--mirror"), std::string::npos);
  EXPECT_EQ(result.error().where, "http://127.0.0.1:1/one.csv");
  EXPECT_FALSE(fs::exists(place())) << "the empty folder is removed as well";
}

TEST_F(DataSetGet, AMirrorMustBeAUrl) {
  for (const char* mirror : {"/tmp/mirror", "mirror", "C:\\mirror"}) {
    const auto result = get_data_set(set, cache(), mirror, {});
    ASSERT_FALSE(result) << mirror;
    EXPECT_EQ(result.error().code, ErrorCode::bad_input);
    EXPECT_NE(result.error().hint.find("file:///"), std::string::npos);
  }
  const auto unknown = get_data_set(set, cache(), "gopher://example.org", {});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::failed);
}

TEST_F(DataSetGet, ACacheThatCannotBeMadeIsAClearError) {
  put(folder.path() / "cache", "a file, not a folder");
  const auto result = get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::failed);
  EXPECT_NE(result.error().hint.find("--cache"), std::string::npos);
}

// FIPS 180-4 examples: "abc", the empty text, and a million times "a".
TEST(Sha256, KnownDigests) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  const std::string bytes(200'001, 'x');
  put(folder.path() / "f", bytes);
  EXPECT_EQ(sha256_of_file(folder.path() / "f").value(), sha256(bytes));
  const auto absent = sha256_of_file(folder.path() / "absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
}

// An address that names a branch could change under us: every one names a commit.
TEST(DataSets, AreWellFormed) {
  std::set<std::string> names;
  std::map<std::string, std::string> digest_of;  // by folder/file: sets that share a folder must agree
  for (const DataSet& set : data_sets()) {
    EXPECT_TRUE(names.insert(set.name).second);
    EXPECT_FALSE(set.folder.empty() || set.content.empty() || set.licence.empty() || set.files.empty());
    std::set<std::string> files;
    for (const DataFile& file : set.files) {
      EXPECT_TRUE(files.insert(file.name).second) << file.name;
      EXPECT_EQ(file.name.find('/'), std::string::npos);
      EXPECT_GT(file.bytes, 0U);
      EXPECT_EQ(file.sha256.size(), 64U);
      EXPECT_EQ(file.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
      EXPECT_TRUE(file.url.starts_with("https://")) << file.url;
      EXPECT_TRUE(file.url.ends_with("/" + file.name)) << file.url;
      std::size_t hex = 0, longest = 0;
      for (const char c : file.url) {
        hex = std::string("0123456789abcdef").find(c) != std::string::npos ? hex + 1 : 0;
        longest = std::max(longest, hex);
      }
      EXPECT_EQ(longest, 40U) << "no commit in " << file.url;
      const auto [known, is_new] = digest_of.try_emplace(set.folder + "/" + file.name, file.sha256);
      EXPECT_TRUE(is_new || known->second == file.sha256) << file.name;
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"azure-llm", "openb", "openb-all", "pai"}));
}

TEST(DataSets, AnUnknownNameSuggestsTheNearest) {
  ASSERT_TRUE(data_set("openb"));
  const auto unknown = data_set("opemb");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::bad_input);
  EXPECT_NE(unknown.error().hint.find("openb"), std::string::npos);
}

TEST(DataSets, AreFoundInTheExplicitFolderThenTheCache) {
  const TemporaryFolder folder;
  const auto fill = [](const fs::path& at) { put(at / "pai_1k.csv", "x"); };
  const fs::path cache = folder.path() / "cache";
  const fs::path explicit_folder = folder.path() / "mine";
  fs::create_directories(explicit_folder);
  const fs::path here = fs::current_path();
  fs::current_path(explicit_folder);  // so that ../shared/data is below the temporary folder
  EXPECT_EQ(find_data_set("pai", {}, cache), std::nullopt);
  EXPECT_EQ(find_data_set("no-such-set", {}, cache), std::nullopt);
  fill(folder.path() / "shared" / "data" / "pai");
  EXPECT_EQ(find_data_set("pai", {}, cache), fs::path("../shared/data/pai"));
  fill(cache / "data" / "pai");
  EXPECT_EQ(find_data_set("pai", {}, cache), cache / "data" / "pai");
  EXPECT_EQ(find_data_set("pai", explicit_folder, cache), std::nullopt) << "an explicit folder is the only one asked";
  fill(explicit_folder / "pai");
  EXPECT_EQ(find_data_set("pai", explicit_folder, cache), explicit_folder / "pai");
  fill(explicit_folder);
  EXPECT_EQ(find_data_set("pai", explicit_folder, cache), explicit_folder);
  fs::current_path(here);
}

TEST(DataSets, TheCacheFollowsTheXdgRules) {
  const char* old_cache = ::getenv("XDG_CACHE_HOME");
  const char* old_home = ::getenv("HOME");
  const std::string kept_cache = old_cache == nullptr ? "" : old_cache, kept_home = old_home == nullptr ? "" : old_home;
  ::setenv("HOME", "/home/someone", 1);
  ::setenv("XDG_CACHE_HOME", "/var/cache/mine", 1);
  EXPECT_EQ(default_cache().value(), "/var/cache/mine/cradle");
  ::setenv("XDG_CACHE_HOME", "relative/is/ignored", 1);
  EXPECT_EQ(default_cache().value(), "/home/someone/.cache/cradle");
  ::unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(default_cache().value(), "/home/someone/.cache/cradle");
  ::unsetenv("HOME");
  const auto none = default_cache();
  EXPECT_FALSE(none);
  if (old_cache != nullptr) ::setenv("XDG_CACHE_HOME", kept_cache.c_str(), 1);
  if (old_home != nullptr) ::setenv("HOME", kept_home.c_str(), 1);
}

// The whole way on real files: the registry's own checksums, then the importer.
TEST(DataSets, TheRealSetsComeThroughAMirror) {
  const fs::path mirror = fs::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";
  if (!fs::exists(mirror / "openb")) GTEST_SKIP() << "needs the data sets in ../shared/data";
  const TemporaryFolder folder;
  for (const char* name : {"openb", "azure-llm", "pai"}) {
    const DataSet set = data_set(name).value();
    const auto fetched = get_data_set(set, folder.path(), "file://" + fs::canonical(mirror).string() + "/", {});
    ASSERT_TRUE(fetched) << to_string(fetched.error());
    EXPECT_EQ(fetched->downloaded.size(), set.files.size());
    EXPECT_TRUE(cached_data_set(set, folder.path()));
    EXPECT_EQ(find_data_set(name, {}, folder.path()), fetched->folder);
  }
  const auto pods = read_openb_pods(folder.path() / "data" / "openb" / "openb_pod_list_cpu050.csv");
  ASSERT_TRUE(pods);
  EXPECT_EQ(pods->jobs.size(), 7439U);
}

}  // namespace
}  // namespace cradle::workload
