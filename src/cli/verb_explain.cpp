// cradle explain: from a printed column or term to its formula, and from a catalogue number to its source.
#include <array>
#include <cstdio>

#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"
#include "verbs.h"

namespace cradle::cli {

namespace {

struct Term {
  const char* key;
  const char* text;
};

constexpr std::array terms{
    Term{"jsc",
         "Job sustainability cost, g: operations x joules per operation x PUE x intensity.\n"
         "Gandhi et al., SIGENERGY Energy Informatics Review 3(3), 2023. cradle/carbon/metric.h"},
    Term{"asc",
         "Amortised sustainability cost, g: sum over components of JSC + operations / lifetime operations x EMC.\n"
         "Gandhi et al. 2023. It shares out what was emitted; it must not place jobs on hardware already bought."},
    Term{"epc",
         "Embodied product cost, g: the ASC of every job that made a software product, shared ancestors split\n"
         "by use. cradle/carbon/product_dag.h"},
    Term{"emc", "Embodied carbon of a component as made, g. See `cradle catalog show ID`."},
    Term{"pue", "Power usage effectiveness: facility energy over IT energy, >= 1 (ISO/IEC 30134-2)."},
    Term{"intensity", "Grams CO2e per joule of electricity, average or marginal; the two are never mixed."},
    Term{"attributional", "View: every joule and embodied share is somebody's: ASC per job, idle on its own line."},
    Term{"marginal",
         "View: what the job changed: joules above the idle draw, marginal intensity where the site has\n"
         "one, and embodied carbon only of hardware that is bought because of it."},
    Term{"planning",
         "View: what a fleet for these jobs costs: operational and embodied, idle included, spread over\n"
         "the jobs in proportion to what they reserved."},
    Term{"operational", "Joules at the machine x PUE x the integral mean of the site's intensity, g."},
    Term{"embodied", "Reserved operations / lifetime operations x EMC, summed over components, g."},
    Term{"idle", "Operational: draw that no job had reserved. Embodied: the share of the period that no job used."},
    Term{"allocation", "Time-weighted mean of the GPU share that jobs had reserved, percent of all GPUs."},
    Term{"gpu-hour", "Useful GPU-hour: GPU share x time run, of all jobs that ran."},
    Term{"fragmentation",
         "Free GPU share that the typical jobs cannot use (Weng et al., ATC 2023).\n"
         "cradle/fleet/fragmentation.h"},
};

int print_figure(const catalog::Figure& figure) {
  const auto& e = figure.estimate;
  std::printf("%s = %s %s (low %s, high %s)\n  source:  %s\n  year:    %d\n  scope:   %s\n  licence: %s\n",
              figure.key.c_str(), shortest(e.value).c_str(), figure.unit.c_str(), shortest(e.low).c_str(),
              shortest(e.high).c_str(), figure.provenance.source.c_str(), figure.provenance.year,
              figure.provenance.scope.c_str(), figure.provenance.licence.c_str());
  if (!figure.provenance.note.empty()) std::printf("  note:    %s\n", figure.provenance.note.c_str());
  return 0;
}

}  // namespace

int run_explain(const ExplainOptions& options, const Common& common) {
  const std::string key = to_lower(options.key);
  std::vector<std::string> known;
  for (const Term& term : terms) {
    if (key == term.key) {
      std::printf("%s: %s\n", term.key, term.text);
      return 0;
    }
    known.emplace_back(term.key);
  }
  const auto catalog = catalog::Catalog::load(common.catalog);
  if (!catalog) return fail(catalog.error());
  bool found = false;
  for (const catalog::Listing& record : catalog->list())
    for (const catalog::Figure& figure : catalog->figures(record.id)) {
      const std::string full = to_lower(figure.key);
      // "t4", "t4.idle_power" and "accelerator.t4.idle_power" all name the same thing.
      const std::string short_key = full.substr(full.find('.') + 1);
      known.push_back(short_key);
      if (key != full && key != short_key && key != to_lower(record.id)) continue;
      print_figure(figure);
      found = true;
    }
  if (found) return 0;
  const auto near = nearest(key, known);
  return fail(bad_input("nothing is called '" + options.key + "'", "",
                        near ? "did you mean '" + std::string(*near) + "'?"
                             : "give a term such as asc or pue, or a catalogue key such as t4.idle_power"));
}

}  // namespace cradle::cli
