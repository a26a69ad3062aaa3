// The audit must find what is wrong: each test is a log that is right but for one line.
#include "cradle/exchange/audit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace cradle::exchange {
namespace {

/// Two nodes and a bank: a budget of 100, 60 granted to node 0, of which 20 go to node 1; then a cut to 50.
std::vector<std::string> bank_lines() {
  return {
      "100 opens term=9 sent=1000 received=100 budget=100 outstanding=0 recovered=0",
      "2000000000 grants term=9 budget=100 outstanding=0 recovered=0",
      "2000000100 account term=9 node=0 inc=5 sent=60 received=0 budget=100 outstanding=60 recovered=0",
      "2000001000 books term=9 budget=50 outstanding=60 recovered=0",
      "2000001200 account term=9 node=0 inc=5 sent=60 received=10 budget=50 outstanding=50 recovered=0",
      "2000009000 shut term=9 budget=50 outstanding=50 recovered=0",
  };
}
std::vector<std::string> node_0() {
  return {
      "200 begin node=0 inc=5",
      "2000000050 known term=9 node=0 inc=5 held=0 aside=0",
      "2000000200 purse node=0 inc=5 sent=0 received=60 held=60 aside=0",
      "2000000200 cap node=0 inc=5 cap=60",
      "2000000300 link node=0 inc=5 partner=1 partner_inc=6 sent=20 received=0 held=40 aside=0",
      "2000000310 cap node=0 inc=5 cap=40",
      "2000001100 purse node=0 inc=5 sent=0 received=60 held=30 aside=10",
      "2000001100 purse node=0 inc=5 sent=10 received=60 held=30 aside=0",
      "2000001150 cap node=0 inc=5 cap=30",
  };
}
std::vector<std::string> node_1() {
  return {
      "300 begin node=1 inc=6",
      "2000000060 known term=9 node=1 inc=6 held=0 aside=0",
      "2000000400 link node=1 inc=6 partner=0 partner_inc=5 sent=0 received=20 held=20 aside=0",
      "2000000400 cap node=1 inc=6 cap=20",
  };
}

std::string text(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

Result<AuditReport> judge(const std::vector<std::string>& bank, const std::vector<std::string>& a,
                          const std::vector<std::string>& b) {
  return audit({{"bank", text(bank)}, {"a", text(a)}, {"b", text(b)}}, {});
}

/// The first violation of a log in which one line of node 0 or 1 is another.
std::string found(std::size_t log, std::size_t line, const std::string& other) {
  std::vector<std::vector<std::string>> logs{bank_lines(), node_0(), node_1()};
  logs[log][line] = other;
  const auto report = judge(logs[0], logs[1], logs[2]);
  if (!report) return report.error().message;
  return report->first_violations.empty() ? "" : report->first_violations.front().what;
}

void expect_has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "'" << text << "'";
}

TEST(Audit, WhatIsRightHolds) {
  const auto report = judge(bank_lines(), node_0(), node_1());
  ASSERT_TRUE(report) << to_string(report.error());
  EXPECT_TRUE(report->holds()) << report->first_violations.front().what;
  EXPECT_EQ(report->records, 19u);
  EXPECT_EQ(report->nodes, 2u);
  EXPECT_EQ(report->transfers, 2u);
  EXPECT_EQ(report->cuts, 1u);
  EXPECT_NEAR(report->longest_cut.value(), 200e-9, 1e-12);
  EXPECT_EQ(report->worst_excess, 0);
  EXPECT_EQ(report->worst_cap, 0);
  EXPECT_EQ(report->held_at_end, 50);
  EXPECT_EQ(report->in_bank_at_end, 0);
}

TEST(Audit, ACoinFromNowhereIsFound) {
  expect_has(found(1, 2, "2000000200 purse node=0 inc=5 sent=0 received=61 held=61 aside=0"),
             "more than it was granted");
  expect_has(found(1, 4, "2000000300 link node=0 inc=5 partner=1 partner_inc=6 sent=20 received=0 held=41 aside=0"),
             "41 coins where 40 came");
  expect_has(found(2, 2, "2000000400 link node=1 inc=6 partner=0 partner_inc=5 sent=0 received=21 held=21 aside=0"),
             "received more than");
}

TEST(Audit, ABalanceBelowZeroIsFound) {
  expect_has(found(1, 4, "2000000300 link node=0 inc=5 partner=1 partner_inc=6 sent=70 received=0 held=-10 aside=0"),
             "below zero");
}

TEST(Audit, ADeviceThatIsNotDownBeforeItsCoinsAreTakenIsFound) {
  expect_has(found(1, 5, "2000000500 cap node=0 inc=5 cap=40"), "devices may draw 80 coins, 60 exist");
}

TEST(Audit, CoinsReceivedBeforeTheyWereSentAreFound) {
  auto late = node_0();
  late[4] = "2000000450 link node=0 inc=5 partner=1 partner_inc=6 sent=20 received=0 held=40 aside=0";
  late[5] = "2000000460 cap node=0 inc=5 cap=40";
  const auto report = judge(bank_lines(), late, node_1());
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->holds());
  expect_has(report->first_violations.front().what, "received more than");
}

