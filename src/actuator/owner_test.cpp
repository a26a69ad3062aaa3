// One owner at a time, and everything back after any death.
#include "cradle/actuator/owner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "cradle/base/random.h"
#include "run_folder.h"
#include "testing/fake_machine.h"

namespace cradle::actuator {
namespace {

namespace fs = std::filesystem;
using testing::eventually;
using testing::FakeMachine;
using testing::in_a_process;

constexpr const char* group = "cpu:/batch";
const Level fifth{Unit::microcores, 200'000};

class OwnerTest : public ::testing::Test {
 protected:
  std::string quota() const { return FakeMachine::read(machine_.group() / "cpu.max"); }
  bool restored() const { return quota() == "max 100000"; }
  /// Takes the group, sets a fifth of a processor, then does `more`; 0 if all that went well.
  int owner_that(const std::function<void(const Owner&)>& more) const {
    return in_a_process([&] {
      auto owner = Owner::open(machine_.options(Apply::yes));
      if (!owner) ::_exit(1);
      const auto actuator = owner->take(group);
      if (!actuator || !(*actuator)->set(fifth) || quota() != "20000 100000") ::_exit(2);
      more(*owner);
    });
  }
  static void kill_watchdog(const Owner& owner) {
    ::kill(static_cast<pid_t>(owner.watchdog_pid()), SIGKILL);
    if (!eventually([&] { return !owner.guarded(); })) ::_exit(3);
  }

  FakeMachine machine_;
};

TEST_F(OwnerTest, PutsBackAtTheNormalEnd) {
  EXPECT_EQ(owner_that([](const Owner&) {}), 0);
  EXPECT_TRUE(restored());  // at once: by the owner itself
  EXPECT_TRUE(restore(machine_.run_folder(), Apply::yes)->empty());
}

TEST_F(OwnerTest, PutsBackAfterEverySignalAndExit) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGKILL, SIGQUIT}) {
    const int status = owner_that([&](const Owner&) { ::raise(signal); });
    EXPECT_TRUE(WIFSIGNALED(status)) << signal;
    EXPECT_TRUE(eventually([&] { return restored(); })) << signal;
  }
  EXPECT_EQ(WEXITSTATUS(owner_that([](const Owner&) { ::_exit(7); })), 7);
  EXPECT_TRUE(eventually([&] { return restored(); }));
}

