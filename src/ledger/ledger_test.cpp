#include "cradle/ledger/ledger.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "connection.h"
#include "ledger_fixture.h"
#include "series_blob.h"

namespace cradle::ledger {
namespace {

using carbon::Entry;

RunWriter begin(Ledger& ledger, const std::string& name) {
  return must(ledger.begin_run(run_info(name), two_sites(), four_components()));
}

void write_numbers(RunWriter& writer, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t i = from; i < to; ++i) writer.write(entry_number(i));
}

TEST(Ledger, GivesBackWhatWasWritten) {
  const TestFolder folder;
  const auto path = folder / "odd name%20?#.ledger";
  constexpr std::uint64_t count = 2 * RunWriter::batch_entries + 5;
  {
    Ledger ledger = must(Ledger::create(path));
    RunWriter writer = begin(ledger, "FGD");
    write_numbers(writer, 0, count);
    must(writer.set_jobs(eleven_jobs()));
    must(writer.finish());
  }
  EXPECT_TRUE(std::filesystem::exists(path));
  EXPECT_FALSE(std::filesystem::exists(path.string() + "-wal")) << "a finished ledger is one file";
  const Ledger ledger = must(Ledger::open_read(path));
  const RunReader run = must(ledger.read_run(""));
  const RunSummary& summary = run.summary();
  EXPECT_TRUE(summary.finished);
  EXPECT_EQ(summary.warning(), "");
  EXPECT_EQ(summary.entries, count);
  EXPECT_EQ(summary.info.name, "FGD");
  EXPECT_EQ(summary.info.study, "three sites");
  EXPECT_EQ(summary.info.policy, "FGD");
  EXPECT_EQ(summary.info.seed, 0xfedcba9876543210U);
  EXPECT_EQ(summary.info.created_by, "cradle 0.1.0");
  EXPECT_EQ(summary.info.period, run_info("").period);
  EXPECT_EQ(summary.info.notes, run_info("").notes);
  EXPECT_EQ(summary.covered.from, epoch);

  const auto sites = two_sites();
  ASSERT_EQ(run.sites().size(), sites.size());
  for (std::size_t s = 0; s < sites.size(); ++s) {
    EXPECT_EQ(run.sites()[s].name, sites[s].name);
    EXPECT_EQ(run.sites()[s].pue, sites[s].pue);
    EXPECT_EQ(run.sites()[s].grid, sites[s].grid);
    EXPECT_EQ(run.sites()[s].marginal.has_value(), sites[s].marginal.has_value());
    const auto before = sites[s].average.steps(), after = run.sites()[s].average.steps();
    EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()));
    EXPECT_EQ(run.sites()[s].average.start(), sites[s].average.start());
    EXPECT_EQ(run.sites()[s].average.step_ms(), sites[s].average.step_ms());
    EXPECT_EQ(run.sites()[s].average.periodic(), sites[s].average.periodic());
  }
  const auto components = four_components();
  ASSERT_EQ(run.components().size(), components.size());
  for (std::size_t c = 0; c < components.size(); ++c) {
    EXPECT_EQ(run.components()[c].machine, components[c].machine);
    EXPECT_EQ(run.components()[c].kind, components[c].kind);
    EXPECT_EQ(run.components()[c].model, components[c].model);
    EXPECT_EQ(run.components()[c].site, components[c].site);
    EXPECT_EQ(run.components()[c].embodied, components[c].embodied);
    EXPECT_EQ(run.components()[c].lifetime_operations, components[c].lifetime_operations);
    EXPECT_EQ(run.components()[c].operation_type, components[c].operation_type);
    EXPECT_EQ(run.components()[c].lifetime, components[c].lifetime);
    EXPECT_EQ(run.components()[c].sunk, components[c].sunk);
  }
  const auto jobs = eleven_jobs();
  ASSERT_EQ(run.jobs().size(), jobs.size());
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    EXPECT_EQ(run.jobs()[j].name, jobs[j].name);
    EXPECT_EQ(run.jobs()[j].user, jobs[j].user);
    EXPECT_EQ(run.jobs()[j].product, jobs[j].product);
    EXPECT_EQ(run.jobs()[j].submitted, jobs[j].submitted);
    EXPECT_EQ(run.jobs()[j].started, jobs[j].started);
    EXPECT_EQ(run.jobs()[j].finished, jobs[j].finished);
  }
  const auto entries = entries_of(run);
  ASSERT_EQ(entries.size(), count);
  for (std::uint64_t i = 0; i < count; ++i) ASSERT_EQ(entries[i], entry_number(i)) << i;
}

