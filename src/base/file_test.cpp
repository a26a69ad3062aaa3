#include "cradle/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

namespace cradle {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test, gone afterwards.
class WriteFile : public ::testing::Test {
 protected:
  WriteFile() { fs::create_directories(folder_); }
  ~WriteFile() override { fs::remove_all(folder_); }

  fs::path at(const std::string& name) const { return folder_ / name; }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 07777;
  }

 private:
  const fs::path folder_ =
      fs::temp_directory_path() / ("cradle_file_" + std::to_string(::getpid()) + "_" +
                                   ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(WriteFile, ReplacesAFileWhole) {
  const std::string binary("a\0b\xff\n", 5);
  for (const std::string& bytes : {std::string(100'000, 'x'), binary, std::string()}) {
    ASSERT_TRUE(write_file(at("f"), bytes));
    EXPECT_EQ(*read_file(at("f")), bytes);
  }
  EXPECT_EQ(count(), 1U) << "nothing is left beside it";
}

TEST_F(WriteFile, KeepsTheModeOfTheOldFile) {
  for (const mode_t mode : {0600U, 0664U, 0755U, 0444U}) {
    ASSERT_TRUE(write_file(at("f"), "old"));
    ASSERT_EQ(::chmod(at("f").c_str(), mode), 0);
    ASSERT_TRUE(write_file(at("f"), "new"));
    EXPECT_EQ(mode_of(at("f")), mode);
    EXPECT_EQ(*read_file(at("f")), "new");
  }
}

TEST_F(WriteFile, FollowsLinksToTheirTarget) {
  fs::create_directory(at("there"));
  ASSERT_TRUE(write_file(at("there/f"), "old"));
  ASSERT_EQ(::chmod(at("there/f").c_str(), 0640), 0);
  fs::create_symlink("there/f", at("relative"));
  fs::create_symlink(at("relative"), at("absolute"));
  ASSERT_TRUE(write_file(at("absolute"), "new"));
  EXPECT_TRUE(fs::is_symlink(at("absolute")));
  EXPECT_TRUE(fs::is_symlink(at("relative")));
  EXPECT_EQ(*read_file(at("there/f")), "new");
  EXPECT_EQ(mode_of(at("there/f")), 0640U);

  fs::create_symlink("there/none_yet", at("dangling"));
  ASSERT_TRUE(write_file(at("dangling"), "first"));
  EXPECT_TRUE(fs::is_symlink(at("dangling")));
  EXPECT_EQ(*read_file(at("there/none_yet")), "first");
}

TEST_F(WriteFile, RefusesWhatIsNoRegularFile) {
  fs::create_directory(at("folder"));
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0600), 0);
  fs::create_symlink("/dev/null", at("link_to_device"));
  fs::create_symlink("loop_b", at("loop_a"));
  fs::create_symlink("loop_a", at("loop_b"));
  const std::size_t before = count();
  for (const fs::path& path :
       {at("folder"), at("fifo"), at("link_to_device"), at("loop_a"), fs::path("/dev/null"), fs::path("/dev/full")}) {
    const auto written = write_file(path, "x");
    ASSERT_FALSE(written) << path;
    EXPECT_EQ(written.error().code, ErrorCode::bad_input) << path;
    EXPECT_EQ(written.error().where, path.string());
    EXPECT_FALSE(written.error().hint.empty());
  }
  EXPECT_EQ(count(), before) << "nothing was written beside them";
  EXPECT_TRUE(fs::is_fifo(at("fifo")) && fs::is_character_file("/dev/null"));
}

TEST_F(WriteFile, FailsInAFolderThatIsNotThere) {
  const auto written = write_file(at("absent/f"), "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::failed);
  EXPECT_FALSE(write_file("", "x"));
}

}  // namespace
}  // namespace cradle
