// Notes that repeat are one note; there is a bound on how many there are.
#include <gtest/gtest.h>

#include "zones.h"

namespace cradle::observe {
namespace {

using Texts = std::vector<std::string>;

TEST(Notes, RepeatedOnesAreCounted) {
  Notes notes;
  EXPECT_FALSE(notes.changed_since_listed());
  notes.add("the clock was set");
  notes.add("a meter vanished", 2);
  notes.add("a meter vanished");
  notes.add("never happened", 0);
  EXPECT_TRUE(notes.changed_since_listed());
  EXPECT_EQ(notes.list(), (Texts{"a meter vanished (3 times)", "the clock was set"}));
  EXPECT_FALSE(notes.changed_since_listed());
}

TEST(Notes, CountsAreSummed) {
  Notes notes;
  for (int i = 1; i <= 200; ++i) notes.add(std::to_string(i) + " tasks ended unheard");
  EXPECT_EQ(notes.list(), Texts{"20100 tasks ended unheard"});
}

TEST(Notes, NumbersThatCountNothingStayText) {
  Notes notes;
  notes.add("3.5 W are too much");
  notes.add("42");
  notes.add("99999999999999999999999 records");  // more than 64 bits hold
  EXPECT_EQ(notes.list(), (Texts{"3.5 W are too much", "42", "99999999999999999999999 records"}));
}

TEST(Notes, ThereAreNeverMoreThanSoMany) {
  Notes notes;
  for (std::size_t i = 0; i < 2 * Notes::most; ++i) notes.add("note " + std::to_string(i));
  const Texts list = notes.list();
  ASSERT_EQ(list.size(), Notes::most + 1);
  EXPECT_EQ(list.back(), std::to_string(Notes::most) + " more notes of other texts");
}

}  // namespace
}  // namespace cradle::observe
