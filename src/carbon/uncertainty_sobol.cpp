#include <algorithm>
#include <cmath>

#include "cradle/base/parallel.h"
#include "cradle/carbon/uncertainty.h"
#include "uncertainty_sampler.h"
#include "uncertainty_tables.h"

namespace cradle::carbon {

namespace {

/// The terms of one estimator: their sum, and the sum of their squares for its standard error.
struct Terms {
  double sum = 0;
  double squares = 0;

  void add(double term) {
    sum += term;
    squares += term * term;
  }
  void add(const Terms& other) {
    sum += other.sum;
    squares += other.squares;
  }
  double mean(double count) const { return sum / count; }
  double standard_error(double count) const {
    return std::sqrt(std::max(squares / count - mean(count) * mean(count), 0.0) / count);
  }
};

struct Block {
  Moments moments;                  ///< of both tables
  std::vector<Terms> first, total;  ///< by cause
  bool done = false;
  bool all_usable = true;
};

bool are_usable(std::span<const double> numbers) { return std::all_of(numbers.begin(), numbers.end(), usable); }

/// One block of both tables, and of a third one for each cause: the first table, with this cause's inputs taken from
/// the second. `centre` may be any number; near the mean it keeps the products small.
Block run_block(const detail::RowsModel& model, const Sampler& sampler, std::uint64_t seed, std::size_t index,
                std::size_t count, double centre) {
  const std::size_t width = sampler.width();
  std::vector<double> a(count * width), b(count * width), mixed;
  std::vector<double> at_a(count), at_b(count), at_mixed(count);
  sampler.draw(seed, "sobol a", index, a);
  sampler.draw(seed, "sobol b", index, b);
  model(a, at_a);
  model(b, at_b);

  Block block;
  block.moments.add(at_a);
  block.moments.add(at_b);
  block.all_usable = are_usable(at_a) && are_usable(at_b);
  for (const Cause& cause : sampler.causes()) {
    mixed = a;
    for (const std::size_t input : cause.members) {
      for (std::size_t at = input; at < mixed.size(); at += width) mixed[at] = b[at];
    }
    model(mixed, at_mixed);
    block.all_usable = block.all_usable && are_usable(at_mixed);
    Terms first, total;
    for (std::size_t i = 0; i < count; ++i) {
      const double change = at_mixed[i] - at_a[i];
      first.add((at_b[i] - centre) * change);
      total.add(change * change / 2);
    }
    block.first.push_back(first);
    block.total.push_back(total);
  }
  block.done = true;
  return block;
}

}  // namespace

namespace detail {

Result<Sobol> sobol(const RowsModel& model, std::span<const Input> inputs, const MonteCarloOptions& options) {
  if (auto ok = check_run(model, inputs, options); !ok) return ok.error();
  const Sampler sampler(inputs);
  const std::size_t blocks = Sampler::blocks(options.samples), causes = sampler.causes().size();
  const std::vector<double> at = values(inputs);
  double nominal = 0;
  model(at, {&nominal, 1});

  std::vector<Block> parts(blocks);
  parallel_for(blocks, options.threads, [&](std::size_t index) {
    if (options.stop.stop_requested()) return;
    const std::size_t count = Sampler::size_of(index, options.samples);
    parts[index] = run_block(model, sampler, options.seed, index, count, nominal);
    if (options.progress) options.progress(count);
  });

  Sobol result;
  Moments moments;
  std::vector<Terms> first(causes), total(causes);
  std::size_t whole = 0;
  for (; whole < blocks && parts[whole].done; ++whole) {
    const Block& part = parts[whole];
    if (!part.all_usable)
      return bad_input("the model gives no usable number", "block " + std::to_string(whole + 1),
                       "run Monte Carlo on the same inputs, which names the draw; narrow the inputs to where the model "
                       "is defined");
    moments.add(part.moments);
    for (std::size_t k = 0; k < causes; ++k) {
      first[k].add(part.first[k]);
      total[k].add(part.total[k]);
    }
  }
  const std::uint64_t samples = std::min<std::uint64_t>(options.samples, whole * Sampler::block_size);
  result.stopped = samples < options.samples;
  if (samples == 0) return result;
  result.mean = moments.mean;
  result.variance = moments.squares / (moments.count - 1);
  result.evaluations = samples * (causes + 2);
  const auto count = static_cast<double>(samples);
  for (std::size_t k = 0; k < causes; ++k) {
    SobolShare share{sampler.causes()[k].name, sampler.causes()[k].group};
    if (result.variance > 0) {
      share.first = first[k].mean(count) / result.variance;
      share.total = total[k].mean(count) / result.variance;
      share.first_error = first[k].standard_error(count) / result.variance;
      share.total_error = total[k].standard_error(count) / result.variance;
    }
    result.shares.push_back(std::move(share));
  }
  return result;
}

}  // namespace detail

}  // namespace cradle::carbon
