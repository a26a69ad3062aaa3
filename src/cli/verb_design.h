// The actions of `cradle design`, one file each.
#pragma once

#include "verbs.h"

namespace cradle::cli {

int run_design_explore(const DesignOptions& options, const Common& common);
int run_design_show(const DesignOptions& options, const Common& common);
int run_design_break_even(const DesignOptions& options, const Common& common);
int run_design_reuse(const DesignOptions& options, const Common& common);
int run_design_fleet(const DesignOptions& options, const Common& common);
int run_design_supply(const DesignOptions& options, const Common& common);

}  // namespace cradle::cli
