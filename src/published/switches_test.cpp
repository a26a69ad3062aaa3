#include "switches.h"

#include <gtest/gtest.h>

#include <array>

namespace cradle::published {
namespace {

struct Flags {
  bool add = false, round = false, refuse = false, prefer = false;
};
constexpr std::array<NamedSwitch<Flags>, 4> table{{{"add", "adds 2 to b", &Flags::add},
                                                   {"round", "sums in another order", &Flags::round},
                                                   {"refuse", "refuses a", &Flags::refuse},
                                                   {"prefer", "doubles a", &Flags::prefer, true}}};
constexpr std::span<const NamedSwitch<Flags>> all{table};

Comparison shown(const std::vector<SwitchMeasure<Flags>>& measures) {
  Comparison comparison;
  add_switches(all, measures, comparison);
  return comparison;
}

SwitchMeasure<Flags> a() {
  return {"a", "total", "kgCO2e", [](const Flags& on) -> Result<double> {
            if (on.refuse) return bad_input("too large", "a", "make it smaller");
            return (on.prefer ? 20 : 10) * (on.round ? 1 + 2e-16 : 1);
          }};
}
SwitchMeasure<Flags> b() {
  return {"b", "share", "percent", [](const Flags& on) -> Result<double> { return on.add ? 5 : 3; }};
}

TEST(Switches, CorrectedLeavesChoicesOff) {
  const Flags corrected = switches_of(Mode::corrected, all), published = switches_of(Mode::as_published, all);
  EXPECT_TRUE(corrected.add && corrected.round && corrected.refuse);
  EXPECT_FALSE(corrected.prefer);
  EXPECT_FALSE(published.add || published.round || published.refuse || published.prefer);
}

TEST(Switches, EachIsListedWithWhatItAloneChanges) {
  const Comparison comparison = shown({a(), b()});
  ASSERT_EQ(comparison.switches.size(), 4u);
  const Switch& add = comparison.switches[0];
  EXPECT_EQ(add.name, "add");
  EXPECT_EQ(add.item + " " + add.quantity + " " + add.unit, "b share percent");
  EXPECT_EQ(add.effect, 2);
  EXPECT_FALSE(add.choice);
  EXPECT_EQ(comparison.switches[1].effect, 0) << "a sum in another order is no effect";
  EXPECT_EQ(comparison.switches[1].item, "a") << "one without effect names the first measure";
  EXPECT_EQ(comparison.switches[2].effect, 0);
  EXPECT_EQ(comparison.switches[3].effect, 10);
  EXPECT_TRUE(comparison.switches[3].choice);
  ASSERT_EQ(comparison.notes.size(), 1u);
  EXPECT_EQ(comparison.notes[0], "with refuse alone a is refused: too large");
}

TEST(Switches, ACaseRefusedAsPublishedIsANoteAndHasNoEffects) {
  const SwitchMeasure<Flags> only_added{"c", "total", "kgCO2e", [](const Flags& on) -> Result<double> {
                                          if (!on.add) return bad_input("is empty", "c", "fill it");
                                          return 1;
                                        }};
  const Comparison comparison = shown({only_added});
  ASSERT_EQ(comparison.switches.size(), 4u);
  for (const Switch& entry : comparison.switches) EXPECT_EQ(entry.effect, 0) << entry.name;
  ASSERT_EQ(comparison.notes.size(), 1u);
  EXPECT_EQ(comparison.notes[0], "as published the tool refuses c: is empty");
  EXPECT_TRUE(shown({}).switches.empty());
}

}  // namespace
}  // namespace cradle::published
