// Tables that stay bounded, and what is set aside for a group.
#include "tenant_table.h"

#include <gtest/gtest.h>

#include "reservation.h"

namespace cradle::observe {
namespace {

TEST(TenantTable, ProcessesThatDieUnheardDoNotPileUp) {
  std::vector<GroupTotals> groups;
  std::vector<ProcessTotals> processes;
  TenantTable::Limits limits;
  limits.living_processes = 1000;
  TenantTable table(groups, processes, limits);
  for (int i = 0; i < 100'000; ++i) {
    capture::ProcessUsage usage;
    usage.key = {i + 1, 5};
    usage.cpu_ns = 3;
    table.process(usage, i);
    table.retire(i);
    ASSERT_LE(processes.size(), 1001U);
  }
  EXPECT_NE(table.living(100'000), std::nullopt) << "those heard of last are the ones that are kept";
}

TEST(Reservation, QuotasAreReadInBothForms) {
  EXPECT_EQ(cores_of_cpu_max("150000 100000\n"), 1.5);
  for (const char* text : {"max 100000\n", "", "1", "x y", "100 0", "-5 100", "1 2 3"})
    EXPECT_EQ(cores_of_cpu_max(text), 0) << text;
  EXPECT_EQ(cores_of_quota("50000\n", "100000\n"), 0.5);
  EXPECT_EQ(cores_of_quota("-1\n", "100000\n"), 0);
}

}  // namespace
}  // namespace cradle::observe
