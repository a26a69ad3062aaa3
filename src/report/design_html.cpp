#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cradle/base/text.h"
#include "cradle/report/design_report.h"
#include "cradle/report/format.h"
#include "page.h"

namespace cradle::report {
namespace {

using carbon::KilogramsCO2e;
using nlohmann::json;

/// Six digits are more than a plot shows, and keep a page of thousands of points small.
double plotted(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) && scale > 0 ? std::round(value * scale) / scale : value;
}

std::string safe(const std::string& text) { return printable(text); }

json axis_json(const Axis& axis) {
  return {{"name", safe(axis.name)}, {"unit", safe(axis.unit)}, {"log", axis.logarithmic}};
}

json values_json(const std::vector<double>& values) {
  json out = json::array();
  for (const double value : values) out.push_back(plotted(value));
  return out;
}

json scatter_json(const Scatter& scatter) {
  json axes = json::array();
  for (std::size_t i = 0; i < scatter.axes.size(); ++i) {
    json axis = axis_json(scatter.axes[i]);
    // A logarithmic axis cannot show zero.
    const auto positive = [&](const DesignPoint& point) { return point.values[i] > 0; };
    axis["positive"] = std::all_of(scatter.front.begin(), scatter.front.end(), positive) &&
                       std::all_of(scatter.cloud.begin(), scatter.cloud.end(), positive);
    axis["log"] = axis["positive"].get<bool>() && scatter.axes[i].logarithmic;
    axes.push_back(std::move(axis));
  }
  json front = json::array(), cloud = json::array();
  for (const DesignPoint& point : scatter.front)
    front.push_back(
        {{"index", std::to_string(point.index)}, {"label", safe(point.label)}, {"values", values_json(point.values)}});
  for (const DesignPoint& point : scatter.cloud) cloud.push_back(values_json(point.values));
  return {{"axes", std::move(axes)}, {"front", std::move(front)}, {"cloud", std::move(cloud)}};
}

json curve_json(const Curve& curve) {
  json lines = json::array(), crossings = json::array();
  for (const Line& line : curve.lines)
    lines.push_back({{"name", safe(line.name)}, {"x", values_json(line.x)}, {"y", values_json(line.y)}});
  for (const BreakEven& crossing : curve.crossings)
    crossings.push_back({{"what", safe(crossing.what)},
                         {"value", crossing.value},
                         {"low", crossing.low},
                         {"high", crossing.high},
                         {"unit", safe(crossing.unit)}});
  return {{"x", axis_json(curve.x)},
          {"y", axis_json(curve.y)},
          {"lines", std::move(lines)},
          {"crossings", std::move(crossings)}};
}

json bills_json(const Bills& bills) {
  json bars = json::array();
  for (const BillBar& bar : bills.bars) {
    json parts = json::array();
    for (const BillBar::Part& part : bar.parts)
      parts.push_back({{"name", safe(part.name)}, {"value", plotted(part.carbon.value.value())}});
    bars.push_back({{"name", safe(bar.name)},
                    {"parts", std::move(parts)},
                    {"low", plotted(bar.total.low.value())},
                    {"high", plotted(bar.total.high.value())}});
  }
  return {{"bars", std::move(bars)}};
}

json tornado_json(const Tornado& tornado) {
  json bars = json::array();
  for (const TornadoBar& bar : tornado.bars)
    bars.push_back(
        {{"coefficient", safe(bar.coefficient)}, {"at_low", plotted(bar.at_low)}, {"at_high", plotted(bar.at_high)}});
  return {{"axis", axis_json(tornado.axis)}, {"value", plotted(tornado.value)}, {"bars", std::move(bars)}};
}

std::string data_json(const DesignReport& report) {
  json out;
  out["scatter"] = report.scatter ? scatter_json(*report.scatter) : json(nullptr);
  out["curves"] = out["bills"] = out["tornados"] = json::array();
  for (const Curve& curve : report.curves) out["curves"].push_back(curve_json(curve));
  for (const Bills& bills : report.bills) out["bills"].push_back(bills_json(bills));
  for (const Tornado& tornado : report.tornados) out["tornados"].push_back(tornado_json(tornado));
  return out.dump();
}

/// 12345678 as "12 345 678", with spaces that do not break.
std::string grouped(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, "\xE2\x80\xAF");
  return text;
}

