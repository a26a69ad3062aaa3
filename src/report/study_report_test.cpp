#include "cradle/report/study_report.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>

#include "cradle/base/csv.h"
#include "cradle/base/text.h"
#include "example_study.h"

namespace cradle::report {
namespace {

using carbon::GramsCO2e;
using carbon::Seconds;

constexpr const char* hostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)>{{data}}\"'&\xFF\x1b[0m";

StudyReport hostile_study() {
  StudyReport report = example_study();
  report.title = report.study_file = report.created_by = report.command = report.view = hostile;
  for (SiteSummary& site : report.sites) site.name = site.grid = hostile;
  for (DataSource& data : report.data) data.what = data.origin = data.licence = hostile;
  for (PolicyResult& policy : report.policies) policy.name += hostile;
  for (TopJob& job : report.top_jobs) job.name = job.user = job.site = hostile;
  for (Sensitivity& row : report.sensitivity) row.coefficient = row.range = row.source = hostile;
  for (std::string& note : report.notes) note = hostile;
  return report;
}

/// The JSON block of the page, and the page without it, the plot library and the licence comment.
struct Page {
  std::string json, rest;
};

Page take_apart(const std::string& html) {
  const std::string open = "<script type=\"application/json\" id=\"study\">";
  const std::size_t start = html.find(open) + open.size();
  const std::size_t end = html.find("</script>", start);
  const std::size_t script = html.rfind("<script>");
  return {html.substr(start, end - start), html.substr(0, start) + html.substr(script)};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

/// Keeps a page for a person to look at (tools/screenshot.sh) if CRADLE_KEEP_PAGES names a folder.
void keep(const std::string& name, const std::string& page) {
  if (const char* folder = std::getenv("CRADLE_KEEP_PAGES"))
    std::ofstream(std::string(folder) + "/" + name, std::ios::binary) << page;
}

TEST(StudyCheck, TheExampleHolds) {
  const auto result = check(example_study());
  EXPECT_TRUE(result) << to_string(result.error());
}

TEST(StudyCheck, EveryBrokenLawIsNamedWithItsPlace) {
  const auto place = [](const std::function<void(StudyReport&)>& damage) {
    StudyReport report = example_study();
    damage(report);
    const auto result = check(report);
    return result ? std::string("accepted") : result.error().where;
  };
  EXPECT_EQ(place([](auto& r) { r.policies.clear(); }), "policies");
  EXPECT_EQ(place([](auto& r) { r.answer.best = 99; }), "answer");
  EXPECT_EQ(place([](auto& r) { r.policies[3].name = r.policies[1].name; }), "policies[3]");
  EXPECT_EQ(place([](auto& r) { r.policies[2].wait.p99 = Seconds{std::nan("")}; }), "policies[2]");
  EXPECT_EQ(place([](auto& r) { r.policies[2].total.low = r.policies[2].total.high; }), "policies[2].total");
  EXPECT_EQ(place([](auto& r) { r.policies[4].embodied += GramsCO2e{1e4}; }), "policies[4].total");
  EXPECT_EQ(place([](auto& r) { r.policies[4].over_time[7].idle_embodied += GramsCO2e{1e4}; }),
            "policies[4].over_time");
  EXPECT_EQ(place([](auto& r) { r.answer.saving = r.answer.saving * 1.01; }), "answer.saving");
  EXPECT_EQ(place([](auto& r) { std::swap(r.from, r.to); }), "period");
}

/// The example with totals that are easy to work out: Random 1000 t, PWR 900 t, every job placed.
StudyReport round_study() {
  StudyReport report = example_study();
  for (PolicyResult& policy : report.policies) policy.jobs_never_placed = 0;
  report.policies[0].total = carbon::Estimate<GramsCO2e>::exact(GramsCO2e{1e9});
  report.policies[6].total = carbon::Estimate<GramsCO2e>::exact(GramsCO2e{9e8});
  report.answer.saving = {GramsCO2e{1e8}, GramsCO2e{7.1e7}, GramsCO2e{1.42e8}};
  return report;
}

TEST(StudyCheck, AtEqualWorkTheSavingIsForTheGpuHoursOfTheBaseline) {
  StudyReport report = example_study();
  PolicyResult& best = report.policies[6];
  const PolicyResult& baseline = report.policies[0];
  best.useful_gpu_time = baseline.useful_gpu_time * 0.8;
  report.answer.at_equal_work = true;
  const auto place = [&] {
    const auto result = check(report);
    return result ? std::string("accepted") : result.error().where;
  };
  EXPECT_EQ(place(), "answer.saving");  // still the plain difference
  // The same grams for four fifths of the work are five quarters of them for all of it.
  const GramsCO2e saving = baseline.total.value - best.total.value * 1.25;
  report.answer.saving = carbon::Estimate<GramsCO2e>::exact(saving);
  EXPECT_EQ(place(), "accepted");
  report.answer.at_equal_work = false;
  EXPECT_EQ(place(), "answer.saving");

  report.answer.at_equal_work = true;
  for (const double nothing : {0.0, -1.0}) {
    best.useful_gpu_time = carbon::Hours{nothing};
    EXPECT_EQ(place(), "answer.at_equal_work");
  }
  best.useful_gpu_time = baseline.useful_gpu_time;
  report.policies[0].useful_gpu_time = carbon::Hours{0};
  EXPECT_EQ(place(), "answer.at_equal_work");
}

TEST(StudyAnswer, SaysWhichHowMuchAtWhatServiceAndWhetherTheOrderHolds) {
  StudyReport report = round_study();
  const std::string start = "Over 149 days, PWR emits 100 tCO2e less than Random (10.0 % of its 1000 tCO2e)";
  const std::string service = "; its jobs wait 12.6 min on average instead of 19.2 min";
  const std::string range = "the difference is 71 tCO2e to 142 tCO2e: the order holds throughout.";
  EXPECT_EQ(answer_sentence(report),
            start + service + "; over the ranges of all coefficients and 5 other draws of the workload " + range);
  report.answer.draws = 1;
  EXPECT_EQ(answer_sentence(report),
            start + service + "; over the ranges of all coefficients and 1 other draw of the workload " + range);
  report.answer.draws = 0;
  EXPECT_EQ(answer_sentence(report), start + service + "; over the ranges of all coefficients " + range);
  report.answer.at_equal_work = true;
  EXPECT_EQ(answer_sentence(report),
            start + " for the same GPU-hours" + service + "; over the ranges of all coefficients " + range);
  report.answer.replayed = false;
  EXPECT_EQ(answer_sentence(report),
            start + " for the same GPU-hours" + service + "; how certain that is was not replayed.");

  report = round_study();
  report.policies[6].jobs_never_placed = 5;
  EXPECT_NE(answer_sentence(report).find("and 5 do not start before the end (0 under Random)"), std::string::npos);
  report.answer.best = report.answer.baseline;
  EXPECT_NE(answer_sentence(report).find("compares it with no other policy"), std::string::npos);
  EXPECT_EQ(answer_sentence(StudyReport{}), "The study compared no policies.");
}

TEST(StudyAnswer, ARangeThatHoldsZeroSettlesNothing) {
  const auto ending = [](double value, double low, double high) {
    StudyReport report = round_study();
    report.answer.draws = 0;
    report.answer.saving = {GramsCO2e{value}, GramsCO2e{low}, GramsCO2e{high}};
    const std::string sentence = answer_sentence(report);
    return sentence.substr(sentence.rfind(';'));
  };
  const std::string over = "; over the ranges of all coefficients the difference is ";
  EXPECT_EQ(ending(1e6, -2e6, 3e6), over + "-2 tCO2e to 3 tCO2e: which of the two emits less is not settled.");
  EXPECT_EQ(ending(1e6, 0, 3e6), over + "0 gCO2e to 3 tCO2e: which of the two emits less is not settled.");
  EXPECT_EQ(ending(0, -2, 3), over + "-2 gCO2e to 3 gCO2e: which of the two emits less is not settled.");
  EXPECT_EQ(ending(1e6, 1e6, 1e6), "; no coefficient of the study carries a range.");
  // The policy that emits more is named so, and by how much more is what the range is about.
  EXPECT_EQ(ending(-2e6, -3e6, -1e6), over + "1 tCO2e to 3 tCO2e: the order holds throughout.");
  EXPECT_EQ(ending(-2e6, -3e6, 1e6), over + "-1 tCO2e to 3 tCO2e: which of the two emits less is not settled.");

  StudyReport report = round_study();
  report.answer.saving = carbon::Estimate<GramsCO2e>::exact(GramsCO2e{-2000});
  EXPECT_NE(answer_sentence(report).find("PWR emits 2 kgCO2e more than Random"), std::string::npos);
  EXPECT_NE(answer_sentence(report).find("; no coefficient of the study carries a range and the difference is the same "
                                         "in 5 other draws of the workload."),
            std::string::npos);
}

TEST(StudyAnswer, ATieIsCalledOne) {
  for (const double grams : {0.0, 0.4, -0.4}) {
    StudyReport report = round_study();
    report.policies[6].jobs_never_placed = 5;
    report.answer.saving = carbon::Estimate<GramsCO2e>::exact(GramsCO2e{grams});
    report.answer.draws = 0;
    EXPECT_EQ(answer_sentence(report),
              "Over 149 days, PWR and Random emit the same (1000 tCO2e); jobs wait 12.6 min on average under PWR and "
              "19.2 min under Random, and 5 do not start before the end under PWR (0 under Random); no coefficient of "
              "the study "
              "carries a range.");
    report.answer.at_equal_work = true;
    report.answer.replayed = false;
    const std::string sentence = answer_sentence(report);
    EXPECT_EQ(sentence.rfind("Over 149 days, PWR and Random emit the same for the same GPU-hours; jobs wait ", 0), 0U);
    EXPECT_NE(sentence.find("; how certain that is was not replayed."), std::string::npos);
  }
  StudyReport report = round_study();
  report.answer.saving.value = GramsCO2e{0.6};
  EXPECT_NE(answer_sentence(report).find("emits 0.600 gCO2e less than Random"), std::string::npos);
}

RC_GTEST_PROP(StudyAnswer, TheOrderHoldsExactlyWhereTheRangeLeavesOutZero,
              (int middle, unsigned below, unsigned above)) {
  StudyReport report = round_study();
  const double value = middle, low = value - below, high = value + above;
  RC_PRE(low != high);
  report.answer.saving = {GramsCO2e{value}, GramsCO2e{low}, GramsCO2e{high}};
  const std::string sentence = answer_sentence(report);
  RC_ASSERT((sentence.find("the order holds throughout") != std::string::npos) == (low > 0 || high < 0));
  RC_ASSERT((sentence.find("is not settled") != std::string::npos) == (low <= 0 && high >= 0));
  RC_ASSERT(sentence.find("certain") == std::string::npos);
}

TEST(StudyPareto, MarksWhatCannotBeImproved) {
  const StudyReport report = example_study();
  ASSERT_EQ(service_of(report), Service::wait_mean);
  std::vector<std::string> front;
  const std::vector<bool> marks = pareto_front(report);
  for (std::size_t i = 0; i < marks.size(); ++i)
    if (marks[i]) front.push_back(report.policies[i].name);
  EXPECT_EQ(front, (std::vector<std::string>{"FGD", "PWR", "PWR+FGD"}));

  StudyReport same_wait = report;
  for (PolicyResult& policy : same_wait.policies) policy.wait.mean = Seconds{1};
  EXPECT_EQ(service_of(same_wait), Service::allocation);
}

RC_GTEST_PROP(StudyPareto, TheFrontIsWhatSortingByServiceFinds, ()) {
  StudyReport report;
  const auto pairs = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 6), rc::gen::inRange(0, 6)));
  for (const auto& pair : pairs) {
    PolicyResult policy;
    policy.total = carbon::Estimate<GramsCO2e>::exact(GramsCO2e{static_cast<double>(pair.first)});
    policy.wait.mean = Seconds{static_cast<double>(pair.second)};
    policy.allocation = 1 - pair.second / 10.0;  // where all wait the same, the allocation is the same too
    report.policies.push_back(policy);
  }
  // The second way: by wait, then total; on the front is who emits less than everybody with a shorter wait, and no
  // more than those with the same.
  const std::vector<bool> front = pareto_front(report);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    int least_before = 100, least_same = 100;
    for (const auto& pair : pairs) {
      if (pair.second < pairs[i].second) least_before = std::min(least_before, pair.first);
      if (pair.second == pairs[i].second) least_same = std::min(least_same, pair.first);
    }
    RC_ASSERT(front[i] == (pairs[i].first == least_same && pairs[i].first < least_before));
  }
}

