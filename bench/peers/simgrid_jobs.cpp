// SimGrid on a job list: one actor per job that computes for the job's duration on one of 1,213 hosts, energy on.
//
//   peer_simgrid JOBS.csv [HOSTS]
//
// JOBS.csv is a job list in the openb layout. SimGrid has no scheduler of its own: jobs go to the hosts in turn, so
// that what is measured is the simulation core alone, with the least work it can be asked to do. Version 3.32 has no
// detached executions; an actor per job that calls execute() is how its own examples do it.
#include <simgrid/plugins/energy.h>
#include <xbt/log.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <simgrid/s4u.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Job {
  double arrival_s;
  double duration_s;
};

std::vector<std::string_view> fields(std::string_view line) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t comma = line.find(',');
    parts.push_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    line.remove_prefix(comma + 1);
  }
}

double number(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::size_t column(const std::vector<std::string_view>& header, std::string_view name) {
  const auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end()) {
    std::cerr << "the job list has no column " << name << "\n";
    std::exit(2);
  }
  return static_cast<std::size_t>(found - header.begin());
}

/// The list is one of ours, so that a row too short is the only thing worth refusing.
std::vector<Job> read_jobs(const char* path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    std::cerr << "cannot read " << path << "\n";
    std::exit(2);
  }
  const std::string first = line;
  const auto header = fields(first);
  const std::size_t created = column(header, "creation_time"), deleted = column(header, "deletion_time"),
                    scheduled = column(header, "scheduled_time");
  std::vector<Job> jobs;
  while (std::getline(file, line)) {
    const auto row = fields(line);
    if (row.size() != header.size()) continue;
    const double start = row[scheduled].empty() ? number(row[created]) : number(row[scheduled]);
    jobs.push_back({number(row[created]), std::max(1.0, number(row[deleted]) - start)});
  }
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.arrival_s < b.arrival_s; });
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  namespace s4u = simgrid::s4u;
  // Its report of each host's energy at the end is not part of the comparison.
  xbt_log_control_set("host_energy.thresh:warning");
  sg_host_energy_plugin_init();
  s4u::Engine engine(&argc, argv);
  if (argc < 2) {
    std::cerr << "usage: peer_simgrid JOBS.csv [HOSTS]\n";
    return 2;
  }
  const std::vector<Job> jobs = read_jobs(argv[1]);
  const int host_count = argc > 2 ? std::max(1, std::atoi(argv[2])) : 1213;

  constexpr double speed = 1e9;  // flop/s of one core; only durations matter here
  constexpr int cores = 96;
  s4u::NetZone* zone = s4u::create_full_zone("cluster");
  std::vector<s4u::Host*> hosts;
  for (int i = 0; i < host_count; ++i) {
    s4u::Host* host = zone->create_host("host-" + std::to_string(i), speed);
    host->set_core_count(cores);
    host->set_property("wattage_per_state", "120.0:125.0:520.0");
    host->set_property("wattage_off", "10");
    host->seal();
    hosts.push_back(host);
  }
  zone->seal();

  const auto begin = std::chrono::steady_clock::now();
  s4u::Actor::create("arrivals", hosts[0], [&jobs, &hosts] {
    std::size_t next = 0;
    for (const Job& job : jobs) {
      s4u::this_actor::sleep_until(job.arrival_s);
      s4u::Host* host = hosts[next++ % hosts.size()];
      s4u::Actor::create("job", host, [&job] { s4u::this_actor::execute(job.duration_s * speed); });
    }
  });
  engine.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

  double joules = 0;
  for (const s4u::Host* host : hosts) joules += sg_host_get_consumed_energy(host);
  std::printf("jobs %zu seconds %.4f jobs_per_second %.0f simulated_days %.2f energy_kwh %.1f\n", jobs.size(), seconds,
              static_cast<double>(jobs.size()) / seconds, s4u::Engine::get_clock() / 86400, joules / 3.6e6);
  return 0;
}
