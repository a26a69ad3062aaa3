// Grams from entries: who caused how much under one of the three views, by job, user, product, machine or day.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cradle/base/result.h"
#include "cradle/base/time.h"
#include "cradle/carbon/entry.h"
#include "cradle/carbon/estimate.h"
#include "cradle/carbon/metric.h"
#include "cradle/carbon/quantity.h"

namespace cradle::carbon {

/// The half-open interval [from, to).
struct Period {
  Instant from;
  Instant to;

  Seconds length() const { return Seconds{static_cast<double>(to.ms - from.ms) / static_cast<double>(ms_per_second)}; }
  friend bool operator==(const Period&, const Period&) = default;
};

enum class Grouping { job, user, product, machine, day };

std::string_view name(Grouping grouping);
/// bad_input with the nearest name if the text names no grouping.
Result<Grouping> parse_grouping(std::string_view text);

/// An exact sum of whole microjoules. 64 bits of microjoules hold 2.6 GWh, which a site of 4 MW draws in a month, so
/// joules and the rest are kept apart.
class ExactEnergy {
 public:
  constexpr ExactEnergy() = default;
  constexpr explicit ExactEnergy(std::int64_t microjoules)
      : joules_(microjoules / per_joule), rest_(microjoules % per_joule) {
    carry();
  }

  constexpr ExactEnergy& operator+=(ExactEnergy other) {
    joules_ += other.joules_;
    rest_ += other.rest_;
    carry();
    return *this;
  }
  constexpr ExactEnergy& operator-=(ExactEnergy other) {
    joules_ -= other.joules_;
    rest_ -= other.rest_;
    carry();
    return *this;
  }
  friend constexpr ExactEnergy operator+(ExactEnergy a, ExactEnergy b) { return a += b; }
  friend constexpr ExactEnergy operator-(ExactEnergy a, ExactEnergy b) { return a -= b; }
  friend constexpr auto operator<=>(const ExactEnergy&, const ExactEnergy&) = default;

  /// The nearest double.
  constexpr Joules joules() const {
    return Joules{static_cast<double>(joules_) + static_cast<double>(rest_) / static_cast<double>(per_joule)};
  }
  /// About `ratio` (0..1) of it in whole microjoules: never more than all, all at 1, and growing with the ratio.
  ExactEnergy fraction(double ratio) const;

 private:
  static constexpr std::int64_t per_joule = 1'000'000;
  constexpr void carry() {
    if (rest_ >= per_joule) {
      rest_ -= per_joule;
      ++joules_;
    } else if (rest_ < 0) {
      rest_ += per_joule;
      --joules_;
    }
  }
  std::int64_t joules_ = 0;
  std::int64_t rest_ = 0;  ///< microjoules, 0 .. 999,999
};

/// What one row of an account comes to. In the attributional and marginal view a job, user or product has no idle
/// share; in the planning view it bears one. The row of a machine or a day always holds what was idle there.
struct Figures {
  ExactEnergy energy;            ///< of the tenants, at the machine, as far as the view counts it
  ExactEnergy idle_energy;       ///< not used by or reserved for a job: idle, overhead and unattributed, at the machine
  Joules facility_energy;        ///< both, times the PUE of the site
  GramsCO2e operational;         ///< of `energy`, with PUE
  Estimate<GramsCO2e> embodied;  ///< operations / lifetime operations x EMC
  GramsCO2e idle_operational;    ///< of `idle_energy`, with PUE
  Estimate<GramsCO2e> idle_embodied;  ///< what the life of the hardware lost in the period without a job using it
  std::array<ExactEnergy, 3> energy_by_knowledge;  ///< `energy` + `idle_energy` by Knowledge

