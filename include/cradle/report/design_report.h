// The page of a design question: front and cloud, curves with their break-even, bills with error bars, a tornado. A
// plain model that any design verb fills as far as it has something to show, and its rendering as one self-contained
// file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/quantity.h"
#include "cradle/report/table.h"

namespace cradle::report {

/// One axis of a plot.
struct Axis {
  std::string name;  ///< "carbon"
  std::string unit;  ///< "kgCO2e"; empty: a ratio
  bool logarithmic = false;
};

/// A point of a design space with one value for each axis of its scatter.
struct DesignPoint {
  std::uint64_t index = 0;     ///< number of the point, as `cradle design show --point` takes it
  std::string label;           ///< "4 x n5, n14 | emib | TW | 1e5"
  std::vector<double> values;  ///< in the order of Scatter::axes
};

/// A Pareto front within its cloud. The first two axes are drawn at first; the reader may choose others.
struct Scatter {
  std::vector<Axis> axes;
  std::vector<DesignPoint> front;  ///< exact, all of it
  std::vector<DesignPoint> cloud;  ///< a sample of the dominated points, at most a few thousand
  std::uint64_t points = 0;        ///< evaluated
  std::uint64_t impossible = 0;    ///< of these, cannot be made
  std::uint64_t infeasible = 0;    ///< of these, against a constraint
  bool complete = true;            ///< false: interrupted, the front is that of the points so far
};

/// Where a curve meets its threshold: the root and the bracket that is certain to hold it.
struct BreakEven {
  std::string what;  ///< "volume from which the accelerator pays back"
  double value = 0;
  double low = 0, high = 0;  ///< equal to value in closed form
  std::string unit;
};

struct Line {
  std::string name;
  std::vector<double> x, y;
};

/// Lines over one variable, with the places where they cross.
struct Curve {
  std::string title;
  Axis x, y;
  std::vector<Line> lines;
  std::vector<BreakEven> crossings;
  std::string caption = {};  ///< empty: what the crossings mean
};

/// One stacked bar: embodied carbon by part, operational beside it where known.
struct BillBar {
  struct Part {
    std::string name;
    carbon::Estimate<carbon::KilogramsCO2e> carbon;
  };
  std::string name;
  std::vector<Part> parts;
  carbon::Estimate<carbon::KilogramsCO2e> total;  ///< P5 .. P95 or the interval, as `Bills::range` says
};

struct Bills {
  std::string title;
  std::string range;  ///< what the error bars are: "P5 .. P95 of 100,000 samples, seed 42"; empty: there are none
  std::vector<BillBar> bars;
};

/// What a result becomes when one coefficient moves over its range, widest first.
struct TornadoBar {
  std::string coefficient;
  std::string range;  ///< low, value and high with unit, as text
  double at_low = 0, at_high = 0;
  std::optional<double> variance_share;  ///< total Sobol index, ratio
  std::string source;
};

struct Tornado {
  std::string title;
  Axis axis;
  double value = 0;
  std::vector<TornadoBar> bars;
};

struct DesignReport {
  std::string title;
  std::string question;  ///< one sentence: what was asked
  std::string answer;    ///< one sentence with the numbers
  std::string study_file;
  std::string created_by;
  std::string command;
  std::optional<Scatter> scatter;
  std::vector<Curve> curves;
  std::vector<Bills> bills;
  std::vector<Tornado> tornados;
  std::vector<std::pair<std::string, Table>> tables;  ///< heading and table
  std::vector<std::string> notes;                     ///< assumptions, skipped things, sources
};

/// Finite numbers, as many values as axes, x and y of the same length, low <= value <= high.
Result<void> check(const DesignReport& report);

/// One file that opens from disk without a network. The same report gives the same bytes.
std::string to_html(const DesignReport& report);

}  // namespace cradle::report
