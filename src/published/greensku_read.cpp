// Server configurations of GreenSKU, with the parts that their names stand for in the tables.
#include "greensku_read.h"

#include <cmath>

#include "cradle/base/text.h"
#include "greensku_fields.h"

namespace cradle::published::greensku {

namespace {

/// As the framework compares: numbers with numbers, texts with texts.
bool same(const YamlNode* a, const YamlNode* b) {
  if (!a || !b || !a->is_scalar() || !b->is_scalar()) return false;
  const auto x = a->as_number(), y = b->as_number();
  return x && y ? *x == *y : !x && !y && a->text() == b->text();
}

/// Parts of one server configuration. Curves of all parts share one list of names, later ones replacing earlier ones.
class SkuReader {
 public:
  SkuReader(const Sources& sources, std::optional<Error>& error) : sources_(sources), error_(error) {}

  Sku read(const Sources::Configuration& configuration) {
    const Fields server(&configuration.server, &error_);
    Sku sku;
    const bool named = server.has("name") && !trim(text_of(server.at("name").node())).empty();
    sku.name = named ? server.word("name") : configuration.stem;
    sku.stem = configuration.stem;
    read_processor(server.at("cpu"), sku);
    const Fields memory_of = server.at("memory"), cxl_of = server.at("cxl");
    sku.memory = memory(memory_of);
    sku.cxl = memory(cxl_of);
    if (sku.cxl.number > 0) sku.cxl_controller = controller(cxl_of.at("controller"), sku.cxl.number);
    sku.ssd = ssd(server.at("ssd"), "SSD.yaml");
    if (server.has("ssd_reuse")) sku.ssd_reuse = ssd(server.at("ssd_reuse"), "SSD_reuse.yaml");
    sku.nic = card(server.at("nic"));
    read_rack(server.at("rack"), sku);
    sku.server = group("server.yaml", server.at("type"), nullptr, nullptr);
    sku.building = building(server.at("dc"), sku);
    sku.sockets = server.number("sockets", 1, 64, 1);
    sku.height = server.rack_units("form", 0);
    sku.one_unit = server.has("form") && server.at("form").node()->text() == "1U";
    sku.utilisation = server.number("spec", 0, 1000);
    if (!provisioned_given_) sku.provisioned_utilisation = sku.utilisation;
    if (server.has("oversubscription")) read_oversubscription(server.at("oversubscription"), sku);
    if (!error_) share_curves(sku);
    return sku;
  }

 private:
  Fields table(const std::string& file) { return {&sources_.tables.at(file), &error_}; }

  /// The first entry of `entries` whose `key` is that of `wanted`.
  static std::optional<Fields> match(const std::vector<Fields>& entries, std::string_view key, const YamlNode* wanted) {
    for (const Fields& entry : entries)
      if (entry.has(key) && same(entry.at(key).node(), wanted)) return entry;
    return std::nullopt;
  }
  void no_match(const YamlNode* at, const std::string& file, const std::string& what) {
    if (at && !error_)
      error_ = at->error("is " + what + ", which " + file + " does not have", "add it there, or use one that it has");
  }
  static std::string text_of(const YamlNode* node) { return node ? node->text() : ""; }

  Derate curve(const Fields& owner, bool required) {
    const Derate flat;
    if (!owner || (!required && !owner.has("spec_derates"))) return flat;
    const Fields points = owner.at("spec_derates");
    if (!points) return flat;
    std::vector<DeratePoint> list;
    for (const auto& [utilisation, fraction] : points.node()->members()) {
      const auto at = parse_number(utilisation);
      if (!at || *at < 0 || *at > 1000)
        points.fail(fraction, "is no utilisation in percent", "write 'UTILISATION: SHARE', e.g. 40: 0.44");
      list.push_back({at.value_or(0), points.number(utilisation, 0, 100)});
    }
    if (error_) return flat;
    auto fitted = fit_curve(std::move(list), points.node()->where());
    if (fitted) return *fitted;
    error_ = fitted.error();
    return flat;
  }

  /// Carbon of 0 if there is none.
  static Part piece(const Fields& entry, double number) {
    Part part;
    part.number = number;
    part.power = entry.power("power");
    part.carbon = KilogramsCO2e{entry.number("carbon", 0, largest_figure, 0)};
    if (entry.has("lifetime")) part.lifetime = Months{entry.number("lifetime", 1e-3, 1e6)};
    return part;
  }
  Part with_curve(Part part, const Derate& own) const {
    part.curve = part.own_curve = own;
    return part;
  }