TEST(StudyText, TheTableFitsATerminalAndTheSentenceFollows) {
  const std::string text = to_text(example_study());
  for (const std::string_view line : split(text, '\n')) EXPECT_LE(display_width(line), 120U) << line;
  EXPECT_NE(text.find("Over 149 days, PWR emits"), std::string::npos);
  EXPECT_LT(text.find("GpuClustering"), text.find("Over 149 days"));
  EXPECT_NE(text.find("1011967"), std::string::npos) << text;  // PWR's total, kg
  // What the policies are compared by comes first.
  EXPECT_TRUE(std::regex_search(text, std::regex("policy +total +allocation"))) << text;
  const std::string bad = to_text(hostile_study());
  EXPECT_TRUE(is_utf8(bad));
  EXPECT_EQ(bad.find('\x1b'), std::string::npos);
}

TEST(StudyText, ASourceWithoutLicenceOrOriginEndsBeforeIt) {
  StudyReport report = example_study();
  report.data = {{"jobs of our own", "exported by hand", "", DataKind::measured},
                 {"a guess", "", "", DataKind::estimated},
                 {"a list", "", "MIT", DataKind::published}};
  const std::string text = to_text(report);
  EXPECT_NE(text.find("data: jobs of our own (measured), exported by hand\n"), std::string::npos);
  EXPECT_NE(text.find("data: a guess (estimated)\n"), std::string::npos);
  EXPECT_NE(text.find("data: a list (published), MIT\n"), std::string::npos);
}

