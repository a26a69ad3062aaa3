// Bad catalogue files: each defect is one error with file, line and fix.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cradle/catalog/catalog.h"

namespace cradle::catalog {
namespace {

/// Good records of every part of a server, one field a line, so that a test can break exactly one line.
const std::string good = R"([sources.sheet]
text = "data sheet"
year = 2020
scope = "board"
licence = "CC0"

[accelerator.gpu]
name = "GPU"
vendor = "V"
idle_power = { value = 50, low = 40, high = 60, unit = "W", source = "sheet" }
full_power = { value = 0.3, low = 0.3, high = 0.3, unit = "kW", source = "sheet" }
memory = { value = 16, unit = "GiB", source = "sheet" }
fp16_throughput = { value = 65, low = 65, high = 65, unit = "TFLOP/s", source = "sheet" }
embodied = { value = 150, low = 90, high = 200, unit = "kgCO2e", source = "A paper, 2021", year = 2021, scope = "cradle to gate", licence = "CC-BY" }
lifetime = { value = 5, low = 4, high = 6, unit = "year", source = "sheet" }

[memory.ram]
name = "RAM"
power = { value = 0.37, low = 0.3, high = 0.4, unit = "W/GiB", source = "sheet" }
embodied = { value = 1, low = 0.1, high = 2, unit = "kgCO2e/GiB", source = "sheet" }
lifetime = { value = 5, low = 4, high = 6, unit = "year", source = "sheet" }
)";

Catalog::Parsed parse(const std::string& text) {
  const std::vector<Layer> layers = {{{"my.toml", text}}};
  return Catalog::parse(layers);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Toml, theGoodTextIsGood) {
  const auto parsed = parse(good);
  for (const Error& error : parsed.errors) ADD_FAILURE() << to_string(error);
  const Accelerator& gpu = *parsed.catalog.accelerator("gpu");
  EXPECT_EQ(gpu.full_power.value().value(), 300);
  EXPECT_EQ(gpu.memory.estimate.low, gpu.memory.estimate.high);
  EXPECT_EQ(gpu.idle_power.provenance.source, "data sheet");
  EXPECT_EQ(gpu.idle_power.key, "accelerator.gpu.idle_power");
  EXPECT_EQ(gpu.embodied.provenance.year, 2021);
  EXPECT_EQ(gpu.embodied.estimate.low.value(), 90e3);
  EXPECT_EQ(gpu.origin, "my.toml:7");
}

struct BadCase {
  const char* name;
  std::string text;
  int line;
  const char* message;
  const char* hint;
};

std::ostream& operator<<(std::ostream& out, const BadCase& bad) { return out << bad.name; }

class BadToml : public ::testing::TestWithParam<BadCase> {};

TEST_P(BadToml, isOneErrorWithFileLineAndFix) {
  const BadCase& bad = GetParam();
  const auto parsed = parse(bad.text);
  ASSERT_EQ(parsed.errors.size(), 1u) << (parsed.errors.empty() ? "none" : to_string(parsed.errors.back()));
  const Error& error = parsed.errors.front();
  EXPECT_EQ(error.code, ErrorCode::bad_input);
  EXPECT_EQ(error.where, bad.line ? "my.toml:" + std::to_string(bad.line) : "my.toml");
  EXPECT_NE(error.message.find(bad.message), std::string::npos) << error.message;
  EXPECT_NE(error.hint.find(bad.hint), std::string::npos) << error.hint;
}

const std::string idle = R"(idle_power = { value = 50, low = 40, high = 60, unit = "W", source = "sheet" })";

BadCase broken(const char* name, const std::string& from, const std::string& to, int line, const char* message,
               const char* hint) {
  return {name, replaced(good, from, to), line, message, hint};
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadToml,
    ::testing::Values(
        broken("wrongUnit", R"(high = 60, unit = "W")", R"(high = 60, unit = "kWh")", 10, "'kWh' is a unit of energy",
               "W, kW"),
        broken("unknownUnit", R"(high = 60, unit = "W")", R"(high = 60, unit = "w")", 10, "unknown unit 'w'", "'W'"),
        broken("unknownUnitFarFromAll", R"(high = 60, unit = "W")", R"(high = 60, unit = "horsepower")", 10,
               "unknown unit 'horsepower'", "use one of: W"),
        broken("noUnit", R"(high = 60, unit = "W")", "high = 60", 10, "has no unit", "unit = \"W\""),
        broken("unitIsNoText", R"(high = 60, unit = "W")", "high = 60, unit = 7", 10, "must be a text", "quotes"),
        broken("noSource", R"(high = 60, unit = "W", source = "sheet")", R"(high = 60, unit = "W")", 10,
               "has no source", "source ="),
        broken("mistypedSource", R"(high = 60, unit = "W", source = "sheet")",
               R"(high = 60, unit = "W", source = "shet")", 10, "names the source 'shet'", "'sheet'"),
        broken("noYear", "year = 2021, ", "", 14, "has no year", "year ="),
        broken("noScope", R"(scope = "cradle to gate", )", "", 14, "has no scope", "scope ="),
        broken("noLicence", R"(, licence = "CC-BY")", "", 14, "has no licence", "licence ="),
        broken("absurdYear", "year = 2021", "year = 20211", 14, "between 1900 and 2100", "correct"),
        broken("unknownField", "vendor = \"V\"", "vendor = \"V\"\nidle_powr = 3", 10, "unknown field 'idle_powr'",
               "'idle_power'"),
        broken("unknownFieldOfANumber", "low = 40, ", "low = 40, hihg = 60, ", 10, "unknown field 'hihg'", "'high'"),
        broken("lowAboveValue", "low = 40", "low = 51", 10, "out of order: low 51, value 50", "low <= value <= high"),
        broken("highBelowValue", "high = 60", "high = 49", 10, "high 49", "low <= value <= high"),
        broken("noLow", "low = 40, ", "", 10, "has no low", "low ="),
        broken("notANumber", "value = 50", "value = nan", 10, "not finite", "leave the field out"),
        broken("infinite", "high = 60", "high = inf", 10, "not finite", "leave the field out"),
        broken("numberAsText", "value = 50", "value = \"50\"", 10, "must be a number", "without quotes"),
        broken("negative", "low = 40", "low = -1", 10, "is -1 W", "at least 0"),
        broken("absurdlyLarge", "high = 60", "high = 1e9", 10, "is 1e+09 W", "at most 1e+06 W"),
        broken("zeroLifetime", "value = 5, low = 4", "value = 5, low = 0", 15, "is 0 year", "above 0"),
        broken("fullBelowIdle", "value = 0.3, low = 0.3", "value = 0.03, low = 0.03", 11,
               "full_power.value is less than idle_power.value", "correct"),
        broken("fullLowBelowIdleLow", "value = 0.3, low = 0.3", "value = 0.3, low = 0.03", 11,
               "full_power.low is less than idle_power.low", "correct"),
        broken("fullHighBelowIdleHigh", "high = 60", "high = 301", 11, "full_power.high is less than idle_power.high",
               "correct"),
        broken("bareNumber", idle, "idle_power = 50", 10, "bare number", "source"),
        broken("missingField", idle + "\n", "", 7, "has no 'idle_power'", "unit = \"W\""),
        broken("missingName", "name = \"GPU\"\n", "", 7, "has no 'name'", "name ="),
        broken("flagAsText", "vendor = \"V\"", "vendor = \"V\"\nmig = \"yes\"", 10, "true or false", "quotes"),
        broken("unknownKind", "[memory.ram]", "[memry.ram]", 17, "unknown field 'memry'", "'memory'"),
        broken("badId", "[memory.ram]", "[memory.\"my ram\"]", 17, "cannot be an id", "letters"),
        broken("duplicateId", "[memory.ram]", "[accelerator.gpu]", 17, "redefin", "only once"),
        broken("idOfAnotherKind", "[memory.ram]", "[memory.gpu]", 17,
               "duplicate id 'gpu', already defined at my.toml:7", "rename"),
        broken("unknownSourceField", "text = \"data sheet\"", "text = \"data sheet\"\nlicense = \"CC0\"", 3,
               "unknown field 'license'", "'licence'"),
        broken("sourceWithoutText", "text = \"data sheet\"", "text = \" \"", 1, "has no text", "names the source"),
        broken("syntax", "vendor = \"V\"", "vendor = \"V", 9, "not TOML", "correct the line"),
        broken("keyThatUpsetsTheParser", "[memory.ram]", "[memory&.ram]", 17, "not TOML", "correct the line"),
        broken("headerThatUpsetsTheParser", "[memory.ram]", "[&memory.ram]", 17, "not TOML", "correct the line"),
        broken("keyBeyondAscii", "vendor = ", "vend\xc3\xb6r = ", 9, "not TOML", "correct the line"),
        broken("notUtf8", "vendor = \"V\"", "vendor = \"\xff\"", 9, "not UTF-8", "UTF-8"),
        BadCase{"empty", "", 0, "no record", "add one"},
        BadCase{"onlyComments", "# nothing\n", 0, "no record", "add one"},
        BadCase{"truncated", good.substr(0, good.find("low = 90")), 14, "not TOML", "correct the line"}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(Toml, everyErrorOfAFileIsReportedInItsOrder) {
  std::string text = replaced(good, "low = 40", "low = 55");
  text = replaced(text, "unit = \"kgCO2e/GiB\"", "unit = \"kgCO2e\"");
  text = replaced(text, "vendor = \"V\"\n", "vendor = \"V\"\nwattage = 3\n");
  const auto parsed = parse(text);
  ASSERT_EQ(parsed.errors.size(), 3u);
  EXPECT_EQ(parsed.errors[0].where, "my.toml:10");
  EXPECT_EQ(parsed.errors[1].where, "my.toml:11");
  EXPECT_EQ(parsed.errors[2].where, "my.toml:21");
  EXPECT_FALSE(parsed.catalog.accelerator("gpu")) << "a record with an error is left out";
}

TEST(Toml, aDanglingReferenceNamesTheNearest) {
  const std::string server = R"(
[cpu.chip]
name = "Chip"
vendor = "V"
cores = { value = 16, unit = "core", source = "sheet" }
threads = { value = 32, unit = "thread", source = "sheet" }
idle_power = { value = 20, low = 20, high = 20, unit = "W", source = "sheet" }
full_power = { value = 100, low = 90, high = 100, unit = "W", source = "sheet" }
embodied = { value = 20, low = 10, high = 30, unit = "kgCO2e", source = "sheet" }
lifetime = { value = 5, low = 4, high = 6, unit = "year", source = "sheet" }

[server.box]
name = "Box"
cpu = "chip"
cpu_sockets = { value = 2, unit = "socket", source = "sheet" }
memory = "ram"
memory_size = { value = 64, unit = "GiB", source = "sheet" }
accelerator = "gpu"
accelerator_count = { value = 8, unit = "device", source = "sheet" }
base_embodied = { value = 400, low = 300, high = 500, unit = "kgCO2e", source = "sheet" }
base_power = { value = 0, low = 0, high = 100, unit = "W", source = "sheet" }
lifetime = { value = 5, low = 4, high = 6, unit = "year", source = "sheet" }
)";
  EXPECT_TRUE(parse(good + server).errors.empty());
  auto parsed = parse(good + replaced(server, "cpu = \"chip\"", "cpu = \"chop\""));
  ASSERT_EQ(parsed.errors.size(), 1u);
  EXPECT_NE(parsed.errors[0].message.find("names the cpu 'chop'"), std::string::npos);
  EXPECT_EQ(parsed.errors[0].hint, "did you mean 'chip'?");
  EXPECT_EQ(parsed.errors[0].where, "my.toml:33");
  EXPECT_FALSE(parsed.catalog.server("box"));
  // A count of a part that is not named, a billion GPUs, half a socket.
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"accelerator = \"gpu\"\n", ""}, {"value = 8", "value = 1000000000"}, {"value = 2,", "value = 1.5,"}})
    EXPECT_EQ(parse(good + replaced(server, from, to)).errors.size(), 1u) << from;
}

