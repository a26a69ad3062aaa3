// What can go wrong with a ledger: crashes, full disks, foreign and damaged files, other programs.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>

#include "connection.h"
#include "cradle/base/file.h"
#include "cradle/base/random.h"
#include "cradle/ledger/ledger.h"
#include "ledger_fixture.h"

namespace cradle::ledger {
namespace {

using std::chrono::milliseconds;

/// Runs `work` in a child process and gives its exit status; 0 is what is expected of a child.
int in_child(const std::function<int()>& work) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

bool whole(const std::filesystem::path& path) {
  const auto connection = must(Connection::open(path, Connection::Mode::read, Ledger::default_patience));
  Statement check = must(connection->prepare("PRAGMA integrity_check"));
  return must(check.next()) && check.text(0) == "ok";
}

// A writer that commits every 997 entries is killed at a random moment: in the middle of writing, of a commit, of a
// checkpoint, or between two of them.
TEST(LedgerCrash, KillLosesAtMostTheUncommittedBatchAndLeavesNoHalfEntry) {
  constexpr std::uint64_t batch = 997;
  RandomStream random(2026, "kill");
  for (int round = 0; round < 16; ++round) {
    const TestFolder folder;
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto ledger = Ledger::create(folder / "a");
      if (!ledger) ::_exit(1);
      auto writer = ledger->begin_run(run_info("FGD"), two_sites(), four_components());
      if (!writer) ::_exit(1);
      for (std::uint64_t i = 0;; ++i) {
        if (i % batch == 0) {
          if (!writer->commit() || ::write(reports[1], &i, sizeof i) != sizeof i) ::_exit(1);
        }
        writer->write(entry_number(i));
      }
    }
    ::close(reports[1]);
    std::uint64_t reported = 0;
    for (std::uint64_t wait = random.below(12) + 1; wait > 0; --wait)
      ASSERT_EQ(::read(reports[0], &reported, sizeof reported), static_cast<ssize_t>(sizeof reported));
    ::usleep(static_cast<useconds_t>(random.below(8000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    for (std::uint64_t more = 0; ::read(reports[0], &more, sizeof more) == static_cast<ssize_t>(sizeof more);)
      reported = more;
    ::close(reports[0]);

    ASSERT_TRUE(whole(folder / "a")) << "round " << round;
    {
      const Ledger ledger = must(Ledger::open_read(folder / "a"));
      const RunReader run = must(ledger.read_run("FGD"));
      EXPECT_FALSE(run.summary().finished);
      EXPECT_EQ(run.summary().entries % batch, 0U);
      EXPECT_GE(run.summary().entries, reported) << "a commit that was reported is lost";
      EXPECT_LE(run.summary().entries, reported + batch);
      const auto entries = entries_of(run);
      ASSERT_EQ(entries.size(), run.summary().entries);
      for (std::uint64_t i = 0; i < entries.size(); ++i) ASSERT_EQ(entries[i], entry_number(i)) << i;
      if (!entries.empty()) {
        const auto account = must(run.account(carbon::View::attributional, carbon::Grouping::machine));
        EXPECT_EQ(account.notes[0], run.summary().warning());
      }
    }
    Ledger again = must(Ledger::open_write(folder / "a"));
    RunWriter writer = must(again.begin_run(run_info("second"), two_sites(), four_components()));
    writer.write(entry_number(0));
    must(writer.finish());
  }
}

TEST(LedgerCrash, KilledWhileItIsMadeItCanBeMadeAgain) {
  RandomStream random(7, "early kill");
  for (int round = 0; round < 10; ++round) {
    const TestFolder folder;
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) {
        auto ledger = Ledger::create(folder / "a");
        if (!ledger) ::_exit(1);
      }
    }
    ::usleep(static_cast<useconds_t>(random.below(15'000)));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    Ledger ledger = must(Ledger::create(folder / "a"));
    EXPECT_TRUE(must(ledger.runs()).empty());
  }
}

TEST(LedgerFailure, AFullDiskIsOneErrorAndKeepsWhatWasCommitted) {
  const TestFolder folder;
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{3'000'000, 3'000'000};
    auto ledger = Ledger::create(folder / "a");
    if (!ledger) return 1;
    auto writer = ledger->begin_run(run_info("FGD"), two_sites(), four_components());
    if (!writer) return 2;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    std::uint64_t i = 0;
    for (; i < 1'000'000; ++i) {
      writer->write(entry_number(i));
      if (i % 1000 == 999 && !writer->commit()) break;
    }
    const auto first = writer->commit();
    const auto later = writer->finish();
    if (first || later || to_string(first.error()) != to_string(later.error())) return 4;
    if (first.error().code != ErrorCode::failed || first.error().hint.empty()) return 5;
    return first.error().message.starts_with("cannot read or write the ledger") ? 0 : 6;
  });
  EXPECT_EQ(status, 0);
  ASSERT_TRUE(whole(folder / "a"));
  const Ledger ledger = must(Ledger::open_read(folder / "a"));
  const auto entries = entries_of(must(ledger.read_run("FGD")));
  EXPECT_GT(entries.size(), 0U);
  EXPECT_EQ(entries.size() % 1000, 0U);
  for (std::uint64_t i = 0; i < entries.size(); ++i) ASSERT_EQ(entries[i], entry_number(i));
}

TEST(LedgerFailure, AProtectedFolderCanBeReadButNotWritten) {
  const TestFolder folder;
  {
    Ledger ledger = must(Ledger::create(folder / "a"));
    RunWriter writer = must(ledger.begin_run(run_info("FGD"), two_sites(), four_components()));
    for (std::uint64_t i = 0; i < 100; ++i) writer.write(entry_number(i));
    must(writer.finish());
  }
  ASSERT_EQ(::chmod((folder / "a").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0555), 0);
  const int status = in_child([&] {
    constexpr uid_t nobody = 65534;
    if (::geteuid() == 0 && ::setuid(nobody) != 0) return 1;  // root may write everywhere
    const auto written = Ledger::open_write(folder / "a");
    if (written) {
      Ledger ledger = *written;
      const auto begun = ledger.begin_run(run_info("x"), two_sites(), four_components());
      if (begun || begun.error().code != ErrorCode::failed || begun.error().hint.empty()) return 2;
    } else if (written.error().code != ErrorCode::failed || written.error().hint.empty()) {
      return 3;
    }
    if (Ledger::create(folder / "b")) return 4;
    const auto read = Ledger::open_read(folder / "a");
    if (!read) return 5;
    const auto run = read->read_run("FGD");
    return run && entries_of(*run).size() == 100 ? 0 : 6;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(::chmod(folder.path().c_str(), 0755), 0);
}

TEST(LedgerFailure, AnotherWriterIsWaitedForAndThenNamed) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a", milliseconds(20)));
  RunWriter writer = must(ledger.begin_run(run_info("FGD"), two_sites(), four_components()));
  const auto other = must(Connection::open(folder / "a", Connection::Mode::write, milliseconds(0)));
  must(other->execute("BEGIN IMMEDIATE"));
  writer.write(entry_number(0));
  const auto busy = writer.commit();
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().message, "the ledger is in use by another program");
  EXPECT_FALSE(busy.error().hint.empty());
  EXPECT_EQ(ledger.begin_run(run_info("b"), two_sites(), four_components()).error().message, busy.error().message);
  EXPECT_EQ(Ledger::create(folder / "a", milliseconds(20)).error().message, busy.error().message);
  must(other->execute("ROLLBACK"));
  RunWriter next = must(ledger.begin_run(run_info("b"), two_sites(), four_components()));
  next.write(entry_number(0));
  must(next.finish());
}

/// Neither made, opened nor changed: whatever the file is, it is not ours.
void expect_refused(const std::filesystem::path& path, const std::string& message) {
  const std::string before = must(read_file(path));
  for (const auto& result : {Ledger::create(path), Ledger::open_write(path), Ledger::open_read(path)}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::bad_input);
    EXPECT_EQ(result.error().message.substr(0, message.size()), message);
    EXPECT_FALSE(result.error().hint.empty());
  }
  EXPECT_EQ(must(read_file(path)), before);
}

TEST(LedgerFailure, OtherFilesAreRefusedAndLeftAlone) {
  const TestFolder folder;
  must(write_file(folder / "text", "name,value\n" + std::string(10'000, 'x')));
  expect_refused(folder / "text", "not a ledger: not an SQLite file");
  must(write_file(folder / "short", "x"));
  expect_refused(folder / "short", "not a ledger: not an SQLite file");

  const auto other = folder / "other";
  must(
      must(Connection::open(other, Connection::Mode::create, milliseconds(0)))->execute("CREATE TABLE bookmarks(url)"));
  expect_refused(other, "not a ledger: an SQLite file of another program");

  const auto future = folder / "future";
  must(Ledger::create(future));
  must(must(Connection::open(future, Connection::Mode::write, milliseconds(0)))
           ->execute("PRAGMA user_version=99; PRAGMA wal_checkpoint(TRUNCATE)"));
  expect_refused(future, "a ledger of version 99, this program reads version 1");
}

TEST(LedgerFailure, AbsentEmptyAndOddPaths) {
  const TestFolder folder;
  for (const auto& result : {Ledger::open_read(folder / "none"), Ledger::open_write(folder / "none")}) {
    ASSERT_FALSE(result);
    EXPECT_EQ(exit_code(result.error().code), 3);
    EXPECT_NE(result.error().hint.find("cradle study"), std::string::npos);
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "none"));
  for (const auto& path : {folder.path(), std::filesystem::path("/dev/full"), std::filesystem::path("/dev/null")})
    EXPECT_EQ(Ledger::create(path).error().message, "not a ledger: not a regular file");
  EXPECT_FALSE(Ledger::create(folder / "no folder/a"));
  EXPECT_FALSE(Ledger::create(""));
  must(write_file(folder / "empty", ""));
  EXPECT_EQ(Ledger::open_read(folder / "empty").error().message, "not a ledger: an empty file");
  must(Ledger::create(folder / "empty"));
  must(Ledger::open_read(folder / "empty"));
}

TEST(LedgerFailure, MissingEntriesAreNoticed) {
  for (const char* harm :
       {"DELETE FROM entry WHERE id = 50", "UPDATE entry SET component = 9 WHERE id = 7",
        "UPDATE entry SET component = -1 WHERE id = 7", "UPDATE entry SET length_ms = -5 WHERE id = 7",
        "UPDATE entry SET length_ms = 9223372036854775807 WHERE id = 7", "UPDATE entry SET role = 300 WHERE id = 7",
        "UPDATE entry SET job = 4000000000 WHERE role = 0", "UPDATE entry SET microjoules = -1 WHERE id = 7",
        "UPDATE series SET grams_per_kwh = x'0011'", "UPDATE series SET step_ms = 0",
        "UPDATE component SET lifetime_s = 0", "UPDATE component SET site = 77",
        "UPDATE component SET operation = 4 WHERE number = 0; UPDATE batch SET jobs = 9000000000000",
        "UPDATE site SET pue = 0.5", "DELETE FROM component"}) {
    const TestFolder folder;
    {
      Ledger ledger = must(Ledger::create(folder / "a"));
      RunWriter writer = must(ledger.begin_run(run_info("FGD"), two_sites(), four_components()));
      for (std::uint64_t i = 0; i < 100; ++i) writer.write(entry_number(i));
      must(writer.finish());
      must(must(Connection::open(folder / "a", Connection::Mode::write, milliseconds(0)))->execute(harm));
    }
    const Ledger ledger = must(Ledger::open_read(folder / "a"));
    const auto run = ledger.read_run("FGD");
    const auto account =
        run ? run->account(carbon::View::attributional, carbon::Grouping::job) : Result<carbon::Account>(run.error());
    ASSERT_FALSE(account) << harm;
    EXPECT_EQ(account.error().code, ErrorCode::bad_input) << harm;
    EXPECT_NE(account.error().message.find("damaged"), std::string::npos) << account.error().message;
  }
}

// Whatever bytes a ledger is made of, reading it ends in an account or an error.
TEST(LedgerFailure, GarbledFilesAreSurvived) {
  const TestFolder folder;
  {
    Ledger ledger = must(Ledger::create(folder / "a"));
    RunWriter writer = must(ledger.begin_run(run_info("FGD"), two_sites(), four_components()));
    for (std::uint64_t i = 0; i < 2000; ++i) writer.write(entry_number(i));
    must(writer.set_jobs(eleven_jobs()));
    must(writer.finish());
  }
  const std::string good = must(read_file(folder / "a"));
  RandomStream random(11, "garble");
  int errors = 0;
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    if (round % 5 == 0) bad.resize(random.below(bad.size()));
    for (std::uint64_t hits = 1 + random.below(40); hits > 0 && !bad.empty(); --hits) {
      const std::size_t at =
          round % 2 == 0 ? random.below(bad.size()) : random.below(std::min<std::size_t>(bad.size(), 60'000));
      bad[at] = static_cast<char>(random.below(256));
    }
    must(write_file(folder / "b", bad));
    const auto ledger = Ledger::open_read(folder / "b");
    if (!ledger) {
      ++errors;
      continue;
    }
    const auto run = ledger->read_run("");
    if (!run || !run->account(carbon::View::planning, carbon::Grouping::day)) ++errors;
  }
  EXPECT_GT(errors, 0);
}

}  // namespace
}  // namespace cradle::ledger
