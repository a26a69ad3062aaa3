#include "cradle/soc/esp_config.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "cradle/base/text.h"

namespace cradle::soc {

namespace {

constexpr std::string_view kind_words[] = {"cpu", "acc", "mem", "slm", "misc", "empty"};
constexpr std::int64_t most_id = 65535;
constexpr std::int64_t most_of_kind = 16;  ///< cpu tiles, and memory tiles, of ESP since 2025.1.0
constexpr std::size_t clock_fields = 3;    ///< region, PLL, buffer

/// Every field, the empty ones as well. An empty text has none.
std::vector<std::string_view> fields_of(std::string_view text) { return split(text, ' '); }

bool is_flag(std::string_view text) { return text == "0" || text == "1"; }

std::optional<std::int64_t> whole(std::string_view text, std::int64_t low, std::int64_t high) {
  const auto number = parse_integer(text);
  if (!number || *number < low || *number > high) return std::nullopt;
  return number;
}

/// "_row_column" of a key.
std::optional<std::pair<std::int64_t, std::int64_t>> place_of(std::string_view text) {
  const auto parts = split(text, '_');
  if (parts.size() != 3 || !parts[0].empty()) return std::nullopt;
  const std::int64_t huge = std::int64_t{1} << 40;
  const auto row = whole(parts[1], 0, huge), column = whole(parts[2], 0, huge);
  if (!row || !column) return std::nullopt;
  // "02" would be another key to whatever else reads the file.
  if (std::to_string(*row) != parts[1] || std::to_string(*column) != parts[2]) return std::nullopt;
  return std::pair(*row, *column);
}

class ConfigReader {
 public:
  ConfigReader(std::string_view text, std::string source) : text_(text) { config_.source = std::move(source); }

  Result<EspConfig> read() {
    if (text_.empty()) return bad_input("the file is empty", config_.source, "name an esp_defconfig of ESP");
    if (text_.find('\0') != std::string_view::npos || !is_utf8(text_))
      return bad_input("the file is no UTF-8 text", config_.source, "name an esp_defconfig of ESP");
    for (std::size_t from = 0; from < text_.size();) {
      const std::size_t end = std::min(text_.find('\n', from), text_.size() - 1);
      ++line_;
      if (auto fine = read_line(text_.substr(from, end + 1 - from)); !fine) return fine.error();
      from = end + 1;
    }
    if (auto fine = understand(); !fine) return fine.error();
    if (auto fine = arrange(); !fine) return fine.error();
    return std::move(config_);
  }

 private:
  std::string where(std::size_t line) const { return config_.source + ":" + std::to_string(line); }
  std::string here() const { return where(line_); }

  Result<void> read_line(std::string_view whole_line) {
    std::string_view line = whole_line;
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
    EspConfig::Line kept{std::string(line), std::string(whole_line.substr(line.size())), std::nullopt};
    Result<void> fine;
    if (const std::string_view plain = trim(line); plain.empty()) {
      fine = {};
    } else if (plain.front() == '#') {
      fine = read_comment(trim(plain.substr(1)));
    } else if (const auto equals = line.find('='); equals == std::string_view::npos) {
      return bad_input("neither a setting nor a comment: '" + std::string(line.substr(0, 40)) + "'", here(),
                       "write KEY = VALUE or #KEY is not set");
    } else {
      fine = read_setting(line, equals, kept);
    }
    config_.lines.push_back(std::move(kept));
    return fine;
  }

  Result<void> read_comment(std::string_view comment) {
    constexpr std::string_view off = " is not set";
    if (!comment.ends_with(off)) return {};
    const std::string_view key = trim(comment.substr(0, comment.size() - off.size()));
    if (key.empty() || key.find(' ') != std::string_view::npos) return {};
    return keep(key, std::nullopt);
  }

  Result<void> keep(std::string_view key, std::optional<std::string> value) {
    const auto [known, fresh] = line_of_.emplace(std::string(key), line_);
    if (!fresh)
      return bad_input(std::string(key) + " was given in line " + std::to_string(known->second), here(),
                       "keep one of the two lines");
    config_.settings.push_back({std::string(key), std::move(value), line_});
    return {};
  }