TEST(Toml, aDuplicateInAnotherFileOfTheLayerIsAnError) {
  const std::vector<Layer> one = {{{"a.toml", good}, {"b.toml", good}}};
  const auto parsed = Catalog::parse(one);
  ASSERT_EQ(parsed.errors.size(), 2u);
  EXPECT_EQ(parsed.errors[0].where, "b.toml:7");
  EXPECT_NE(parsed.errors[0].message.find("a.toml:7"), std::string::npos);
  const std::vector<Layer> two = {{{"a.toml", good}}, {{"b.toml", good}}};
  const auto layered = Catalog::parse(two);
  EXPECT_TRUE(layered.errors.empty());
  EXPECT_EQ(layered.catalog.accelerator("gpu")->origin, "b.toml:7");
}

std::string profile(int months, int hours, const std::string& value) {
  std::string table = "[";
  for (int m = 0; m < months; ++m) {
    table += "[";
    for (int h = 0; h < hours; ++h) table += (h ? "," : "") + value;
    table += "],";
  }
  return table + "]";
}

TEST(Toml, profilesMustBeWhole) {
  const auto text = [](const std::string& mean) {
    return "[sources.s]\ntext = \"t\"\nyear = 2020\nscope = \"s\"\nlicence = \"l\"\n[grid.G]\nname = \"G\"\nregion = "
           "\"R\"\n"
           "average = { value = 5, low = 5, high = 5, unit = \"gCO2e/kWh\", source = \"s\" "
           "}\n[grid.G.average_profile]\n"
           "unit = \"kgCO2e/kWh\"\nsource = \"s\"\nhours_used = 8760\nhours_missing = 0\nmean = " +
           mean + "\nspread = " + profile(12, 24, "0.0") + "\n";
  };
  const auto fine = parse(text(profile(12, 24, "0.005")));
  ASSERT_TRUE(fine.errors.empty()) << to_string(fine.errors[0]);
  EXPECT_DOUBLE_EQ(fine.catalog.grid("G")->average_profile->mean[11][23].value(), 5);
  for (const std::string& mean : {profile(11, 24, "0.005"), profile(12, 23, "0.005"), profile(12, 24, "-0.005"),
                                  profile(12, 24, "nan"), profile(12, 24, "6"), std::string("3"), std::string("[]")}) {
    const auto bad = parse(text(mean));
    ASSERT_FALSE(bad.errors.empty());
    EXPECT_EQ(bad.errors[0].where, "my.toml:15") << mean;
    EXPECT_FALSE(bad.catalog.grid("G"));
  }
}

