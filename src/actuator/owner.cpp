#include "cradle/actuator/owner.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "port.h"
#include "run_folder.h"
#include "watchdog.h"

namespace cradle::actuator {

namespace fs = std::filesystem;

struct Owner::State {
  OwnerOptions options;
  std::optional<RunFolder> folder;  ///< neither in a dry run
  std::unique_ptr<Watchdog> watchdog;
};

namespace {

/// A port with everything that keeps it safe. In a dry run it has no watchdog and writes nothing.
class GuardedActuator : public Actuator {
 public:
  GuardedActuator(std::shared_ptr<Owner::State> state, std::unique_ptr<Port> port, Device device, Level before)
      : state_(std::move(state)), port_(std::move(port)), device_(std::move(device)), before_(before) {}

  ~GuardedActuator() override {
    if (armed_ && ::getpid() == state_->watchdog->owner() && write_back_now()) {
      std::error_code ignored;
      fs::remove(journal_, ignored);
      // The word first: a watchdog that hears it late must not write over what the next owner sets.
      if (state_->watchdog->kept(journal_) || !state_->watchdog->alive()) lock_.free();
    }
    // A fork does not free its owner's lock. Of a device that refuses, the watchdog keeps the lock and goes on trying.
    lock_.leave();
  }

  /// Journal, then watchdog: from here on whatever happens is put back.
  Result<void> arm(Lock lock, fs::path journal, std::vector<Write> saved) {
    journal_ = std::move(journal);
    lock_ = std::move(lock);
    saved_ = std::move(saved);
    const auto text = to_text({device_.name, ::getpid(), saved_});
    if (!text) return text.error();
    if (auto written = write_file(journal_, *text, Durability::program); !written) return written;
    if (auto watched = state_->watchdog->watch(journal_, *text, lock_.fd()); !watched) {
      std::error_code ignored;
      fs::remove(journal_, ignored);
      return watched;
    }
    armed_ = true;
    return {};
  }

  const Device& device() const override { return device_; }
  Result<Level> current() override { return port_->current(); }
  const Level& before() const override { return before_; }

  Result<Setting> set(const Level& level) override {
    const auto allowed = within_range(level);
    if (!allowed) return allowed.error();
    Setting setting{*allowed, port_->plan(*allowed), false};
    if (!armed_) return setting;
    if (::getpid() != state_->watchdog->owner())
      return failure("this process is a fork of the owner", where(), "open an owner of its own");
    if (!state_->watchdog->alive())
      return failure("its watchdog is gone: nothing would put it back", where(), "open the owner again");
    const auto undo = port_->saved();
    if (!undo) return undo.error();
    for (const Write& write : setting.writes)
      if (const auto written = port_->write(write); !written) return refused(written.error(), *undo);
    const auto stated = port_->stated();
    if (!stated) return refused(stated.error(), *undo);
    if (above(*stated, *allowed))
      return refused(failure("it was asked for " + to_string(*allowed) + " and says " + to_string(*stated), where(),
                             "the limit may be locked by firmware, or bound by another one"),
                     *undo);
    if (const auto taken = port_->taken(*allowed); !taken) return refused(taken.error(), *undo);
    setting.level = *stated;
    setting.applied = true;
    return setting;
  }

  Result<void> restore() override { return armed_ ? write_back_now() : Result<void>(); }

 private:
  std::string where() const { return "device '" + device_.name + "'"; }

  Result<Level> within_range(const Level& level) const {
    const Range& range = device_.range;
    const std::string hint = "choose from " + to_string(range.lowest) + " to " + to_string(range.highest) +
                             (range.unlimited ? ", or no limit" : "");
    if (level.unit != range.lowest.unit)
      return bad_input("it is not set in this unit: " + to_string(level), where(), hint);
    if (level.unlimited) {
      if (range.unlimited) return level;
      return bad_input("it always has a limit", where(), hint);
    }
    if (level.amount < range.lowest.amount || level.amount > range.highest.amount)
      return bad_input(to_string(level) + " is out of its range", where(), hint);
    Level rounded = level;
    rounded.amount = range.lowest.amount + (level.amount - range.lowest.amount) / range.step * range.step;
    return rounded;
  }

