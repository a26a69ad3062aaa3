#include "cradle/published/ccf.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "test_folder.h"

namespace cradle::published {
namespace {

namespace fs = std::filesystem;
const fs::path data_folder = fs::path(CRADLE_SOURCE_DIR) / ".." / "shared" / "data";

CcfInstance platform(double gb, const char* storage, double drives, double gpus, double sockets) {
  CcfInstance instance;
  instance.memory = carbon::Bytes{gb * 1e9};
  instance.storage_type = storage;
  instance.drives = drives;
  instance.gpus = gpus;
  instance.sockets = sockets;
  return instance;
}
double total(const CcfInstance& instance, const CcfSwitches& switches = {}) {
  return evaluate_ccf(instance, switches).total.value();
}

TEST(Ccf, EveryPublishedNumber) {
  const AnchorSet set = anchors_ccf(data_folder);
  EXPECT_GE(set.anchors.size(), 4U);
  for (const Anchor& anchor : set.anchors)
    EXPECT_TRUE(anchor.passes()) << anchor.item << " " << anchor.quantity << ": " << shortest(anchor.ours) << " for "
                                 << shortest(anchor.published);
}

// Totals that the coefficients' notebook expects, at dda7621.
TEST(Ccf, Platforms) {
  EXPECT_EQ(total(platform(120, "SSD", 0, 0, 2)), 1244.35);
  EXPECT_EQ(total(platform(16, "", 0, 0, 1)), 1000);
  EXPECT_EQ(total(platform(8, "", 0, 0, 0)), 1000);
  EXPECT_EQ(total(platform(16, "ssd", 2, 0, 1)), 1200);
  EXPECT_EQ(total(platform(16, "EBS", 2, 4, 8)), 1000 + 100 + 600 + 700);
}

/// A folder with one family of two results, one of them without idle watts, and instances of three providers.
void write_folder(const TestFolder& folder) {
  folder.write("data/SPECpower-full-results.csv",
               "CPU Description,Chips,Total Threads,Total Memory (GB),avg. watts @ 100%,avg. watts @ active idle\n"
               "Intel Xeon Platinum 8380,2,160,256,640,160\n"
               "INTEL XEON PLATINUM 8380,2,160,\"1,024\",800,NC\n"
               "Intel Xeon XPlatinum 8380,2,160,256,9999,9999\n");
  folder.write("data/intel-skylake.csv", "Platinum 8380\r\n8380\r\n\"8151, other\"\r\n");
  folder.write("data/amd-epyc-gen3.csv", "EPYC 7763\n");
  folder.write("data/aws-instances.csv",
               "Instance type,Platform CPU Name,Platform Memory (in GB),Storage Type,Platform Storage Drive Quantity,"
               "Platform GPU Quantity,Instance vCPU,Platform Total Number of vCPU\n"
               "x.large,Xeon Platinum 8380,116,EBS,2,N/A,2,8\n"
               "y.large,EPYC 7763,16,SSD,1,,8,8\n");
  folder.write("data/azure-instances.csv",
               "Series,Virtual Machine,Microarchitecture,Platform Memory,Platform Storage Type,"
               "Platform (largest instance) Storage Drive quantity,Platform GPU\n"
               "A,A1,Skylake,16,HDD,1,\n");
  folder.write("data/gcp-instances.csv",
               "Machine Family,Machine type,Microarchitecture,Platform Memory,Platform Storage Type,"
               "Platform (largest instance) Storage Drive quantity,Platform GPU\n"
               "e2,e2-2,Skylake,16,Non-SSD,0,0\ne2,e2-2,Unknown,116,Non-SSD,0,0\n");
  folder.write("data/azure-instances-cpus.csv", "Microarchitecture,CPU Sockets\nSkylake,4\n");
}

CcfData data_of(const TestFolder& folder) {
  write_folder(folder);
  auto data = read_ccf(folder.path());
  EXPECT_TRUE(data) << to_string(data.error());
  return data ? std::move(*data) : CcfData{};
}

double watts(const CcfData& data, CcfProvider provider, const CcfSwitches& switches = {}) {
  const auto table = ccf_use_table(data, provider, switches);
  return table.empty() ? std::nan("") : table.front().full.value();
}

TEST(Ccf, FamiliesAreMatchedAtTheEndOfTheDescription) {
  const TestFolder folder;
  const CcfData data = data_of(folder);
  const CcfFamilyFigures figures = evaluate_ccf(data.families.front(), data.results, {});
  EXPECT_EQ(figures.results, 3U);  // "8380" alone matches the third as well
  CcfFamily narrow{"Skylake", {"Platinum 8380"}};
  const CcfFamilyFigures two = evaluate_ccf(narrow, data.results, {});
  EXPECT_EQ(two.results, 2U);  // "XPlatinum" has no word boundary
  EXPECT_DOUBLE_EQ(two.idle.value(), 1.0);
  EXPECT_DOUBLE_EQ(two.full.value(), 4.5);
  EXPECT_DOUBLE_EQ(two.memory_per_chip.value(), 320e9);
  EXPECT_DOUBLE_EQ(two.full_gcp.value(), 4.5 - 0.000392 * 640);
}

TEST(Ccf, EachSwitchChangesWhatItSays) {
  const TestFolder folder;
  CcfData data = data_of(folder);
  data.families.front().cpus = {"Platinum 8380", "8380"};
  data.results.pop_back();
  const auto with = [](bool CcfSwitches::*on) {
    CcfSwitches switches;
    switches.*on = true;
    return switches;
  };
  EXPECT_NEAR(watts(data, CcfProvider::gcp, with(&CcfSwitches::gcp_watts)), 4.5 - 0.392 * 640 / 160, 1e-12);
  EXPECT_EQ(watts(data, CcfProvider::aws, with(&CcfSwitches::gcp_watts)), 4.5);
  EXPECT_EQ(watts(data, CcfProvider::aws, with(&CcfSwitches::paired_means)), 4.0);
  EXPECT_EQ(ccf_use_table(data, CcfProvider::aws, {})[0].architecture, "Sky Lake");
  EXPECT_EQ(ccf_use_table(data, CcfProvider::aws, with(&CcfSwitches::one_label))[0].architecture, "Skylake");
  EXPECT_EQ(ccf_use_table(data, CcfProvider::aws, {}).size(), 1U);
  EXPECT_EQ(ccf_use_table(data, CcfProvider::aws, with(&CcfSwitches::aws_gen3)).size(), 2U);

  const CcfInstance ebs = platform(116, "EBS", 2, 0, 2);
  EXPECT_EQ(total(ebs) - total(ebs, with(&CcfSwitches::local_storage)), 100);
  CcfInstance quarter = ebs;
  quarter.share = 0.25;
  EXPECT_NEAR(total(quarter, with(&CcfSwitches::instance_share)), total(ebs) / 4, 0.01);
  EXPECT_NEAR(ccf_hourly_share({}).value(), 0.028935185185185185, 1e-17);
  EXPECT_NEAR(ccf_hourly_share(with(&CcfSwitches::hours_of_year)).value(), 250.0 / 8766, 1e-15);
}

TEST(Ccf, AzureSocketsOfItsOwnTable) {
  const TestFolder folder;
  write_folder(folder);
  Request request;
  request.input = folder.path();
  const auto comparison = compare_ccf(request);
  ASSERT_TRUE(comparison) << to_string(comparison.error());
  for (const Switch& one : comparison->switches) {
    if (one.name == "azure-sockets") {
      EXPECT_NEAR(one.effect, 200, 1e-9);  // 4 sockets, not 2
    }
  }
  for (const Row& row : comparison->rows) {
    if (row.item == "gcp/e2-2" && row.quantity == "embodied_mean") {
      EXPECT_NEAR(row.value, (1100 + 1238.80) / 2, 1e-9);
    }
  }
}

RC_GTEST_PROP(Ccf, MoreOfAnythingIsNeverLess, ()) {
  const auto any = [](int most) { return static_cast<double>(*rc::gen::inRange(0, most)); };
  const CcfInstance base = platform(any(4096), "SSD", any(32), any(16), any(8));
  for (double CcfInstance::*field : {&CcfInstance::drives, &CcfInstance::gpus, &CcfInstance::sockets}) {
    CcfInstance more = base;
    more.*field += 1;
    RC_ASSERT(total(more) >= total(base));
  }
}

TEST(Ccf, RefusesWithPlaceAndHint) {
  const TestFolder folder;
  EXPECT_EQ(read_ccf(folder.path()).error().code, ErrorCode::missing_data);
  EXPECT_FALSE(read_ccf(folder.path() / "nowhere"));
  Request request;
  EXPECT_FALSE(compare_ccf(request));
  write_folder(folder);
  request.input = folder.path();
  request.options = {{"colour", "red"}};
  EXPECT_FALSE(compare_ccf(request));
  const std::pair<const char*, const char*> damaged[] = {
      {"data/SPECpower-full-results.csv", ""},
      {"data/SPECpower-full-results.csv", "CPU Description\nx\n"},
      {"data/SPECpower-full-results.csv",
       "CPU Description,Chips,Total Threads,Total Memory (GB),avg. watts @ 100%,avg. watts @ active idle\n"
       "x,2,0,256,640,160\n"},
      {"data/SPECpower-full-results.csv",
       "CPU Description,Chips,Total Threads,Total Memory (GB),avg. watts @ 100%,avg. watts @ active idle\n"
       "x,2,8,1;024,640,160\n"},
      {"data/azure-instances-cpus.csv", "Microarchitecture,CPU Sockets\nSkylake,-1\n"},
      {"data/gcp-instances-cpus.csv", "Microarchitecture,CPU Sockets\nHaswell,2\n"},
      {"data/intel-skylake.csv", "\xFF\xFE"}};
  for (const auto& [file, text] : damaged) {
    const TestFolder fresh;
    write_folder(fresh);
    fresh.write(file, text);
    const auto data = read_ccf(fresh.path());
    EXPECT_FALSE(data) << file << ": " << text;
    if (data) continue;
    EXPECT_FALSE(data.error().where.empty());
    EXPECT_FALSE(data.error().hint.empty());
  }
}

}  // namespace
}  // namespace cradle::published