TEST_F(OwnerTest, TheWatchdogOutlivesTheProcessGroup) {
  const int status = in_a_process([&] {
    ::setpgid(0, 0);
    auto owner = Owner::open(machine_.options(Apply::yes));
    const auto actuator = owner->take(group);
    if (!actuator || !(*actuator)->set(fifth)) ::_exit(1);
    ::kill(0, SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(eventually([&] { return restored(); }));
}

TEST_F(OwnerTest, ChildrenOfTheOwnerDoNotHideItsDeath) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  const int status = owner_that([&](const Owner&) {
    if (const pid_t child = ::fork(); child == 0) {
      ::pause();  // it holds copies of everything that the owner had open
    } else {
      static_cast<void>(::write(pipe[1], &child, sizeof child) == sizeof child);
    }
    ::raise(SIGKILL);
  });
  EXPECT_TRUE(WIFSIGNALED(status));
  pid_t child = 0;
  ASSERT_EQ(::read(pipe[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  EXPECT_TRUE(eventually([&] { return restored(); }));
  // And it does not keep the device.
  auto owner = Owner::open(machine_.options(Apply::yes));
  EXPECT_TRUE(owner->take(group).has_value());
  ::kill(child, SIGKILL);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_F(OwnerTest, AForkOfTheOwnerEndsWithoutHarm) {
  auto owner = Owner::open(machine_.options(Apply::yes));
  auto actuator = owner->take(group);
  ASSERT_TRUE((*actuator)->set(fifth).has_value());
  EXPECT_EQ(in_a_process([&] {
              if ((*actuator)->set(fifth)) ::_exit(1);  // it does not own
              actuator->reset();
            }),
            0);
  EXPECT_EQ(quota(), "20000 100000");
  EXPECT_TRUE(owner->guarded());
  EXPECT_FALSE(Owner::open(machine_.options(Apply::yes))->take(group).has_value());  // nor did it free the lock
  actuator->reset();
  EXPECT_TRUE(restored());
}

TEST_F(OwnerTest, RefusesASecondOwner) {
  auto first = Owner::open(machine_.options(Apply::yes));
  auto held = first->take(group);
  ASSERT_TRUE(held.has_value());
  const std::string self = "process " + std::to_string(::getpid());
  const auto again = first->take(group);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find(self), std::string::npos);
  EXPECT_EQ(in_a_process([&] {
              auto second = Owner::open(machine_.options(Apply::yes));
              const auto refused = second->take("cpu:batch/");  // the same device by another name
              ::_exit(!refused && refused.error().message.find(self) != std::string::npos ? 0 : 1);
            }),
            0);
  EXPECT_TRUE(first->take("uclamp:/batch").has_value());  // another device of the same group
  // A dry run may look at it.
  auto looking = Owner::open(machine_.options(Apply::no));
  EXPECT_TRUE(looking->take(group).has_value());
  held->reset();
  EXPECT_TRUE(Owner::open(machine_.options(Apply::yes))->take(group).has_value());
}

TEST_F(OwnerTest, TakesOverFromTheDead) {
  EXPECT_TRUE(WIFSIGNALED(owner_that([](const Owner&) { ::raise(SIGKILL); })));
  // At once: it waits for the watchdog, and what it finds is the value of before.
  auto owner = Owner::open(machine_.options(Apply::yes));
  const auto actuator = owner->take(group);
  ASSERT_TRUE(actuator.has_value()) << to_string(actuator.error());
  EXPECT_TRUE((*actuator)->before().unlimited);
}

TEST_F(OwnerTest, TheJournalServesWhenTheWatchdogWasKilledToo) {
  const auto both_die = [&] {
    EXPECT_TRUE(WIFSIGNALED(owner_that([](const Owner& owner) {
      kill_watchdog(owner);
      ::raise(SIGKILL);
    })));
    EXPECT_EQ(quota(), "20000 100000");
  };
  both_die();
  {  // a dry run only tells
    const auto notes = restore(machine_.run_folder(), Apply::no);
    ASSERT_EQ(notes->size(), 1u);
    EXPECT_NE(notes->at(0).find("would be put back"), std::string::npos);
    EXPECT_EQ(quota(), "20000 100000");
  }
  const auto notes = restore(machine_.run_folder(), Apply::yes);
  ASSERT_EQ(notes->size(), 1u);
  EXPECT_EQ(notes->at(0).find("cpu:/batch"), 0u);
  EXPECT_TRUE(restored());
  EXPECT_TRUE(restore(machine_.run_folder(), Apply::yes)->empty());

  both_die();
  auto owner = Owner::open(machine_.options(Apply::yes));
  const auto actuator = owner->take(group);
  ASSERT_TRUE(actuator.has_value());
  EXPECT_TRUE((*actuator)->before().unlimited);
  ASSERT_EQ((*actuator)->device().notes.size(), 1u);
  EXPECT_NE((*actuator)->device().notes[0].find("journal"), std::string::npos);
  EXPECT_TRUE(restored());
  // What has an owner is left alone.
  EXPECT_NE(restore(machine_.run_folder(), Apply::yes)->at(0).find("left alone"), std::string::npos);
}

TEST_F(OwnerTest, SetsNothingWithoutItsWatchdog) {
  EXPECT_EQ(owner_that([&](const Owner& open) {
              Owner owner = open;
              const auto clamp = owner.take("uclamp:/batch");
              kill_watchdog(owner);
              const auto refused = (*clamp)->set({Unit::hundredths, 100});
              if (refused || refused.error().code != ErrorCode::failed) ::_exit(4);
              if (FakeMachine::read(machine_.group() / "cpu.uclamp.max") != "max") ::_exit(5);
              if (owner.take("cpufreq:policy0")) ::_exit(6);
            }),
            0);
  EXPECT_TRUE(restored());  // the owner could still put back what it had set
}

TEST_F(OwnerTest, ADeviceThatWentNeedsNothing) {
  EXPECT_TRUE(WIFSIGNALED(owner_that([&](const Owner& owner) {
    kill_watchdog(owner);
    ::raise(SIGKILL);
  })));
  fs::remove_all(machine_.group());
  EXPECT_EQ(restore(machine_.run_folder(), Apply::yes)->size(), 1u);
  EXPECT_TRUE(restore(machine_.run_folder(), Apply::yes)->empty());
}

TEST_F(OwnerTest, UndoesWhatTheDeviceDidNotTakeWhole) {
  const fs::path longer = machine_.zone() / "constraint_0_power_limit_uw";
  const fs::path shorter = machine_.zone() / "constraint_1_power_limit_uw";
  auto owner = Owner::open(machine_.options(Apply::yes));
  const auto rapl = owner->take("powercap:package-0");
  ASSERT_TRUE(rapl.has_value());
  // A whole number that even root cannot write, in place of the second file that is written.
  fs::remove(shorter);
  fs::create_symlink("/proc/sys/kernel/ngroups_max", shorter);
  const auto refused = (*rapl)->set({Unit::microwatts, 100'000'000});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().where.ends_with("constraint_1_power_limit_uw"));
  EXPECT_EQ(FakeMachine::read(longer), "150000000");
  fs::remove(shorter);
  FakeMachine::write(shorter, "225000000");
}

TEST_F(OwnerTest, AWatchdogForgetsWhatItsOwnerGaveBack) {
  std::optional<Owner> first = *Owner::open(machine_.options(Apply::yes));
  first->take(group).value()->set(fifth).value();  // and gone again
  EXPECT_TRUE(restored());
  auto second = Owner::open(machine_.options(Apply::yes));
  const auto actuator = second->take(group);
  ASSERT_TRUE((*actuator)->set(fifth).has_value());
  first.reset();  // waits for the end of its watchdog
  EXPECT_EQ(quota(), "20000 100000");
}

TEST_F(OwnerTest, KnowsADeviceByItsFile) {
  const fs::path link = machine_.root() / "link";
  fs::create_symlink(machine_.simulated(), link);
  auto owner = Owner::open(machine_.options(Apply::yes));
  const auto held = owner->take("simulated:" + machine_.simulated().string());
  ASSERT_TRUE(held.has_value());
  EXPECT_FALSE(owner->take("simulated:" + link.string()).has_value());
  // Names longer than files can have are told apart as well.
  const std::string deep =
      "simulated:" + machine_.root().string() + "/" + std::string(200, 'd') + "/" + std::string(200, 'f');
  for (const char* end : {"", "g"}) FakeMachine::write((deep + end).substr(10), "50000000");
  const auto one = owner->take(deep), other = owner->take(deep + "g");
  EXPECT_TRUE(one.has_value() && other.has_value());
  EXPECT_FALSE(owner->take(deep).has_value());
}

TEST_F(OwnerTest, WhatOnlySeemsPutBackIsLeftToTheWatchdog) {
  const int status = in_a_process([&] {
    auto owner = Owner::open(machine_.options(Apply::yes));
    const auto device = owner->take("simulated:" + machine_.simulated().string() + ",stuck=0.5");
    for (int i = 0; i < 100; ++i) {
      while (!(*device)->set({Unit::microwatts, 50'000'000})) continue;
      if (!(*device)->restore()) return;  // sooner or later
    }
    ::_exit(1);
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(eventually([&] { return FakeMachine::read(machine_.simulated()) == "100000000"; }));
}

TEST_F(OwnerTest, RefusesRunFoldersOfOthersAndDamagedJournals) {
  fs::create_directories(machine_.run_folder());
  ASSERT_EQ(::chmod(machine_.run_folder().c_str(), 0777), 0);
  const auto open = Owner::open(machine_.options(Apply::yes));
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().hint.find("chmod"), std::string::npos);
  EXPECT_FALSE(restore(machine_.run_folder(), Apply::yes));
  ASSERT_EQ(::chmod(machine_.run_folder().c_str(), 0700), 0);

  auto owner = Owner::open(machine_.options(Apply::yes));
  std::string name = (machine_.group() / "cpu.max").string().substr(1);
  std::replace(name.begin(), name.end(), '/', '!');
  FakeMachine::write(machine_.run_folder() / (name + ".saved"), "cradle actuator 1");
  const auto damaged = owner->take(group);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::bad_input);
  EXPECT_NE(damaged.error().hint.find("remove this file"), std::string::npos);
}

TEST_F(OwnerTest, RefusesToStartAmongThreads) {
  std::thread other([] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); });
  const auto open = Owner::open(machine_.options(Apply::yes));
  other.join();
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message.find("threads"), std::string::npos);
}

TEST(Journal, ReadsBackWhatItWroteAndNothingElse) {
  const Journal journal{"cpu:/a b", 42, {{"/sys/x", "max 100000"}, {"nvml:GPU-1@lib.so", "300000"}}};
  const std::string text = *to_text(journal);
  const auto back = parse_journal(text, "test");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->device, journal.device);
  EXPECT_EQ(back->owner, 42);
  EXPECT_EQ(back->saved, journal.saved);
  for (std::size_t size = 0; size < text.size(); ++size)
    ASSERT_FALSE(parse_journal(text.substr(0, size), "test").has_value()) << size;
  EXPECT_FALSE(to_text({"cpu:/a\nb", 1, {}}));
  EXPECT_FALSE(to_text({"cpu:/a", 1, {{"/x\ty", "1"}}}));
  EXPECT_FALSE(parse_journal("cradle actuator 1\ndevice x\nowner -3\nend\n", "test"));
  EXPECT_FALSE(parse_journal("cradle actuator 1\ndevice x\nowner 3\n\tvalue\nend\n", "test"));
}