TEST(StudyCsv, OneFullPrecisionLineForEachPolicy) {
  const StudyReport report = example_study();
  static constexpr std::string_view columns[] = {"policy", "total_kg", "operational_kg", "idle_embodied_kg",
                                                 "wait_p99_s"};
  std::size_t row = 0;
  const auto rows = read_csv(to_csv(report), "study.csv", columns, [&](const CsvRow& fields) -> Result<void> {
    const PolicyResult& policy = report.policies[row++];
    EXPECT_EQ(fields.field(0), policy.name);
    EXPECT_DOUBLE_EQ(*parse_number(fields.field(1)) * 1000, policy.total.value.value());
    EXPECT_NEAR(*parse_number(fields.field(2)) * 1000, policy.operational.value(), 1e-4);
    EXPECT_NEAR(*parse_number(fields.field(3)) * 1000, policy.idle_embodied.value(), 1e-4);
    EXPECT_EQ(*parse_number(fields.field(4)), policy.wait.p99.value());
    return {};
  });
  ASSERT_TRUE(rows) << to_string(rows.error());
  EXPECT_EQ(*rows, report.policies.size());
}

TEST(StudyJson, HoldsEveryNumberOfTheModel) {
  const StudyReport report = example_study();
  const auto json = nlohmann::json::parse(to_json(report));
  EXPECT_EQ(json["schema"], "cradle.study/1");
  EXPECT_EQ(json["period"]["from"], "2022-01-01T00:00:00Z");
  const auto kg = [](const nlohmann::json& value) {
    return GramsCO2e{carbon::KilogramsCO2e{value.get<double>()}}.value();
  };
  const auto near = [](double a, double b) { EXPECT_NEAR(a, b, 1e-12 * std::abs(b)); };
  ASSERT_EQ(json["policies"].size(), report.policies.size());
  for (std::size_t i = 0; i < report.policies.size(); ++i) {
    const PolicyResult& policy = report.policies[i];
    const auto& row = json["policies"][i];
    EXPECT_EQ(row["name"], policy.name);
    near(row["allocation_percent"], 100 * policy.allocation);
    near(row["energy_kwh"].get<double>() * 3.6e6, policy.energy.value());
    near(kg(row["operational_kg"]), policy.operational.value());
    near(kg(row["embodied_kg"]), policy.embodied.value());
    near(kg(row["idle_operational_kg"]), policy.idle_operational.value());
    near(kg(row["idle_embodied_kg"]), policy.idle_embodied.value());
    near(kg(row["total_kg"]), policy.total.value.value());
    near(kg(row["total_low_kg"]), policy.total.low.value());
    near(kg(row["total_high_kg"]), policy.total.high.value());
    near(row["useful_gpu_hours"], policy.useful_gpu_time.value());
    near(row["g_per_useful_gpu_hour"], policy.total.value.value() / policy.useful_gpu_time.value());
    near(row["wait_mean_s"], policy.wait.mean.value());
    near(row["wait_p50_s"], policy.wait.p50.value());
    near(row["wait_p95_s"], policy.wait.p95.value());
    near(row["wait_p99_s"], policy.wait.p99.value());
    near(row["wait_max_s"], policy.wait.max.value());
    EXPECT_EQ(row["jobs_finished"], policy.jobs_finished);
    EXPECT_EQ(row["jobs_never_placed"], policy.jobs_never_placed);
    ASSERT_EQ(row["over_time"]["embodied_kg"].size(), policy.over_time.size());
    for (std::size_t day = 0; day < policy.over_time.size(); ++day) {
      near(kg(row["over_time"]["gpu_operational_kg"][day]), policy.over_time[day].gpu_operational.value());
      near(kg(row["over_time"]["cpu_operational_kg"][day]), policy.over_time[day].cpu_operational.value());
      near(kg(row["over_time"]["memory_operational_kg"][day]), policy.over_time[day].memory_operational.value());
      near(kg(row["over_time"]["idle_operational_kg"][day]), policy.over_time[day].idle_operational.value());
      near(kg(row["over_time"]["embodied_kg"][day]), policy.over_time[day].embodied.value());
      near(kg(row["over_time"]["idle_embodied_kg"][day]), policy.over_time[day].idle_embodied.value());
    }
  }
  for (std::size_t i = 0; i < report.sites.size(); ++i) {
    near(json["sites"][i]["mean_intensity_g_per_kwh"], report.sites[i].mean_intensity.value());
    near(json["sites"][i]["pue"], report.sites[i].pue);
    EXPECT_EQ(json["sites"][i]["gpus"], report.sites[i].gpus);
    EXPECT_EQ(json["sites"][i]["nodes"], report.sites[i].nodes);
  }
  for (std::size_t i = 0; i < report.top_jobs.size(); ++i) {
    near(kg(json["top_jobs"][i]["operational_kg"]), report.top_jobs[i].operational.value());
    near(kg(json["top_jobs"][i]["embodied_kg"]), report.top_jobs[i].embodied.value());
    near(json["top_jobs"][i]["gpu_hours"], report.top_jobs[i].gpu_time.value());
  }
  for (std::size_t i = 0; i < report.sensitivity.size(); ++i) {
    near(kg(json["sensitivity"][i]["total_at_low_kg"]), report.sensitivity[i].total_at_low.value());
    near(kg(json["sensitivity"][i]["total_at_high_kg"]), report.sensitivity[i].total_at_high.value());
  }
  near(kg(json["answer"]["saving_kg"]), report.answer.saving.value.value());
  near(kg(json["answer"]["saving_low_kg"]), report.answer.saving.low.value());
  near(kg(json["answer"]["saving_high_kg"]), report.answer.saving.high.value());
  EXPECT_EQ(json["answer"]["at_equal_work"], false);
  EXPECT_EQ(json["answer"]["replayed"], true);
  EXPECT_EQ(json["answer"]["draws"], 5);
  EXPECT_EQ(json["answer"]["sentence"], answer_sentence(report));
  EXPECT_EQ(json["notes"].size(), report.notes.size());
  EXPECT_TRUE(nlohmann::json::accept(to_json(hostile_study())));
}

