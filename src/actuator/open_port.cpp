#include <algorithm>

#include "cradle/base/text.h"
#include "port.h"

namespace cradle::actuator {

namespace {

using List = Listed (*)(const OwnerOptions&);

const std::vector<std::string>& interfaces() {
  static const std::vector<std::string> names{"powercap", "cpufreq", "nvml", "uclamp", "cpu", "simulated"};
  return names;
}

List list_of(std::string_view interface) {
  if (interface == "powercap") return list_powercap;
  if (interface == "cpufreq") return list_cpufreq;
  if (interface == "nvml") return list_boards;
  return nullptr;
}

}  // namespace

Opened open_port(const OwnerOptions& options, std::string_view name) {
  const std::string where = "device '" + std::string(name) + "'";
  if (!is_utf8(name)) return bad_input("its name is not UTF-8", "device", "INTERFACE:NAME");
  const auto colon = name.find(':');
  const std::string_view interface = name.substr(0, colon);
  const std::string_view rest = colon == std::string_view::npos ? "" : name.substr(colon + 1);
  if (std::find(interfaces().begin(), interfaces().end(), interface) == interfaces().end())
    return bad_input("unknown interface '" + std::string(interface) + "'", where, suggest(interface, interfaces()));
  if (rest.empty()) return bad_input("no device is named", where, std::string(interface) + ":NAME");
  if (interface == "uclamp") return open_clamp(options, rest);
  if (interface == "cpu") return open_quota(options, rest);
  if (interface == "simulated") return open_simulated(rest);

  auto listed = list_of(interface)(options);
  if (!listed) return listed.error();
  std::vector<std::string> names;
  for (auto& port : *listed) {
    if (port->device().name == name) return Opened(std::move(port));
    names.push_back(port->device().name);
  }
  return missing_data("no such device", where, suggest(name, names));
}

std::vector<ActuatorReport> probe_actuators(const OwnerOptions& options) {
  std::vector<ActuatorReport> reports;
  for (const std::string& interface : interfaces()) {
    ActuatorReport report{interface, {}, {}};
    if (const List list = list_of(interface)) {
      const auto listed = list(options);
      if (listed)
        for (const auto& port : *listed) report.devices.push_back(port->device());
      else
        report.text = listed.error().message + ": " + listed.error().hint;
    } else {
      report.text = "named by its " + std::string(interface == "simulated" ? "file" : "control group");
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace cradle::actuator
