#include "page.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

extern "C" {
extern const unsigned char cradle_report_page[], cradle_report_page_end[];
extern const unsigned char cradle_report_style[], cradle_report_style_end[];
extern const unsigned char cradle_report_plot[], cradle_report_plot_end[];
extern const unsigned char cradle_report_script[], cradle_report_script_end[];
extern const unsigned char cradle_design_script[], cradle_design_script_end[];
extern const unsigned char cradle_report_chart[], cradle_report_chart_end[];
extern const unsigned char cradle_report_chart_licence[], cradle_report_chart_licence_end[];
}

namespace cradle::report {

namespace {

std::string_view embedded(const unsigned char* begin, const unsigned char* end) {
  const auto size = reinterpret_cast<std::uintptr_t>(end) - reinterpret_cast<std::uintptr_t>(begin);
  return {reinterpret_cast<const char*>(begin), size};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// JSON that may stand inside a script element: no character that HTML gives a meaning.
std::string json_in_html(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += c;
    }
  }
  return out;
}

/// Puts each {{name}} of the page in place. What is put in is not looked at again.
std::string filled(std::string_view page, const std::vector<std::pair<std::string_view, std::string_view>>& values) {
  std::string out;
  while (true) {
    const std::size_t open = page.find("{{");
    out += page.substr(0, open);
    if (open == std::string_view::npos) return out;
    const std::size_t close = page.find("}}", open);
    assert(close != std::string_view::npos);
    const std::string_view name = page.substr(open + 2, close - open - 2);
    const auto value = std::find_if(values.begin(), values.end(), [&](const auto& pair) { return pair.first == name; });
    assert(value != values.end());
    out += value->second;
    page.remove_prefix(close + 2);
  }
}

}  // namespace

std::string html(std::string_view text) {
  std::string out = html_escape(text);
  for (const char* unit : {"gCO2e", "kgCO2e", "tCO2e", "%"})
    out = replaced(out, std::string(" ") + unit, std::string("\xC2\xA0") + unit);
  return replaced(out, "CO2e",
                  "CO\xE2\x82\x82"
                  "e");
}
std::string strong(std::string_view text) { return "<strong>" + html(text) + "</strong>"; }

std::string boxed(const Table& table) {
  return "<div class=\"box\" tabindex=\"0\">\n" +
         replaced(table.to_html(), "CO2e",
                  "CO\xE2\x82\x82"
                  "e") +
         "</div>\n";
}

std::string details(const std::string& summary, const Table& table) {
  return "<details open>\n<summary>" + html(summary) + "</summary>\n" + boxed(table) + "</details>\n";
}

std::string section(const std::string& id, const std::string& title, const std::string& body) {
  return "<section id=\"" + id + "\">\n<h2>" + html(title) + "</h2>\n" + body + "</section>\n";
}

std::string figure(const std::string& alternative, const std::string& caption) {
  return "<figure>\n<div class=\"chart\"><canvas role=\"img\" aria-label=\"" + html(alternative) +
         "\"></canvas></div>\n<figcaption>" + html(caption) + "</figcaption>\n</figure>\n";
}

std::string page(const Page& content) {
  std::string script(embedded(cradle_report_plot, cradle_report_plot_end));
  script += content.script == PageScript::study ? embedded(cradle_report_script, cradle_report_script_end)
                                                : embedded(cradle_design_script, cradle_design_script_end);
  const std::string data = json_in_html(content.json);
  return filled(embedded(cradle_report_page, cradle_report_page_end),
                {{"title", content.title},
                 {"answer", content.answer},
                 {"figures", content.figures},
                 {"origin", content.origin},
                 {"sections", content.sections},
                 {"made", content.made},
                 {"data", data},
                 {"style", embedded(cradle_report_style, cradle_report_style_end)},
                 {"script", script},
                 {"chart", embedded(cradle_report_chart, cradle_report_chart_end)},
                 {"chart_licence", embedded(cradle_report_chart_licence, cradle_report_chart_licence_end)}});
}

}  // namespace cradle::report