  void read_processor(const Fields& cpu, Sku& sku) {
    if (!cpu) return;
    const Fields vendor = cpu.at("vendor"), type = cpu.at("type"), count = cpu.at("core_count");
    const double number = cpu.number("number", 0, 1e6);
    if (!count) return;
    for (const Fields& maker : Fields::elements(table("CPU.yaml"))) {
      if (!maker.has("vendor") || !same(maker.at("vendor").node(), vendor.node())) continue;
      for (const Fields& model : maker.list("types")) {
        if (!model.has("type") || !same(model.at("type").node(), type.node())) continue;
        const auto entry = match(model.list("core_counts"), "count", count.node());
        if (!entry) continue;
        sku.cpu = with_curve(piece(*entry, number), curve(maker, true));
        sku.cores = entry->number("count", 0, 1e6) * number;
        sku.threads = entry->number("threads", 0, 64, 2);
        read_overhead(cpu, sku);
        return;
      }
    }
    no_match(count.node(), "CPU.yaml",
             text_of(vendor.node()) + " " + text_of(type.node()) + " of " + text_of(count.node()) + " cores");
  }

  void read_overhead(const Fields& cpu, Sku& sku) {
    if (!cpu.has("overhead")) return;
    const YamlNode& overhead = *cpu.at("overhead").node();
    if (const auto number = overhead.as_number()) {
      sku.overhead = cpu.number("overhead", 0, 1e6);
      sku.overhead_counts = *number >= 1;
      return;
    }
    std::string_view text = trim(overhead.text());
    if (text.ends_with('%')) text.remove_suffix(1);
    const auto percent = parse_number(trim(text));
    if (!percent || *percent < 0 || *percent > 100)
      cpu.fail(overhead, "is '" + overhead.text() + "', no share of cores", "write for example 10%, 0.1 or 8");
    sku.overhead = percent.value_or(0) / 100;
  }

  Part memory(const Fields& of) {
    if (!of) return {};
    const Fields type = of.at("type"), size = of.at("size"), frequency = of.at("frequency");
    const double number = of.number("number", 0, 1e6);
    if (!type || !size || !frequency) return {};
    const std::string megahertz = text_of(frequency.node()) + (frequency.node()->as_number() ? "MHz" : "");
    if (const Fields made = table("DRAM.yaml"); made.has(text_of(type.node()))) {
      const Fields kind = made.at(text_of(type.node()));
      for (const Fields& speed : kind.list("frequencies")) {
        if (!speed.has("frequency") || speed.at("frequency").node()->as_number() ||
            text_of(speed.at("frequency").node()) != megahertz)
          continue;
        if (const auto entry = match(speed.list("sizes"), "size", size.node()))
          return with_curve(piece(*entry, number), curve(kind, true));
      }
    }
    no_match(size.node(), "DRAM.yaml", text_of(type.node()) + " " + megahertz + " of " + text_of(size.node()));
    return {};
  }

  Part controller(const Fields& of, double modules) {
    if (!of) return {};
    const Fields all = table("CXL_controller.yaml"), types = all.at("types");
    if (!types || !types.has(text_of(of.node()))) {
      no_match(of.node(), "CXL_controller.yaml", "the controller '" + text_of(of.node()) + "'");
      return {};
    }
    const Fields entry = types.at(text_of(of.node()));
    const double each = entry.number("channels", 1, 1e6) * entry.number("dimms_per_channel", 1, 1e6);
    return with_curve(piece(entry, std::ceil(modules / each)), curve(all, true));
  }

  Part ssd(const Fields& of, const std::string& file) {
    if (!of) return {};
    const Fields type = of.at("type"), size = of.at("size");
    const double number = of.number("number", 0, 1e6);
    if (!type || !size) return {};
    for (const Fields& kind : Fields::elements(table(file))) {
      if (!kind.has("type") || !same(kind.at("type").node(), type.node())) continue;
      const auto entry = match(kind.list("sizes"), "size", size.node());
      if (!entry) continue;
      // What the type says replaces what the size says.
      const auto from = [&](const char* key) { return kind.has(key) ? kind : *entry; };
      Part part;
      part.number = number;
      part.power = from("power").power("power");
      part.carbon = KilogramsCO2e{from("carbon").number("carbon", 0, largest_figure, 0)};
      if (from("lifetime").has("lifetime")) part.lifetime = Months{from("lifetime").number("lifetime", 1e-3, 1e6)};
      return with_curve(part, curve(from("spec_derates"), false));
    }
    no_match(size.node(), file, text_of(type.node()) + " of " + text_of(size.node()));
    return {};
  }

  Part card(const Fields& of) {
    if (!of) return {};
    const Fields bandwidth = of.at("bandwidth"), all = table("NIC.yaml");
    const double number = of.number("number", 0, 1e6);
    if (const auto entry = match(all.list("bandwidths"), "bandwidth", bandwidth.node()))
      return with_curve(piece(*entry, number), curve(all, true));
    no_match(bandwidth.node(), "NIC.yaml", "a card of " + text_of(bandwidth.node()));
    return {};
  }

