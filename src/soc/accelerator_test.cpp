#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>
#include <tuple>
#include <vector>

#include "cradle/base/file.h"
#include "cradle/soc/esp_accelerator.h"

namespace cradle::soc {
namespace {

namespace fs = std::filesystem;

TEST(MemoryList, WordsWidthsAndPorts) {
  const auto list = parse_memory_list(
      "# local memories\n\nplm_in 1024 32 1w:0r 0w:2r\n\tplm_out\t512 64 1w:1r   // both\nlut 16 7\r\nany 8 8 2w:0r "
      "0w:4ru\n",
      "m");
  ASSERT_TRUE(list) << to_string(list.error());
  ASSERT_EQ(list->size(), 4u);
  EXPECT_EQ((*list)[0].words, 1024);
  EXPECT_EQ((*list)[0].reads, 2);
  EXPECT_EQ((*list)[0].writes, 1);
  EXPECT_EQ((*list)[0].line, 3u);
  EXPECT_EQ((*list)[0].bits(), (carbon::Estimate<double>{32768, 32768, 65536}));
  EXPECT_EQ((*list)[1].bits(), (carbon::Estimate<double>{32768, 32768, 32768}));
  EXPECT_EQ((*list)[2].bits().value, 112);
  EXPECT_EQ((*list)[3].reads, 4);
  EXPECT_EQ((*list)[3].writes, 2);
  EXPECT_EQ(plm_bits(*list, "", {}).value, 32768 + 32768 + 112 + 64);
  const auto empty = parse_memory_list("", "m");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(empty->empty());
}

TEST(MemoryList, OnlyTheMemoriesOfTheLinkWidth) {
  const auto list = parse_memory_list("in_dma32 100 32 1w:1r\nin_dma64 50 64 1w:1r\nboth 10 1 1w:1r\n", "m");
  ASSERT_TRUE(list);
  EXPECT_EQ(plm_bits(*list, "basic_fx32_dma64", 32).value, 3210);
  // A width of fixed-point numbers is one point of several as well (fft2 of ESP lists both).
  const auto both = parse_memory_list("in_fx32 32768 32 2w:0r 0w:2r\nin_fx64 32768 64 2w:0r 0w:2r\n", "memlist.txt");
  ASSERT_TRUE(both);
  EXPECT_EQ(plm_bits(*both, "basic_fx32_dma64", 64).value, 32768 * 32);
  EXPECT_EQ(plm_bits(*both, "basic_fx64_dma64", 64).value, 32768 * 64);
  EXPECT_EQ(plm_bits(*both, "basic", 64).value, 32768 * 96) << "a point that does not say takes both";
  EXPECT_EQ(plm_bits(*list, "basic_dma32", 64).value, 3210);
  EXPECT_EQ(plm_bits(*list, "basic_dma128", {}).value, 10);
  EXPECT_EQ(plm_bits(*list, "", 64).value, 3210);
  EXPECT_EQ(plm_bits(*list, "", {}).value, 6410);
}

TEST(MemoryList, WhatCannotBe) {
  for (const auto& [text, where] : {std::pair{"a 1", "m:1"},
                                    {"a 1 1\nb 0 1", "m:2"},
                                    {"a -1 1", "m:1"},
                                    {"a 1 nan", "m:1"},
                                    {"a 1.5 1", "m:1"},
                                    {"a 99999999999999999999 1", "m:1"},
                                    {"a 1 1000000000", "m:1"},
                                    {"a 1 1 1w", "m:1"},
                                    {"a 1 1 1r:1w", "m:1"},
                                    {"a 1 1 w:r", "m:1"},
                                    {"a 1 1 1w:1r:1r", "m:1"},
                                    {"a 1 1 1w:9999r", "m:1"},
                                    {"a 1 1\nb 1000000000000 1048576", "m:2"},
                                    {"a 1073741824 8 1w:2r", "m:1"},
                                    {"a 1 1\na 1 1", "m:2"},
                                    {"\xff 1 1", "m"}}) {
    const auto list = parse_memory_list(text, "m");
    ASSERT_FALSE(list) << text;
    EXPECT_EQ(list.error().where, where) << text;
    EXPECT_FALSE(list.error().hint.empty());
  }
}

RC_GTEST_PROP(MemoryList, BitsAddUp, (const std::vector<std::pair<std::uint16_t, std::uint8_t>>& sizes)) {
  std::string text;
  double sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const int words = sizes[i].first + 1, width = sizes[i].second + 1;
    text += "m" + std::to_string(i) + " " + std::to_string(words) + " " + std::to_string(width) + " 1w:0r 0w:1r\n";
    sum += static_cast<double>(words) * width;
  }
  const auto list = parse_memory_list(text, "m");
  RC_ASSERT(list.has_value());
  RC_ASSERT(plm_bits(*list, "", {}).value == sum);
}

constexpr std::string_view fft_xml =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!-- an accelerator -->\n"
    "<sld>\n"
    "  <accelerator name=\"fft2\" desc='Fast &quot;Fourier&quot; &amp; back &lt;1D&gt;' data_size=\"4\" "
    "device_id=\"05D\" "
    "hls_tool=\"stratus_hls\">\n"
    "    <param name=\"logn_samples\" desc=\"log2\" value = \"6\" />\n"
    "    <param name=\"do_inverse\"></param>\n"
    "  </accelerator>\n"
    "</sld>\n";

TEST(AcceleratorXml, AttributesAndParameters) {
  const auto record = parse_accelerator_xml(fft_xml, "x");
  ASSERT_TRUE(record) << to_string(record.error());
  EXPECT_EQ(record->name, "fft2");
  EXPECT_EQ(record->description, "Fast \"Fourier\" & back <1D>");
  EXPECT_EQ(record->data_size_mb, 4.0);
  EXPECT_EQ(record->device_id, "05D");
  EXPECT_EQ(record->hls_tool, "stratus_hls");
  EXPECT_EQ(record->attributes.size(), 5u);
  ASSERT_EQ(record->parameters.size(), 2u);
  EXPECT_EQ(record->parameters[0][2], (std::pair<std::string, std::string>("value", "6")));
}

TEST(AcceleratorXml, WhatCannotBe) {
  for (const auto& [text, message, where] :
       {std::tuple{"", "0 accelerators", "x"},
        {"<sld/>", "0 accelerators", "x"},
        {"<sld><accelerator name='a'/><accelerator name='b'/></sld>", "2 accelerators", "x"},
        {"<sld>\n<accelerator desc='a'/></sld>", "has no name", "x:2"},
        {"<sld>\n<accelerator name='a'/>", "<sld> is not closed", "x:2"},
        {"<sld><accelerator name='a'></sld></accelerator>", "closes nothing", "x:1"},
        {"<accelerator name='a'/><b/>", "a second element", "x:1"},
        {"<accelerator name='a' name='b'/>", "was given before", "x:1"},
        {"<accelerator name='a'desc='b'/>", "no blank before", "x:1"},
        {"<accelerator name=a/>", "is not quoted", "x:1"},
        {"<accelerator name='a/>", "does not end", "x:1"},
        {"<accelerator name/>", "no attribute", "x:1"},
        {"<accelerator name='&nbsp;'/>", "entity", "x:1"},
        {"<accelerator name='a<b'/>", "'<' in a value", "x:1"},
        {"<!DOCTYPE a><accelerator name='a'/>", "a declaration", "x:1"},
        {"<sld>text<accelerator name='a'/></sld>", "text that belongs", "x:1"},
        {"<!-- <accelerator name='a'/>", "'-->' is missing", "x:1"},
        {"<accelerator name='a' data_size='many'/>", "data_size is 'many'", "x:1"},
        {"<accelerator name='a' data_size='-1'/>", "data_size is '-1'", "x:1"},
        {"<accelerator name='a' device_id='xyz'/>", "device_id is 'xyz'", "x:1"},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", "nest too deep", "x:1"},
        {"<", "without a name", "x:1"},
        {"<a", "no blank before", "x:1"},
        {"\xff", "no UTF-8", "x"}}) {
    const auto record = parse_accelerator_xml(text, "x");
    ASSERT_FALSE(record) << text;
    EXPECT_NE(record.error().message.find(message), std::string::npos) << text << ": " << to_string(record.error());
    EXPECT_EQ(record.error().where, where) << text;
    EXPECT_FALSE(record.error().hint.empty());
  }
}

TEST(AcceleratorXml, TruncatedAnywhere) {
  for (std::size_t size = 0; size + 2 < fft_xml.size(); ++size)
    EXPECT_FALSE(parse_accelerator_xml(fft_xml.substr(0, size), "x")) << size;
}

/// A folder of its own for each test, taken away at its end.
class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("cradle_soc_" + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  void write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    ASSERT_TRUE(write_file(path_ / name, text));
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(AcceleratorFolder, FlowsAndNames) {
  const Folder folder;
  folder.write("stratus_hls/fft2_stratus/hw/fft2_stratus.xml", fft_xml);
  folder.write("stratus_hls/fft2_stratus/hw/memlist.txt", "a 64 32 1w:1r\n");
  folder.write("vivado_hls/adder/hw/memlist.txt", "b 1 1\n");
  folder.write("stratus_hls/common/inc/readme", "nothing of hardware");
  const auto found = read_accelerators(folder.path());
  ASSERT_TRUE(found) << to_string(found.error());
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].folder, "fft2_stratus");
  EXPECT_EQ((*found)[0].record->name, "fft2");
  EXPECT_FALSE((*found)[1].record.has_value());
  EXPECT_EQ(find_accelerator(*found, "FFT2_STRATUS"), &(*found)[0]);
  EXPECT_EQ(find_accelerator(*found, "ADDER_VIVADO"), &(*found)[1]);
  EXPECT_EQ(find_accelerator(*found, "FFT_STRATUS"), nullptr);
}

TEST(AcceleratorFolder, AbsentEmptyAndDamaged) {
  const Folder folder;
  const auto empty = read_accelerators(folder.path());
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::missing_data);
  const auto absent = read_accelerators(folder.path() / "absent");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::missing_data);
  folder.write("vivado_hls/adder/hw/memlist.txt", "b 1\n");
  const auto damaged = read_accelerators(folder.path());
  ASSERT_FALSE(damaged);
  EXPECT_NE(damaged.error().where.find("memlist.txt:1"), std::string::npos);
}

}  // namespace
}  // namespace cradle::soc
