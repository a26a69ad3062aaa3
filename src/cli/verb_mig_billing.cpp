// What `cradle mig replay` and `cradle compare miso` bill: curves of power by kind of job, the host's share, the grid.
#include <array>

#include "cradle/base/text.h"
#include "cradle/slicing/host_share.h"
#include "verb_mig.h"

namespace cradle::cli {

namespace {

/// The work of the catalogue whose curve stands for a kind of job: inference is mostly decoding.
constexpr std::array<const char*, slicing::job_kinds> work_of_kind{"training", "fine-tuning", "decode"};

std::string kind_name(std::size_t kind) { return std::string(slicing::name(static_cast<slicing::JobKind>(kind))); }

/// RECORD stands for every kind, KIND=RECORD for one; what is not named is the first curve of the kind's work.
Result<slicing::KindCurves> curves_of(const catalog::Catalog& catalog, const catalog::Accelerator& accelerator,
                                      const std::vector<std::string>& named) {
  slicing::KindCurves curves{};
  std::vector<std::string> kinds;
  for (std::size_t kind = 0; kind < curves.size(); ++kind) kinds.push_back(kind_name(kind));
  const catalog::AcceleratorCurve* all = nullptr;
  for (const std::string& text : named) {
    const auto cut = text.find('=');
    const auto curve = catalog.find_curve(cut == std::string::npos ? text : text.substr(cut + 1), "--curve");
    if (!curve) return curve.error();
    const catalog::AcceleratorCurve** place = &all;
    if (cut != std::string::npos) {
      const std::string kind = text.substr(0, cut);
      const auto at = std::find(kinds.begin(), kinds.end(), kind);
      if (at == kinds.end()) return bad_input("no kind '" + kind + "'", "--curve", suggest(kind, kinds));
      place = &curves[static_cast<std::size_t>(at - kinds.begin())];
    }
    if (*place != nullptr)
      return bad_input("'" + text + "' is a second curve of the same jobs", "--curve",
                       "give one RECORD for all, and one KIND=RECORD for each kind");
    *place = *curve;
  }
  for (std::size_t kind = 0; kind < curves.size(); ++kind) {
    if (curves[kind] != nullptr) continue;
    curves[kind] = all;
    if (all != nullptr) continue;
    for (const auto* curve : catalog.curves_of(accelerator.id, catalog::CurveKind::slices))
      if (curves[kind] == nullptr && curve->work == work_of_kind[kind]) curves[kind] = curve;
    if (curves[kind] == nullptr)
      return missing_data("no curve of slices of '" + accelerator.id + "' for " + work_of_kind[kind], "--curve",
                          "give --curve " + kinds[kind] + "=RECORD, or add one with --catalog: docs/catalog.md");
  }
  return curves;
}

}  // namespace

Result<ReplayBilling> replay_billing(const catalog::Catalog& catalog, const slicing::PartitionTable& table,
                                     const catalog::Accelerator& accelerator, const MigOptions& options) {
  const auto curves = curves_of(catalog, accelerator, options.curves);
  if (!curves) return curves.error();
  const auto server = slicing::find_host(catalog, accelerator.id, options.server, "--server");
  if (!server) return server.error();
  const auto grid = catalog.find_grid(options.grid, "--grid");
  if (!grid) return grid.error();
  const slicing::HostShare host = *server ? slicing::host_share(catalog, **server) : slicing::HostShare{};
  auto economics = slicing::slice_economics(table, accelerator, *curves, host, options.pue,
                                            carbon::GramsPerJoule{(*grid)->average.value()});
  if (!economics) return std::move(economics).error();
  ReplayBilling billing{*std::move(economics), "", *server ? (*server)->id : std::string(), {}};
  for (std::size_t kind = 0; kind < curves->size(); ++kind)
    billing.curves += (kind == 0 ? "" : ", ") + kind_name(kind) + ": " + (*curves)[kind]->id;
  billing.notes.push_back(
      "power against slices is not measured by anybody: energy and operational grams follow the "
      "catalogue's curves (" +
      billing.curves + "), value (low .. high); pauses count from idle to working");
  if (*server)
    billing.notes.push_back("with the host's share of the server " + billing.server +
                            ((*server)->accelerator == accelerator.id
                                 ? ""
                                 : ", which holds " + (*server)->accelerator + " and not " + accelerator.id) +
                            ": idle power, and the rest as the accelerator is busy");
  else
    billing.notes.push_back(options.server.empty() ? "without a host: no server of the catalogue holds " +
                                                         accelerator.id + "; --server ID takes the share of another"
                                                   : "without a host, as asked");
  return billing;
}

}  // namespace cradle::cli
