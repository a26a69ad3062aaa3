// The command line: every option of every verb, and nothing else. What a verb does is in its verb_*.cpp.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <map>
#include <stdexcept>

#include "cap_options.h"
#include "cradle/base/text.h"
#include "cradle/base/time.h"
#include "cradle/published/tools.h"
#include "cradle/workload/generator.h"
#include "inference_options.h"
#include "inference_replay_options.h"
#include "joint_options.h"
#include "mig_options.h"
#include "node_program.h"
#include "observe_options.h"
#include "option_kinds.h"
#include "power_options.h"
#include "profile_options.h"
#include "shift_elastic_options.h"
#include "shift_options.h"
#include "shift_regions_options.h"
#include "verbs.h"

namespace {

constexpr int usage_error = 2;

/// The exit code once the output has arrived. A short answer on a full disk must not look like a whole one.
int delivered(int status) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  // Where an earlier write failed, the reason is lost by now. Ending the line that was cut there tells it again.
  const bool told = errno != 0 || write(STDOUT_FILENO, "\n", 1) < 0;
  const std::string reason = told ? std::strerror(errno) : "an earlier write failed";
  return cradle::cli::fail(cradle::failure("cannot write to standard output: " + reason, "",
                                           "check the free space, or where the output is sent to"));
}

