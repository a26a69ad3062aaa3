#include "cradle/dispatch/decision_log.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "cradle/base/text.h"

namespace cradle::dispatch {

namespace {

constexpr std::string_view head = "cradle-decisions 1";

/// FNV-1a (Fowler, Noll, Vo), 64 bits.
class Fingerprint {
 public:
  void add(std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) add_byte(static_cast<unsigned char>(value >> (8 * byte)));
  }
  void add(std::int64_t value) { add(static_cast<std::uint64_t>(value)); }
  void add(int value) { add(static_cast<std::uint64_t>(value)); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(std::string_view text) {
    add(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
  }
  std::string text() const {
    constexpr const char* digits = "0123456789abcdef";
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) out += digits[state_ >> shift & 15];
    return out;
  }

 private:
  void add_byte(unsigned char byte) { state_ = (state_ ^ byte) * 0x100000001b3U; }
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

void add(Fingerprint& print, const carbon::IntensitySeries& series) {
  print.add(series.start().ms);
  print.add(series.step_ms());
  print.add(series.periodic() ? 1 : 0);
  for (const carbon::GramsPerJoule step : series.steps()) print.add(step.value());
}

void add(Fingerprint& print, const workload::Demand& demand) {
  print.add(demand.cpu_milli);
  print.add(demand.memory_mib);
  print.add(demand.gpu_count);
  print.add(demand.gpu_milli);
  for (const std::string& model : demand.gpu_models) print.add(std::string_view(model));
}

std::string_view name(Action action) {
  switch (action) {
    case Action::start: return "start";
    case Action::resume: return "resume";
    case Action::suspend: return "suspend";
    case Action::cap: return "cap";
    case Action::grow: return "grow";
    case Action::shrink: return "shrink";
    case Action::defer: return "defer";
    case Action::refuse: return "refuse";
  }
  return "";
}

void append(std::string& out, std::int64_t value) { out.append(" ").append(std::to_string(value)); }

std::string line_of(const Decision& decision) {
  std::string out = ">";
  append(out, decision.job);
  out.append(" ").append(name(decision.action));
  switch (decision.action) {
    case Action::refuse: break;
    case Action::defer: append(out, decision.until_ms); break;
    case Action::suspend:
    case Action::start:
    case Action::resume:
    case Action::cap:
    case Action::grow:
    case Action::shrink:
      append(out, decision.placement.node);
      append(out, decision.placement.gpus);
      if (decision.action == Action::suspend) break;
      append(out, decision.pace.limit);
      append(out, decision.pace.draw);
      append(out, decision.pace.speed);
      break;
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view word) {
  if (word == "%") return std::string();
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      out += word[i];
      continue;
    }
    if (i + 2 >= word.size() || digit(word[i + 1]) < 0 || digit(word[i + 2]) < 0) return std::nullopt;
    out += static_cast<char>(digit(word[i + 1]) * 16 + digit(word[i + 2]));
    i += 2;
  }
  return out;
}

/// The lines of a text with their numbers.
class Lines {
 public:
  Lines(std::string_view text, std::size_t first) : text_(text), number_(first) {}
  bool next(std::string_view& line) {
    if (at_ >= text_.size()) return false;
    const std::size_t end = std::min(text_.find('\n', at_), text_.size());
    line = text_.substr(at_, end - at_);
    begin_ = at_;
    at_ = end + 1;
    ++number_;
    return true;
  }
  std::size_t number() const { return number_ - 1; }  ///< of the line that was read last
  std::size_t begin() const { return begin_; }        ///< its first byte
  std::size_t end() const { return std::min(at_, text_.size()); }

 private:
  std::string_view text_;
  std::size_t at_ = 0, begin_ = 0, number_;
};

std::string place(std::string_view file, std::size_t line) { return std::string(file) + ":" + std::to_string(line); }

/// Strictly read numbers of a line, each within bounds.
class Fields {
 public:
  explicit Fields(std::string_view line) : words_(split(line, ' ')) {}
  std::size_t left() const { return words_.size() - at_; }
  bool ok() const { return ok_; }
  std::string_view word() {
    if (at_ >= words_.size()) return ok_ = false, std::string_view();
    return words_[at_++];
  }
  std::int64_t number(std::int64_t low, std::int64_t high) {
    const auto value = parse_integer(word());
    if (!value || *value < low || *value > high) return ok_ = false, low;
    return *value;
  }
  std::string name() {
    auto text = unescaped(word());
    if (!text) ok_ = false;
    return text ? std::move(*text) : std::string();
  }

