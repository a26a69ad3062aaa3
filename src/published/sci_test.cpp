#include "cradle/published/sci.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/published/tools.h"

namespace cradle::published {
namespace {

TEST(Sci, WorkedExampleOfTheSpecification) {
  const auto score = evaluate_sci(sci_example(), {});
  ASSERT_TRUE(score);
  EXPECT_NEAR(score->value(), 1000e3 / (4 * 365 * 24), 1e-12);  // 28.538812785388128 g; the text says "around 28 g"
  for (const Anchor& anchor : anchors_sci({}).anchors) EXPECT_TRUE(anchor.passes());
}

TEST(Sci, LeapDays) {
  const auto score = evaluate_sci(sci_example(), {true});
  ASSERT_TRUE(score);
  EXPECT_NEAR(score->value(), 1000e3 / (4 * 8766), 1e-9);
}

constexpr std::string_view application = R"({"functional_unit": "request", "functional_units": 1000,
  "components": [{"name": "a", "energy_kwh": 2, "intensity_g_per_kwh": 400, "embodied_kg": 1000, "lifetime_years": 4,
                  "reserved_hours": 1, "resources_reserved": 8, "resources_total": 16}]})";

TEST(Sci, OperationAndShareOfHardwareForEachRequest) {
  const auto parsed = parse_sci_json(application, "app.json");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  // (2 kWh x 400 g + 28.538812785388128 g / 2) / 1000 requests.
  EXPECT_NEAR(evaluate_sci(*parsed, {})->value(), 0.814269406392694, 1e-12);
}

TEST(Sci, JsonAndTomlAlike) {
  const auto toml = parse_sci_toml(
      "functional_unit = \"request\"\nfunctional_units = 1000\n[[components]]\nname = \"a\"\nenergy_kwh = 2\n"
      "intensity_g_per_kwh = 400\nembodied_kg = 1000\nlifetime_years = 4\nreserved_hours = 1\nresources_reserved = 8\n"
      "resources_total = 16\n",
      "app.toml");
  ASSERT_TRUE(toml) << to_string(toml.error());
  EXPECT_EQ(evaluate_sci(*toml, {})->value(), evaluate_sci(*parse_sci_json(application, "app.json"), {})->value());
}

RC_GTEST_PROP(Sci, SharesOfAMachineAddUpToTheMachine, ()) {
  const auto parts = *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 64)));
  double total = 0;
  for (const int part : parts) total += part;
  SciComponent whole = sci_example().components.front();
  whole.energy = carbon::KilowattHours{0};
  const double machine = evaluate_sci(whole, {})->embodied.value();
  double sum = 0;
  for (const int part : parts) {
    SciComponent share = whole;
    share.resources_reserved = part;
    share.resources_total = total;
    sum += evaluate_sci(share, {})->embodied.value();
  }
  RC_ASSERT(std::abs(sum - machine) < 1e-9 * machine);
}

RC_GTEST_PROP(Sci, ScoreFallsWithUnitsAndGrowsWithPue, (std::uint16_t units, std::uint8_t overhead)) {
  SciApplication one = *parse_sci_json(application, "app.json");
  SciApplication many = one;
  many.functional_units *= 1.0 + units;
  RC_ASSERT(evaluate_sci(many, {})->value() <= evaluate_sci(one, {})->value());
  many = one;
  many.components.front().pue = 1 + overhead / 100.0;
  RC_ASSERT(evaluate_sci(many, {})->value() >= evaluate_sci(one, {})->value());
}

TEST(Sci, KeysThatMeanNothingAreNotedWithTheirPath) {
  const auto parsed = parse_sci_json("{\"colour\": 1,\n \"components\": [{\"comment\": {\"by\": \"me\"}}]}", "a.json");
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed->notes, (std::vector<std::string>{"a.json:2: 'components[0].comment' is no field here; ignored",
                                                     "a.json:1: 'colour' is no field here; ignored"}));
  const auto toml = parse_sci_toml("energy_kwh = 1\ncolour = 1\n", "a.toml");
  ASSERT_FALSE(toml);
  EXPECT_NE(to_string(toml.error()).find("colour"), std::string::npos);
}

TEST(Sci, RefusesWithPlaceAndHint) {
  const auto refused = [](const SciApplication& app) {
    const auto score = evaluate_sci(app, {});
    EXPECT_FALSE(score);
    EXPECT_TRUE(score || !score.error().hint.empty());
  };
  SciApplication app = sci_example();
  app.functional_units = 0;
  refused(app);
  app = sci_example();
  app.components.front().lifetime = carbon::Hours{0};
  refused(app);
  app = sci_example();
  app.components.front().energy = carbon::KilowattHours{-1};
  refused(app);
  app = sci_example();
  app.components.front().resources_reserved = 2;
  refused(app);
  for (const char* text : {"", "[", "{\"functional_units\": \"x\"}", "{\"lifetime_years\": 1, \"lifetime_hours\": 2}",
                           "{\"components\": 1}", "{\"pue\": 0.5}"})
    EXPECT_FALSE(parse_sci_json(text, "a.json")) << text;
  Request request;
  request.options = {{"intensitty", "3"}};
  EXPECT_FALSE(compare_sci(request));
  request.options.clear();
  request.input = "nowhere.json";
  EXPECT_FALSE(compare_sci(request));
}

}  // namespace
}  // namespace cradle::published
