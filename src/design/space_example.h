// A small chip to vary in tests.
#pragma once

#include <string>

#include "cradle/catalog/catalog.h"
#include "cradle/design/space.h"

namespace cradle::design {

inline const catalog::Catalog& test_catalog() {
  static const catalog::Catalog catalog = *catalog::Catalog::load();
  return catalog;
}

/// The text of a study; each part may be replaced.
struct TestStudy {
  std::string head = "name = \"chip\"\nobjectives = [\"carbon\", \"delay\", \"energy\", \"cost\"]\n";
  std::string blocks =
      "[[block]]\nname = \"compute\"\nkind = \"logic\"\narea_mm2 = 300\npower_w = 150\n"
      "split = [1, 2, 4]\nnode = [\"n14\", \"n7\", \"n5\"]\n"
      "[[block]]\nname = \"cache\"\nkind = \"sram\"\narea_mm2 = 100\npower_w = 20\n"
      "split_range = [1, 2]\nnode = [\"n14\", \"n7\", \"n5\"]\n"
      "[[block]]\nname = \"io\"\nkind = \"analog\"\narea_mm2 = 60\npower_w = 20\n"
      "node = [\"n28\", \"n14\", \"n7\"]\nproducts = [1, 3]\n";
  std::string package =
      "[package]\nintegration = [\"one-die\", \"chiplets\"]\n"
      "technology = [\"organic\", \"rdl\", \"emib\", \"passive\", \"active\", \"3d\", \"hybrid\"]\n";
  std::string fab = "[fab]\ngrid = [\"TW\", \"IE\"]\n";
  std::string design = "[design]\ngrid = \"US\"\nvolume = [1e4, 1e6]\n";
  std::string use =
      "[use]\ngrid = [\"US\"]\nlifetime_years = [3, 5]\nduty = [0.4]\nthroughput = 100\ntraffic_gb_per_s = 500\n"
      "base_power_w = 10\nidle_share = 0.1\npue = 1.2\n";
  std::string constraints;

  std::string text() const { return head + blocks + package + fab + design + use + constraints; }
  Result<Space> read() const { return parse_space(text(), "chip.toml", test_catalog()); }
};

/// One block, one way to make it: every part of the text that a test does not name is fixed.
inline TestStudy one_point_study(const std::string& split, const std::string& node, const std::string& package,
                                 const std::string& area = "300") {
  TestStudy study;
  study.blocks = "[[block]]\nname = \"compute\"\nkind = \"logic\"\narea_mm2 = " + area + "\npower_w = 150\nsplit = [" +
                 split + "]\nnode = [\"" + node + "\"]\n";
  study.package = "[package]\ntechnology = [\"" + package + "\"]\n";
  study.fab = "[fab]\ngrid = [\"TW\"]\n";
  study.design = "[design]\ngrid = \"US\"\nvolume = [1e5]\n";
  study.use = "[use]\ngrid = [\"US\"]\nlifetime_years = [4]\nduty = [0.5]\nthroughput = 100\n";
  return study;
}

}  // namespace cradle::design