TEST(StudyPage, TheSameReportGivesTheSameBytes) {
  const std::string page = to_html(example_study());
  EXPECT_EQ(page, to_html(example_study()));
  keep("example.html", page);
}

TEST(StudyPage, OpensWithTheAnswerAndHoldsEverySection) {
  const std::string page = to_html(example_study());
  EXPECT_TRUE(is_utf8(page));
  EXPECT_EQ(page.rfind("<!doctype html>", 0), 0U);
  EXPECT_NE(page.find("<strong>75.7\u00A0tCO\u2082"
                      "e less</strong>"),
            std::string::npos);
  std::size_t last = page.find("class=\"answer\"");
  for (const char* id : {"policies", "over-time", "pareto", "jobs", "sensitivity", "data", "notes"}) {
    const std::size_t at = page.find("<section id=\"" + std::string(id) + "\">");
    ASSERT_NE(at, std::string::npos) << id;
    EXPECT_LT(last, at) << id;
    last = at;
  }
  // Every plot has a caption, and every number of it stands in a table that needs no script.
  EXPECT_EQ(count(page, "<canvas"), 5U);
  EXPECT_EQ(count(page, "<figcaption>"), 5U);
  EXPECT_EQ(count(page, "<details open>"), 4U);
  EXPECT_EQ(count(page, "<table>"), 7U);
  EXPECT_EQ(page.find("{{"), std::string::npos);
  EXPECT_EQ(page.find(" is certain"), std::string::npos);
  EXPECT_NE(page.find("<strong>the order holds throughout</strong>"), std::string::npos);
  EXPECT_NE(page.find("Permission is hereby granted"), std::string::npos);
}