  Result<void> read_setting(std::string_view line, std::size_t equals, EspConfig::Line& kept) {
    const std::string_view key = trim(line.substr(0, equals));
    if (key.empty()) return bad_input("a value without a key", here(), "write KEY = VALUE");
    // One blank belongs to the sign; any other is the start of an empty field.
    std::size_t start = equals + 1;
    if (start < line.size() && line[start] == ' ') ++start;
    const std::string_view value = line.substr(start);
    if (key.starts_with("TILE_")) return read_tile(key, value, line.substr(0, start), kept);
    if (key.starts_with("POWER_")) return read_power(key, value);
    return keep(key, std::string(trim(value)));
  }

  Result<void> read_tile(std::string_view key, std::string_view value, std::string_view before, EspConfig::Line& kept) {
    const auto place = place_of(key.substr(4));
    if (!place)
      return bad_input("no tile '" + std::string(key) + "'", here(),
                       "write TILE_row_column, counted from 0, without leading zeros");
    if (auto fine = first_time("tile", *place, tile_lines_); !fine) return fine.error();
    EspTile tile;
    tile.line = line_;
    tile.written = value;
    if (value.find('\t') != std::string_view::npos)
      return bad_input("a tab in a tile", here(), "part its fields by single blanks");
    const std::vector<std::string_view> fields = fields_of(value);
    if (fields.size() < 3)
      return bad_input("a tile has " + std::to_string(fields.size()) + " fields", here(),
                       "write id, kind and ip, parted by single blanks");
    const auto id = whole(fields[0], 0, most_id);
    if (!id)
      return bad_input("'" + std::string(fields[0]) + "' is no tile id", here(), "write a whole number, 0 or more");
    tile.id = static_cast<std::uint32_t>(*id);
    const auto [known, fresh] = ids_.emplace(*id, line_);
    if (!fresh)
      return bad_input("tile id " + std::to_string(*id) + " was given in line " + std::to_string(known->second), here(),
                       "give each tile an id of its own");
    if (fields[1].empty())
      return bad_input("the tile has no kind", here(), "write it behind the id, after a single blank");
    const auto kind = parse_tile_kind(fields[1], here());
    if (!kind) return kind.error();
    tile.kind = *kind;
    if (fields[2].empty())
      return bad_input("the tile has no ip", here(), "write its name behind the kind, after a single blank");
    tile.ip = fields[2];
    std::vector<std::string_view> more(fields.begin() + 3, fields.end());
    if (auto fine = read_more(tile, more); !fine) {
      // A blank at the end of the line is a field that says nothing.
      if (more.empty() || !more.back().empty()) return fine.error();
      more.pop_back();
      if (!read_more(tile, more)) return fine.error();
    }
    // Rows and columns beyond 32 bits are outside of every grid; `arrange` says so.
    places_.push_back(*place);
    if (record(tile) == value) {
      kept.text = before;
      kept.tile = config_.tiles.size();
    }
    config_.tiles.push_back(std::move(tile));
    return {};
  }