RC_GTEST_PROP(LedgerLaw, IntensityComesBackBitForBit, (const std::vector<double>& values)) {
  std::vector<carbon::GramsPerJoule> steps;
  for (const double value : values)
    if (std::isfinite(value)) steps.emplace_back(carbon::GramsPerKilowattHour{std::abs(value)});
  const auto read = from_blob(to_blob(steps));
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->size() == steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) RC_ASSERT(carbon::GramsPerJoule{(*read)[i]} == steps[i]);
}

TEST(Ledger, TheAccountFromTheFileIsTheAccountOfTheEntries) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  const auto sites = two_sites();
  const auto components = four_components();
  const auto jobs = eleven_jobs();
  for (const auto view : {carbon::View::attributional, carbon::View::marginal, carbon::View::planning})
    for (const auto by : {carbon::Grouping::job, carbon::Grouping::day}) {
      const std::string name = std::string(carbon::name(view)) + std::string(carbon::name(by));
      RunWriter run = begin(ledger, name);
      auto accountant = must(carbon::Accountant::make(sites, components, jobs, view, by, run_info("").period));
      for (std::uint64_t i = 0; i < 10'000; ++i) {
        run.write(entry_number(i));
        must(accountant.add(entry_number(i)));
      }
      must(run.set_jobs(jobs));
      must(run.finish());
      const carbon::Account a = accountant.account();
      const carbon::Account b = must(must(ledger.read_run(name)).account(view, by));
      ASSERT_EQ(a.rows.size(), b.rows.size());
      for (std::size_t r = 0; r < a.rows.size(); ++r) {
        EXPECT_EQ(a.rows[r].key, b.rows[r].key);
        EXPECT_EQ(a.rows[r].figures.total(), b.rows[r].figures.total());
        EXPECT_EQ(a.rows[r].figures.energy, b.rows[r].figures.energy);
      }
      EXPECT_EQ(a.total.total(), b.total.total());
      EXPECT_EQ(a.metered, b.metered);
      EXPECT_EQ(a.notes, b.notes);
    }
}

TEST(Ledger, RunsOfOneLedgerDoNotMix) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter odd = begin(ledger, "odd"), even = begin(ledger, "even");
  for (std::uint64_t i = 0; i < 2000; ++i) {
    (i % 2 == 0 ? even : odd).write(entry_number(i));
    if (i % 100 == 99) must(odd.commit());
    if (i % 150 == 149) must(even.commit());
  }
  must(even.finish());
  must(odd.finish());
  const auto runs = must(ledger.runs());
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].info.name, "odd");
  EXPECT_EQ(runs[1].info.name, "even");
  const auto entries = entries_of(must(ledger.read_run("odd")));
  ASSERT_EQ(entries.size(), 1000U);
  for (std::uint64_t i = 0; i < 1000; ++i) EXPECT_EQ(entries[i], entry_number(2 * i + 1));
  EXPECT_EQ(entries_of(must(ledger.read_run("even"))).size(), 1000U);
}

TEST(Ledger, AReaderSeesWhatIsCommittedWhileAWriterWorks) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  write_numbers(writer, 0, 500);
  must(writer.commit());
  write_numbers(writer, 500, 700);
  const Ledger other = must(Ledger::open_read(folder / "a"));
  EXPECT_EQ(entries_of(must(other.read_run("FGD"))).size(), 500U);
  must(writer.finish());
  EXPECT_EQ(entries_of(must(other.read_run("FGD"))).size(), 700U);
}