  struct Item {
    std::string group, name;
    std::size_t place;
  };

  /// The items of the entry of `file` with that type; adds up the rack units that they take.
  std::vector<Part> group(const std::string& file, const Fields& type, double* height, std::optional<Fields>* entry) {
    std::vector<Part> parts;
    if (!type) return parts;
    const auto found = match(Fields::elements(table(file)), "type", type.node());
    if (!found) {
      no_match(type.node(), file, "'" + text_of(type.node()) + "'");
      return parts;
    }
    if (entry) *entry = *found;
    const Fields items = found->at("items");
    if (!items) return parts;
    for (const auto& member : items.node()->members()) {
      const Fields item(&member.second, &error_);
      const double number = item.number("number", 0, 1e6, 1);
      items_.push_back({file, member.first, parts.size()});
      parts.push_back(with_curve(piece(item, number), curve(item, false)));
      if (height) *height += item.rack_units("capacity", 0) * number;
    }
    for (const char* needed : {"server", "fan", "rack"})
      if (std::string_view(needed) == "rack" ? file == "rack.yaml" : file == "server.yaml") items.at(needed);
    return parts;
  }

  void read_rack(const Fields& of, Sku& sku) {
    if (!of) return;
    sku.rack_power = of.power("power");
    sku.rack_height = of.rack_units("capacity", 0);
    if (of.has("spec_allocation")) {
      sku.provisioned_utilisation = of.number("spec_allocation", 0, 1000);
      provisioned_given_ = true;
    }
    sku.servers_in_rack = of.number("num_servers", 0, 1e6, 0);
    sku.rack = group("rack.yaml", of.at("type"), &sku.rack_height_taken, nullptr);
  }

  std::vector<Part> building(const Fields& of, Sku& sku) {
    if (!of) return {};
    std::optional<Fields> entry;
    auto parts = group("data_center.yaml", of.at("type"), nullptr, &entry);
    if (!entry) return parts;
    sku.racks_in_building = entry->number("rack_capacity", 0, largest_figure);
    sku.building_power = entry->power("power_capacity");
    return parts;
  }

  static void read_oversubscription(const Fields& of, Sku& sku) {
    if (!of) return;
    const Fields cores = of.at("cpu_oversubscription");
    sku.oversubscribable = cores.number("oversubscribable", 0, 1);
    sku.oversubscription = cores.number("rate", 0, 1 - 1e-9);
    const auto only = of.node()->flag_at("only_oversubscribable");
    if (!only)
      of.fail(*of.node(), "needs 'only_oversubscribable'", "write true or false");
    else if (*only)
      sku.oversubscribable = 1;
  }

  /// Curves by name: parts first, then the groups, then the items of server, rack and data centre in this order.
  void share_curves(Sku& sku) const {
    std::map<std::string, Derate> shared{{"cpu", sku.cpu.own_curve},
                                         {"memory", sku.memory.own_curve},
                                         {"cxl", sku.cxl.own_curve},
                                         {"cxl_controller", sku.cxl_controller.own_curve},
                                         {"ssd", sku.ssd.own_curve},
                                         {"ssd_reuse", sku.ssd_reuse.own_curve},
                                         {"nic", sku.nic.own_curve},
                                         {"server", {}},
                                         {"rack", {}},
                                         {"dc", {}}};
    const auto parts_of = [&sku](const std::string& file) -> std::vector<Part>& {
      return file == "server.yaml" ? sku.server : file == "rack.yaml" ? sku.rack : sku.building;
    };
    for (const char* file : {"server.yaml", "rack.yaml", "data_center.yaml"})
      for (const Item& item : items_)
        if (item.group == file) shared[item.name] = parts_of(file)[item.place].own_curve;
    for (const Item& item : items_) {
      parts_of(item.group)[item.place].curve = shared[item.name];
      if (item.group == "server.yaml" && item.name == "fan") sku.fan = item.place;
    }
    for (auto& [name, part] : {std::pair<const char*, Part*>{"cpu", &sku.cpu},
                               {"memory", &sku.memory},
                               {"cxl", &sku.cxl},
                               {"cxl_controller", &sku.cxl_controller},
                               {"ssd", &sku.ssd},
                               {"ssd_reuse", &sku.ssd_reuse},
                               {"nic", &sku.nic}})
      part->curve = shared[name];
    sku.server_curve = shared["server"];
    sku.rack_curve = shared["rack"];
    sku.building_curve = shared["dc"];
  }

  const Sources& sources_;
  std::optional<Error>& error_;
  std::vector<Item> items_;
  bool provisioned_given_ = false;
};

}  // namespace

Sku read_sku(const Sources& sources, const Sources::Configuration& configuration, std::optional<Error>& error) {
  return SkuReader(sources, error).read(configuration);
}

}  // namespace cradle::published::greensku