  /// The fields behind the ip.
  Result<void> read_more(EspTile& tile, std::span<const std::string_view> fields) const {
    const auto numbers = [](std::span<const std::string_view> words) {
      return std::all_of(words.begin(), words.end(), [](auto word) { return whole(word, 0, most_id).has_value(); });
    };
    tile.clock.clear();
    if (tile.kind != TileKind::accelerator) {
      constexpr std::size_t most = 4;
      if (fields.size() > most || !numbers(fields))
        return bad_input("the " + std::string(name(tile.kind)) + " tile has " + std::to_string(fields.size()) +
                             " fields behind its ip that are not understood",
                         here(), "write id, kind and ip, and at most four whole numbers");
      tile.clock.assign(fields.begin(), fields.end());
      return {};
    }
    const std::string count = "the acc tile has " + std::to_string(fields.size()) + " fields behind its ip";
    const std::string form =
        "write point has_l2 has_tdvfs vendor parted by single blanks; an empty point leaves two "
        "blanks in a row";
    const std::size_t n = fields.size();
    const bool tokens = n == 4 || n == 4 + clock_fields;
    if (!tokens && n != 3 && n != 3 + clock_fields) return bad_input(count, here(), form);
    for (std::size_t flag = n - (tokens ? 3 : 2); flag < n - 1; ++flag)
      if (!is_flag(fields[flag]))
        return bad_input("'" + std::string(fields[flag]) + "' is neither 0 nor 1, where the acc tile has " +
                             (tokens && flag == n - 2 ? "has_tdvfs" : "has_l2"),
                         here(), form);
    if (is_flag(fields[n - 1]) || (!tokens && fields[n - 1].empty()))
      return bad_input(count + ", and its vendor is missing", here(), form);
    const std::size_t before_flags = n - (tokens ? 3 : 2);
    const std::span<const std::string_view> clock = fields.first(before_flags - 1);
    const std::string_view point = fields[before_flags - 1];
    if (is_flag(point)) return bad_input(count + ", and its point is missing", here(), form);
    if ((!clock.empty() && clock.size() != clock_fields) || !numbers(clock)) return bad_input(count, here(), form);
    tile.clock.assign(clock.begin(), clock.end());
    tile.point = point;
    tile.has_tdvfs.reset();
    if (tokens) tile.has_tdvfs = fields[n - 2] == "1";
    tile.has_l2 = (tokens ? fields[n - 3] : fields[n - 2]) == "1";
    tile.vendor = fields[n - 1];
    return {};
  }

  Result<void> read_power(std::string_view key, std::string_view value) {
    const auto place = place_of(key.substr(5));
    if (!place)
      return bad_input("no power record '" + std::string(key) + "'", here(),
                       "write POWER_row_column, counted from 0, without leading zeros");
    if (auto fine = first_time("power record", *place, power_lines_); !fine) return fine.error();
    std::vector<std::string_view> fields = fields_of(value);
    EspPower power;
    power.line = line_;
    const std::size_t wanted = 1 + power.numbers.size();
    if (fields.size() == wanted + 1 && fields.back().empty()) fields.pop_back();
    if (fields.size() != wanted)
      return bad_input("the power record has " + std::to_string(fields.size()) + " fields", here(),
                       "write the ip and 12 numbers, parted by single blanks");
    power.ip = fields[0];
    for (std::size_t i = 0; i < power.numbers.size(); ++i) {
      const auto number = parse_number(fields[i + 1]);
      if (!number || *number < 0)
        return bad_input("'" + std::string(fields[i + 1]) + "' is no number, 0 or more", here(),
                         "write 12 numbers behind the ip");
      power.numbers[i] = *number;
    }
    power_places_.push_back(*place);
    config_.powers.push_back(std::move(power));
    return {};
  }

  using Place = std::pair<std::int64_t, std::int64_t>;
  Result<void> first_time(const std::string& what, const Place& place, std::map<Place, std::size_t>& lines) const {
    const auto [known, fresh] = lines.emplace(place, line_);
    if (fresh) return {};
    return bad_input("the " + what + " in row " + std::to_string(place.first) + ", column " +
                         std::to_string(place.second) + " was given in line " + std::to_string(known->second),
                     here(), "keep one of the two lines");
  }

  /// A whole number that a key may hold.
  Result<std::int64_t> number(const EspSetting& setting, std::string_view text, std::int64_t low,
                              std::int64_t high) const {
    if (const auto value = whole(text, low, high)) return *value;
    return bad_input(setting.key + " is '" + std::string(text) + "'", where(setting.line),
                     "write a whole number, " + std::to_string(low) + " .. " + std::to_string(high));
  }

  Result<std::vector<std::int64_t>> numbers(const EspSetting& setting, std::size_t count) const {
    constexpr std::int64_t most = 1 << 24;
    std::vector<std::int64_t> values;
    for (const std::string_view word : split(*setting.value, ' ')) {
      if (word.empty())
        return bad_input(setting.key + " has two blanks in a row", where(setting.line),
                         "part its numbers by single blanks");
      const auto value = number(setting, word, 0, most);
      if (!value) return value.error();
      values.push_back(*value);
    }
    if (values.size() == count) return values;
    return bad_input(setting.key + " has " + std::to_string(values.size()) + " numbers", where(setting.line),
                     "write " + std::to_string(count) + " whole numbers, parted by single blanks: sets and ways");
  }

