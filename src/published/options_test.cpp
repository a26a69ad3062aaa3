#include "options.h"

#include <gtest/gtest.h>

#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

TEST(Options, AFlagAloneIsNoValue) {
  const std::map<std::string, std::string> given{{"package", ""}, {"plain", ""}};
  OptionReader text(given);
  EXPECT_TRUE(text.flag("plain"));
  EXPECT_FALSE(text.text({"package"}, "use one of: RDL, EMIB"));
  const auto missing = text.finish();
  ASSERT_FALSE(missing);
  EXPECT_EQ(to_string(missing.error()),
            to_string(bad_input("a value is missing", "--package", "use one of: RDL, EMIB")));
  OptionReader number(given);
  EXPECT_TRUE(number.flag("plain"));
  EXPECT_FALSE(number.number({"package"}, 0, 10));
  EXPECT_EQ(number.finish().error().hint, "give a number from 0 to 10");
}

// What may follow stands in the hint, before any file is looked for.
TEST(Options, EveryToolSaysThatAValueIsMissing) {
  struct Lone {
    const char *tool, *option, *says;
  };
  for (const Lone& lone : {Lone{"eco-chip", "package", "RDL, EMIB, passive, active, 3D"},
                           {"eco-chip", "use-intensity", "from 0 to"},
                           {"greensku", "baseline", "server.name"},
                           {"scarif", "vendor", "HP, Dell, Lenovo"},
                           {"act", "location", "2022 or 2023"},
                           {"act", "logic-area", "145mm2"},
                           {"boavizta", "criteria", "gwp"},
                           {"greenfpga", "tech", "folder"},
                           {"sci", "name", "--name VALUE"}}) {
    SCOPED_TRACE(std::string(lone.tool) + " --" + lone.option);
    Request request;
    if (lone.tool == std::string_view("scarif"))
      request.options = {{"c", "44"}, {"d", "32"}, {"s", "0"}, {"hd", "4800"}, {"y", "2017"}};
    request.options[lone.option] = "";
    const auto refused = (*find_tool(lone.tool))->compare(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "a value is missing");
    EXPECT_EQ(refused.error().where, std::string("--") + lone.option);
    EXPECT_NE(refused.error().hint.find(lone.says), std::string::npos) << refused.error().hint;
  }
}

TEST(Options, EveryToolTakesSwitchesByName) {
  for (const Tool& tool : tools()) {
    SCOPED_TRACE(tool.name);
    EXPECT_NE(tool.options.find("--switch"), std::string_view::npos);
    Request request;
    for (const char* wrong : {"", "no-such-switch"}) {
      request.options = {{"switch", wrong}};
      const auto refused = tool.compare(request);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().where, "--switch");
    }
    request.options = {{"switch", "all"}};
    request.mode = Mode::corrected;
    const auto both = tool.compare(request);
    ASSERT_FALSE(both);
    EXPECT_EQ(both.error().where, "--switch");
  }
}

// The tools that answer without a file: "corrected" is the corrected mode, and the rows stay those of the example.
TEST(Options, SwitchesByNameAreTheModes) {
  for (const char* tool : {"greensku", "scarif", "sci", "boavizta"}) {
    SCOPED_TRACE(tool);
    const auto rows = [tool](Mode mode, std::map<std::string, std::string> options) {
      const auto comparison = (*find_tool(tool))->compare({{}, mode, std::move(options)});
      EXPECT_TRUE(comparison) << to_string(comparison.error());
      std::vector<std::pair<std::string, double>> values;
      if (comparison)
        for (const Row& row : comparison->rows) values.emplace_back(row.item + " " + row.quantity, row.value);
      return values;
    };
    EXPECT_EQ(rows(Mode::as_published, {{"switch", "corrected"}}), rows(Mode::corrected, {}));
    EXPECT_EQ(rows(Mode::as_published, {{"switch", "corrected,all"}}), rows(Mode::as_published, {{"switch", "all"}}));
  }
}

}  // namespace
}  // namespace cradle::published