TEST(Audit, ABankThatGrantsMoreThanItsBudgetIsFound) {
  expect_has(
      found(0, 2, "2000000100 account term=9 node=0 inc=5 sent=101 received=0 budget=100 outstanding=101 recovered=0"),
      "outstanding of a budget of 100");
  expect_has(
      found(0, 2, "2000000100 account term=9 node=0 inc=5 sent=60 received=0 budget=100 outstanding=59 recovered=0"),
      "59 are outstanding");
}

TEST(Audit, ACutThatNobodyObeysIsFound) {
  auto bank = bank_lines();
  bank[4] = "2000001200 books term=9 budget=50 outstanding=60 recovered=0";
  bank[5] = "5000009000 shut term=9 budget=50 outstanding=60 recovered=0";
  const auto report = judge(bank, node_0(), node_1());
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->holds());
  expect_has(report->first_violations.front().what, "not obeyed after 2100 ms");
}

TEST(Audit, WhoWasDeclaredDeadMayDoNothing) {
  auto bank = bank_lines();
  bank.insert(bank.begin() + 3, "2000000150 dead term=9 node=0 inc=5 budget=100 outstanding=60 recovered=0");
  const auto report = judge(bank, node_0(), node_1());
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->holds());
  expect_has(report->first_violations.front().what, "acts after it was declared dead");
}

TEST(Audit, AnIncarnationIsThereOnce) {
  auto twice = node_1();
  twice.insert(twice.begin() + 1, "400 begin node=0 inc=5");
  const auto doubled = judge(bank_lines(), node_0(), twice);
  ASSERT_TRUE(doubled);
  ASSERT_FALSE(doubled->holds());
  expect_has(doubled->first_violations.front().what, "begins twice");
  auto node = node_0();
  node.push_back("2000001300 begin node=0 inc=4");
  const auto report = judge(bank_lines(), node, node_1());
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->holds());
  expect_has(report->first_violations.front().what, "begins after a later one");
}

TEST(Audit, LostCoinsAreFoundAtTheEnd) {
  auto node = node_0();
  node.push_back("2000001300 end node=0 inc=5");
  const auto report = judge(bank_lines(), node, node_1());
  ASSERT_TRUE(report);
  ASSERT_FALSE(report->holds());
  expect_has(report->first_violations.front().what, "at the end 20 coins are held");
  EXPECT_DOUBLE_EQ(report->share_at_end, 0.4);
}

TEST(Audit, LogsThatCannotBeJudgedAreErrors) {
  EXPECT_EQ(audit({}, {}).error().code, ErrorCode::missing_data);
  EXPECT_EQ(audit({{"a", ""}}, {}).error().code, ErrorCode::missing_data);
  EXPECT_EQ(audit({{"a", text(node_1())}}, {}).error().code, ErrorCode::missing_data) << "no bank";
  EXPECT_EQ(audit({{"bank", text(bank_lines())}, {"a", text(node_0())}}, {}).error().code, ErrorCode::missing_data);
  const auto back = audit({{"a", "300 begin node=1 inc=6\n200 begin node=1 inc=7\n"}}, {});
  EXPECT_EQ(back.error().code, ErrorCode::bad_input);
  EXPECT_EQ(back.error().where, "a:2");
  for (const char* line :
       {"\n", "x\n", "5\n", "5 begin\n", "5 begin node=1\n", "5 begin node=1 inc=-1\n",
        "5 begin node=1 inc=4294967296\n", "5 begin node=1 inc=6 held=1\n", "5 starts node=1 inc=6\n",
        "-5 begin node=1 inc=6\n", "5 begin node=1  inc=6\n", "\xff\xfe begin node=1 inc=6\n"})
    EXPECT_EQ(audit({{"a", line}}, {}).error().code, ErrorCode::bad_input) << line;
}

TEST(Audit, TheLastLineOfAKilledDaemonMayBeTorn) {
  auto logs = std::vector<Log>{{"bank", text(bank_lines())}, {"a", text(node_0())}, {"b", text(node_1())}};
  logs[1].text += "2000001400 link node=0 in";
  const auto report = audit(logs, {});
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->holds());
  EXPECT_EQ(report->torn_lines, 1u);
}

RC_GTEST_PROP(Record, LinesReadBackAsTheyWereWritten, ()) {
  // Of the fields only those that the kind's line has.
  for (const std::vector<std::string>& lines : {bank_lines(), node_0(), node_1()})
    for (const std::string& line : lines) {
      const auto record = parse_record(line, "line");
      RC_ASSERT(record.has_value());
      RC_ASSERT(to_line(*record) == line + "\n");
    }
  Record record;
  record.kind = RecordKind::link;
  record.at = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 62);
  record.node = *rc::gen::arbitrary<std::uint32_t>();
  record.incarnation = *rc::gen::arbitrary<std::uint32_t>();
  record.partner = *rc::gen::arbitrary<std::uint32_t>();
  record.partner_incarnation = *rc::gen::arbitrary<std::uint32_t>();
  record.sent = *rc::gen::arbitrary<std::uint32_t>();
  record.received = *rc::gen::arbitrary<std::uint32_t>();
  record.held = *rc::gen::arbitrary<std::int32_t>();
  record.aside = *rc::gen::arbitrary<std::int32_t>();
  const std::string line = to_line(record);
  const auto read = parse_record(std::string_view(line).substr(0, line.size() - 1), "line");
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == record);
}

}  // namespace
}  // namespace cradle::exchange