TEST(StudyPage, TheDataBlockIsTheJsonDocument) {
  const StudyReport report = example_study();
  EXPECT_EQ(nlohmann::json::parse(take_apart(to_html(report)).json), nlohmann::json::parse(to_json(report)));
}

TEST(StudyPage, NothingComesFromANetwork) {
  const std::string page = to_html(example_study());
  const std::string rest = take_apart(page).rest;
  EXPECT_FALSE(
      std::regex_search(rest, std::regex("https?://|<link|<img|<iframe|<script[^>]+src|@import|url\\(|fetch\\(")));
  // The plot library names two homes in its licence comments, and that is all.
  EXPECT_EQ(count(page, "https://"), 2U);
  EXPECT_EQ(count(page, " * https://www.chartjs.org\n") + count(page, " * https://github.com/kurkle/color"), 2U);
  EXPECT_EQ(count(page, "http://"), 0U);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(StudyPage, HostileNamesStayText) {
  const std::string tame = to_html(example_study());
  const std::string page = to_html(hostile_study());
  EXPECT_TRUE(is_utf8(page));
  EXPECT_EQ(count(page, "<script"), count(tame, "<script"));
  EXPECT_EQ(count(page, "</script"), count(tame, "</script"));
  EXPECT_EQ(count(page, "<img"), 0U);
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  const auto json = nlohmann::json::parse(take_apart(page).json);
  EXPECT_NE(json["top_jobs"][0]["name"].get<std::string>().find("</script><script>alert(1)"), std::string::npos);
  // A name that looks like a place of the template is a name.
  EXPECT_NE(page.find("onerror=alert(2)&gt;{{data}}"), std::string::npos);
  keep("hostile.html", page);
}

TEST(StudyPage, AStudyWithLittleToSayIsStillAPage) {
  for (const StudyReport& report : {StudyReport{}, [] {
                                      StudyReport one;
                                      one.policies.resize(1);
                                      return one;
                                    }()}) {
    const std::string page = to_html(report);
    EXPECT_NE(page.find("</html>"), std::string::npos);
    EXPECT_EQ(page.find("id=\"jobs\""), std::string::npos);
    EXPECT_TRUE(nlohmann::json::accept(to_json(report)));
    EXPECT_FALSE(to_text(report).empty());
  }
}

}  // namespace
}  // namespace cradle::report
