#include "pool.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace cradle::slicing {

namespace {
/// What is left of a job counts as done below this share of its length: rounding of some thousand pauses.
constexpr double done_share = 1e-9;

}  // namespace

Instance whole_instance(const PartitionTable& table) {
  return {table.whole(), static_cast<std::uint8_t>(table.profile(table.whole()).starts.front())};
}

std::vector<Holder> holders_of(const Device& device) {
  std::vector<Holder> holders;
  for (const Running& running : device.running)
    if (running.instance.profile != no_profile) holders.push_back({running.job, running.instance});
  return holders;
}

Pool::Pool(const PartitionTable& partitions, std::span<const SliceJob> all_jobs, const ReplayOptions& replay_options,
           StateId layout)
    : table(partitions), chooser(partitions), jobs(all_jobs), options(replay_options), devices(options.accelerators) {
  order_.resize(jobs.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [this](std::size_t a, std::size_t b) { return jobs[a].arrival < jobs[b].arrival; });
  outcome.jobs.resize(jobs.size());
  for (const SliceJob& job : jobs) remaining.push_back(job.length.value());
  started_.resize(jobs.size());
  running_.resize(jobs.size());
  measured_.resize(jobs.size());
  now = jobs[order_.front()].arrival.value();
  for (Device& device : devices)
    for (const Instance instance : table.instances(layout)) device.standing.push_back({instance, now});
}

std::uint8_t Pool::covers(Instance instance) const {
  return static_cast<std::uint8_t>(((1U << table.profile(instance.profile).memory) - 1) << instance.start);
}

Pool::Place Pool::place(std::size_t device, Instance instance) const {
  const Device& there = devices[device];
  Place place{0, options.cost.reconfigure.value()};
  for (const Standing& standing : there.standing) {
    if ((covers(standing.instance) & covers(instance)) == 0) continue;
    if (standing.instance == instance) place.creation = 0;
    const bool held = std::any_of(there.running.begin(), there.running.end(), [&](const Running& running) {
      return running.instance == standing.instance || running.instance.profile == no_profile;
    });
    place.free = std::max(place.free, held ? options.cost.checkpoint.value() : standing.free - now);
  }
  return place;
}

double Pool::pause(std::size_t job, ProfileId profile, const Place& place) const {
  const double saved = running_[job] ? options.cost.checkpoint.value() : 0;
  const double restart = started_[job] ? options.cost.restart.value() : 0;
  // On the whole accelerator the speed is 1: there is nothing to measure.
  const double measuring = measured_[job] || profile == table.whole() ? 0 : first_pause;
  return std::max(saved, place.free) + place.creation + restart + measuring;
}

void Pool::leave(Device& device, Instance instance) const {
  for (Standing& standing : device.standing)
    if (standing.instance == instance || instance.profile == no_profile)
      standing.free = now + options.cost.checkpoint.value();
}

void Pool::assign(std::size_t device, const std::vector<Holder>& holders) {
  const std::vector<Running> before = devices[device].running;
  std::vector<Running> after;
  bool changed = before.size() != holders.size();
  for (const Holder& holder : holders) {
    const auto same = std::find_if(before.begin(), before.end(), [&](const Running& r) { return r.job == holder.job; });
    if (same != before.end() && same->instance == holder.instance) {
      after.push_back(*same);
      continue;
    }
    changed = true;
    const double resume = now + pause(holder.job, holder.instance.profile, place(device, holder.instance));
    after.push_back({holder.job, holder.instance, speed(holder.job, holder.instance.profile), resume});
  }
  for (const Running& running : after) {
    const auto same =
        std::find_if(before.begin(), before.end(), [&](const Running& r) { return r.job == running.job; });
    if (same != before.end() && same->instance == running.instance) continue;
    for (Device& other : devices)
      std::erase_if(other.running, [&](const Running& there) {
        if (there.job != running.job) return false;
        leave(other, there.instance);
        return true;
      });
    std::erase(waiting, running.job);
    if (started_[running.job]) {
      ++outcome.jobs[running.job].moves;
      ++outcome.moves;
    } else {
      outcome.jobs[running.job].start = carbon::Seconds{now};
      started_[running.job] = true;
    }
    running_[running.job] = true;
  }
  for (const Running& running : before)
    if (std::none_of(holders.begin(), holders.end(), [&](const Holder& h) { return h.job == running.job; })) {
      leave(devices[device], running.instance);
      running_[running.job] = false;
      const auto later = std::find_if(waiting.begin(), waiting.end(),
                                      [&](std::size_t job) { return jobs[job].arrival > jobs[running.job].arrival; });
      waiting.insert(later, running.job);
    }
  // Empty instances stand on where the new ones leave them room.
  std::vector<Standing> standing;
  StateId state = 0;
  for (const Running& running : after) {
    state = table.with(state, running.instance);
    standing.push_back({running.instance, now});
  }
  for (const Standing& old : devices[device].standing)
    if ((table.fits(state, old.instance.profile) >> old.instance.start & 1) != 0) {
      state = table.with(state, old.instance);
      standing.push_back(old);
    }
  devices[device].standing = std::move(standing);
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
  running_[job] = true;
  shared.standing = {{whole_instance(table), now}};
  shared.wake = begin + options.cost.profiling.value();
  ++outcome.repartitions;
}

SliceLoad Pool::load(const Device& device) const {
  SliceLoad load;
  for (const Running& running : device.running) {
    // Under shared running each has its part of the whole accelerator.
    const double slices = running.instance.profile == no_profile
                              ? table.compute_slices() / static_cast<double>(device.running.size())
                              : table.profile(running.instance.profile).compute;
    auto& of_kind = running.resume > now ? load.paused : load.working;
    of_kind[static_cast<std::size_t>(jobs[running.job].kind)] += slices;
  }
  return load;
}

void Pool::work(double until) {
  for (const Device& device : devices) {
    outcome.held[load(device)] += carbon::Seconds{until - now};
    for (const Running& running : device.running) {
      if (running.resume > now) continue;
      if (running.instance.profile != table.whole()) measured_[running.job] = true;
      const double done = std::min(remaining[running.job], (until - now) * running.speed);
      remaining[running.job] -= done;
      outcome.jobs[running.job].executed += carbon::Seconds{done};
    }
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
      running_[running.job] = false;
      return true;
    });
    if (done > 0) finished_on.push_back(d);
  }
  const bool woke = std::any_of(devices.begin(), devices.end(),
                                [this](const Device& device) { return device.wake && *device.wake <= now; });
  return arrived != next_arrival_ || woke || !finished_on.empty() ? Event::decide : Event::pause_over;
}

}  // namespace cradle::slicing
