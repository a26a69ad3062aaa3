#include "cradle/meter/recorded.h"

#include "counter.h"
#include "cradle/base/file.h"
#include "sources.h"

namespace cradle::meter {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largest_reply = 1 << 20;

class RecordedMeter : public Meter {
 public:
  RecordedMeter(const std::string& source, const fs::path& file) : file_(file) {
    Zone zone;
    zone.name = source + "-platform";
    zone.kind = ZoneKind::platform;
    zone.path = file.string();
    zone.source = source;
    zone.knowledge = knowledge_of(source);
    zone.uncertainty = 0.05;
    zone.uncertainty_source =
        "power supplies of servers state 2 to 5 % of their rated power; replies are as old as the file, peaks between "
        "them unseen";
    zones_.push_back(std::move(zone));
  }

  const std::vector<Zone>& zones() const override { return zones_; }

  std::vector<ZoneReading> read(Instant, const Activity& activity) override {
    ZoneReading reading;
    const auto reply = parse();
    if (!reply) {
      power_.forget();
      energy_.forget();
      reading.present = false;
      reading.event = presence_.lost("no reading: " + reply.error().where + ": " + reply.error().message + ": " +
                                     reply.error().hint);
      return {reading};
    }
    if (reply->power) {
      // Sampled often, power tells more than a counter in steps of a watt-hour.
      reading.microjoules = power_.add(*reply->power, activity.interval_ns);
      energy_.forget();
    } else {
      CounterStep step = energy_.step(static_cast<std::int64_t>(reply->counted->value() * 1e6), activity.interval_ns);
      reading.microjoules = step.microjoules;
      reading.event = std::move(step.event);
      power_.forget();
    }
    if (std::string returned = presence_.found(); !returned.empty()) reading.event = std::move(returned);
    return {reading};
  }

  Result<PlatformReading> parse() const {
    auto text = read_file(file_, largest_reply);
    if (!text) return text.error();
    return zones_[0].source == "ipmi" ? parse_ipmi(*text, file_.string()) : parse_redfish(*text, file_.string());
  }

 private:
  fs::path file_;
  std::vector<Zone> zones_;
  PowerIntegral power_;
  EnergyCounter energy_;
  Presence presence_;
};

}  // namespace

Result<std::unique_ptr<Meter>> open_recorded(const std::string& source, const fs::path& file) {
  auto meter = std::make_unique<RecordedMeter>(source, file);
  if (auto reply = meter->parse(); !reply) return reply.error();
  return Result<std::unique_ptr<Meter>>(std::move(meter));
}

}  // namespace cradle::meter
