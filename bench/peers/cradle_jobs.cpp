// cradle's timed replay on a job list, to stand beside peer_simgrid: the same jobs on 1,213 nodes, energy on.
//
//   peer_cradle JOBS.csv [POLICY]
//
// Unlike the peer it also decides where each job runs, lets jobs wait for room, and gives out every ledger entry.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

#include "cradle/carbon/entry.h"
#include "cradle/policy/placement_policy.h"
#include "cradle/simulate/timed_replay.h"
#include "cradle/workload/generator.h"
#include "cradle/workload/openb.h"

namespace {

/// Takes every entry and keeps only how many there were.
class CountingSink : public cradle::carbon::EntrySink {
 public:
  void write(const cradle::carbon::Entry& /*entry*/) override { ++count_; }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

int refuse(const cradle::Error& error) {
  std::cerr << "peer_cradle: " << cradle::to_string(error) << "\n";
  return cradle::exit_code(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cradle;
  if (argc < 2) {
    std::cerr << "usage: peer_cradle JOBS.csv [POLICY]\n";
    return 2;
  }
  const auto workload = workload::read_openb_pods(argv[1]);
  if (!workload) return refuse(workload.error());
  const auto policy = policy::policy_by_name(argc > 2 ? argv[2] : "BestFit");
  if (!policy) return refuse(policy.error());
  const auto rows = workload::generate_nodes(1);
  if (!rows) return refuse(rows.error());

  // The peer's three states of a host, split over the parts of a node: only the count of parts matters to speed.
  fleet::PowerModel power;
  power.gpu_idle = carbon::Watts{30};
  power.gpu_full = carbon::Watts{300};
  power.socket_idle = carbon::Watts{20};
  power.socket_full = carbon::Watts{165};
  power.cores_per_socket = 24;
  std::vector<fleet::NodeSpec> nodes;
  for (const workload::NodeRow& row : *rows)
    nodes.push_back({row.name, row.cpu_milli, row.memory_mib, row.gpu_count, row.gpu_model, 0, power});
  carbon::SiteRecord site;
  site.name = "site";
  const std::vector<carbon::SiteRecord> sites = {site};

  CountingSink sink;
  simulate::TimedOptions options;
  options.start = instant_of(2022, 1, 1);
  const auto begin = std::chrono::steady_clock::now();
  const auto result = simulate::replay_timed(nodes, workload->jobs, sites, *policy, options, sink);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!result) return refuse(result.error());

  std::printf("jobs %zu seconds %.4f jobs_per_second %.0f simulated_days %.2f energy_kwh %.1f entries %llu\n",
              workload->jobs.size(), seconds, static_cast<double>(workload->jobs.size()) / seconds,
              static_cast<double>(result->end.ms - result->start.ms) / static_cast<double>(ms_per_day),
              result->energy.joules().value() / 3.6e6, static_cast<unsigned long long>(sink.count()));
  return 0;
}