std::string scatter_section(const Scatter& scatter) {
  if (scatter.axes.empty()) return "";
  Table table;
  table.column("index", "point", Align::right, 0);
  for (const Axis& axis : scatter.axes) table.column(axis.name, axis.name, Align::right, -1, axis.unit);
  table.column("label", "design");
  for (const DesignPoint& point : scatter.front) {
    std::vector<Cell> row{static_cast<std::int64_t>(point.index)};
    for (const double value : point.values) row.emplace_back(value);
    row.emplace_back(point.label);
    table.row(std::move(row));
  }
  std::string caption = grouped(scatter.points) + " designs were evaluated";
  if (scatter.impossible > 0) caption += ", " + grouped(scatter.impossible) + " cannot be made";
  if (scatter.infeasible > 0) caption += ", " + grouped(scatter.infeasible) + " miss a constraint";
  caption +=
      "; " + grouped(scatter.front.size()) + (scatter.front.size() == 1 ? " is" : " are") +
      " on the front: nothing else is at least as good in every objective and better in one. Less is better on every "
      "axis; the dashed edge is the best that can be had in the two objectives shown.";
  if (!scatter.complete)
    caption = "The search was interrupted: the front is that of the designs seen so far. " + caption;
  const std::string control =
      "<p class=\"control\"><label>Across <select name=\"x\" autocomplete=\"off\"></select></label> <label>Up <select "
      "name=\"y\" autocomplete=\"off\"></select></label> <label><input type=\"checkbox\" autocomplete=\"off\"> "
      "logarithmic axes</label></p>\n";
  return section("scatter", "What can be had",
                 control + figure("Points: the Pareto front within all designs", caption) +
                     details("The front (click a head to sort)", table));
}

std::string bracket_text(const BreakEven& crossing) {
  if (crossing.low == crossing.high) return "closed form";
  return "between " + shortest(crossing.low) + " and " + shortest(crossing.high);
}

std::string curve_section(const Curve& curve, std::size_t number) {
  std::string caption = curve.caption;
  if (caption.empty())
    caption = curve.crossings.empty()
                  ? "The answer does not turn within this range."
                  : "Dashed: where the answer turns. A band, where there is one, is the bracket that "
                    "is certain to hold the turn.";
  std::string body = figure("Lines: " + curve.y.name + " over " + curve.x.name, caption);
  if (!curve.crossings.empty()) {
    Table table;
    table.column("what", "what")
        .column("value", "value", Align::right)
        .column("unit", "unit")
        .column("bracket", "known to");
    for (const BreakEven& crossing : curve.crossings)
      table.row({crossing.what, crossing.value, crossing.unit, bracket_text(crossing)});
    body += boxed(table);
  }
  // All lines of one plot mostly share their x; where they do not, each has its own rows.
  Table table;
  table.column("line", "line")
      .column("x", curve.x.name, Align::right, -1, curve.x.unit)
      .column("y", curve.y.name, Align::right, -1, curve.y.unit);
  for (const Line& line : curve.lines)
    for (std::size_t i = 0; i < line.x.size(); ++i) table.row({line.name, line.x[i], line.y[i]});
  return section("curve-" + std::to_string(number), curve.title, body + details("The numbers", table));
}

std::string bills_section(const Bills& bills, std::size_t number) {
  Table table;
  table.column("design", "design")
      .column("part", "part")
      .column("low", "low", Align::right, -1, "kgCO2e")
      .column("value", "value", Align::right, -1, "kgCO2e")
      .column("high", "high", Align::right, -1, "kgCO2e");
  for (const BillBar& bar : bills.bars) {
    for (const BillBar::Part& part : bar.parts)
      table.row({bar.name, part.name, part.carbon.low.value(), part.carbon.value.value(), part.carbon.high.value()});
    table.row({bar.name, "total", bar.total.low.value(), bar.total.value.value(), bar.total.high.value()});
  }
  return section(
      "bills-" + std::to_string(number), bills.title,
      figure("Stacked bars: carbon by part",
             "Each bar adds up what it is made of" +
                 (bills.range.empty() ? std::string(".") : "; the whisker is " + bills.range + " of the total.")) +
          details("The numbers", table));
}

