// One opinion for each tool: the bill's facts as the tool's inputs, its answer as terms by group.
#pragma once

#include "bill_facts.h"
#include "cradle/published/opinions.h"

namespace cradle::published {

/// What a tool is asked about.
struct OpinionCase {
  const embodied::BillOfMaterials& bill;
  const BillFacts& facts;
  const catalog::Catalog& catalog;
  Mode mode;
};

Opinion act_opinion(const OpinionCase& question);
Opinion eco_chip_opinion(const OpinionCase& question);
Opinion three_d_opinion(const OpinionCase& question);
Opinion scarif_opinion(const OpinionCase& question);
Opinion boavizta_opinion(const OpinionCase& question);
Opinion ccf_opinion(const OpinionCase& question);
Opinion greensku_opinion(const OpinionCase& question);
Opinion greenfpga_opinion(const OpinionCase& question);
Opinion sci_opinion(const OpinionCase& question);

/// Collects the terms of an opinion. `amount` is how much the bill has of the coefficient's unit; terms of the same
/// coefficient and group are one.
class OpinionWriter {
 public:
  OpinionWriter(std::string tool, Mode mode) { opinion_.tool = std::move(tool), opinion_.mode = mode; }
  void term(embodied::Group group, std::string coefficient, std::string unit, double amount, carbon::GramsCO2e carbon);
  void covered(std::string what) { opinion_.covered.push_back(std::move(what)); }
  void left_out(std::string what) { opinion_.left_out.push_back(std::move(what)); }
  /// Sums by group and altogether.
  Opinion finish();

 private:
  Opinion opinion_;
  std::vector<double> amounts_;
};

}  // namespace cradle::published