  Figures& operator+=(const Figures& other);
  Estimate<GramsCO2e> total() const;
  /// Share of the energy that is known in this way, 0..1; 0 if there is no energy.
  double share(Knowledge knowledge) const;
};

struct AccountRow {
  std::string key;  ///< the job's, user's, product's or machine's name, or the day as YYYY-MM-DD; may be empty
  Figures figures;
};

/// Which signal a site's grams were computed with. The marginal view takes the average where a site has no other.
struct SiteSignal {
  std::string site;
  Signal signal;
};

struct Account {
  View view = View::attributional;
  Grouping by = Grouping::job;
  Period period;
  std::vector<AccountRow> rows;  ///< jobs and machines in the order of their records, users and products by name, days
  Figures unassigned;            ///< idle energy and grams that belong to no row
  Figures total;                 ///< summed apart from the rows, by component
  ExactEnergy metered;           ///< every entry in the period, whatever the view counts
  ExactEnergy excluded;          ///< what the view leaves out: metered == total.energy + total.idle_energy + excluded
  std::array<ExactEnergy, 4> energy_by_role;  ///< `metered` by Role
  std::uint64_t entries = 0;                  ///< with a part in the period
  std::vector<SiteSignal> signals;
  std::vector<std::string> notes;  ///< what was left out or limited, counted
};

/// ok, or bad_input naming the first rule that the entry breaks: its component and job exist, it does not end before
/// it starts, 0 <= baseline <= energy, operations finite and >= 0, and tenants (and only they) name a job.
Result<void> check_entry(const Entry& entry, std::size_t components, std::size_t jobs);

/// ok, or bad_input: every PUE is finite and >= 1, every signal is of its kind, every component has an existing site,
/// a life (operations and time) > 0 and embodied carbon with 0 <= low <= value <= high.
Result<void> check_records(std::span<const SiteRecord> sites, std::span<const ComponentRecord> components);

/// Sums entries into an account. Pure: the same entries in the same order give the same bytes.
///
/// An entry's operational grams are its power x PUE x the exact integral of the site's intensity over its interval.
/// Entries are cut at the bounds of the period, and at 00:00 UTC when grouping by day, in proportion to time.
/// Embodied grams of a tenant are operations / lifetime operations x EMC (Gandhi et al. 2023, ASC). What is left of
/// the part of a component's life that the period takes, min(1, period / lifetime) x EMC, is its idle residue.
///
/// attributional: average signal, all joules; idle is a line of its own.
/// marginal: joules beyond the baseline, marginal signal where a site has one; hardware already bought counts nothing.
///   Capacity that was woken for a job but reserved by none (the rest of a GPU, of a socket) counts on the idle line.
/// planning: as attributional, with everything idle borne by the tenants of the same component in proportion to their
///   operations; what a component without tenants leaves is borne by all in proportion to their grams.
class Accountant {
 public:
  /// The records must outlive the accountant. bad_input as for check_records, or if the period is empty or, by day,
  /// longer than a table of days x components can be.
  static Result<Accountant> make(std::span<const SiteRecord> sites, std::span<const ComponentRecord> components,
                                 std::span<const JobRecord> jobs, View view, Grouping by, Period period);

  /// bad_input as for check_entry; missing_data if the site's intensity series does not cover the entry.
  Result<void> add(const Entry& entry);

  Account account() const;

 private:
  /// A compensated sum (Knuth's exact two-sum): the laws of conservation hold to 1e-12 over millions of terms.
  class Sum {
   public:
    void add(double term);
    double value() const { return sum_ + carry_; }

   private:
    double sum_ = 0;
    double carry_ = 0;
  };
  struct RowSums {
    ExactEnergy energy, idle_energy;
    Sum facility_joules, operational, idle_operational, embodied, embodied_low, embodied_high;
    std::array<ExactEnergy, 3> energy_by_knowledge;
    Figures figures() const;
  };
  struct ComponentSums {
    RowSums sums;
    std::array<ExactEnergy, 3> idle_by_knowledge;
    Sum operations;  ///< of the tenants, in the unit of the component's life
  };
  struct Reservation {
    ComponentIndex component;
    std::uint32_t row;
    double operations;
  };
  /// Operations by component and row. Kept as a list that is sorted and merged when it has doubled.
  class Reservations {
   public:
    void add(ComponentIndex component, std::uint32_t row, double operations);
    /// By component, then row; each pair once.
    std::vector<Reservation> tidied() const {
      auto list = list_;
      tidy(list);
      return list;
    }

   private:
    static void tidy(std::vector<Reservation>& list);
    std::vector<Reservation> list_;
    std::size_t limit_ = 1U << 16;
  };
  struct Piece {
    Instant from, to;
    double share;  ///< of the entry, by time
    ExactEnergy counted, metered;
    GramsCO2e operational;
  };

  Accountant() = default;
  void build_rows();
  Piece piece(const Entry& entry, std::int64_t counted, const SiteRecord& site, Instant from, Instant to) const;
  void add_piece(const Entry& entry, const Piece& part);
  bool tenants_have_rows() const { return by_ != Grouping::machine && by_ != Grouping::day; }
  bool counts_embodied(const ComponentRecord& component) const { return view_ != View::marginal || !component.sunk; }
  const IntensitySeries& series(const SiteRecord& site) const;
  std::size_t day_of(Instant instant) const;

  /// Share of the component's life that nobody used in the period; 0 and a note if more was used than there is.
  double unused_life(std::size_t component, std::vector<std::string>& overused) const;
  void place_idle_by_day(std::size_t component, double unused, std::vector<Figures>& rows) const;
  void charge_idle(Account& account, const std::vector<Figures>& idle) const;

  std::span<const SiteRecord> sites_;
  std::span<const ComponentRecord> components_;
  std::span<const JobRecord> jobs_;
  View view_ = View::attributional;
  Grouping by_ = Grouping::job;
  Period period_;

  std::vector<std::string> keys_;
  std::vector<std::uint32_t> row_of_;  ///< by job, or by component when grouping by machine; unused by day
  std::vector<RowSums> rows_;
  std::vector<ComponentSums> parts_;
  std::vector<double> used_by_day_;  ///< operations, component-major; only by day
  Reservations reservations_;        ///< only planning, by job, user or product
  ExactEnergy metered_, excluded_;
  std::array<ExactEnergy, 4> energy_by_role_;
  std::uint64_t entries_ = 0;
  std::uint64_t other_operations_ = 0;  ///< tenant entries whose operations are not those of the component's life
};

}  // namespace cradle::carbon