TEST(Ledger, AnUnfinishedRunIsUsableAndSaysWhatItCovers) {
  const TestFolder folder;
  {
    Ledger ledger = must(Ledger::create(folder / "a"));
    RunWriter writer = begin(ledger, "FGD");
    write_numbers(writer, 0, 3600);
    must(writer.commit());
    write_numbers(writer, 3600, 4000);  // never committed
  }
  const Ledger ledger = must(Ledger::open_read(folder / "a"));
  const RunReader run = must(ledger.read_run("FGD"));
  EXPECT_FALSE(run.summary().finished);
  EXPECT_EQ(run.summary().entries, 3600U);
  EXPECT_EQ(run.summary().accounted().from, epoch);
  EXPECT_EQ(run.summary().accounted().to, run.summary().covered.to);
  EXPECT_GT(run.summary().covered.to, Instant{epoch.ms + 3599 * 1000});
  EXPECT_LE(run.summary().covered.to, Instant{epoch.ms + 3660 * 1000});
  ASSERT_EQ(run.jobs().size(), 11U) << "jobs that were never described are known by their number";
  EXPECT_EQ(run.jobs()[10].name, "job 10");
  const auto account = must(run.account(carbon::View::attributional, carbon::Grouping::job));
  EXPECT_EQ(account.period, run.summary().accounted());
  ASSERT_FALSE(account.notes.empty());
  EXPECT_EQ(account.notes[0], run.summary().warning());
  EXPECT_NE(account.notes[0].find("interrupted"), std::string::npos);
  EXPECT_NE(account.notes[0].find("3600 entries"), std::string::npos);
}

TEST(Ledger, ARunWithoutEntriesIsTold) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  begin(ledger, "FGD");
  const auto account = must(ledger.read_run("FGD")).account(carbon::View::attributional, carbon::Grouping::job);
  ASSERT_FALSE(account);
  EXPECT_EQ(account.error().code, ErrorCode::missing_data);
}

TEST(Ledger, TheFirstErrorOfAWriterStays) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  write_numbers(writer, 0, 10);
  must(writer.commit());
  Entry bad = entry_number(10);
  bad.component = 4;
  writer.write(bad);
  writer.write(entry_number(11));
  EXPECT_EQ(writer.commit().error().message, "there are only 4 components");
  EXPECT_EQ(writer.set_jobs({}).error().message, "there are only 4 components");
  EXPECT_EQ(writer.finish().error().message, "there are only 4 components");
  const RunReader run = must(ledger.read_run("FGD"));
  EXPECT_EQ(run.summary().entries, 10U);
  EXPECT_FALSE(run.summary().finished);
}

TEST(Ledger, NothingIsWrittenAfterTheEnd) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  must(writer.finish());
  must(writer.finish());
  writer.write(entry_number(1));
  EXPECT_FALSE(writer.commit());
}

TEST(Ledger, ARunWithoutAKnownEndIsToldItWhenItFinishes) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  write_numbers(writer, 0, 100);
  Instant last = epoch;
  for (std::uint64_t i = 0; i < 100; ++i) last = std::max(last, entry_number(i).end);
  const auto told = writer.finish(Instant{last.ms - 1});
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().code, ErrorCode::bad_input);
  EXPECT_NE(told.error().hint.find("last entry"), std::string::npos);
  EXPECT_FALSE(must(ledger.read_run("FGD")).summary().finished);
  must(writer.finish(last));  // a wrong end does not spoil the writer
  const RunReader run = must(ledger.read_run("FGD"));
  EXPECT_TRUE(run.summary().finished);
  EXPECT_EQ(run.summary().warning(), "");
  EXPECT_EQ(run.summary().entries, 100U);
  EXPECT_EQ(run.summary().accounted(), (carbon::Period{epoch, last}));
  const auto account = must(run.account(carbon::View::attributional, carbon::Grouping::job));
  EXPECT_EQ(account.period, (carbon::Period{epoch, last}));
  must(writer.finish(Instant{last.ms + 1}));  // finished is finished
  EXPECT_EQ(must(ledger.read_run("FGD")).summary().info.period.to, last);
}

TEST(Ledger, ARunWithoutEntriesEndsAfterItsStart) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  const Instant from = run_info("").period.from;
  EXPECT_FALSE(writer.finish(from));
  EXPECT_FALSE(writer.finish(Instant{from.ms - 1}));
  must(writer.finish(Instant{from.ms + 1}));
  EXPECT_EQ(must(ledger.read_run("FGD")).summary().accounted().to, Instant{from.ms + 1});
}

RC_GTEST_PROP(LedgerLaw, AnEarlierEndMovesNoEntry, (std::uint16_t some, std::uint32_t later)) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  RunWriter writer = begin(ledger, "FGD");
  const std::uint64_t count = 1 + some % 50;
  Instant last = epoch;
  for (std::uint64_t i = 0; i < count; ++i) last = std::max(last, entry_number(i).end);
  write_numbers(writer, 0, count);
  const Instant end{last.ms + later % 1'000'000};
  must(writer.finish(end));
  const RunReader run = must(ledger.read_run("FGD"));
  RC_ASSERT(run.summary().info.period.to == end);
  RC_ASSERT(run.summary().covered.to == last);
  const auto entries = entries_of(run);
  RC_ASSERT(entries.size() == count);
  for (std::uint64_t i = 0; i < count; ++i) RC_ASSERT(entries[i] == entry_number(i));
}

