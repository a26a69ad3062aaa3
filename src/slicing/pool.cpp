#include "pool.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace cradle::slicing {

namespace {
/// What is left of a job counts as done below this share of its length: rounding of some thousand pauses.
constexpr double done_share = 1e-9;
}  // namespace

std::vector<Holder> holders_of(const Device& device) {
  std::vector<Holder> holders;
  for (const Running& running : device.running)
    if (running.instance.profile != no_profile) holders.push_back({running.job, running.instance});
  return holders;
}

Pool::Pool(const PartitionTable& partitions, std::span<const SliceJob> all_jobs, const ReplayOptions& replay_options)
    : table(partitions), chooser(partitions), jobs(all_jobs), options(replay_options), devices(options.accelerators) {
  order_.resize(jobs.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return jobs[a].arrival < jobs[b].arrival; });
  outcome.jobs.resize(jobs.size());
  outcome.busy.resize(static_cast<std::size_t>(table.compute_slices()) + 1);
  for (const SliceJob& job : jobs) remaining.push_back(job.length.value());
  started_.resize(jobs.size());
  now = jobs[order_.front()].arrival.value();
}

double Pool::pause(std::size_t job) const {
  const double reconfigure = options.cost.reconfigure.value();
  if (!started_[job]) return reconfigure + first_pause;
  return reconfigure + options.cost.checkpoint.value() + options.cost.restart.value();
}

void Pool::assign(std::size_t device, const std::vector<Holder>& holders) {
  std::vector<Running> before = std::move(devices[device].running);
  std::vector<Running> after;
  bool changed = before.size() != holders.size(), stopped = false;
  for (const Running& running : before) {
    const bool stays = std::any_of(holders.begin(), holders.end(), [&](const Holder& holder) {
      return holder.job == running.job && holder.instance == running.instance;
    });
    stopped = stopped || !stays;
  }
  for (const Holder& holder : holders) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Running& r) { return r.job == holder.job; });
    if (same != before.end() && same->instance == holder.instance) {
      after.push_back(*same);
      continue;
    }
    changed = true;
    for (Device& other : devices)
      std::erase_if(other.running, [&](const Running& running) { return running.job == holder.job; });
    std::erase(waiting, holder.job);
    // A slice is free only when what was on it is saved.
    double resume = now + options.cost.reconfigure.value();
    if (stopped || started_[holder.job]) resume += options.cost.checkpoint.value();
    if (started_[holder.job]) {
      resume += options.cost.restart.value();
      ++outcome.jobs[holder.job].moves;
      ++outcome.moves;
    } else {
      resume += first_pause;
      outcome.jobs[holder.job].start = carbon::Seconds{now};
      started_[holder.job] = true;
    }
    after.push_back({holder.job, holder.instance, speed(holder.job, holder.instance.profile), resume});
  }
  for (const Running& running : before)
    if (std::none_of(holders.begin(), holders.end(), [&](const Holder& h) { return h.job == running.job; })) {
      const auto place = std::find_if(waiting.begin(), waiting.end(),
                                      [&](std::size_t job) { return jobs[job].arrival > jobs[running.job].arrival; });
      waiting.insert(place, running.job);
    }
  devices[device].running = std::move(after);
  devices[device].wake.reset();
  if (changed) ++outcome.repartitions;
}

double Pool::shared_speed(std::size_t job, std::size_t sharers) const {
  // As on a slice of the same share: between the profiles on both sides of it, 0 at 0. Sharing does not divide memory.
  const double share = static_cast<double>(table.compute_slices()) / static_cast<double>(sharers);
  double low = 0, low_speed = 0, high = std::numeric_limits<double>::infinity(), high_speed = 0;
  for (std::size_t p = 0; p < table.profiles().size(); ++p) {
    const double compute = table.profile(static_cast<ProfileId>(p)).compute;
    const double there = jobs[job].speed[p];
    if (there <= 0) continue;
    if (compute <= share && compute > low) {
      low = compute;
      low_speed = there;
    }
    if (compute >= share && compute < high) {
      high = compute;
      high_speed = there;
    }
  }
  if (high == std::numeric_limits<double>::infinity()) return low_speed;
  return high > low ? low_speed + (high_speed - low_speed) * (share - low) / (high - low) : high_speed;
}

void Pool::share(std::size_t device, std::size_t job) {
  Device& shared = devices[device];
  std::erase(waiting, job);
  const std::size_t sharers = shared.running.size() + 1;
  const double begin =
      now + options.cost.checkpoint.value() + options.cost.reconfigure.value() + options.cost.restart.value();
  for (Running& running : shared.running) {
    running.instance.profile = no_profile;
    running.speed = shared_speed(running.job, sharers);
    running.resume = begin;
    ++outcome.jobs[running.job].moves;
    ++outcome.moves;
  }
  outcome.jobs[job].start = carbon::Seconds{now};
  started_[job] = true;
  shared.running.push_back({job, {no_profile, 0}, shared_speed(job, sharers), begin});
  shared.wake = begin + options.cost.profiling.value();
  ++outcome.repartitions;
}

void Pool::work(double until) {
  for (Device& device : devices) {
    int busy = 0;
    bool shared = false;
    for (const Running& running : device.running) {
      if (running.resume > now) continue;
      const double done = std::min(remaining[running.job], (until - now) * running.speed);
      remaining[running.job] -= done;
      outcome.jobs[running.job].executed += carbon::Seconds{done};
      if (running.instance.profile == no_profile)
        shared = true;
      else
        busy += table.profile(running.instance.profile).compute;
    }
    outcome.busy[static_cast<std::size_t>(shared ? table.compute_slices() : busy)] += carbon::Seconds{until - now};
  }
  now = until;
}

bool Pool::advance(std::vector<std::size_t>& finished_on) {
  finished_on.clear();
  for (;;) {
    const Event event = step(finished_on);
    if (event != Event::pause_over) return event == Event::decide;
  }
}

Pool::Event Pool::step(std::vector<std::size_t>& finished_on) {
  double next = std::numeric_limits<double>::infinity();
  if (next_arrival_ < order_.size()) next = jobs[order_[next_arrival_]].arrival.value();
  for (const Device& device : devices) {
    if (device.wake) next = std::min(next, *device.wake);
    for (const Running& running : device.running)
      next = std::min(next, running.resume > now ? running.resume : now + remaining[running.job] / running.speed);
  }
  if (next == std::numeric_limits<double>::infinity()) return Event::none;
  work(std::max(now, next));
  const std::size_t arrived = next_arrival_;
  while (next_arrival_ < order_.size() && jobs[order_[next_arrival_]].arrival.value() <= now)
    waiting.push_back(order_[next_arrival_++]);
  for (std::size_t d = 0; d < devices.size(); ++d) {
    const auto done = std::erase_if(devices[d].running, [&](const Running& running) {
      if (running.resume > now) return false;
      // Late on a long clock, what is left may take less time than the clock can show.
      const double left = remaining[running.job];
      if (left > done_share * jobs[running.job].length.value() && now + left / running.speed > now) return false;
      outcome.jobs[running.job].finish = carbon::Seconds{now};
      outcome.jobs[running.job].executed += carbon::Seconds{remaining[running.job]};
      remaining[running.job] = 0;
      return true;
    });
    if (done > 0) finished_on.push_back(d);
  }
  const bool woke = std::any_of(devices.begin(), devices.end(),
                                [this](const Device& device) { return device.wake && *device.wake <= now; });
  return arrived != next_arrival_ || woke || !finished_on.empty() ? Event::decide : Event::pause_over;
}

}  // namespace cradle::slicing