  /// True where the value says so; nothing where it says neither.
  Result<bool> flag(const EspSetting& setting) const {
    const std::string value = to_lower(*setting.value);
    if (value == "y" || value == "1" || value == "yes" || value == "true") return true;
    if (value == "n" || value == "0" || value == "no" || value == "false") return false;
    return bad_input(setting.key + " is '" + *setting.value + "'", where(setting.line),
                     "write y, or #" + setting.key + " is not set");
  }

  /// The settings that have a meaning here.
  Result<void> understand() {
    // The line of DSU_IP is misspelt in released files, and read by that name.
    static const std::set<std::string_view> other_keys = {"CONGIG_DSU_IP",  "CONFIG_DSU_IP", "CONGIG_DSU_ETH",
                                                          "CONFIG_DSU_ETH", "NCPU_TILE",     "CPU_ARCH"};
    for (const EspSetting& setting : config_.settings) {
      const std::string& key = setting.key;
      constexpr std::string_view monitor = "CONFIG_MON_";
      Result<bool> known = false;
      if (key.starts_with(monitor)) {
        known = read_monitor(setting, std::string_view(key).substr(monitor.size()));
      } else {
        known = setting.value ? read_value(setting) : known_key(key);
      }
      if (!known) return known.error();
      if (!*known && !other_keys.contains(key)) config_.unknown_keys.push_back(key);
    }
    if (!config_.caches) return {};
    for (const EspSetting& setting : config_.settings)
      if (setting.key == "CONFIG_CPU_CACHES" && (is_empty(config_.cpu_l2) || is_empty(config_.llc)))
        return bad_input(
            "CONFIG_CPU_CACHES has a cache of no size, but caches are on", where(setting.line),
            "write sets and ways of L2 and of the last level, each 1 or more, or take CONFIG_CACHE_EN out");
    return {};
  }

  static bool known_key(std::string_view key) {
    static const std::set<std::string_view> keys = {
        "CONFIG_NOC_ROWS",   "CONFIG_NOC_COLS",   "CONFIG_COH_NOC_WIDTH", "CONFIG_DMA_NOC_WIDTH",
        "CONFIG_CACHE_EN",   "CONFIG_CPU_CACHES", "CONFIG_ACC_CACHES",    "CONFIG_CACHE_LINE_SIZE",
        "CONFIG_SLM_KBYTES", "CONFIG_CLK_STR",    "CONFIG_HAS_DVFS"};
    return keys.contains(key);
  }

  Result<bool> read_monitor(const EspSetting& setting, std::string_view what) {
    static const std::set<std::string_view> monitors = {"DDR",          "MEM", "INJ", "ROUTERS",
                                                        "ACCELERATORS", "L2",  "LLC", "DVFS"};
    if (setting.value) {
      const auto on = flag(setting);
      if (!on) return on.error();
      if (*on) config_.monitors.emplace_back(what);
    }
    return monitors.contains(what);
  }