 private:
  std::vector<std::string_view> words_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

constexpr std::int64_t longest_ms = std::int64_t{200} * 366 * ms_per_day;

std::optional<workload::Job> read_job(Fields& fields) {
  workload::Job job;
  constexpr std::int64_t most = 1'000'000'000;
  job.demand.cpu_milli = fields.number(0, most);
  job.demand.memory_mib = fields.number(0, most * 1000);
  job.demand.gpu_count = static_cast<int>(fields.number(0, workload::max_gpus_per_job));
  job.demand.gpu_milli = static_cast<int>(fields.number(0, workload::milli));
  job.duration_ms = fields.number(1, longest_ms);
  job.service_class = fields.name();
  const std::string_view models = fields.word();
  if (models != "%") {
    for (const std::string_view word : split(models, ',')) {
      auto model = unescaped(word);
      if (!model) return std::nullopt;
      job.demand.gpu_models.push_back(std::move(*model));
    }
  }
  job.name = fields.name();
  // What a request may be: a share of one GPU, several whole ones, or none.
  const workload::Demand& demand = job.demand;
  const bool sound = demand.gpu_count == 0   ? demand.gpu_milli == 0
                     : demand.gpu_count == 1 ? demand.gpu_milli > 0
                                             : demand.gpu_milli == workload::milli;
  if (!fields.ok() || fields.left() > 0 || !sound) return std::nullopt;
  return job;
}

}  // namespace

void DecisionLog::begin(std::string_view setting) {
  text_.append(head).append("\n").append(setting).append("begin\n");
  inputs_ = decisions_ = 0;
}

void DecisionLog::arrived(std::int64_t now_ms, const workload::Job& job) {
  text_ += 'a';
  append(text_, now_ms);
  append(text_, job.demand.cpu_milli);
  append(text_, job.demand.memory_mib);
  append(text_, job.demand.gpu_count);
  append(text_, job.demand.gpu_milli);
  append(text_, job.duration_ms);
  text_.append(" ").append(escaped(job.service_class)).append(" ");
  for (std::size_t i = 0; i < job.demand.gpu_models.size(); ++i)
    text_.append(i > 0 ? "," : "").append(escaped(job.demand.gpu_models[i]));
  if (job.demand.gpu_models.empty()) text_ += '%';
  text_.append(" ").append(escaped(job.name)).append("\n");
  ++inputs_;
}

void DecisionLog::finished(std::int64_t now_ms, std::span<const JobId> jobs) {
  text_ += 'f';
  append(text_, now_ms);
  for (const JobId job : jobs) append(text_, job);
  text_ += '\n';
  ++inputs_;
}

void DecisionLog::ticked(std::int64_t now_ms) {
  text_ += 't';
  append(text_, now_ms);
  text_ += '\n';
  ++inputs_;
}

void DecisionLog::decided(std::span<const Decision> decisions) {
  for (const Decision& decision : decisions) text_.append(line_of(decision)).append("\n");
  decisions_ += decisions.size();
}

void DecisionLog::end() { text_ += "end " + std::to_string(inputs_) + " " + std::to_string(decisions_) + "\n"; }

std::string setting_text(const Configuration& configuration, std::span<const fleet::NodeSpec> nodes,
                         std::span<const carbon::SiteRecord> sites, std::span<const workload::Job> typical,
                         Service service) {
  std::string text = canonical(configuration);
  text += "service " + to_iso(service.start) + " " + std::to_string(service.length_ms) + "\n";
  Fingerprint fleet;
  for (const fleet::NodeSpec& node : nodes) {
    fleet.add(std::string_view(node.name));
    fleet.add(node.cpu_milli);
    fleet.add(node.memory_mib);
    fleet.add(node.gpu_count);
    fleet.add(std::string_view(node.gpu_model));
    fleet.add(static_cast<int>(node.site));
    const fleet::PowerModel& power = node.power;
    for (const carbon::Watts watts :
         {power.gpu_idle, power.gpu_full, power.socket_idle, power.socket_full, power.memory, power.base})
      fleet.add(watts.value());
    fleet.add(power.cores_per_socket);
  }
  Fingerprint places;
  for (const carbon::SiteRecord& site : sites) {
    places.add(site.pue);
    add(places, site.average);
    if (site.marginal) add(places, *site.marginal);
  }
  Fingerprint jobs;
  for (const workload::Job& job : typical) add(jobs, job.demand);
  const auto line = [&](const char* what, std::size_t count, const Fingerprint& print) {
    text.append(what).append(" ").append(std::to_string(count)).append(" ").append(print.text()).append("\n");
  };
  line("fleet", nodes.size(), fleet);
  line("sites", sites.size(), places);
  line("typical", typical.size(), jobs);
  return text;
}

Result<std::vector<LogSection>> read_log(std::string_view text, std::string_view file) {
  std::vector<LogSection> sections;
  Lines lines(text, 1);
  std::string_view line;
  while (lines.next(line)) {
    if (line != head)
      return bad_input("not the head of a decision log", place(file, lines.number()),
                       "a section begins with '" + std::string(head) + "'");
    LogSection section;
    section.line = lines.number();
    bool begun = false, ended = false;
    std::size_t from = 0;
    while (!ended && lines.next(line)) {
      if (!begun) {
        if (line == "begin") {
          begun = true;
          from = lines.end();
          section.body_line = lines.number() + 1;
          continue;
        }
        if (line.substr(0, 5) == "name ") {
          auto name = unescaped(line.substr(5));
          if (!name) return bad_input("a name that cannot be read", place(file, lines.number()), "log the study again");
          section.name = std::move(*name);
        }
        section.setting.append(line).append("\n");
      } else if (line.substr(0, 4) == "end ") {
        ended = true;
        section.body = text.substr(from, lines.end() - from);
      }
    }
    if (!ended)
      return bad_input("the section that begins here has no end: the log was cut short", place(file, section.line),
                       "log the study again with --decisions");
    sections.push_back(std::move(section));
  }
  if (sections.empty()) return bad_input("the decision log is empty", std::string(file), "make one with --decisions");
  return sections;
}

Result<void> check_setting(const LogSection& section, std::string_view file, std::string_view setting) {
  Lines logged(section.setting, section.line + 1), asked(setting, 1);
  std::string_view one, other;
  for (;;) {
    const bool more = logged.next(one), wanted = asked.next(other);
    if (!more && !wanted) return {};
    if (more && wanted && one == other) continue;
    const auto quoted = [](bool there, std::string_view line) {
      return there ? "'" + std::string(line.substr(0, 200)) + "'" : std::string("nothing");
    };
    return bad_input("the log was made for " + quoted(more, one) + ", the study says " + quoted(wanted, other),
                     place(file, more ? logged.number() : section.body_line - 1),
                     "check it with the study, data and version that made it");
  }
}

Result<LogCheck> replay_log(const LogSection& section, std::string_view file, Dispatcher& dispatcher) {
  LogCheck check;
  std::vector<std::string> decided;  // in answer to the last input
  std::size_t next = 0;
  std::int64_t now = 0;
  const auto answered = [&](std::span<const Decision> decisions) {
    decided.clear();
    next = 0;
    for (const Decision& decision : decisions) decided.push_back(line_of(decision));
  };
  Lines lines(section.body, section.body_line);
  std::string_view line;
  while (lines.next(line)) {
    const auto refuse = [&](const std::string& what) {
      return bad_input(what, place(file, lines.number()),
                       "the log was changed by hand or damaged: log the study again");
    };
    if (line.substr(0, 2) == "> ") {
      if (next < decided.size() && decided[next] == line) {
        ++next;
        ++check.decisions;
        continue;
      }
      check.line = lines.number();
      check.logged = std::string(line);
      if (next < decided.size()) check.decided = decided[next];
      return check;
    }
    if (next < decided.size()) {
      check.line = lines.number();
      check.decided = decided[next];
      return check;
    }
    Fields fields(line);
    const std::string_view kind = fields.word();
    if (kind == "end") {
      const std::int64_t inputs = fields.number(0, longest_ms), decisions = fields.number(0, longest_ms);
      if (!fields.ok() || fields.left() > 0 || static_cast<std::uint64_t>(inputs) != check.inputs ||
          static_cast<std::uint64_t>(decisions) != check.decisions)
        return refuse("the section has " + std::to_string(check.inputs) + " inputs and " +
                      std::to_string(check.decisions) + " decisions, its end says otherwise");
      check.identical = true;
      return check;
    }
    const std::int64_t at = fields.number(now, dispatcher.service().length_ms);
    if (!fields.ok()) return refuse("no input at a time that does not run backwards and lies in the service");
    now = at;
    ++check.inputs;
    if (kind == "a") {
      auto job = read_job(fields);
      if (!job) return refuse("no arrival of a job");
      job->arrival_ms = at;
      answered(dispatcher.arrive(at, *job));
    } else if (kind == "f") {
      std::vector<JobId> jobs;
      while (fields.left() > 0 && fields.ok()) {
        const auto id = static_cast<JobId>(fields.number(0, std::int64_t{0xffffffff}));
        if (!fields.ok() || !dispatcher.is_running(id) || std::find(jobs.begin(), jobs.end(), id) != jobs.end())
          return refuse("a job finishes that is not running");
        jobs.push_back(id);
      }
      answered(dispatcher.finish(at, jobs));
    } else if (kind == "t") {
      if (fields.left() > 0) return refuse("no tick");
      answered(dispatcher.tick(at));
    } else {
      return refuse("no line of a decision log");
    }
  }
  return bad_input("the section has no end", place(file, section.line), "log the study again with --decisions");
}

}  // namespace cradle::dispatch