enum class Ending { leave, exit_now, interrupted, terminated, killed, both_killed, watchdog_killed };

/// One owner's life: it sets what it likes and then ends. Exits with 0 if all answers were right.
void live(const FakeMachine& machine, const std::string& name, std::uint64_t seed, Ending ending) {
  RandomStream draws(seed, "owner");
  auto owner = Owner::open(machine.options(Apply::yes));
  if (!owner) ::_exit(10);
  const auto actuator = owner->take(name);
  if (!actuator) ::_exit(11);
  const Range& range = (*actuator)->device().range;
  const auto width = static_cast<std::uint64_t>(range.highest.amount - range.lowest.amount);
  for (std::uint64_t i = draws.below(6); i > 0; --i) {
    Level level{range.lowest.unit, range.lowest.amount};
    level.amount += static_cast<std::int64_t>(draws.below(2 * width)) - static_cast<std::int64_t>(width / 2);
    const auto before = (*actuator)->current();
    const auto set = (*actuator)->set(level);
    const bool within = level.amount >= range.lowest.amount && level.amount <= range.highest.amount;
    if (set && (!within || above(set->level, level))) ::_exit(12);
    if (!set && !name.starts_with("simulated")) {
      if (within || set.error().code != ErrorCode::bad_input) ::_exit(13);
      if (*(*actuator)->current() != *before) ::_exit(14);
    }
    if (draws.below(8) == 0 && !(*actuator)->restore() && !name.starts_with("simulated")) ::_exit(15);
  }
  switch (ending) {
    case Ending::leave: return;
    case Ending::exit_now: ::_exit(0);
    case Ending::interrupted: ::raise(SIGINT); break;
    case Ending::terminated: ::raise(SIGTERM); break;
    case Ending::killed: ::raise(SIGKILL); break;
    case Ending::both_killed:
    case Ending::watchdog_killed:
      ::kill(static_cast<pid_t>(owner->watchdog_pid()), SIGKILL);
      if (!eventually([&] { return !owner->guarded(); })) ::_exit(16);
      if (ending == Ending::both_killed) ::raise(SIGKILL);
  }
}

