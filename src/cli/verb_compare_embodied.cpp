// cradle compare embodied: published tools on their own input files, and their published numbers beside ours.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/published/tools.h"
#include "cradle/report/format.h"
#include "cradle/report/table.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

using published::Anchor;
using published::Comparison;
using report::Align;
using Json = nlohmann::ordered_json;

constexpr std::size_t width = 160;

/// "--key value", "--key=value" and "-k value"; a flag alone has an empty value.
Result<std::map<std::string, std::string>> options_of(const std::vector<std::string>& words) {
  std::map<std::string, std::string> options;
  // "-145mm2" is a value, for the tool to refuse.
  const auto is_flag = [](const std::string& word) {
    return word.size() > 1 && word.front() == '-' && word[1] != '.' && (word[1] < '0' || word[1] > '9');
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!is_flag(words[i]))
      return bad_input("'" + words[i] + "' is no option", "compare embodied", "options are written --name value");
    std::string key = words[i].substr(words[i].starts_with("--") ? 2 : 1), value;
    if (const auto equals = key.find('='); equals != std::string::npos) {
      value = key.substr(equals + 1);
      key.resize(equals);
    } else if (i + 1 < words.size() && !is_flag(words[i + 1])) {
      value = words[++i];
    }
    if (key.empty()) return bad_input("'" + words[i] + "' is no option", "compare embodied", "write --name value");
    if (!options.emplace(key, value).second) return bad_input("is given twice", "--" + key, "give each option once");
  }
  return options;
}

Json json_of(const std::vector<published::Switch>& switches) {
  Json list = Json::array();
  for (const auto& entry : switches) {
    list.push_back({{"name", entry.name},
                    {"why", entry.why},
                    {"case", entry.item},
                    {"quantity", entry.quantity},
                    {"effect", entry.effect},
                    {"unit", entry.unit},
                    {"choice", entry.choice},
                    {"no_grams", entry.no_grams}});
    if (entry.example)
      list.back()["example"] = {{"case", entry.example->item},
                                {"quantity", entry.example->quantity},
                                {"effect", entry.example->effect},
                                {"unit", entry.example->unit}};
  }
  return list;
}

std::string effect_text(double effect, const std::string& unit) {
  return (effect > 0 ? "+" : "") + report::significant(effect, 5) + " " + unit;
}

/// Each switch once, with why, and what it alone changes: in the case at hand, or else in one that is built in.
std::string switches_text(const std::vector<published::Switch>& switches) {
  std::string text;
  const std::string* before = nullptr;
  for (const auto& entry : switches) {
    if (!before || *before != entry.name)
      text += "  " + entry.name + (entry.choice ? " (choice): " : " (corrected): ") + entry.why + "\n";
    before = &entry.name;
    text += "      ";
    if (entry.effect != 0)
      text += report::printable(entry.item) + " " + entry.quantity + " " + effect_text(entry.effect, entry.unit);
    else if (entry.no_grams)
      text += "changes what is accepted, or how it is told, no grams";
    else if (entry.example)
      text += "built-in case, " + entry.example->item + ": " + entry.example->quantity + " " +
              effect_text(entry.example->effect, entry.example->unit);
    else
      text += "changes nothing here";
    text += "\n";
  }
  return text;
}

constexpr const char* legend = "(corrected: on with --corrected; choice: as defensible either way, stays off)\n";

std::string notes_text(const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += "note: " + report::printable(note) + "\n";
  return text;
}

