// The CSV reader on any bytes: it returns rows or one error with a place and a hint, and every view it gives is
// readable.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cradle/base/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::array<std::string_view, 3> columns = {"name", "value", "note?"};
  std::uint64_t rows = 0, bytes = 0;
  const auto result =
      cradle::read_csv(text, "fuzz.csv", columns, [&](const cradle::CsvRow& row) -> cradle::Result<void> {
        ++rows;
        for (std::size_t i = 0; i < columns.size(); ++i) bytes += row.field(i).size();
        if (const auto value = row.number(1, -1e12, 1e12); !value) return value.error();
        return {};
      });
  if (result && (*result != rows || bytes > size)) std::abort();
  if (!result && (result.error().hint.empty() || result.error().where.empty())) std::abort();
  return 0;
}
