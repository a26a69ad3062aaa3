#include <algorithm>
#include <cmath>

#include "cradle/base/parallel.h"
#include "cradle/base/text.h"
#include "cradle/carbon/uncertainty.h"
#include "uncertainty_sampler.h"
#include "uncertainty_tables.h"

namespace cradle::carbon {

Result<void> check_run(const detail::RowsModel& model, std::span<const Input> inputs,
                       const MonteCarloOptions& options) {
  if (auto ok = check(inputs); !ok) return ok;
  if (options.samples == 0 || options.samples > most_samples)
    return bad_input("the number of samples is " + std::to_string(options.samples), "samples",
                     "give a number within 1 .. " + std::to_string(most_samples));
  const std::vector<double> values = detail::values(inputs);
  double nominal = 0;
  model(values, {&nominal, 1});
  if (!usable(nominal)) return not_usable(inputs, values, nominal, "at the stated values");
  return {};
}

Error not_usable(std::span<const Input> inputs, std::span<const double> row, double result, const std::string& where) {
  constexpr std::size_t most_listed = 12;
  std::string list;
  for (std::size_t i = 0; i < std::min(row.size(), most_listed); ++i)
    list += (i == 0 ? "" : ", ") + inputs[i].name + " = " + shortest(row[i]);
  if (row.size() > most_listed) list += ", ...";
  const std::string what = std::isnan(result) ? "no number" : std::isinf(result) ? "infinity" : shortest(result);
  return bad_input("the model gives " + what + " for " + list, where,
                   "narrow the inputs to where the model is defined; a normal has no bounds, a triangular has");
}

void Moments::add(std::span<const double> numbers) {
  double sum = 0;
  for (const double x : numbers) sum += x;
  Moments block;
  block.count = static_cast<double>(numbers.size());
  block.mean = sum / block.count;
  for (const double x : numbers) block.squares += (x - block.mean) * (x - block.mean);
  add(block);
}

void Moments::add(const Moments& other) {
  if (other.count == 0) return;
  const double all = count + other.count, apart = other.mean - mean;
  mean += apart * (other.count / all);
  squares += other.squares + apart * apart * (count / all * other.count);
  count = all;
}

namespace {

/// Finds numbers by their rank: they are counted in bins of equal width, so that only one bin has to be sorted out.
/// Which bin a number falls in rises with the number, whatever the rounding, so the ranks are exact.
class Selection {
 public:
  /// All numbers lie within low .. high. They may be reordered.
  Selection(std::vector<double>& numbers, double low, double high)
      : numbers_(numbers), low_(low), width_(high - low), counts_(bins) {
    if (width_ == 0) return;
    for (const double x : numbers_) ++counts_[bin(x)];
  }

  /// The number that `rank` others come before.
  double at(std::size_t rank) {
    std::size_t wanted = 0, before = 0;
    while (width_ > 0 && before + counts_[wanted] <= rank) before += counts_[wanted++];
    // Where one bin holds much of everything, a copy of it would not be small.
    if (width_ == 0 || counts_[wanted] > numbers_.size() / 8) {
      const auto place = numbers_.begin() + static_cast<std::ptrdiff_t>(rank);
      std::nth_element(numbers_.begin(), place, numbers_.end());
      return *place;
    }
    std::vector<double> inside;
    inside.reserve(counts_[wanted]);
    for (const double x : numbers_)
      if (bin(x) == wanted) inside.push_back(x);
    const auto place = inside.begin() + static_cast<std::ptrdiff_t>(rank - before);
    std::nth_element(inside.begin(), place, inside.end());
    return *place;
  }

 private:
  static constexpr std::size_t bins = 2048;
  std::size_t bin(double x) const { return std::min(static_cast<std::size_t>((x - low_) / width_ * bins), bins - 1); }

  std::vector<double>& numbers_;
  double low_, width_;
  std::vector<std::size_t> counts_;
};

}  // namespace

namespace detail {

Result<MonteCarlo> monte_carlo(const RowsModel& model, std::span<const Input> inputs,
                               const MonteCarloOptions& options) {
  if (auto ok = check_run(model, inputs, options); !ok) return ok.error();
  const Sampler sampler(inputs);
  const std::size_t blocks = Sampler::blocks(options.samples);

  struct Block {
    Moments moments;
    double least = 0, most = 0;
    bool done = false;
    bool all_usable = true;
  };
  std::vector<Block> parts(blocks);
  std::vector<double> results(options.samples);
  const auto results_of = [&](std::size_t block) {
    return std::span<double>(results).subspan(block * Sampler::block_size, Sampler::size_of(block, options.samples));
  };
  parallel_for(blocks, options.threads, [&](std::size_t block) {
    if (options.stop.stop_requested()) return;
    const std::span<double> out = results_of(block);
    std::vector<double> rows(out.size() * inputs.size());
    sampler.draw(options.seed, "monte-carlo", block, rows);
    model(rows, out);
    Block& part = parts[block];
    part.all_usable = std::all_of(out.begin(), out.end(), usable);
    part.moments.add(out);
    const auto ends = std::minmax_element(out.begin(), out.end());
    part.least = *ends.first;
    part.most = *ends.second;
    part.done = true;
    if (options.progress) options.progress(out.size());
  });

  MonteCarlo result;
  const std::vector<double> at = values(inputs);
  model(at, {&result.nominal, 1});
  Moments moments;
  double least = parts[0].least, most = parts[0].most;
  std::size_t whole = 0;
  for (; whole < blocks && parts[whole].done; ++whole) {
    const std::span<double> out = results_of(whole);
    if (!parts[whole].all_usable) {
      const auto bad = std::find_if_not(out.begin(), out.end(), usable);
      const auto index = static_cast<std::size_t>(bad - out.begin());
      std::vector<double> rows(out.size() * inputs.size());
      sampler.draw(options.seed, "monte-carlo", whole, rows);
      return not_usable(inputs, std::span<const double>(rows).subspan(index * inputs.size(), inputs.size()), *bad,
                        "sample " + std::to_string(whole * Sampler::block_size + index + 1));
    }
    moments.add(parts[whole].moments);
    least = std::min(least, parts[whole].least);
    most = std::max(most, parts[whole].most);
  }
  result.samples = std::min<std::uint64_t>(options.samples, whole * Sampler::block_size);
  result.stopped = result.samples < options.samples;
  if (result.samples == 0) return MonteCarlo{.stopped = true};
  results.resize(result.samples);
  result.mean = moments.mean;
  result.standard_deviation = moments.count > 1 ? std::sqrt(moments.squares / (moments.count - 1)) : 0;

  result.low = least;
  result.high = most;
  // Nearest rank, in whole numbers: the sample of rank ceil(samples x percent / 100), counted from 1.
  const auto rank = [&](std::size_t percent) { return (results.size() * percent + 99) / 100 - 1; };
  Selection selection(results, least, most);
  result.p5 = selection.at(rank(5));
  result.p50 = selection.at(rank(50));
  result.p95 = selection.at(rank(95));
  return result;
}

}  // namespace detail

}  // namespace cradle::carbon
