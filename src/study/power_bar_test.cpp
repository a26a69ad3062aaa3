// The placement policy by power share against the published power-aware one, on the published trace.
#include <gtest/gtest.h>

#include <filesystem>

#include "cradle/study/fgd_comparison.h"
#include "cradle/workload/openb.h"

namespace cradle::study {
namespace {

class PowerBar : public testing::TestWithParam<const char*> {};

// At an allocation within 0.3 points of FGD's, PowerShare+FGD draws less than PWR+FGD (weights 100 and 900; Lettich et
// al., CCGrid 2025), summed over the steps of demand up to any of them, and less at each step while nobody is refused.
TEST_P(PowerBar, LessPowerAtFgdsAllocation) {
  const std::filesystem::path folder = CRADLE_SOURCE_DIR "/../shared/data/openb";
  const auto file = folder / (std::string("openb_pod_list_") + GetParam() + ".csv");
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the openb trace is absent: " << folder;
  FgdOptions options;
  for (const char* name : {"FGD", "PWR+FGD", "PowerShare+FGD"})
    options.policies.push_back(*policy::policy_by_name(name));
  options.seeds = *parse_seeds("42..51");
  const auto rows = compare_fgd("list", *workload::read_openb_nodes(folder / "openb_node_list_gpu_node.csv"),
                                workload::read_openb_pods(file)->jobs, *catalog::Catalog::load(), options)
                        ->rows;
  const auto &fgd = rows[0], &published = rows[1], &ours = rows[2];
  EXPECT_NEAR(ours.allocation_mean, fgd.allocation_mean, 0.3);
  ASSERT_GE(ours.steps.size(), 12U);
  ASSERT_EQ(ours.steps.size(), published.steps.size());
  carbon::Watts sum{}, published_sum{};
  for (std::size_t i = 0; i < ours.steps.size(); ++i) {
    sum += ours.steps[i].power_mean;
    published_sum += published.steps[i].power_mean;
    EXPECT_LT(sum, published_sum) << ours.steps[i].demand_percent;
    if (ours.steps[i].demand_percent <= 90) {
      EXPECT_LT(ours.steps[i].power_mean, published.steps[i].power_mean) << ours.steps[i].demand_percent;
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Openb, PowerBar, testing::Values("default", "cpu050"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace cradle::study