  Error refused(Error error, const std::vector<Write>& undo) {
    for (const Write& write : undo)
      if (const auto undone = port_->write(write); !undone) {
        error.message += "; and it could not be undone";
        break;
      }
    return error;
  }

  Result<void> write_back_now() {
    std::optional<Error> refusal;
    for (const Write& write : saved_) {
      const auto written = port_->write(write);
      if (!written && written.error().code != ErrorCode::missing_data && !refusal) refusal = written.error();
    }
    if (refusal) return *refusal;
    // Accepted is not done. Of a device that is gone nothing is left to compare.
    const auto now = port_->saved();
    if (!now) return now.error().code == ErrorCode::missing_data ? Result<void>() : now.error();
    if (*now == saved_) return {};
    return failure("it took the values of before and does not show them", where(), "look at the device by hand");
  }

  std::shared_ptr<Owner::State> state_;
  std::unique_ptr<Port> port_;
  Device device_;
  Level before_;
  Lock lock_;
  fs::path journal_;
  std::vector<Write> saved_;
  bool armed_ = false;
};

/// One key for one device, whatever way led to it.
std::string key_of(const Device& device) {
  std::error_code failed;
  const fs::path real = device.path.starts_with('/') ? fs::canonical(device.path, failed) : fs::path(device.path);
  return failed ? device.path : real.string();
}

/// What an earlier owner left, put back: a sentence about it, or nothing if it left nothing.
Result<std::optional<std::string>> put_back_journal(const fs::path& file, Apply apply) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return std::optional<std::string>();
  const auto text = read_file(file, 1 << 20);
  if (!text) return text.error();
  const auto journal = parse_journal(*text, file.string());
  if (!journal) return journal.error();
  std::string note = "process " + std::to_string(journal->owner) + " ended without putting it back: ";
  if (apply == Apply::yes) {
    if (const auto written = write_back(*journal); !written) return written.error();
    fs::remove(file, ignored);
    note += "done now from its journal";
  } else {
    note += "would be done now from its journal";
  }
  return std::optional<std::string>(std::move(note));
}

}  // namespace

Result<Owner> Owner::open(const OwnerOptions& options) {
  auto state = std::make_shared<State>();
  state->options = options;
  state->options.sysroot = fs::absolute(options.sysroot);  // the watchdog works from the root
  const double patience = options.patience.value();
  if (!(patience >= 0 && patience <= 3600))
    return bad_input("a patience of " + shortest(patience) + " s", "owner", "give 0 to 3600 s");
  if (options.apply == Apply::yes) {
    auto folder = RunFolder::open(options.run_folder);
    if (!folder) return folder.error();
    state->folder = std::move(*folder);
    auto watchdog = Watchdog::start();
    if (!watchdog) return watchdog.error();
    state->watchdog = std::move(*watchdog);
  }
  return Owner(std::move(state));
}

Result<std::unique_ptr<Actuator>> Owner::take(std::string_view name) {
  auto port = open_port(state_->options, name);
  if (!port) return port.error();
  Lock lock;
  std::optional<std::string> note;
  fs::path journal;
  if (state_->folder) {
    const Device& device = (*port)->device();
    const std::string key = key_of(device);
    journal = state_->folder->journal(key);
    auto locked = state_->folder->lock(key, device.name, state_->options.patience);
    if (!locked) return locked.error();
    lock = std::move(*locked);
    auto found = put_back_journal(journal, Apply::yes);
    if (!found) return found.error();
    note = std::move(*found);
    if (note) {  // its range may have followed the value
      port = open_port(state_->options, name);
      if (!port) return port.error();
    }
  }
  const auto before = (*port)->stated();
  if (!before) return before.error();
  auto saved = (*port)->saved();
  if (!saved) return saved.error();
  Device device = (*port)->device();
  if (note) device.notes.push_back(*note);
  auto actuator = std::make_unique<GuardedActuator>(state_, std::move(*port), std::move(device), *before);
  if (state_->watchdog)
    if (const auto armed = actuator->arm(std::move(lock), journal, std::move(*saved)); !armed) return armed.error();
  return std::unique_ptr<Actuator>(std::move(actuator));
}

std::int64_t Owner::watchdog_pid() const { return state_->watchdog ? state_->watchdog->pid() : 0; }
bool Owner::guarded() const { return state_->watchdog && state_->watchdog->alive(); }

}  // namespace cradle::actuator
