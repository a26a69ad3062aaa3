// The frame of every page: escaping, sections, figures and tables, and the file that needs no network.
#pragma once

#include <string>
#include <string_view>

#include "cradle/report/table.h"

namespace cradle::report {

/// Escaped, with the subscript that CO2 has in print and no line break between a number and its unit.
std::string html(std::string_view text);
std::string strong(std::string_view text);

/// A table in a box that scrolls on its own.
std::string boxed(const Table& table);
/// The same behind a line that opens and closes it; open where no script runs.
std::string details(const std::string& summary, const Table& table);
/// `id` names the section to the script, `title` heads it.
std::string section(const std::string& id, const std::string& title, const std::string& body);
/// An empty plot, what it shows for those who cannot see it, and the caption below.
std::string figure(const std::string& alternative, const std::string& caption);

/// Which script draws the plots.
enum class PageScript { study, design };

/// What goes into the frame: HTML, but for `json`, which is the data of the plots.
struct Page {
  std::string title, answer, figures, origin, sections, made, json;
  PageScript script;
};
std::string page(const Page& content);

}  // namespace cradle::report