/// The first word that is no option, if it is no verb: CLI11 only says that a verb is missing.
std::string unknown_verb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return {};
  const std::string word = argv[1];
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands({})) {
    if (verb->get_name() == word) return {};
    verbs.push_back(verb->get_name());
  }
  return "no verb '" + word + "'\n  hint: " + cradle::suggest(word, verbs);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace cradle::cli;
  CLI::App app{"cradle: a life-cycle carbon engine for heterogeneous datacenters", "cradle"};
  app.set_version_flag("--version", "cradle 0.1.0");
  app.require_subcommand(1);
  app.fallthrough();
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return "cradle: " + std::string(error.what()) + "\n  hint: see `cradle --help` and `cradle VERB --help`\n";
  });

  Common common;
  common.progress = isatty(STDERR_FILENO) == 1;
  add_repeatable(&app, "--catalog", common.catalog,
                 "folder (or file) of records that add to or replace the embedded ones; may be repeated");
  app.add_flag("-q,--quiet", common.quiet, "no notes on standard error");
  app.add_flag_callback(
      "--no-progress", [&common] { common.progress = false; }, "no progress bar");
  add_count(&app, "--threads", common.threads, 1024, "worker threads; 0: one per processor");

  int status = 0;

  StudyOptions study;
  CLI::App* study_verb = app.add_subcommand("study", "replay a workload under several policies and account every gram");
  study_verb->add_option("file", study.file, "study in TOML; the embedded three-site study if left out");
  study_verb->add_option("--data", study.data, "folder with the openb trace");
  study_verb->add_flag("--embedded", study.embedded, "use the generated workload even if a trace is at hand");
  study_verb->add_option("--ledger", study.ledger, "where the entries go")->capture_default_str();
  study_verb->add_option("--report", study.report, "where the page goes")->capture_default_str();
  study_verb->add_flag("--print-default", study.print_default, "print the embedded study and exit");
  study_verb->add_option("--decisions", study.decisions,
                         "write every input and decision of the dispatcher to this file");
  study_verb->add_option("--check-decisions", study.check_decisions,
                         "replay such a file of this study through a fresh dispatcher and compare every byte");
  add_output(study_verb, study.output);
  study_verb->callback([&] { status = run_study(study, common); });

  AccountOptions account;
  CLI::App* account_verb = app.add_subcommand("account", "grams in a ledger by job, user, product, machine or day");
  account_verb->add_option("--ledger", account.ledger, "ledger file")->capture_default_str();
  account_verb->add_option("--run", account.run, "run of the ledger, e.g. a policy's name");
  account_verb->add_option("--by", account.by, "job, user, product, machine or day")->capture_default_str();
  account_verb->add_option("--view", account.view, "attributional, marginal or planning")->capture_default_str();
  add_count(account_verb, "--limit", account.limit, largest_count, "rows of the table, largest first; 0: all");
  add_output(account_verb, account.output);
  account_verb->callback([&] { status = run_account(account, common); });

  CatalogOptions catalog;
  CLI::App* catalog_verb = app.add_subcommand("catalog", "what hardware and grids cost, with sources");
  catalog_verb->require_subcommand(1);
  const auto catalog_action = [&](const char* name, const char* help) {
    CLI::App* action = catalog_verb->add_subcommand(name, help);
    add_output(action, catalog.output);
    action->callback([&catalog, &common, &status, name] {
      catalog.action = name;
      status = run_catalog(catalog, common);
    });
    return action;
  };
  catalog_action("list", "all records, or those of one kind")
      ->add_option("kind", catalog.kind,
                   "accelerator, cpu, memory, storage, nic, server, grid, process, package, material, partitioning or "
                   "curve");
  catalog_action("show", "every number of one record with unit, range and source")
      ->add_option("id", catalog.id, "key of the record")
      ->required();
  catalog_action("check", "check the embedded records, or a file or folder laid over them")
      ->add_option("path", catalog.file, "TOML file or folder");
  CLI::App* derive = catalog_action("derive-grid", "typical-year record of a grid from hourly data, as TOML");
  derive->add_option("id", catalog.id, "key of the record")->required();
  derive->add_option("file", catalog.file, "hourly CSV")->required();

  CompareFgdOptions fgd;
  CLI::App* compare_verb = app.add_subcommand("compare", "published experiments beside ours");
  compare_verb->require_subcommand(1);
  CLI::App* fgd_verb =
      compare_verb->add_subcommand("fgd", "GPU placement policies of FGD (ATC 2023) on the openb trace");
  fgd_verb->add_option("--nodes", fgd.nodes, "node list; the trace's own if left out");
  add_repeatable(fgd_verb, "--pods", fgd.pods, "pod list, may be repeated; the trace's default and cpu050 if left out");
  add_repeatable(fgd_verb, "--policy", fgd.policies, "policies, may be repeated; the six published ones if left out")
      ->delimiter(',');
  fgd_verb->add_option("--seeds", fgd.seeds, "e.g. 42..51 or 42,43")->capture_default_str();
  add_number(fgd_verb, "--demand", fgd.demand, 0.01, 100, "arrivals end at this multiple of the capacity");
  fgd_verb->add_option("--tie-break", fgd.tie_break, "fixed or random")->capture_default_str();
  fgd_verb->add_option("--quantisation", fgd.quantisation, "integer or full")->capture_default_str();
  fgd_verb->add_option("--data", fgd.data, "folder with the openb trace");
  add_output(fgd_verb, fgd.output);
  fgd_verb->callback([&] { status = run_compare_fgd(fgd, common); });
  CompareGaiaOptions gaia;
  add_compare_gaia(*compare_verb, gaia, [&] { status = run_compare_gaia(gaia, common); });

  CompareJointOptions joint;
  add_compare_joint(*compare_verb, joint, [&] { status = run_compare_joint(joint, common); });

  CompareInfernoOptions inferno;
  add_compare_inferno(*compare_verb, inferno, [&] { status = run_compare_inferno(inferno, common); });

  MigOptions mig;
  add_mig_verb(app, mig, [&] { status = run_mig(mig, common); });
  add_compare_miso(*compare_verb, mig, [&] { status = run_compare_miso(mig, common); });

  CompareEmbodiedOptions tools;
  CLI::App* tools_verb = compare_verb->add_subcommand(
      "embodied", "published embodied-carbon tools on their own input files; options of a tool itself may follow");
  tools_verb->add_option("--tool", tools.tool,
                         "act, eco-chip, 3d-carbon, greensku, scarif, boavizta, ccf, greenfpga or sci");
  tools_verb->add_option("--input", tools.input, "file or folder in the tool's own format");
  tools_verb->add_flag("--corrected", tools.corrected, "with every named defect of the tool corrected");
  tools_verb->add_option("--data", tools.data, "folder that holds the tools' own files");
  std::string about_tools = "Tools, what --input is for each, and their own options:\n";
  for (const cradle::published::Tool& tool : cradle::published::tools()) {
    about_tools += "  " + std::string(tool.name) + ": " + std::string(tool.input) + "\n";
    if (!tool.options.empty()) about_tools += "      " + std::string(tool.options) + "\n";
  }
  tools_verb->footer(about_tools);
  add_output(tools_verb, tools.output);
  tools_verb->allow_extras();
  tools_verb->fallthrough(false);
  // -h starts options of some tools (SCARIF's -hd).
  tools_verb->set_help_flag("--help", "print this help message and exit");
  tools_verb->add_flag("-q,--quiet", common.quiet, "no notes on standard error");
  tools_verb->callback([&] {
    tools.tool_options = tools_verb->remaining();
    status = run_compare_embodied(tools, common);
  });

  EmbodiedOptions embodied;
  CLI::App* embodied_verb = app.add_subcommand("embodied", "what making hardware emits, part by part");
  embodied_verb->require_subcommand(1);
  CLI::App* embodied_show = embodied_verb->add_subcommand("show", "the bill of a server or of a bill of materials");
  embodied_show->add_option("subject", embodied.subject, "key of a server in the catalogue, or a TOML file")
      ->required();
  embodied_show->add_flag_callback(
      "--no-opinions", [&embodied] { embodied.opinions = false; }, "only our own bill, not what other tools would say");
  add_count(embodied_show, "--samples", embodied.samples, 100'000'000, "Monte Carlo samples");
  add_count(embodied_show, "--seed", embodied.seed, largest_count, "the same seed gives the same samples");
  add_output(embodied_show, embodied.output);
  embodied_show->callback([&] {
    embodied.action = "show";
    status = run_embodied(embodied, common);
  });

  DesignOptions design;
  CLI::App* design_verb = app.add_subcommand("design", "chips, servers and fleets: what is worth making, and when");
  design_verb->require_subcommand(1);
  const auto design_action = [&](const char* name, const char* help) {
    CLI::App* action = design_verb->add_subcommand(name, help);
    action->add_option("study", design.study,
                       "TOML file, or the name of an embedded study; the default one if left out");
    action->add_option("--report", design.report, "write a page with plots");
    action->add_flag("--print", design.print, "print the study file and exit");
    add_output(action, design.output);
    action->callback([&design, &common, &status, name] {
      design.action = name;
      status = run_design(design, common);
    });
    return action;
  };
  const auto design_ledger = [&design](CLI::App* action) {
    action->add_option("--ledger", design.ledger,
                       "take the duty from this ledger: device time that jobs had over device time");
    action->add_option("--run", design.run, "run of the ledger");
  };
  CLI::App* explore = design_action("explore", "exact Pareto front of a design space");
  add_repeatable(explore, "--objective", design.objectives, "carbon, delay, energy, cost or a metric; may be repeated")
      ->delimiter(',');
  explore->add_option("--front", design.front, "CSV of the front, also when interrupted");
  design_ledger(explore);
  CLI::App* point = design_action("show", "one point of a design space, with its bill and uncertainty");
  point->add_option("--point", design.point, "number of the point, as explore prints it");
  add_count(point, "--samples", design.samples, 100'000'000, "Monte Carlo samples");
  add_count(point, "--seed", design.seed, largest_count, "the same seed gives the same samples");
  design_ledger(point);
  design_ledger(design_action("break-even", "from which volume, lifetime, intensity or use does it pay back?"));
  design_action("reuse", "second life: when does reused hardware save, and how much?");
  design_action("fleet", "what to buy, keep, reuse and retire over the years");
  design_action("supply", "solar, wind, battery and shifting for a site's demand");
  ImportEspOptions esp;
  CLI::App* esp_verb = design_verb->add_subcommand(
      "import-esp", "areas, carbon and a design space of a system on chip that ESP describes");
  esp_verb->add_option("file", esp.file, "esp_defconfig")->required();
  esp_verb->add_option("--accelerators", esp.accelerators, "folder FLOW/NAME/hw with NAME.xml and memlist.txt");
  esp_verb->add_option("--areas", esp.areas, "TOML: logic, memory, power and coins of tiles by ip or kind");
  esp_verb->add_option("--reuse", esp.reuse, "TOML: new and reused tiles, shares, iterations, people");
  esp_verb->add_option("--node", esp.node, "fab process of the catalogue")->capture_default_str();
  esp_verb->add_option("--space", esp.space, "write a study for design explore");
  add_output(esp_verb, esp.output);
  esp_verb->callback([&] { status = run_design_import_esp(esp, common); });

  PowerOptions power;
  add_power_verb(app, power, [&] { status = run_power(power, common); });
  ShiftVerbOptions shift;
  CLI::App* shift_verb = add_shift_verb(app, shift, [&] { status = run_shift(shift, common); });
  ShiftRegionsOptions shift_regions;
  add_shift_regions(*shift_verb, shift_regions, [&] { status = run_shift_regions(shift_regions, common); });
  ShiftElasticOptions shift_elastic;
  add_shift_elastic(*shift_verb, shift_elastic, [&] { status = run_shift_elastic(shift_elastic, common); });

  InferenceOptions inference_options;
  CLI::App* inference_verb =
      add_inference_verb(app, inference_options, [&] { status = run_inference(inference_options, common); });
  InferenceReplayOptions inference_replay;
  add_inference_replay(*inference_verb, inference_replay,
                       [&] { status = run_inference_replay(inference_replay, common); });

  CapOptions cap;
  add_cap_verb(app, cap, [&] { status = run_cap(cap, common); });

  ProfileVerbOptions profile;
  add_profile_verb(app, profile, [&] { status = run_profile(profile, common); });

  DataOptions data;
  CLI::App* data_verb = app.add_subcommand("data", "public traces: list, fetch, find");
  data_verb->require_subcommand(1);
  for (const auto& [name, help] : {std::pair{"list", "what can be fetched, and what is there"},
                                   std::pair{"get", "fetch a set into the cache and check it"},
                                   std::pair{"path", "print the folder of a set that is there"}}) {
    CLI::App* action = data_verb->add_subcommand(name, help);
    if (std::string(name) != "list") action->add_option("name", data.name, "e.g. openb")->required();
    if (std::string(name) == "get")
      action->add_option("--mirror", data.mirror, "address in place of the upstream one (file:// works)");
    action->add_option("--cache", data.cache, "cache folder");
    action->callback([&data, &common, &status, word = std::string(name)] {
      data.action = word;
      status = run_data(data, common);
    });
  }

  WorkloadOptions workload;
  CLI::App* workload_verb = app.add_subcommand("workload", "generate a workload, or summarise a trace");
  workload_verb->require_subcommand(1);
  CLI::App* generate = workload_verb->add_subcommand("generate", "seeded jobs with the published mix, as CSV");
  const double longest_days =
      static_cast<double>(cradle::workload::max_generated_window_ms) / static_cast<double>(cradle::ms_per_day);
  const auto generator_options = [&workload, longest_days](CLI::App* verb) {
    add_count(verb, "--seed", workload.seed, largest_count, "the same seed gives the same jobs");
    add_number(verb, "--days", workload.days, 0, longest_days, "length of the trace");
    add_number(verb, "--load", workload.load, 0, 1e6, "arrivals per published arrival");
  };
  generator_options(generate);
  generate->callback([&] {
    workload.action = "generate";
    status = run_workload(workload, common);
  });
  CLI::App* summary = workload_verb->add_subcommand("summary", "counts, sums and quantiles of a trace");
  summary->add_option("file", workload.file, "trace; the generator if left out");
  summary->add_option("--format", workload.format, "openb, azure-llm, pai or peaks");
  generator_options(summary);
  add_output(summary, workload.output);
  summary->callback([&] {
    workload.action = "summary";
    status = run_workload(workload, common);
  });

  ObserveOptions observe;
  CLI::App* observe_verb =
      app.add_subcommand("observe", "joules and grams of this machine by tenant; of one command: observe -- COMMAND");
  add_observe_options(*observe_verb, observe);
  observe_verb->callback([&] {
    if (observe.daemon && observe.command.empty()) become_node_program(*observe_verb, common);
    status = run_observe(observe, common);
  });

  app.add_subcommand("doctor", "what this machine offers, and what is missing")->callback([&] {
    status = run_doctor(common);
  });

  ExplainOptions explain;
  CLI::App* explain_verb = app.add_subcommand("explain", "formula and sources behind a term or a catalogue number");
  explain_verb->add_option("key", explain.key, "e.g. asc, pue, a100-80.idle_power")->required();
  explain_verb->callback([&] { status = run_explain(explain, common); });

  if (const std::string wrong = unknown_verb(app, argc, argv); !wrong.empty()) {
    std::fprintf(stderr, "cradle: %s\n", wrong.c_str());
    return usage_error;
  }
  int own_words = argc;
  int verb = 1;
  while (verb < argc && argv[verb][0] == '-' && std::string(argv[verb]) != "--") ++verb;
  if (verb < argc && std::string(argv[verb]) == "observe") {
    own_words = split_command(argc, argv, verb + 1, observe);
    if (own_words + 1 == argc) {
      std::fputs("cradle: no command after --\n  hint: write one: cradle observe -- make\n", stderr);
      return usage_error;
    }
  }
  try {
    app.parse(own_words, argv);
  } catch (const CLI::ParseError& error) {
    if (observe_verb->parsed() && told_stray_command(app, "cradle observe")) return usage_error;
    return delivered(app.exit(error) == 0 ? 0 : usage_error);
  }
  return delivered(status);
}
