// Points in time: milliseconds since 1970-01-01T00:00:00Z, and their ISO 8601 text. Always UTC.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "cradle/base/result.h"

namespace cradle {

struct Instant {
  std::int64_t ms = 0;
  friend auto operator<=>(Instant, Instant) = default;
};

inline constexpr std::int64_t ms_per_second = 1000;
inline constexpr std::int64_t ms_per_hour = 3'600'000;
inline constexpr std::int64_t ms_per_day = 86'400'000;

struct CivilHour {
  int year;
  unsigned month;  ///< 1..12
  unsigned day;    ///< 1..31
  unsigned hour;   ///< 0..23
};

CivilHour civil_hour(Instant instant);
Instant instant_of(int year, unsigned month, unsigned day, unsigned hour = 0);

/// "2022-01-01T05:00:00Z"; milliseconds only when there are any.
std::string to_iso(Instant instant);
/// "2022-01-01"
std::string to_iso_date(Instant instant);
/// Reads "YYYY-MM-DD[ T]HH:MM[:SS[.fff...]][Z|+00:00]" or "YYYY-MM-DD"; other offsets are converted.
Result<Instant> parse_instant(std::string_view text);

}  // namespace cradle
