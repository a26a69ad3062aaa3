#include "cradle/report/design_report.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "example_design.h"

namespace cradle::report {
namespace {

std::string data_of(const std::string& page) {
  const std::string open = "<script type=\"application/json\" id=\"study\">";
  const std::size_t start = page.find(open) + open.size();
  return page.substr(start, page.find("</script>", start) - start);
}

TEST(DesignReport, SameReportSameBytes) {
  ASSERT_TRUE(check(example_design()));
  const std::string page = to_html(example_design());
  EXPECT_EQ(page, to_html(example_design()));
  if (const char* folder = std::getenv("CRADLE_KEEP_PAGES"))
    std::ofstream(std::string(folder) + "/design.html") << page;
}

TEST(DesignReport, HoldsEverySectionAndItsData) {
  const std::string page = to_html(example_design());
  for (const char* id : {"scatter", "curve-0", "bills-0", "tornado-0", "table-0", "notes"})
    EXPECT_NE(page.find("<section id=\"" + std::string(id) + "\">"), std::string::npos) << id;
  const auto data = nlohmann::json::parse(data_of(page));
  EXPECT_EQ(data["scatter"]["front"].size(), 60U);
  EXPECT_EQ(data["scatter"]["cloud"].size(), 3000U);
  EXPECT_EQ(data["curves"][0]["lines"].size(), 2U);
  EXPECT_EQ(data["bills"][0]["bars"].size(), 5U);
  EXPECT_EQ(data["tornados"][0]["bars"][0]["at_high"], 44.0);
  EXPECT_NE(page.find("12\xE2\x80\xAF"
                      "345\xE2\x80\xAF"
                      "678 designs were evaluated, 12 cannot be made, 4\xE2\x80\xAF"
                      "321 miss a constraint"),
            std::string::npos);
}

TEST(DesignReport, WhatIsEmptyLeavesNoTrace) {
  DesignReport report;
  report.title = "Nothing";
  report.answer = "No answer.";
  const std::string page = to_html(report);
  EXPECT_EQ(page.find("<section"), std::string::npos);
  EXPECT_TRUE(nlohmann::json::parse(data_of(page))["scatter"].is_null());
}

TEST(DesignReport, ThousandsOfPointsStaySmall) { EXPECT_LT(to_html(example_design(5000)).size(), 2'000'000U); }

TEST(DesignReport, SaysThatItWasInterrupted) {
  DesignReport report = example_design();
  EXPECT_EQ(to_html(report).find("interrupted"), std::string::npos);
  report.scatter->complete = false;
  EXPECT_NE(to_html(report).find("interrupted"), std::string::npos);
}

TEST(DesignReport, LogarithmicAxesAreForPositiveValuesOnly) {
  DesignReport report = example_design();
  EXPECT_TRUE(nlohmann::json::parse(data_of(to_html(report)))["scatter"]["axes"][0]["log"].get<bool>());
  report.scatter->cloud[5].values[0] = 0;
  EXPECT_FALSE(nlohmann::json::parse(data_of(to_html(report)))["scatter"]["axes"][0]["log"].get<bool>());
}

TEST(DesignReport, NamesCannotLeaveTheirPlace) {
  const std::string hostile = "</script><script>alert(1)</script>\x01 \xFF & \" '";
  DesignReport report = example_design(10);
  report.title = report.question = report.answer = report.study_file = report.command = hostile;
  report.scatter->axes[1].name = report.scatter->front[0].label = hostile;
  report.curves[0].title = report.curves[0].lines[0].name = report.curves[0].crossings[0].what = hostile;
  report.bills[0].bars[0].name = report.bills[0].bars[0].parts[0].name = hostile;
  report.tornados[0].bars[0].coefficient = report.tornados[0].bars[0].source = hostile;
  report.notes = {hostile};
  const std::string page = to_html(report), tame = to_html(example_design(10));
  const auto count = [](const std::string& text, std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
    return n;
  };
  EXPECT_EQ(count(page, "<script"), count(tame, "<script"));
  EXPECT_EQ(count(page, "</script>"), count(tame, "</script>"));
  EXPECT_EQ(page.find('\x01'), std::string::npos);
  EXPECT_FALSE(nlohmann::json::parse(data_of(page), nullptr, false).is_discarded());
}

TEST(DesignReport, RefusesWhatMustNotBeShown) {
  const auto refused = [](auto change) {
    DesignReport report = example_design(10);
    change(report);
    const auto result = check(report);
    return result ? std::string() : result.error().message;
  };
  EXPECT_EQ(refused([](DesignReport&) {}), "");
  EXPECT_EQ(refused([](DesignReport& r) { r.scatter->front[3].values.pop_back(); }), "not one value for each axis");
  EXPECT_EQ(refused([](DesignReport& r) { r.scatter->cloud[3].values[0] = NAN; }), "a value is not finite");
  EXPECT_EQ(refused([](DesignReport& r) { r.curves[0].lines[0].y.pop_back(); }), "x and y differ in length");
  EXPECT_EQ(refused([](DesignReport& r) { r.curves[0].crossings[0].low = 2e4; }),
            "a crossing lies outside its bracket");
  EXPECT_EQ(refused([](DesignReport& r) { r.bills[0].bars[0].total.low = carbon::KilogramsCO2e{1e9}; }),
            "a total lies outside its range");
  EXPECT_EQ(refused([](DesignReport& r) { r.bills[0].bars[0].parts[0].carbon.high = carbon::KilogramsCO2e{-1}; }),
            "a part lies outside its range");
  EXPECT_EQ(refused([](DesignReport& r) { r.tornados[0].bars[0].at_low = INFINITY; }), "a value is not finite");
}

}  // namespace
}  // namespace cradle::report