std::string tornado_section(const Tornado& tornado, std::size_t number) {
  Table table;
  table.column("coefficient", "coefficient")
      .column("range", "range")
      .column("low", "at its low end", Align::right, -1, tornado.axis.unit)
      .column("high", "at its high end", Align::right, -1, tornado.axis.unit);
  const bool shares =
      std::any_of(tornado.bars.begin(), tornado.bars.end(), [](const TornadoBar& bar) { return !!bar.variance_share; });
  if (shares) table.column("share", "share of variance", Align::right, 1, "%");
  table.column("source", "source");
  for (const TornadoBar& bar : tornado.bars) {
    std::vector<Cell> row{bar.coefficient, bar.range, bar.at_low, bar.at_high};
    if (shares) row.push_back(bar.variance_share ? Cell(100 * *bar.variance_share) : Cell(std::monostate{}));
    row.emplace_back(bar.source);
    table.row(std::move(row));
  }
  return section(
      "tornado-" + std::to_string(number), tornado.title,
      figure("Horizontal bars: the result at both ends of each coefficient's range",
             "Each bar moves one coefficient over its range and leaves the others alone; the line is the result as "
             "reported. The widest bar is where a better source would help most.") +
          details("The numbers and their sources", table));
}

Error bad(const std::string& what, const std::string& where) {
  return failure(what, where, "this is a mistake of the program that made the report: please tell its authors");
}

template <class Q>
bool ordered(const carbon::Estimate<Q>& estimate) {
  return std::isfinite(estimate.low.value()) && std::isfinite(estimate.high.value()) &&
         estimate.low <= estimate.value && estimate.value <= estimate.high;
}

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

}  // namespace

Result<void> check(const DesignReport& report) {
  if (report.scatter)
    for (const auto* points : {&report.scatter->front, &report.scatter->cloud})
      for (const DesignPoint& point : *points) {
        const std::string where = "scatter, point " + std::to_string(point.index);
        if (point.values.size() != report.scatter->axes.size()) return bad("not one value for each axis", where);
        if (!all_finite(point.values)) return bad("a value is not finite", where);
      }
  for (const Curve& curve : report.curves) {
    for (const Line& line : curve.lines) {
      const std::string where = curve.title + ", " + line.name;
      if (line.x.size() != line.y.size()) return bad("x and y differ in length", where);
      if (!all_finite(line.x) || !all_finite(line.y)) return bad("a value is not finite", where);
    }
    for (const BreakEven& crossing : curve.crossings)
      if (!std::isfinite(crossing.value) || !(crossing.low <= crossing.value && crossing.value <= crossing.high))
        return bad("a crossing lies outside its bracket", curve.title + ", " + crossing.what);
  }
  for (const Bills& bills : report.bills)
    for (const BillBar& bar : bills.bars) {
      if (!ordered(bar.total)) return bad("a total lies outside its range", bills.title + ", " + bar.name);
      for (const BillBar::Part& part : bar.parts)
        if (!ordered(part.carbon)) return bad("a part lies outside its range", bar.name + ", " + part.name);
    }
  for (const Tornado& tornado : report.tornados)
    for (const TornadoBar& bar : tornado.bars)
      if (!std::isfinite(bar.at_low) || !std::isfinite(bar.at_high))
        return bad("a value is not finite", tornado.title + ", " + bar.coefficient);
  return {};
}

std::string to_html(const DesignReport& report) {
  std::string sections;
  if (report.scatter) sections += scatter_section(*report.scatter);
  for (std::size_t i = 0; i < report.curves.size(); ++i) sections += curve_section(report.curves[i], i);
  for (std::size_t i = 0; i < report.bills.size(); ++i) sections += bills_section(report.bills[i], i);
  for (std::size_t i = 0; i < report.tornados.size(); ++i) sections += tornado_section(report.tornados[i], i);
  for (std::size_t i = 0; i < report.tables.size(); ++i)
    sections += section("table-" + std::to_string(i), report.tables[i].first, boxed(report.tables[i].second));
  if (!report.notes.empty()) {
    std::string list = "<ul class=\"notes\">\n";
    for (const std::string& note : report.notes) list += "<li>" + html(note) + "</li>\n";
    sections += section("notes", "What was assumed, and where it comes from", list + "</ul>\n");
  }
  const std::string made = "Made by " + html(report.created_by) + " from " + html(report.study_file) +
                           ". To make it again: <code>" + html(report.command) + "</code>";
  return page({html(report.title), html(report.answer), "", html(report.question), sections, made, data_json(report),
               PageScript::design});
}

}  // namespace cradle::report
