#include "cradle/published/greenfpga.h"

#include <cmath>

#include "cradle/base/text.h"
#include "cradle/embodied/formula.h"
#include "wafer_waste.h"

namespace cradle::published {

using carbon::GramsCO2e;
using carbon::GramsPerJoule;
using carbon::GramsPerKilowattHour;
using carbon::Hours;
using carbon::Joules;
using carbon::KilowattHours;
using carbon::Seconds;
using carbon::SquareMillimetres;
using carbon::Watts;

namespace {

constexpr double clustering = 10;  // alpha of the yield law
constexpr GramsPerKilowattHour published_design_intensity{700};
constexpr GramsCO2e published_end_of_life{0.78};  // of a device, whatever the file says
constexpr double load_share = 0.667, in_use = 0.1, switching = 0.2;
constexpr double published_month = 720, calendar_month = 8760.0 / 12;  // hours

constexpr std::array<NamedSwitch<GreenFpgaSwitches>, 11> switch_table{{
    {"design-intensity-of-file",
     "designing draws power at Carbon_per_kWh; published: at 700 g/kWh whatever the file says",
     &GreenFpgaSwitches::design_intensity_of_file},
    {"end-of-life-of-file",
     "discard share, carbon per ton and chip weight of the file; published: 0.78 g a part always",
     &GreenFpgaSwitches::end_of_life_of_file},
    {"whole-devices", "an application takes whole devices; published: a fraction of one will do",
     &GreenFpgaSwitches::whole_devices},
    {"operating-volume", "--ope_vol, or num_prt_mfg, counts the parts in use; published: --emb_vol does",
     &GreenFpgaSwitches::operating_volume},
    {"every-node", "one result for each node of node_list.txt; published: the first node alone",
     &GreenFpgaSwitches::every_node, false, true},
    {"wafer-300mm", "300 mm wafers; published: 450 mm, which nobody makes", &GreenFpgaSwitches::wafer_300mm},
    {"whole-dies", "a wafer's unused part is shared by its whole dies; published: by the count before rounding",
     &GreenFpgaSwitches::whole_dies},
    {"waste-yielded", "good dies alone pay for the wafer's unused part; published: it is not divided by the yield",
     &GreenFpgaSwitches::waste_yielded},
    {"waste-by-made-area", "blocks share the wafer's unused part by their area as made; published: by that in 7 nm",
     &GreenFpgaSwitches::waste_by_made_area},
    {"one-duty-cycle", "dc is the time in use; published: dc on top of a fixed 10 %, idle time counted twice",
     &GreenFpgaSwitches::one_duty_cycle},
    {"calendar-months", "months of 730 h, twelve to the year of 8,760 h; published: 720 h",
     &GreenFpgaSwitches::calendar_months},
}};

double wafer_of(const GreenFpgaSwitches& switches) { return switches.wafer_300mm ? real_wafer_mm : eco_chip_wafer_mm; }

SquareMillimetres die_area(const GreenFpgaDesign& design, const GreenFpgaTables& tables, const EcoChipNode& node) {
  SquareMillimetres area;
  for (std::size_t block = 0; block < 3; ++block)
    area += design.area * tables.area_share[block] * node.area_scale[block];
  return area;
}

GreenFpgaDevice device_of(const GreenFpgaDesign& design, const GreenFpgaTables& tables,
                          const GreenFpgaSwitches& switches, const EcoChipNode& node) {
  const SquareMillimetres made = die_area(design, tables, node);
  SquareMillimetres in_7nm;
  for (const double share_of_block : tables.area_share) in_7nm += design.area * share_of_block;

  const double good = embodied::formula::negative_binomial_yield(made.value(), node.defects.value(), clustering);
  GramsCO2e waste = wafer_waste(made, node.carbon_per_area, wafer_of(switches), switches.whole_dies);
  if (switches.waste_yielded) waste = waste / good;

  const double time_in_use = switches.one_duty_cycle ? 1 : in_use;  // `duty` is applied by the caller
  const double active = node.dynamic_share * switching + (1 - node.dynamic_share);
  GreenFpgaDevice device;
  for (std::size_t block = 0; block < 3; ++block) {
    const SquareMillimetres own = design.area * tables.area_share[block];
    const double wasted = switches.waste_by_made_area ? own * node.area_scale[block] / made : own / in_7nm;
    const GramsCO2e fresh = own * node.area_scale[block] * node.carbon_per_area / good + waste * wasted;
    device.manufacturing[block] =
        fresh * ((1 - design.recycled_share) + design.recycled_share * design.recycled_carbon);
    const Watts mean = design.power * (own / in_7nm) * (node.power_scale[block] * load_share * time_in_use * active);
    device.operational[block] = mean * Seconds{design.lifetime} * GramsPerJoule{design.use_intensity};
  }
  return device;
}

GramsCO2e sum(const std::array<GramsCO2e, 3>& blocks) { return blocks[0] + blocks[1] + blocks[2]; }

double devices_of(const GreenFpgaDesign& design, const GreenFpgaSwitches& switches) {
  if (design.devices) return *design.devices;
  const double devices = design.application_size / design.device_capacity;
  return switches.whole_devices ? std::ceil(devices) : devices;
}

GramsCO2e end_of_life_of(const GreenFpgaDesign& design, const GreenFpgaSwitches& switches) {
  if (!switches.end_of_life_of_file) return published_end_of_life;
  return GramsCO2e{
      (design.discarded_share * design.discard_carbon - (1 - design.discarded_share) * design.recycle_credit) *
      design.device_mass.value};
}

}  // namespace

std::span<const NamedSwitch<GreenFpgaSwitches>> greenfpga_switches() { return switch_table; }

GreenFpgaCarbon evaluate(const GreenFpgaDesign& design, const GreenFpgaTables& tables,
                         const GreenFpgaSwitches& switches, std::size_t node) {
  GreenFpgaCarbon result;
  result.device = device_of(design, tables, switches, tables.nodes.nodes[design.nodes[node]]);

  const double devices = devices_of(design, switches);
  const double made = devices * design.designs * design.volume;
  const double used = devices * (switches.operating_volume ? design.operating_volume : design.volume);
  const GramsPerKilowattHour design_intensity =
      switches.design_intensity_of_file ? design.use_intensity : published_design_intensity;
  result.design = Joules{design.per_person_year} * (design.people * design.gate_scale * design.designs) *
                  GramsPerJoule{design_intensity};
  result.manufacturing = sum(result.device.manufacturing) * made;
  result.end_of_life = end_of_life_of(design, switches) * made;
  result.operational = sum(result.device.operational) * used * design.duty;

  const double months = design.applications * (design.front_end.value + design.back_end.value) +
                        design.volume * design.configuration.value;
  const Hours developed{months * (switches.calendar_months ? calendar_month : published_month)};
  result.application_development =
      design.power_per_core * design.cores * Seconds{developed} * GramsPerJoule{design.development_intensity};
  return result;
}

Result<void> check(const GreenFpgaDesign& design, const GreenFpgaTables& tables, const GreenFpgaSwitches& switches,
                   const std::string& where) {
  struct Field {
    std::string_view name;
    double value;
    double low;
    double high;
    bool low_itself;
  };
  constexpr double most = 1e300;
  const Field fields[] = {{"area", design.area.value(), 0, most, false},
                          {"power", design.power.value(), 0, most, true},
                          {"lifetime", design.lifetime.value(), 0, most, false},
                          {"num_app", design.applications, 0, most, true},
                          {"num_des", design.designs, 0, most, true},
                          {"num_prt_mfg", design.volume, 0, most, false},
                          {"ope_vol", design.operating_volume, 0, most, true},
                          {"App_size", design.application_size, 0, most, false},
                          {"Fpga_cap", design.device_capacity, 0, most, false},
                          {"nfpga", design.devices.value_or(1), 0, most, false},
                          {"FE_dev_time", design.front_end.value, 0, most, true},
                          {"BE_dev_time", design.back_end.value, 0, most, true},
                          {"config_time", design.configuration.value, 0, most, true},
                          {"CPU_power_per_core", design.power_per_core.value(), 0, most, true},
                          {"num_CPU_cores", design.cores, 0, most, true},
                          {"app_dev_Carbon_per_kWh", design.development_intensity.value(), 0, most, true},
                          {"Carbon_per_kWh", design.use_intensity.value(), 0, most, true},
                          {"recycle_frac", design.recycled_share, 0, 1, true},
                          {"recycle_cpa_frac", design.recycled_carbon, 0, most, true},
                          {"epp_yr", design.per_person_year.value(), 0, most, true},
                          {"tot_emp", design.people, 0, most, true},
                          {"gate_scale", design.gate_scale, 0, most, true},
                          {"dc", design.duty, 0, 1, true},
                          {"discard_frac", design.discarded_share, 0, 1, true},
                          {"Cdis_per_ton", design.discard_carbon, 0, most, true},
                          {"Crec_per_ton", design.recycle_credit, 0, most, true},
                          {"chip_weight", design.device_mass.value, 0, most, true}};
  for (const Field& field : fields)
    if (!(field.value <= field.high) || !(field.low_itself ? field.value >= field.low : field.value > field.low))
      return bad_input("'" + std::string(field.name) + "' is " + shortest(field.value), where,
                       field.high == 1    ? "it must be within 0 .. 1"
                       : field.low_itself ? "it must be 0 or more"
                                          : "it must be greater than 0");
  if (design.nodes.empty()) return bad_input("there is no node", where, "give one, such as [10]");
  for (const EcoChipNodeIndex index : design.nodes) {
    if (index >= eco_chip_node_65) return bad_input("a node is not in the tables", where, "use 7, 10, 14, 22 or 28");
    const double area = die_area(design, tables, tables.nodes.nodes[index]).value();
    const double dies = embodied::formula::dies_per_wafer(area, wafer_of(switches));
    if (switches.whole_dies ? !(dies >= 1) : !(std::isfinite(dies) && dies != 0))
      return bad_input(
          "a die of " + shortest(area) + " mm2 does not fit on a wafer of " + shortest(wafer_of(switches)) + " mm",
          where, "give a smaller area or another node");
  }
  return {};
}

Result<double> crossover(const GreenFpgaDesign& asic, const GreenFpgaDesign& fpga, const GreenFpgaTables& tables,
                         const GreenFpgaSwitches& switches) {
  for (const GreenFpgaDesign* design : {&asic, &fpga})
    if (auto fine = check(*design, tables, switches, design->name); !fine) return fine.error();
  GreenFpgaDesign none = asic, one = asic;
  none.designs = 0;
  one.designs = 1;
  const double fixed = evaluate(none, tables, switches).total().value();
  const double slope = evaluate(one, tables, switches).total().value() - fixed;
  const double reused = evaluate(fpga, tables, switches).total().value();
  const double designs = embodied::formula::crossing(fixed, slope, reused, 0.0);
  if (std::isfinite(designs) && designs > 0) return designs;
  return missing_data("no number of designs makes " + asic.name + " and " + fpga.name + " cost the same", asic.name,
                      "one of them is the better one whatever their number: compare their totals");
}

}  // namespace cradle::published
