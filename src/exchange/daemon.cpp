#include "cradle/exchange/daemon.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cradle/base/random.h"
#include "cradle/exchange/banker.h"
#include "journal.h"
#include "node_side.h"
#include "udp.h"

namespace cradle::exchange {

namespace {

using power::Ticks;

constexpr Ticks ns_per_second = 1'000'000'000;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// SIGTERM, SIGINT and SIGUSR1 as something to read, while it lives.
class Signals {
 public:
  Signals() : fd_(make()) {}
  ~Signals() {
    // What came last must not end the process now.
    while (take() != 0) continue;
    ::sigprocmask(SIG_SETMASK, &before_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  int fd() const { return fd_.get(); }
  /// 0: none.
  int take() const {
    signalfd_siginfo info{};
    return ::read(fd_.get(), &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  int make() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) ::sigaddset(&set, signal);
    ::sigprocmask(SIG_BLOCK, &set, &before_);
    return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  sigset_t before_{};
  Descriptor fd_;
};

bool for_bank(const Packet& packet) {
  const auto* message = std::get_if<power::BankMessage>(&packet.body);
  return message && (message->kind == power::BankMessageKind::renew || message->kind == power::BankMessageKind::closed);
}

class Daemon {
 public:
  Daemon(const DaemonConfig& config, const DaemonOptions& options, Key key, Numbers numbers, Journal journal,
         UdpSocket socket, Endpoint bank, std::vector<Endpoint> nodes)
      : config_(config),
        options_(options),
        mark_(mark_of(config.domain)),
        key_(std::move(key)),
        numbers_(std::move(numbers)),
        journal_(std::move(journal)),
        socket_(std::move(socket)),
        bank_address_(bank),
        addresses_(std::move(nodes)),
        drops_(options.drop_seed, "exchange.drop." + std::to_string(config.node ? config.node->number : ~0U)),
        budget_file_(config.bank ? config.bank->budget_file : std::filesystem::path()) {}

  Result<void> open(std::optional<Limiter> limiter) {
    if (config_.bank) {
      const auto term = numbers_.next();
      if (!term) return term.error();
      budget_ = config_.bank->budget;
      read_budget_file(true);
      const auto coins = coins_of_budget(config_.domain, budget_, "budget");
      if (!coins) return coins.error();
      Deeds deeds;
      banker_.emplace(config_.domain.topology, config_.domain.pace, *term, *coins, now_ns(), deeds);
      carry_out(deeds);
    }
    if (!config_.node) return {};
    Outside outside{[this](const std::vector<Record>& records) { write(records); },
                    [this](const Packet& packet) { send(packet); }, [this](const std::string& text) { tell(text); }};
    auto node = NodeSide::open(config_, numbers_, std::move(limiter), std::move(outside));
    if (!node) return node.error();
    node_.emplace(std::move(*node));
    return {};
  }

  Result<void> run() {
    const Signals signals;
    const Descriptor timer(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (timer.get() < 0 || signals.fd() < 0)
      return failure("no timer or no signals", "daemon", "raise the limit of open files");
    while (!finished_) {
      const Ticks now = now_ns();
      if (banker_) step_bank(now);
      if (node_)
        if (const auto stepped = node_->step(now); !stepped) return stepped.error();
      if (node_ && node_->gone()) break;
      wait(timer.get(), signals);
      for (int signal = signals.take(); signal != 0; signal = signals.take()) heed(signal);
      read_socket();
    }
    return finish();
  }

 private:
  void step_bank(Ticks now) {
    if (now >= next_budget_) {
      next_budget_ = now + config_.domain.pace.period;
      if (read_budget_file(std::exchange(look_again_, false))) apply_budget();
    }
    if (now < banker_->next()) return;
    Deeds deeds;
    banker_->tick(now, deeds);
    carry_out(deeds);
  }

  bool read_budget_file(bool always) {
    if (config_.bank->budget_file.empty()) return false;
    const auto changed = budget_file_.look(always);
    if (!changed) {
      tell(to_string(changed.error()));
      return false;
    }
    if (!*changed) return false;
    const auto coins = coins_of_budget(config_.domain, budget_file_.watts(), config_.bank->budget_file.string());
    if (!coins) {
      // Below the floors there is nothing to take back but every coin.
      tell(to_string(coins.error()));
      if (budget_file_.watts() > budget_) return false;
    }
    budget_ = budget_file_.watts();
    return true;
  }

  void apply_budget() {
    const auto coins = coins_of_budget(config_.domain, budget_, "budget");
    const std::int64_t wanted = coins ? *coins : 0;
    if (wanted == banker_->budget()) return;
    tell("the budget is " + std::to_string(wanted) + " coins above the floors now");
    Deeds deeds;
    banker_->set_budget(wanted, deeds);
    carry_out(deeds);
  }

  void wait(int timer, const Signals& signals) const {
    const Ticks now = now_ns();
    Ticks due = std::numeric_limits<Ticks>::max();
    if (banker_) due = std::min({due, banker_->next(), next_budget_});
    if (node_) due = std::min(due, node_->next(now));
    due = std::clamp<Ticks>(due, 1, now + 3600 * ns_per_second);
    itimerspec spec{};
    spec.it_value.tv_sec = due / ns_per_second;
    spec.it_value.tv_nsec = due % ns_per_second;
    ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr);
    std::array<pollfd, 3> ends{{{socket_.fd(), POLLIN, 0}, {timer, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    ::poll(ends.data(), ends.size(), -1);
  }

  void heed(int signal) {
    if (signal == SIGUSR1) {
      look_again_ = true;
      next_budget_ = 0;
      if (node_) node_->read_demand(now_ns(), true);
      return;
    }
    if (!node_ || std::exchange(stopping_, true)) {
      finished_ = true;
      return;
    }
    tell("stopping: coins go back to the bank");
    node_->leave(now_ns());
  }

  void read_socket() {
    // Timers come first again after so many.
    constexpr int most = 64;
    std::array<std::uint8_t, 2 * largest_packet> buffer;
    for (int i = 0; i < most; ++i) {
      const auto bytes = socket_.receive(buffer);
      if (!bytes) return;
      if (drops_.uniform() < options_.drop) {
        ++dropped_;
        continue;
      }
      const auto packet = decode(*bytes, mark_, key_);
      if (const auto* refusal = std::get_if<Refusal>(&packet)) {
        if (++refused_[static_cast<std::size_t>(*refusal)] == 1)
          tell(std::string("packets are refused here, by their ") + to_string(*refusal) +
               (*refusal == Refusal::domain ? ": somebody's table [domain] differs from this one" : ""));
        continue;
      }
      if (take(std::get<Packet>(packet)))
        ++taken_;
      else
        ++foreign_;
    }
  }

  bool take(const Packet& packet) {
    const Ticks now = now_ns();
    if (!for_bank(packet)) return node_ && node_->receive(packet, now);
    if (!banker_) return false;
    Deeds deeds;
    const bool taken = banker_->receive(packet, now, deeds);
    carry_out(deeds);
    return taken;
  }

  void carry_out(const Deeds& deeds) {
    write(deeds.records);
    for (const Packet& packet : deeds.packets) send(packet);
  }

  void write(const std::vector<Record>& records) {
    if (journal_.write(records)) return;
    if (!std::exchange(told_full_, true)) tell("the log cannot be written any more: lines are missing in it");
  }

  void send(const Packet& packet) {
    const bool to_bank = for_bank(packet);
    if (!to_bank && packet.to >= addresses_.size()) return;
    const Datagram datagram = encode(packet, mark_, key_);
    if (!socket_.send(to_bank ? bank_address_ : addresses_[packet.to], datagram.span())) ++unsent_;
  }

  void tell(const std::string& text) const {
    if (options_.tell) options_.tell(text);
  }

  Result<void> finish() {
    if (banker_) {
      Deeds deeds;
      banker_->shut(deeds);
      carry_out(deeds);
    }
    std::string counts = "packets: " + std::to_string(taken_) + " taken, " + std::to_string(foreign_) +
                         " out of place, " + std::to_string(dropped_) + " dropped on purpose, " +
                         std::to_string(unsent_) + " not sent";
    for (std::size_t i = 0; i < refusals; ++i)
      if (refused_[i] != 0)
        counts += ", " + std::to_string(refused_[i]) + " refused by " + to_string(static_cast<Refusal>(i));
    tell(counts);
    return node_ ? restore() : Result<void>();
  }

  /// A device that refuses is asked again; what it refuses to the end its watchdog goes on with.
  Result<void> restore() {
    constexpr int between_tries_ms = 10;
    const Ticks until = now_ns() + config_.domain.pace.hold;
    for (;;) {
      auto restored = node_->restore();
      if (restored || now_ns() > until) return restored;
      ::poll(nullptr, 0, between_tries_ms);
    }
  }

  const DaemonConfig& config_;
  const DaemonOptions& options_;
  std::uint32_t mark_;
  Key key_;
  Numbers numbers_;
  Journal journal_;
  UdpSocket socket_;
  Endpoint bank_address_;
  std::vector<Endpoint> addresses_;
  RandomStream drops_;
  WattsFile budget_file_;
  carbon::Watts budget_{0};
  std::optional<Banker> banker_;
  std::optional<NodeSide> node_;
  Ticks next_budget_ = 0;
  bool look_again_ = false, stopping_ = false, finished_ = false, told_full_ = false;
  std::array<std::uint64_t, refusals> refused_{};
  std::uint64_t taken_ = 0, foreign_ = 0, dropped_ = 0, unsent_ = 0;
};

}  // namespace

Result<void> run_daemon(const DaemonConfig& config, const DaemonOptions& options) {
  // First of all: its watchdog is a copy of this process, which should hold nothing yet.
  std::optional<Limiter> limiter;
  if (config.node && !config.node->actuator.empty()) {
    auto opened = Limiter::open(config, options.apply);
    if (!opened) return opened.error();
    limiter.emplace(std::move(*opened));
    for (const std::string& note : limiter->device().notes)
      if (options.tell) options.tell(note);
  }
  Key key;
  if (!config.domain.key.empty()) {
    auto read = Key::read(config.domain.key);
    if (!read) return read.error();
    key = std::move(*read);
  }
  auto numbers = Numbers::open(config.state);
  if (!numbers) return numbers.error();
  auto journal = Journal::open(config.log);
  if (!journal) return journal.error();
  const auto bank = parse_endpoint(config.domain.bank, "bank");
  if (!bank) return bank.error();
  std::vector<Endpoint> nodes;
  for (const std::string& address : config.domain.addresses) {
    const auto node = parse_endpoint(address, "addresses");
    if (!node) return node.error();
    nodes.push_back(*node);
  }
  const Endpoint own = config.node ? nodes[config.node->number] : *bank;
  auto socket = UdpSocket::bind(own, config.node ? config.domain.addresses[config.node->number] : config.domain.bank);
  if (!socket) return socket.error();
  if (options.tell)
    options.tell("power daemon: " +
                 (config.node ? "node " + std::to_string(config.node->number) + " of " + std::to_string(nodes.size())
                              : std::string("bank of ") + std::to_string(nodes.size()) + " nodes") +
                 (config.node && config.bank ? " and its bank" : "") + ", domain " +
                 std::to_string(config.domain.number) + (key.open() ? ", no key" : ""));
  Daemon daemon(config, options, std::move(key), std::move(*numbers), std::move(*journal), std::move(*socket), *bank,
                std::move(nodes));
  if (const auto opened = daemon.open(std::move(limiter)); !opened) return opened.error();
  return daemon.run();
}

}  // namespace cradle::exchange
