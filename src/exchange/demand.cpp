#include "demand.h"

#include <sys/stat.h>

#include <utility>

#include "cradle/base/file.h"
#include "cradle/base/text.h"
#include "cradle/catalog/catalog.h"

namespace cradle::exchange {

using carbon::Watts;

Result<bool> WattsFile::look(bool always) {
  struct stat status {};
  std::string state = "absent";
  if (::stat(file_.c_str(), &status) == 0)
    state = std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "/" +
            std::to_string(status.st_size) + "/" + std::to_string(status.st_ino);
  if (state == seen_ && !always) return false;
  seen_ = std::move(state);
  const auto text = read_file(file_, 4096);
  if (!text) return text.error();
  const auto number = parse_number(trim(*text));
  if (!number || *number < 0 || *number > 1e15)
    return bad_input("not one number of watts", file_.string(), "write e.g. 1600");
  watts_ = Watts{*number};
  return true;
}

Result<DemandSource> DemandSource::open(const DemandConfig& config) {
  DemandSource source(config);
  if (config.meters.empty()) return source;
  for (const std::string& meter : config.meters)
    if (meter.starts_with("model") || meter.starts_with("simulated"))
      return bad_input("'" + meter + "' measures nothing", "meters",
                       "name a real meter (`cradle doctor` lists them), or give watts or file");
  const auto catalog = catalog::Catalog::load();
  if (!catalog) return catalog.error();
  meter::MeterOptions options;
  options.sources = config.meters;
  auto meters = meter::open_meters(options, *catalog);
  if (!meters) return meters.error();
  source.meters_ = std::move(*meters);
  return source;
}

Result<Watts> DemandSource::read(power::Ticks now, bool always) {
  if (!config_.file.empty()) {
    const auto changed = file_.look(always);
    return changed ? Result<Watts>(file_.watts()) : changed.error();
  }
  if (meters_.empty()) return config_.watts;
  // Power over less than this is noise of the counters.
  constexpr power::Ticks shortest = 100'000'000;
  if (last_ != 0 && now - last_ < shortest) return metered_;
  double microjoules = 0;
  for (const auto& meter : meters_) {
    meter::Activity activity;
    activity.interval_ns = now - last_;
    for (const meter::ZoneReading& reading : meter->read(Instant{now / 1'000'000}, activity))
      if (meter->zones()[reading.zone].parent < 0) microjoules += static_cast<double>(reading.microjoules);
  }
  if (last_ != 0) metered_ = Watts{microjoules * 1000 / static_cast<double>(now - last_) * (1 + config_.headroom)};
  last_ = now;
  return metered_;
}

}  // namespace cradle::exchange