std::string dump(const Json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string printed(const Comparison& comparison, const CompareEmbodiedOptions& options, const Common& common) {
  if (options.output == Output::json) {
    Json document{{"tool", comparison.tool}, {"mode", published::name(comparison.mode)}};
    document["rows"] = Json::array();
    for (const auto& row : comparison.rows)
      document["rows"].push_back(
          {{"case", row.item}, {"quantity", row.quantity}, {"value", row.value}, {"unit", row.unit}});
    document["switches"] = json_of(comparison.switches);
    document["notes"] = comparison.notes;
    return dump(document);
  }
  report::Table table;
  table.column("case", "case")
      .column("quantity", "quantity")
      .column("value", "value", Align::right)
      .column("unit", "unit");
  const bool csv = options.output == Output::csv;
  for (const auto& row : comparison.rows) {
    const bool never = row.unit == "year" && std::isinf(row.value) && !csv;
    table.row({row.item, row.quantity, never ? report::Cell("never") : report::Cell(row.value), row.unit});
  }
  if (csv) return table.to_csv();
  std::string text = table.to_text(width);
  if (options.list_switches && !comparison.switches.empty())
    text += "\n" + comparison.tool + ", " + std::string(published::name(comparison.mode)) +
            "; what each switch alone changes against as published\n" + legend + switches_text(comparison.switches);
  if (!common.quiet) text += notes_text(comparison.notes);
  return text;
}

/// The design of each tool's release on which the list of all published numbers shows its switches; empty: the tool
/// answers without any.
std::filesystem::path example_input(std::string_view tool, const std::filesystem::path& data) {
  static const std::map<std::string_view, const char*> examples{
      {"act", "act-coefficients/act/boms/dellr740.yaml"},
      {"eco-chip", "ecochip-coefficients/testcases/GA102"},
      {"greensku", "greensku"},
      {"greenfpga", "greenfpga-coefficients/test_example/TPU"},
      {"ccf", "ccf"},
  };
  const auto example = examples.find(tool);
  return example == examples.end() ? std::filesystem::path() : data / example->second;
}

double relative_difference(const Anchor& anchor) {
  return anchor.published == 0 ? anchor.ours : (anchor.ours - anchor.published) / std::abs(anchor.published);
}

struct AllTools {
  std::vector<Anchor> anchors;
  std::vector<Comparison> examples;  ///< for their switches
  std::vector<std::string> notes;

  std::size_t reproduced() const {
    return static_cast<std::size_t>(
        std::count_if(anchors.begin(), anchors.end(), [](const Anchor& anchor) { return anchor.passes(); }));
  }
};

AllTools all_tools(const std::filesystem::path& data) {
  AllTools all;
  for (const published::Tool& tool : published::tools()) {
    auto set = tool.anchors(data);
    std::move(set.anchors.begin(), set.anchors.end(), std::back_inserter(all.anchors));
    std::move(set.notes.begin(), set.notes.end(), std::back_inserter(all.notes));
    published::Request request;
    request.input = example_input(tool.name, data);
    std::error_code ignored;
    if (!request.input.empty() && !std::filesystem::exists(request.input, ignored)) request.input.clear();
    // A tool without input has its built-in cases alone.
    auto example = tool.compare(request);
    if (!example) example = Comparison{std::string(tool.name), published::Mode::as_published, {}, {}, {}};
    published::show_on_examples(*example);
    all.examples.push_back(std::move(*example));
  }
  return all;
}

std::string printed(const AllTools& all, const CompareEmbodiedOptions& options, const Common& common) {
  if (options.output == Output::json) {
    Json document{{"reproduced", all.reproduced()}, {"published", all.anchors.size()}};
    document["anchors"] = Json::array();
    for (const Anchor& anchor : all.anchors)
      document["anchors"].push_back({{"tool", anchor.tool},
                                     {"case", anchor.item},
                                     {"quantity", anchor.quantity},
                                     {"ours", anchor.ours},
                                     {"published", anchor.published},
                                     {"unit", anchor.unit},
                                     {"relative_difference", relative_difference(anchor)},
                                     {"tolerance", anchor.tolerance},
                                     {"pass", anchor.passes()},
                                     {"source", anchor.source}});
    Json switches = Json::object();
    for (const Comparison& example : all.examples) switches[example.tool] = json_of(example.switches);
    document["switches"] = std::move(switches);
    document["notes"] = all.notes;
    return dump(document);
  }
  report::Table table;
  table.column("tool", "tool")
      .column("case", "case")
      .column("quantity", "quantity")
      .column("ours", "ours", Align::right)
      .column("published", "published", Align::right)
      .column("unit", "unit")
      .column("relative_difference", "relative", Align::right)
      .column("result", "result")
      .column("source", "source");
  const bool csv = options.output == Output::csv;
  for (const Anchor& anchor : all.anchors) {
    const double difference = relative_difference(anchor);
    char relative[32];
    std::snprintf(relative, sizeof relative, "%.1e", difference);
    const auto digits = [csv](double value) {
      return csv ? report::Cell(value) : report::Cell(report::significant(value, 10));
    };
    table.row({anchor.tool, anchor.item, anchor.quantity, digits(anchor.ours), digits(anchor.published), anchor.unit,
               csv ? report::Cell(difference) : report::Cell(std::string(relative)),
               std::string(anchor.passes() ? "pass" : "FAIL"), anchor.source});
  }
  if (csv) return table.to_csv();
  std::string text = table.to_text(width);
  text += std::to_string(all.reproduced()) + " of " + std::to_string(all.anchors.size()) +
          " published numbers reproduced\n";
  if (options.list_switches && !all.examples.empty()) {
    text += std::string("\nWhat each tool's switches change, one at a time, on an example of its own\n") + legend;
    for (const Comparison& example : all.examples)
      if (!example.switches.empty()) text += "\n" + example.tool + "\n" + switches_text(example.switches);
  }
  if (!common.quiet) text += notes_text(all.notes);
  return text;
}

int print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  return 0;
}

}  // namespace

int run_compare_embodied(const CompareEmbodiedOptions& options, const Common& common) {
  const auto tool_options = options_of(options.tool_options);
  if (!tool_options) return fail(tool_options.error());
  if (!options.tool.empty()) {
    const auto tool = published::find_tool(options.tool);
    if (!tool) return fail(tool.error());
    published::Request request;
    request.input = options.input;
    request.mode = options.corrected ? published::Mode::corrected : published::Mode::as_published;
    request.options = *tool_options;
    auto comparison = (*tool)->compare(request);
    if (!comparison) return fail(comparison.error());
    published::show_on_examples(*comparison);
    return print(printed(*comparison, options, common));
  }
  if (!tool_options->empty())
    return fail(bad_input("an option of a tool without --tool", "--" + tool_options->begin()->first,
                          "name the tool: --tool eco-chip, for example"));
  if (!options.input.empty() || options.corrected)
    return fail(bad_input("--input and --corrected belong to one tool", "compare embodied", "name it with --tool"));
  const std::filesystem::path data =
      options.data.empty() ? std::filesystem::path("..") / "shared" / "data" : options.data;
  std::error_code ignored;
  if (!options.data.empty() && !std::filesystem::is_directory(data, ignored))
    return fail(missing_data("is no folder", data.string(), "name the folder that holds the tools' own files"));
  const AllTools all = all_tools(data);
  if (all.anchors.empty())
    return fail(missing_data("no published number can be computed", data.string(),
                             "give the folder with the tools' own files: --data DIR"));
  print(printed(all, options, common));
  return all.reproduced() == all.anchors.size() ? 0 : 1;
}

}  // namespace cradle::cli
