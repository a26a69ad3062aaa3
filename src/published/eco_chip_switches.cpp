// The switches of ECO-CHIP by name.
#include <array>

#include "cradle/published/eco_chip.h"

namespace cradle::published {
namespace {

constexpr std::array<NamedSwitch<EcoChipSwitches>, 14> table{{
    {"iterations-of-file", "num_iter reaches the model; published: always 90 runs of the design flow",
     &EcoChipSwitches::iterations_of_file},
    {"package-defects", "an interposer has wiring only: a quarter of the node's defects; published: all of them",
     &EcoChipSwitches::package_defects},
    {"stack-scaled-once", "the area that TSVs add is scaled to the node once; published: twice",
     &EcoChipSwitches::stack_scaled_once},
    {"wafer-300mm", "300 mm wafers; published: 450 mm, which nobody makes", &EcoChipSwitches::wafer_300mm},
    {"bridge-yield", "each EMIB bridge yields alone; published: one yield for the sum of their areas",
     &EcoChipSwitches::bridge_yield},
    {"whole-dies", "a wafer's unused part is shared by its whole dies; published: by the count before rounding",
     &EcoChipSwitches::whole_dies},
    {"waste-yielded", "good dies alone pay for the wafer's unused part; published: it is not divided by the yield",
     &EcoChipSwitches::waste_yielded},
    {"active-wiring-of-node", "an active interposer has the wiring share of its own node; published: of 65 nm",
     &EcoChipSwitches::active_wiring_of_node},
    {"active-routers-fit",
     "routers take no more than the active interposer's area; published: its rest may be negative",
     &EcoChipSwitches::active_routers_fit},
    {"active-router-design", "routers in an active interposer are designed too; published: without effort",
     &EcoChipSwitches::active_router_design},
    {"router-yield-each", "each router yields with its own area; published: with the sum if all nodes are equal",
     &EcoChipSwitches::router_yield_each},
    {"routers-in-dies", "a chiplet's router adds to its die's area and yield; published: a die of its own",
     &EcoChipSwitches::routers_in_dies},
    {"bond-loses-dies", "a failed bond loses the good dies on it; published: the package alone",
     &EcoChipSwitches::bond_loses_dies},
    {"floorplan-descending", "bisection takes large chiplets first, as greedy balancing does; published: small first",
     &EcoChipSwitches::floorplan_descending, true},
}};

}  // namespace

std::span<const NamedSwitch<EcoChipSwitches>> eco_chip_switches() { return table; }

}  // namespace cradle::published