RC_GTEST_PROP(TomlProperty, anyBytesGiveRecordsOrErrorsWithAHint, (const std::string& bytes)) {
  for (const Error& error : parse(bytes).errors) {
    RC_ASSERT(!error.hint.empty());
    RC_ASSERT(error.where.substr(0, 7) == "my.toml");
  }
}

RC_GTEST_PROP(TomlProperty, aDamagedFileNeverGivesAnIncompleteRecord, ()) {
  std::string text = good;
  const auto edits = *rc::gen::inRange(1, 4);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    const auto length = *rc::gen::inRange<std::size_t>(0, 12);
    text.replace(at, length,
                 *rc::gen::element<std::string>("", "\"", "}", "[", "-", "9", "nan", "\n", "=", "unit", "\xc3"));
  }
  const auto parsed = parse(text);
  RC_ASSERT(!parsed.errors.empty() || !parsed.catalog.list().empty());
  for (const Listing& listing : parsed.catalog.list())
    for (const Figure& figure : parsed.catalog.figures(listing.id)) {
      RC_ASSERT(figure.estimate.low <= figure.estimate.value && figure.estimate.value <= figure.estimate.high);
      RC_ASSERT(figure.estimate.low >= 0);
      RC_ASSERT(!figure.provenance.source.empty() && figure.provenance.year >= 1900);
    }
}

}  // namespace
}  // namespace cradle::catalog
