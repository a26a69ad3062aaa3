// A tool's switches by name: a struct of flags, and for each flag why a corrected model sets it.
#pragma once

#include <string_view>

namespace cradle::published {

/// One flag of `Switches`: false reproduces the tool, true corrects it or, a choice, departs from it.
template <class Switches>
struct NamedSwitch {
  std::string_view name;  ///< "wafer-300mm"
  std::string_view why;   ///< one line
  bool Switches::*flag;
  bool choice = false;    ///< as defensible either way: not part of the corrected mode
  bool no_grams = false;  ///< changes what is accepted, or how it is told, never an amount
};

/// Every flag on that is a correction.
template <class Switches, class Table>
Switches all_corrections(const Table& table) {
  Switches switches;
  for (const NamedSwitch<Switches>& entry : table)
    if (!entry.choice) switches.*(entry.flag) = true;
  return switches;
}

}  // namespace cradle::published
