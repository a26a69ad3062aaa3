// What each verb takes from the command line. main.cpp fills these, one verb_*.cpp per verb acts on them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cradle/base/result.h"

namespace cradle::cli {

struct Common {
  std::vector<std::filesystem::path> catalog;  ///< --catalog DIR, later ones override earlier ones
  bool quiet = false;                          ///< --quiet: no notes
  bool progress = true;                        ///< --no-progress, or standard error is no terminal
  unsigned threads = 0;                        ///< --threads N; 0: one per processor
};

enum class Output { table, json, csv };

struct StudyOptions {
  std::string file;            ///< empty: the embedded default study
  std::filesystem::path data;  ///< --data DIR with the openb trace; empty: cache, then ../shared/data
  bool embedded = false;       ///< --embedded: the generated workload even if a trace is at hand
  std::filesystem::path ledger = "cradle.ledger";
  std::filesystem::path report = "cradle-report.html";
  bool print_default = false;
  std::filesystem::path decisions;        ///< --decisions FILE: the log of every input and decision; empty: none
  std::filesystem::path check_decisions;  ///< --check-decisions FILE: replay such a log instead of the study
  Output output = Output::table;
};

struct AccountOptions {
  std::filesystem::path ledger = "cradle.ledger";
  std::string run;         ///< empty: the only run, or an error that lists the runs
  std::string by = "job";  ///< job|user|product|machine|day
  std::string view = "attributional";
  Output output = Output::table;
  std::uint64_t limit = 20;  ///< rows of a table, largest total first; 0: all. json and csv default to all
};

struct CatalogOptions {
  std::string action;          ///< list|show|check|derive-grid
  std::string kind;            ///< list: accelerator|cpu|memory|storage|nic|server|grid, empty: all
  std::string id;              ///< show: the record's key; derive-grid: key of the new grid
  std::filesystem::path file;  ///< check: a file or folder; derive-grid: the hourly series
  Output output = Output::table;
};

struct CompareFgdOptions {
  std::filesystem::path nodes;  ///< empty: openb from the data folder or cache
  std::vector<std::filesystem::path> pods;
  std::vector<std::string> policies;  ///< empty: the six published ones
  std::string seeds = "42..51";
  double demand = 1.3;                   ///< requests arrive until this multiple of the capacity
  std::string tie_break = "fixed";       ///< fixed|random
  std::string quantisation = "integer";  ///< integer|full
  std::filesystem::path data;            ///< --data DIR with the openb trace
  Output output = Output::table;
};

struct CompareEmbodiedOptions {
  std::string tool;                       ///< empty: every published number of every tool
  std::filesystem::path input;            ///< --input: file or folder in the tool's own format
  bool corrected = false;                 ///< --corrected: every named defect switched off
  bool list_switches = true;              ///< tables name the switches and what each changes
  std::filesystem::path data;             ///< --data: folder that holds the tools' own files; empty: ../shared/data
  std::vector<std::string> tool_options;  ///< what the tool itself takes: "--package", "EMIB", "-c", "44", ...
  Output output = Output::table;
};

struct EmbodiedOptions {
  std::string action;    ///< show
  std::string subject;   ///< a server of the catalogue, or a bill of materials in TOML
  bool opinions = true;  ///< --no-opinions: only our own bill
  std::uint64_t samples = 100'000;
  std::uint64_t seed = 42;
  Output output = Output::table;
};

struct DesignOptions {
  std::string action;  ///< explore|show|break-even|reuse|fleet|supply
  std::string study;   ///< a TOML file or the name of an embedded study; empty: the action's default
  std::string point;   ///< show: index of the point, as `explore` prints it
  std::vector<std::string>
      objectives;                   ///< explore: subset of carbon,delay,energy,cost and the metrics; empty: the file's
  std::filesystem::path report;     ///< --report: HTML page
  std::filesystem::path front;      ///< explore --front: CSV of the front, written on Ctrl-C as well
  std::filesystem::path ledger;     ///< --ledger: lifetime operations and duty as measured there
  std::string run;                  ///< run of the ledger
  bool print = false;               ///< --print: the study file itself, and exit
  std::uint64_t samples = 100'000;  ///< show: Monte Carlo samples
  std::uint64_t seed = 42;
  Output output = Output::table;
};

struct ImportEspOptions {
  std::filesystem::path file;          ///< esp_defconfig
  std::filesystem::path accelerators;  ///< --accelerators: folder of an ESP checkout; empty: none
  std::filesystem::path areas;         ///< --areas: what tiles are like; empty: defaults
  std::filesystem::path reuse;         ///< --reuse: which tiles are new; empty: all
  std::filesystem::path space;         ///< --space: write a study for `design explore`
  std::string node = "n12";            ///< fab process of the catalogue
  Output output = Output::table;
};

struct DataOptions {
  std::string action;  ///< list|get|path
  std::string name;
  std::string mirror;           ///< base URL in place of the upstream one (file:// works)
  std::filesystem::path cache;  ///< empty: $XDG_CACHE_HOME/cradle or ~/.cache/cradle
};

struct WorkloadOptions {
  std::string action;  ///< generate|summary
  std::string file;    ///< summary: a trace to import; empty: the generator
  std::string format;  ///< openb|azure-llm|pai
  std::uint64_t seed = 42;
  double days = 149;
  double load = 1;
  Output output = Output::table;
};

struct ObserveOptions {
  std::vector<std::string> command;  ///< what follows --
  bool daemon = false;               ///< --daemon: serve metrics until SIGTERM
  std::string listen = ":28282";     ///< --web.listen-address; empty: no metrics are served
  std::string otlp;                  ///< --otlp URL: push as OTLP/HTTP JSON at every tick
  std::string interval = "1s";       ///< between ticks: 500ms, 1s, 1m
  std::uint64_t ticks = 0;           ///< 0: until interrupted
  std::filesystem::path sysroot = "/";
  std::vector<std::string> meters;  ///< sources of energy; empty: all that are found, else the declared model
  std::string tier;                 ///< bpf|taskstats|proc; empty: the best that works
  std::string policy = "none";      ///< who bears idle energy: none|even|reservation|use
  /// PATTERN=low|medium|high|streaming: how hard a tenant works the memory
  std::vector<std::string> memory_classes;
  std::string node_name;    ///< empty: the host's
  std::string server;       ///< of the catalogue; empty: a generic server
  std::string grid = "EU";  ///< of the catalogue
  double pue = 1;
  std::filesystem::path checkpoint;  ///< counters go on from here after a restart
  std::filesystem::path ledger;      ///< entries go here
  std::filesystem::path socket;      ///< --self-socket: applications ask here for their own joules and grams
  std::filesystem::path self_map;    ///< --self-map: pinned BPF map with the same, by control group
  bool bytes = true;                 ///< --no-bytes
  bool switches = false;             ///< --switches: CPU time by processor from sched_switch
  std::string by = "tenant";         ///< live view: tenant|process
  std::string sort = "grams";        ///< live view: grams|watts|cpu
  std::uint64_t rows = 20;           ///< live view
  Output output = Output::table;
};

struct ExplainOptions {
  std::string key;
};

/// Prints "cradle: where: message" and a hint line to standard error; returns the exit code that goes with the error.
int fail(const Error& error);

/// Each returns the process exit code.
int run_study(const StudyOptions& options, const Common& common);
int run_account(const AccountOptions& options, const Common& common);
int run_catalog(const CatalogOptions& options, const Common& common);
int run_compare_fgd(const CompareFgdOptions& options, const Common& common);
int run_compare_embodied(const CompareEmbodiedOptions& options, const Common& common);
int run_embodied(const EmbodiedOptions& options, const Common& common);
int run_design(const DesignOptions& options, const Common& common);
int run_design_import_esp(const ImportEspOptions& options, const Common& common);
int run_data(const DataOptions& options, const Common& common);
int run_workload(const WorkloadOptions& options, const Common& common);
int run_observe(const ObserveOptions& options, const Common& common);
int run_doctor(const Common& common);
int run_explain(const ExplainOptions& options, const Common& common);

}  // namespace cradle::cli
