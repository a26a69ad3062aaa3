// Files of region dispatch: what is read, and what is refused with its line.
#include "cradle/shifting/region_input.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "cradle/base/file.h"

namespace cradle::shifting {
namespace {

const std::vector<std::string> two_sites{"a", "b"};

TEST(region_input, sites) {
  const auto sites = read_region_sites(
      "name,grid,capacity,pue,zone,embodied_g_per_unit_hour\na,CISO,10,1.2,US-CAL-CISO,5\nb,BPAT,20,,,\n", "s.csv");
  ASSERT_TRUE(sites.has_value());
  EXPECT_EQ((*sites)[0].zone, "US-CAL-CISO");
  EXPECT_EQ((*sites)[0].pue, 1.2);
  EXPECT_EQ((*sites)[0].embodied_per_unit_hour.value(), 5);
  EXPECT_EQ((*sites)[1].zone, "b");
  EXPECT_EQ((*sites)[1].capacity, 20);
  EXPECT_EQ((*sites)[1].pue, 1);
  EXPECT_EQ((*sites)[1].draw_factor, 1);
}

TEST(region_input, sites_that_are_refused) {
  for (const char* rows : {"a,CISO,0\n", "a,CISO,-1\n", "a,CISO,1.5\n", "a,CISO,nan\n", ",CISO,1\n", "a,,1\n",
                           "a,CISO,1\na,BPAT,1\n", "a,CISO,99999999999999999999\n", "a,CISO\n", "\xff,CISO,1\n", ""}) {
    const auto sites = read_region_sites("name,grid,capacity\n" + std::string(rows), "s.csv");
    ASSERT_FALSE(sites.has_value()) << rows;
    EXPECT_NE(sites.error().where.find("s.csv"), std::string::npos) << rows;
    EXPECT_FALSE(sites.error().hint.empty()) << rows;
  }
  EXPECT_FALSE(read_region_sites("name,grid,capacity,pue\na,CISO,1,0.9\n", "s.csv"));
  EXPECT_FALSE(read_region_sites("name,grid,capacity,draw_factor\na,CISO,1,0\n", "s.csv"));
  EXPECT_FALSE(read_region_sites("", "s.csv"));
}

TEST(region_input, jobs) {
  const auto jobs = read_region_jobs(
      "name,home,release,deadline,length,demand,watts,latency_ms\nx,b,1,9,3,2,800,40\ny,a,0,2,2,1,0,\n", "j.csv",
      two_sites);
  ASSERT_TRUE(jobs.has_value());
  EXPECT_EQ((*jobs)[0].home, 1);
  EXPECT_EQ((*jobs)[0].deadline, 9);
  EXPECT_EQ((*jobs)[0].draw.value(), 800);
  EXPECT_DOUBLE_EQ((*jobs)[0].latency_bound.value(), 0.04);
  EXPECT_EQ((*jobs)[1].latency_bound, RegionJob{}.latency_bound);
}

TEST(region_input, jobs_that_are_refused) {
  for (const char* rows :
       {"x,c,0,2,1,1,1\n", "x,a,0,2,3,1,1\n", "x,a,-1,2,1,1,1\n", "x,a,0,2,0,1,1\n", "x,a,0,2,1,-4,1\n",
        "x,a,0,2,1,1,nan\n", "x,a,0,2,1,1,-1\n", "x,a,0,1000000000,1,1,1\n", "x,a,0,2,1,1,1\nx,a,0,2,1,1,1\n",
        "x,a,0,2,1,1\n", ",a,0,2,1,1,1\n", "\xff,a,0,2,1,1,1\n", ""}) {
    const auto jobs =
        read_region_jobs("name,home,release,deadline,length,demand,watts\n" + std::string(rows), "j.csv", two_sites);
    ASSERT_FALSE(jobs.has_value()) << rows;
    EXPECT_FALSE(jobs.error().hint.empty()) << rows;
  }
  const auto late =
      read_region_jobs("name,home,release,deadline,length,demand,watts\nx,a,3,5,4,1,1\n", "j.csv", two_sites);
  EXPECT_NE(late.error().message.find("release + length, hour 7"), std::string::npos) << late.error().message;
}

TEST(region_input, capacities_that_change) {
  std::vector<RegionSite> sites(2);
  sites[0].name = "a";
  sites[1].name = "b";
  for (RegionSite& site : sites) site.capacity.assign(4, 10);
  ASSERT_TRUE(read_capacity_changes("site,from,until,capacity\nb,1,3,5\nb,2,3,0\n", "c.csv", sites));
  EXPECT_EQ(sites[0].capacity, (std::vector<Units>{10, 10, 10, 10}));
  EXPECT_EQ(sites[1].capacity, (std::vector<Units>{10, 5, 0, 10}));
  for (const char* row : {"c,0,1,1\n", "a,0,5,1\n", "a,3,2,1\n", "a,0,1,-1\n"})
    EXPECT_FALSE(read_capacity_changes("site,from,until,capacity\n" + std::string(row), "c.csv", sites)) << row;
}

TEST(region_input, latency_matrix_takes_the_nearest_of_regions_of_one_zone) {
  const std::string text = "origin,A,B,B\nA,5,30,20\nB,30,4,9\nB,20,9,3\n";
  const auto latency = read_latency_matrix(text, "l.csv", {"B", "A"});
  ASSERT_TRUE(latency.has_value());
  ASSERT_EQ(latency->size(), 4U);
  EXPECT_DOUBLE_EQ((*latency)[0].value(), 0.003);
  EXPECT_DOUBLE_EQ((*latency)[1].value(), 0.020);
  EXPECT_DOUBLE_EQ((*latency)[3].value(), 0.005);
  EXPECT_EQ(read_latency_matrix(text, "l.csv", {"C"}).error().code, ErrorCode::missing_data);
}

TEST(region_input, latency_matrices_that_are_refused) {
  for (const char* text :
       {"", "origin\n", "A,B\n", "origin,A\n", "origin,A\nB,1\n", "origin,A\nA,-1\n", "origin,A\nA,nan\n",
        "origin,A\nA,1,2\n", "origin,A\nA,1\nA,1\n", "origin,A,B\nA,1,2\n", "origin,\xff\n\xff,1\n"})
    EXPECT_FALSE(read_latency_matrix(text, "l.csv", {"A"})) << text;
}

TEST(region_input, published_latencies) {
  const std::filesystem::path file =
      std::filesystem::path(CRADLE_SOURCE_DIR) / "../shared/data/latency/gcp_latency_matrix.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no data";
  // From the file: TW to JP-TK 34 ms, TW to the nearer of the two PJM regions 168 ms.
  const auto latency = read_latency_matrix(read_file(file).value(), "gcp", {"TW", "JP-TK", "US-MIDA-PJM"}).value();
  EXPECT_DOUBLE_EQ(latency[1].value(), 0.034);
  EXPECT_DOUBLE_EQ(latency[2].value(), 0.168);
}

TEST(region_input, generated_jobs_have_a_schedule_and_about_the_load) {
  RegionSite site;
  site.name = "a";
  site.intensity.assign(48, carbon::GramsPerKilowattHour{1});
  RegionSite other = site;
  other.name = "b";
  for (const double load : {0.3, 0.8, 1.0}) {
    RegionGenerator options;
    options.jobs = 2000;
    options.load = load;
    const auto problem = generate_regions({site, other}, {}, options).value();
    EXPECT_NEAR(problem.demanded_unit_hours() / problem.offered_unit_hours(), load, 0.05);
    EXPECT_TRUE(check_aggregate(problem));
  }
  for (const double load : {0.0, 1.5, -1.0}) {
    RegionGenerator options;
    options.load = load;
    EXPECT_FALSE(generate_regions({site}, {}, options)) << load;
  }
  RegionGenerator options;
  options.longest = 100;
  EXPECT_FALSE(generate_regions({site}, {}, options));
  EXPECT_FALSE(generate_regions({}, {}, {}));
}

}  // namespace
}  // namespace cradle::shifting