  /// False: a key that is not known.
  Result<bool> read_value(const EspSetting& setting) {
    const std::string& key = setting.key;
    const std::string& value = *setting.value;
    const auto take = [&](auto& field, std::int64_t low, std::int64_t high) -> Result<bool> {
      const auto read = number(setting, value, low, high);
      if (!read) return read.error();
      field = static_cast<std::uint32_t>(*read);
      return true;
    };
    constexpr std::int64_t widest = 4096;
    if (key == "CONFIG_NOC_ROWS") return take(config_.rows, 1, most_tiles);
    if (key == "CONFIG_NOC_COLS") return take(config_.columns, 1, most_tiles);
    if (key == "CONFIG_COH_NOC_WIDTH") return take(config_.coherence_width, 1, widest);
    if (key == "CONFIG_DMA_NOC_WIDTH") return take(config_.dma_width, 1, widest);
    if (key == "CONFIG_CACHE_LINE_SIZE") return take(config_.line_bits, 1, widest);
    if (key == "CONFIG_SLM_KBYTES") return take(config_.scratchpad_kib, 0, 1 << 24);
    if (key == "CONFIG_CPU_CACHES") {
      const auto sizes = numbers(setting, 4);
      if (!sizes) return sizes.error();
      config_.cpu_l2 = size(*sizes, 0);
      config_.llc = size(*sizes, 2);
      return true;
    }
    if (key == "CONFIG_ACC_CACHES") {
      const auto sizes = numbers(setting, 2);
      if (!sizes) return sizes.error();
      config_.accelerator_l2 = size(*sizes, 0);
      return true;
    }
    if (key == "CONFIG_CACHE_EN" || key == "CONFIG_HAS_DVFS") {
      const auto on = flag(setting);
      if (!on) return on.error();
      (key == "CONFIG_CACHE_EN" ? config_.caches : config_.has_dvfs) = *on;
      return true;
    }
    if (key == "CONFIG_CLK_STR") {
      config_.clock = value;
      return true;
    }
    if (key == "CPU_ARCH") {
      static const std::vector<std::string> known = {"ariane", "leon3", "ibex"};
      if (std::find(known.begin(), known.end(), value) == known.end())
        return bad_input("no processor '" + value + "'", where(setting.line), suggest(value, known));
      config_.cpu_arch = value;
      return true;
    }
    if (key == "NCPU_TILE") {
      const auto count = number(setting, value, 0, most_of_kind);
      if (!count) return count.error();
      cpus_ = {*count, setting.line};
      return true;
    }
    return false;
  }

  static bool is_empty(const std::optional<CacheSize>& size) { return size && size->sets * size->ways == 0; }
  static CacheSize size(const std::vector<std::int64_t>& numbers, std::size_t at) {
    return {static_cast<std::uint64_t>(numbers[at]), static_cast<std::uint64_t>(numbers[at + 1])};
  }

  /// Every tile of the grid, once.
  Result<void> arrange() {
    for (const auto& [value, key] : {std::pair(config_.rows, "CONFIG_NOC_ROWS"), {config_.columns, "CONFIG_NOC_COLS"}})
      if (value == 0) return bad_input(std::string("no ") + key, config_.source, std::string("add ") + key + " = N");
    const std::uint64_t count = std::uint64_t{config_.rows} * config_.columns;
    const std::string grid = std::to_string(config_.rows) + " x " + std::to_string(config_.columns);
    if (count > most_tiles)
      return bad_input("the grid has " + grid + " tiles", config_.source,
                       "use at most " + std::to_string(most_tiles) + ", as ESP does");
    const auto outside = [&](const Place& place, std::size_t line, const std::string& what) -> Result<void> {
      if (place.first < config_.rows && place.second < config_.columns) return {};
      return bad_input("a " + what + " in row " + std::to_string(place.first) + ", column " +
                           std::to_string(place.second) + " is outside of the grid of " + grid,
                       where(line), "rows and columns are counted from 0; take the line out, or enlarge the grid");
    };
    for (std::size_t i = 0; i < config_.tiles.size(); ++i)
      if (auto fine = outside(places_[i], config_.tiles[i].line, "tile"); !fine) return fine.error();
    for (const EspTile& tile : config_.tiles)
      if (tile.id >= count)
        return bad_input("tile id " + std::to_string(tile.id) + " is beyond the grid of " + grid, where(tile.line),
                         "ids are counted from 0 to " + std::to_string(count - 1));
    for (std::size_t i = 0; i < config_.powers.size(); ++i) {
      if (auto fine = outside(power_places_[i], config_.powers[i].line, "power record"); !fine) return fine.error();
      config_.powers[i].row = static_cast<std::uint32_t>(power_places_[i].first);
      config_.powers[i].column = static_cast<std::uint32_t>(power_places_[i].second);
    }
    std::vector<std::optional<std::size_t>> read(count);  // by place: in the order of the file
    for (std::size_t i = 0; i < places_.size(); ++i) {
      EspTile& tile = config_.tiles[i];
      tile.row = static_cast<std::uint32_t>(places_[i].first);
      tile.column = static_cast<std::uint32_t>(places_[i].second);
      read[tile.row * config_.columns + tile.column] = i;
    }
    for (std::size_t place = 0; place < count; ++place)
      if (!read[place])
        return bad_input("the grid of " + grid + " has " + std::to_string(count) + " tiles, the file " +
                             std::to_string(config_.tiles.size()) + ": TILE_" +
                             std::to_string(place / config_.columns) + "_" + std::to_string(place % config_.columns) +
                             " is missing",
                         config_.source, "add the tile (kind empty if nothing is there), or make the grid smaller");
    std::vector<EspTile> tiles(count);
    std::vector<std::size_t> now(count);
    for (std::size_t place = 0; place < count; ++place) {
      now[*read[place]] = place;
      tiles[place] = std::move(config_.tiles[*read[place]]);
    }
    config_.tiles = std::move(tiles);
    for (EspConfig::Line& line : config_.lines)
      if (line.tile) line.tile = now[*line.tile];
    if (!cpus_) return bad_input("no NCPU_TILE", config_.source, "add NCPU_TILE = N, the number of cpu tiles");
    const auto cpus = std::count_if(config_.tiles.begin(), config_.tiles.end(),
                                    [](const EspTile& tile) { return tile.kind == TileKind::cpu; });
    if (cpus_->first != cpus)
      return bad_input(
          "NCPU_TILE is " + std::to_string(cpus_->first) + ", but there are " + std::to_string(cpus) + " cpu tiles",
          where(cpus_->second), "write the number of cpu tiles");
    std::int64_t memories = 0;
    for (const EspTile& tile : config_.tiles)
      if (tile.kind == TileKind::memory && ++memories > most_of_kind)
        return bad_input("more than " + std::to_string(most_of_kind) + " mem tiles", where(tile.line),
                         "use at most " + std::to_string(most_of_kind) + ", as ESP does");
    for (const EspPower& power : config_.powers)
      if (const EspTile& tile = config_.at(power.row, power.column); power.ip != tile.ip)
        return bad_input("the power record is of '" + power.ip + "', the tile in line " + std::to_string(tile.line) +
                             " of '" + tile.ip + "'",
                         where(power.line), "write the tile's own ip, or take the record out");
    return {};
  }

