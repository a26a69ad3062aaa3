// Placement policies: what to score a node by, as pure functions of the node's state.
//
// The published ones (sources at each measure) differ in what they score; how scores are rounded and how ties are
// broken is named here too, because it decides results: with full-precision scores or random ties the fragmentation
// gradient loses its lead (docs/validation.md).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/carbon/quantity.h"
#include "cradle/fleet/cluster.h"
#include "cradle/fleet/fragmentation.h"

namespace cradle::policy {

/// What a node is scored by, for one request; higher is better. With C the processor share and G the GPU share,
/// "max" the largest of one node in the cluster:
enum class Measure {
  random,         ///< one feasible node drawn uniformly
  dot_product,    ///< 100 (1 - mean over C, G of left/max * request/max)
  clustering,     ///< four bands of 25: same kind of job only, same kind among others, empty, other kinds; fuller first
  packing,        ///< shared GPU first, then an idle GPU on a used node, then an idle node
  best_fit,       ///< 100 (1 - 0.5 C left after/max - 0.5 G left after/max)
  fragmentation,  ///< 100 sigmoid(decrease of F / 1000): fragmentation gradient descent (Weng et al., ATC 2023)
  power,          ///< minus the increase of the node's draw in watts (Lettich et al., CCGrid 2025)
  carbon,         ///< minus the increase of its emission rate in g/s: watts x PUE x the site's intensity now
  /// As `power`, but each thread counts for its part of a socket, woken or not. The real draw rises by whole sockets,
  /// so that `power` fills the woken ones of a node and strands its GPUs without processors; this one does not.
  power_share,
  carbon_share,  ///< as `carbon`, of power_share
};
/// True if the measure is multiplied by the factor of the node's site.
constexpr bool reads_site_factor(Measure measure) {
  return measure == Measure::carbon || measure == Measure::carbon_share;
}
/// True if the measure looks at the node's power model.
constexpr bool reads_power(Measure measure) {
  return measure == Measure::power || measure == Measure::power_share || reads_site_factor(measure);
}

enum class Quantisation {
  integer,  ///< scores are truncated to whole numbers, as the published schedulers do
  full,     ///< double precision
};

enum class TieBreak {
  fixed,   ///< the first node in the cluster's order wins
  random,  ///< one of the best nodes, uniformly (upstream Kubernetes)
};

/// How scores of different measures are made comparable before they are weighted.
enum class Scaling {
  none,
  min_max,  ///< 100 (score - lowest) / (highest - lowest) over the feasible nodes; all 100 if they are equal
};

struct Component {
  Measure measure;
  double weight = 1;
  Scaling scaling = Scaling::none;
};

/// Which GPU of the chosen node a sharing job gets; jobs of whole GPUs always get the first idle ones.
enum class GpuChoice {
  random,       ///< uniformly among those that fit
  tightest,     ///< least left
  best_scored,  ///< the one that gives the node its score under the first component
};

struct PlacementPolicy {
  std::string name;
  std::vector<Component> components;
  GpuChoice gpu_choice = GpuChoice::tightest;
  Quantisation quantisation = Quantisation::integer;
  TieBreak tie_break = TieBreak::fixed;
};

/// The named policies: Random, DotProd, GpuClustering, GpuPacking, BestFit, FGD, PWR, PWR+FGD (weights 100 and 900,
/// the authors' best), Carbon+FGD (ours, same weights), PowerShare+FGD and CarbonShare+FGD (ours: fragmentation 900,
/// share of power or carbon 120, its real increase 30; docs/decisions/0012).
std::span<const std::string> policy_names();
/// The policy of that name. The weighted ones also go by "PWR+FGD@200/800": power 200, fragmentation 800; each weight
/// is in 0 .. 1e6 and one of them is positive. bad_input that names the nearest policy otherwise.
Result<PlacementPolicy> policy_by_name(std::string_view name);
/// The component that chooses the GPU under GpuChoice::best_scored.
const Component& heaviest(const PlacementPolicy& policy);
/// The six of the FGD publication, in its order.
std::span<const std::string> published_policy_names();

/// What measures look at besides the node: fixed for a cluster and a workload.
struct Scale {
  std::int64_t max_cpu_milli = 1;                            ///< of one node
  std::int64_t max_gpu_milli = 1;                            ///< of one node
  const fleet::FragmentationModel* fragmentation = nullptr;  ///< needed by Measure::fragmentation
};

/// The score of a feasible node; for those that read the site's factor the increase in watts, negated, to be multiplied
/// by it. `fragmentation_now` is F(node), which the caller may keep; it is read by Measure::fragmentation only.
double score(Measure measure, Quantisation quantisation, const Scale& scale, const fleet::NodeView& node,
             const fleet::Request& request, double fragmentation_now);

/// The GPU that gives a sharing request its score, the first on a tie. Precondition: the node is feasible.
std::uint32_t best_scored_gpu(Measure measure, Quantisation quantisation, const Scale& scale,
                              const fleet::NodeView& node, const fleet::Request& request, double fragmentation_now);

}  // namespace cradle::policy
