#include "journal.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cradle/exchange/audit.h"
#include "demand.h"

namespace cradle::exchange {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  JournalTest() : file_(fs::temp_directory_path() / ("cradle_journal_test_" + std::to_string(::getpid()))) {
    fs::remove(file_);
  }
  ~JournalTest() override { fs::remove(file_); }
  std::string text() const {
    std::ifstream in(file_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& bytes) const { std::ofstream(file_, std::ios::binary) << bytes; }

  fs::path file_;
};

TEST_F(JournalTest, NumbersGrowOverRestartsAndWithAClockThatWentBack) {
  std::uint32_t last = 0;
  for (int start = 0; start < 3; ++start) {
    auto numbers = Numbers::open(file_);
    ASSERT_TRUE(numbers) << to_string(numbers.error());
    for (int i = 0; i < 3; ++i) {
      const auto number = numbers->next();
      ASSERT_TRUE(number);
      EXPECT_GT(*number, last);
      last = *number;
      EXPECT_EQ(text(), std::to_string(last) + "\n") << "on disk before it is told";
    }
  }
  write("4000000000\n");  // as after years whose clock was wrong
  auto numbers = Numbers::open(file_);
  ASSERT_TRUE(numbers);
  EXPECT_EQ(*numbers->next(), 4'000'000'001U);
}

TEST_F(JournalTest, ANumberThatCannotBeIsRefused) {
  for (const char* bytes : {"", "x", "-1", "1 2", "4294967296", "1e3", "\xff\xfe"}) {
    write(bytes);
    const auto numbers = Numbers::open(file_);
    ASSERT_FALSE(numbers) << bytes;
    EXPECT_EQ(numbers.error().code, ErrorCode::bad_input);
  }
  write("4294967295");
  auto last = Numbers::open(file_);
  ASSERT_TRUE(last);
  EXPECT_FALSE(last->next());
  auto nowhere = Numbers::open(file_ / "below" / "a" / "file");
  EXPECT_TRUE(!nowhere || !nowhere->next());
}

TEST_F(JournalTest, LinesOfOneEventHaveOneTimeAndALogGoesOn) {
  Record begin, end;
  begin.node = end.node = 3;
  begin.incarnation = end.incarnation = 9;
  end.kind = RecordKind::end;
  for (int start = 0; start < 2; ++start) {
    auto journal = Journal::open(file_);
    ASSERT_TRUE(journal);
    EXPECT_TRUE(journal->write({begin, end}));
    EXPECT_TRUE(journal->write({}));
  }
  std::ifstream in(file_);
  std::vector<Record> records;
  for (std::string line; std::getline(in, line);) {
    const auto record = parse_record(line, "line");
    ASSERT_TRUE(record) << line;
    records.push_back(*record);
  }
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].at, records[1].at);
  EXPECT_LT(records[1].at, records[2].at);
  EXPECT_LE(records[3].at, now_ns());
  EXPECT_FALSE(Journal::open(file_ / "no" / "folder"));
  auto none = Journal::open({});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->write({begin}));
}

TEST_F(JournalTest, AFileOfWattsIsReadAgainWhenItChanged) {
  WattsFile file(file_);
  EXPECT_FALSE(file.look(false)) << "absent";
  write("120.5\n");
  auto changed = file.look(false);
  ASSERT_TRUE(changed);
  EXPECT_TRUE(*changed);
  EXPECT_EQ(file.watts().value(), 120.5);
  EXPECT_FALSE(*file.look(false));
  EXPECT_TRUE(*file.look(true)) << "asked for";
  for (const char* bytes : {"many", "-1", "nan", "1 2", "", "1e30"}) {
    write(bytes);
    const auto refused = file.look(true);
    ASSERT_FALSE(refused) << bytes;
    EXPECT_FALSE(refused.error().hint.empty());
    EXPECT_EQ(file.watts().value(), 120.5) << "the last figure stays";
  }
}

TEST_F(JournalTest, ADemandIsMeasuredAndNotModelled) {
  DemandConfig config;
  for (const char* meter : {"model", "model:server", "simulated:idle=3"}) {
    config.meters = {meter};
    const auto source = DemandSource::open(config);
    ASSERT_FALSE(source) << meter;
    EXPECT_EQ(source.error().code, ErrorCode::bad_input);
  }
  config.meters = {};
  config.watts = carbon::Watts{70};
  auto fixed = DemandSource::open(config);
  ASSERT_TRUE(fixed);
  EXPECT_EQ(fixed->read(1, false)->value(), 70);
}

}  // namespace
}  // namespace cradle::exchange
