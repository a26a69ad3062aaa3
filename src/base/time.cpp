#include "cradle/base/time.h"

#include <chrono>
#include <cstdio>

#include "cradle/base/text.h"

namespace cradle {

namespace chrono = std::chrono;

CivilHour civil_hour(Instant instant) {
  const chrono::sys_time<chrono::milliseconds> point{chrono::milliseconds{instant.ms}};
  const auto day = chrono::floor<chrono::days>(point);
  const chrono::year_month_day date{day};
  return {static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
          static_cast<unsigned>(chrono::floor<chrono::hours>(point - day).count())};
}

Instant instant_of(int year, unsigned month, unsigned day, unsigned hour) {
  const chrono::sys_days days = chrono::year{year} / chrono::month{month} / chrono::day{day};
  return {chrono::milliseconds{days.time_since_epoch()}.count() + static_cast<std::int64_t>(hour) * ms_per_hour};
}

std::string to_iso(Instant instant) {
  const CivilHour civil = civil_hour(instant);
  const std::int64_t in_hour = ((instant.ms % ms_per_hour) + ms_per_hour) % ms_per_hour;
  char buffer[80];
  int length = std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02u:%02d:%02d", civil.year, civil.month, civil.day,
                             civil.hour, static_cast<int>(in_hour / 60'000), static_cast<int>(in_hour / 1000 % 60));
  std::string text(buffer, static_cast<std::size_t>(length));
  if (in_hour % 1000 != 0) {
    length = std::snprintf(buffer, sizeof buffer, ".%03d", static_cast<int>(in_hour % 1000));
    text.append(buffer, static_cast<std::size_t>(length));
  }
  return text + "Z";
}

std::string to_iso_date(Instant instant) { return to_iso(instant).substr(0, 10); }

Result<Instant> parse_instant(std::string_view text) {
  const auto refuse = [&] {
    return bad_input("not a time: '" + std::string(text.substr(0, 40)) + "'", "",
                     "write it as 2022-01-31T23:59:59Z or 2022-01-31");
  };
  const auto digits = [&](std::size_t position, std::size_t count, std::int64_t low,
                          std::int64_t high) -> std::optional<std::int64_t> {
    if (position + count > text.size()) return std::nullopt;
    const std::string_view part = text.substr(position, count);
    if (part.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    const auto value = parse_integer(part);
    if (!value || *value < low || *value > high) return std::nullopt;
    return value;
  };
  const auto year = digits(0, 4, 1, 9999), month = digits(5, 2, 1, 12), day = digits(8, 2, 1, 31);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return refuse();
  const chrono::year_month_day date = chrono::year{static_cast<int>(*year)} /
                                      chrono::month{static_cast<unsigned>(*month)} /
                                      chrono::day{static_cast<unsigned>(*day)};
  if (!date.ok()) return refuse();
  Instant instant = instant_of(static_cast<int>(*year), static_cast<unsigned>(*month), static_cast<unsigned>(*day));
  if (text.size() == 10) return instant;

  const auto hour = digits(11, 2, 0, 23), minute = digits(14, 2, 0, 59);
  if ((text[10] != 'T' && text[10] != ' ') || !hour || !minute || text[13] != ':') return refuse();
  instant.ms += *hour * ms_per_hour + *minute * 60'000;
  std::size_t position = 16;
  if (position < text.size() && text[position] == ':') {
    const auto second = digits(17, 2, 0, 60);
    if (!second) return refuse();
    instant.ms += *second * 1000;
    position = 19;
    if (position < text.size() && text[position] == '.') {
      std::int64_t scale = 100;
      std::size_t count = 0;
      while (++position < text.size() && text[position] >= '0' && text[position] <= '9') {
        instant.ms += (text[position] - '0') * scale;
        scale /= 10;
        ++count;
      }
      if (count == 0) return refuse();
    }
  }
  const std::string_view zone = text.substr(position);
  if (zone.empty() || zone == "Z") return instant;
  if (zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':') {
    const auto h = digits(position + 1, 2, 0, 23), m = digits(position + 4, 2, 0, 59);
    if (!h || !m) return refuse();
    const std::int64_t offset = *h * ms_per_hour + *m * 60'000;
    instant.ms += zone[0] == '+' ? -offset : offset;
    return instant;
  }
  return refuse();
}

}  // namespace cradle