RC_GTEST_PROP(Owners, AnySequenceOfSetsRefusalsAndDeathsEndsAsItBegan, ()) {
  const FakeMachine machine;
  const auto files = machine.files();
  const std::vector<std::string> names{
      "powercap:package-0",
      "cpufreq:policy0",
      "cpu:/batch",
      "cpu:/old",
      "uclamp:/batch",
      "simulated:" + machine.simulated().string() + ",refusal=0.2,stuck=0.1,crash=0.05,step=0.01"};
  const int lives = *rc::gen::inRange(1, 5);
  for (int i = 0; i < lives; ++i) {
    const auto name = *rc::gen::elementOf(names);
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    // A simulated device that died can only be put back by a watchdog.
    const auto ending = static_cast<Ending>(*rc::gen::inRange(0, name.starts_with("simulated") ? 6 : 7));
    const int status = in_a_process([&] { live(machine, name, seed, ending); });
    RC_ASSERT(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
    // Where the watchdog died as well the journal waits for the next owner of that device, or for `restore`.
    if (ending != Ending::both_killed) {
      RC_ASSERT(eventually([&] {
        const auto notes = restore(machine.run_folder(), Apply::no);
        const auto mine = [&](const std::string& note) { return note.starts_with(name + ","); };
        return notes && std::none_of(notes->begin(), notes->end(), mine);
      }));
    } else if (*rc::gen::arbitrary<bool>()) {
      RC_ASSERT(in_a_process([&] { live(machine, name, seed + 1, Ending::leave); }) == 0);
    }
  }
  RC_ASSERT(restore(machine.run_folder(), Apply::yes).has_value());
  RC_ASSERT(machine.files() == files);
}

}  // namespace
}  // namespace cradle::actuator