TEST(Ledger, CreateEmptiesALedgerAndTheOldWriterIsTold) {
  const TestFolder folder;
  Ledger first = must(Ledger::create(folder / "a"));
  RunWriter old = begin(first, "FGD");
  write_numbers(old, 0, 10);
  must(old.commit());
  Ledger second = must(Ledger::create(folder / "a"));
  EXPECT_TRUE(must(second.runs()).empty());
  RunWriter fresh = begin(second, "FGD");
  old.write(entry_number(10));
  const auto told = old.commit();
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().message, "the ledger no longer holds this run");
  fresh.write(entry_number(0));
  must(fresh.finish());
  EXPECT_EQ(entries_of(must(second.read_run("FGD"))).size(), 1U);
}

TEST(Ledger, MoreRunsCanBeAddedLater) {
  const TestFolder folder;
  {
    Ledger ledger = must(Ledger::create(folder / "a"));
    must(begin(ledger, "FGD").finish());
  }
  Ledger ledger = must(Ledger::open_write(folder / "a"));
  must(begin(ledger, "PWR").finish());
  EXPECT_EQ(must(ledger.runs()).size(), 2U);
}

TEST(Ledger, RunsAreNamedOnceAndFoundByName) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  EXPECT_EQ(ledger.read_run("").error().code, ErrorCode::missing_data);
  must(begin(ledger, "FGD").finish());
  EXPECT_EQ(must(ledger.read_run("")).summary().info.name, "FGD");
  must(begin(ledger, "BestFit").finish());
  const auto again = ledger.begin_run(run_info("FGD"), two_sites(), four_components());
  EXPECT_EQ(again.error().message, "the ledger already holds a run 'FGD'");
  EXPECT_FALSE(ledger.begin_run(run_info(""), two_sites(), four_components()));
  EXPECT_NE(ledger.read_run("").error().hint.find("FGD, BestFit"), std::string::npos);
  EXPECT_EQ(ledger.read_run("Bestfit").error().hint, "did you mean 'BestFit'?");
  EXPECT_EQ(exit_code(ledger.read_run("Bestfit").error().code), 2);
}

TEST(Ledger, UnsoundRecordsBeginNoRun) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  auto components = four_components();
  components[2].site = 2;
  EXPECT_EQ(ledger.begin_run(run_info("a"), two_sites(), components).error().message, "there is no site 2");
  RunInfo info = run_info("a");
  info.period.to = info.period.from;
  EXPECT_FALSE(ledger.begin_run(info, two_sites(), four_components()));
  EXPECT_TRUE(must(ledger.runs()).empty());
}

TEST(Ledger, PeopleCanQueryIt) {
  const TestFolder folder;
  Ledger ledger = must(Ledger::create(folder / "a"));
  for (const char* name : {"FGD", "PWR"}) {
    RunWriter writer = begin(ledger, name);
    write_numbers(writer, 0, 1000);
    must(writer.set_jobs(eleven_jobs()));
    must(writer.finish());
  }
  const auto connection = must(Connection::open(folder / "a", Connection::Mode::read, Ledger::default_patience));
  double joules = 0;
  for (std::uint64_t i = 0; i < 1000; ++i)
    if (entry_number(i).job == 4) joules += static_cast<double>(entry_number(i).microjoules) / 1e6;
  Statement query = must(connection->prepare(
      "SELECT sum(joules), min(start), min(machine), min(role) FROM entries WHERE run = 'PWR' AND job = 'job \"4\"'"));
  ASSERT_TRUE(must(query.next()));
  EXPECT_NEAR(query.number(0), joules, 1e-6 * joules);
  EXPECT_EQ(query.text(1), "2022-01-01T00:00:04.000Z");
  EXPECT_EQ(query.text(2), "m0");
  EXPECT_EQ(query.text(3), "tenant");
  EXPECT_EQ(must(connection->integer("SELECT count(*) FROM entries")), 2000);
}

}  // namespace
}  // namespace cradle::ledger
