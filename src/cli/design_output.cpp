#include "design_output.h"

#include <unistd.h>

#include <cstdio>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/report/format.h"

namespace cradle::cli {

Result<OpenedStudy> open_design_study(const DesignOptions& options, std::string_view fallback) {
  auto text = design::open_study(options.study, fallback);
  if (!text) return text.error();
  if (options.print) std::fwrite(text->text.data(), 1, text->text.size(), stdout);
  return OpenedStudy{std::move(*text), options.print};
}

Result<void> check_report(const DesignOptions& options) {
  if (options.report.empty()) return {};
  const std::string where = "--report " + options.report.string();
  if (!options.study.empty() &&
      std::filesystem::weakly_canonical(options.report) == std::filesystem::weakly_canonical(options.study))
    return bad_input("would overwrite the study", where, "name another file");
  const auto folder = std::filesystem::absolute(options.report).parent_path();
  if (::access(folder.c_str(), W_OK) != 0)
    return failure("the folder cannot be written", where, "name a file in another folder");
  std::error_code unseen;
  if (std::filesystem::exists(options.report, unseen) && !std::filesystem::is_regular_file(options.report, unseen))
    return failure("this is there and no file", where, "name a file");
  return {};
}

int deliver(DesignAnswer answer, const DesignOptions& options, const Common& common) {
  return deliver(std::move(answer),
                 "cradle design " + options.action + (options.study.empty() ? "" : " " + options.study) +
                     (options.ledger.empty() ? "" : " --ledger " + options.ledger.string()) +
                     (options.run.empty() ? "" : " --run " + options.run),
                 options.report, options.output, common);
}

int deliver(DesignAnswer answer, const std::string& command, const std::filesystem::path& page_file, Output output,
            const Common& common) {
  report::DesignReport& page = answer.page;
  page.created_by = "cradle 0.1.0";
  page.command = command;
  if (page.study_file.empty()) page.study_file = "its options";
  std::string printed;
  const report::Table& rows = answer.rows ? *answer.rows : page.tables.front().second;
  if (output == Output::json) {
    answer.fields.insert(answer.fields.begin(), {{"question", page.question}, {"answer", page.answer}});
    printed = rows.to_json(answer.schema, answer.fields);
  } else if (output == Output::csv) {
    printed = rows.to_csv();
  } else {
    printed = page.question + "\n" + page.answer + "\n";
    for (const auto& [heading, table] : page.tables) printed += "\n" + heading + "\n" + table.to_text(120);
    if (!page.notes.empty()) printed += "\n";
    for (const auto& note : page.notes) printed += "note: " + note + "\n";
  }
  std::fwrite(printed.data(), 1, printed.size(), stdout);
  if (page_file.empty()) return 0;
  if (auto fine = report::check(page); !fine) return fail(fine.error());
  if (auto written = write_file(page_file, report::to_html(page)); !written) return fail(written.error());
  if (!common.quiet) std::fprintf(stderr, "cradle: the page is %s\n", page_file.c_str());
  return 0;
}

report::Tornado tornado_of(std::string title, report::Axis axis, double value,
                           const std::vector<design::Swing>& swings) {
  report::Tornado tornado{std::move(title), std::move(axis), value, {}};
  constexpr std::size_t most_bars = 12;
  for (const auto& swing : swings) {
    if (tornado.bars.size() == most_bars) break;
    if (swing.at_low == swing.at_high) continue;
    const auto& figure = swing.figure;
    tornado.bars.push_back({figure.name,
                            shortest(figure.low) + " .. " + shortest(figure.value) + " .. " + shortest(figure.high),
                            swing.at_low, swing.at_high, std::nullopt, figure.source});
  }
  return tornado;
}

}  // namespace cradle::cli