  std::string_view text_;
  EspConfig config_;
  std::size_t line_ = 0;
  std::map<std::string, std::size_t, std::less<>> line_of_;
  std::map<Place, std::size_t> tile_lines_, power_lines_;
  std::map<std::int64_t, std::size_t> ids_;
  std::vector<Place> places_, power_places_;
  std::optional<std::pair<std::int64_t, std::size_t>> cpus_;
};

}  // namespace

std::string_view name(TileKind kind) { return kind_words[static_cast<std::size_t>(kind)]; }

Result<TileKind> parse_tile_kind(std::string_view text, std::string where) {
  for (std::size_t i = 0; i < std::size(kind_words); ++i)
    if (kind_words[i] == text) return static_cast<TileKind>(i);
  const std::vector<std::string> words(std::begin(kind_words), std::end(kind_words));
  return bad_input("no kind of tile '" + std::string(text) + "'", std::move(where), suggest(text, words));
}

std::string record(const EspTile& tile) {
  std::string text = std::to_string(tile.id) + " " + std::string(name(tile.kind)) + " " + tile.ip;
  for (const std::string& field : tile.clock) text += " " + field;
  if (tile.kind != TileKind::accelerator) return text;
  const auto flag = [](bool on) { return on ? " 1" : " 0"; };
  text += " " + tile.point + flag(tile.has_l2);
  if (tile.has_tdvfs) text += flag(*tile.has_tdvfs);
  return text + " " + tile.vendor;
}

Result<EspConfig> parse_esp_config(std::string_view text, std::string source) {
  // Its first key would look like another one, and be kept as one that is not understood.
  if (text.starts_with("\xef\xbb\xbf"))
    return bad_input("the file begins with a byte order mark", source + ":1", "save it as plain UTF-8, without one");
  return ConfigReader(text, std::move(source)).read();
}

std::string to_text(const EspConfig& config) {
  std::string text;
  for (const EspConfig::Line& line : config.lines)
    text += line.text + (line.tile ? record(config.tiles[*line.tile]) : std::string()) + line.end;
  return text;
}

}  // namespace cradle::soc
