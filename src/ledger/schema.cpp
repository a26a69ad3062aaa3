#include "schema.h"

#include <string>

#include "cradle/ledger/ledger.h"

namespace cradle::ledger {

namespace {

constexpr std::int64_t application_id = 0x6372646c;  // "crdl"

// Times are milliseconds since 1970 UTC, energies whole microjoules, carbon grams of CO2e. An entry does not name its
// run: the batches do, each a range of entries that was committed at once. So entries stay small, and a run is read as
// a few ranges. `entries` is the view for people; sum its joules, for a sum of microjoules may pass 64 bits.
constexpr const char* tables = R"sql(
CREATE TABLE run(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  study TEXT NOT NULL,
  policy TEXT NOT NULL,
  seed INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  finished INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE note(
  run INTEGER NOT NULL REFERENCES run(id),
  number INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY(run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  start_ms INTEGER NOT NULL,
  step_ms INTEGER NOT NULL,
  periodic INTEGER NOT NULL,
  grams_per_kwh BLOB NOT NULL  -- little-endian IEEE 754 doubles, one a step
) STRICT;
CREATE TABLE site(
  run INTEGER NOT NULL REFERENCES run(id),
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  pue REAL NOT NULL,
  grid TEXT NOT NULL,
  average INTEGER NOT NULL REFERENCES series(id),
  marginal INTEGER REFERENCES series(id),
  PRIMARY KEY(run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE component(
  run INTEGER NOT NULL REFERENCES run(id),
  number INTEGER NOT NULL,
  machine TEXT NOT NULL,
  kind TEXT NOT NULL,
  model TEXT NOT NULL,
  site INTEGER NOT NULL,
  embodied_g REAL NOT NULL,
  embodied_low_g REAL NOT NULL,
  embodied_high_g REAL NOT NULL,
  lifetime_operations REAL NOT NULL,
  operation INTEGER NOT NULL REFERENCES operation(number),
  lifetime_s REAL NOT NULL,
  sunk INTEGER NOT NULL,
  PRIMARY KEY(run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE job(
  run INTEGER NOT NULL REFERENCES run(id),
  number INTEGER NOT NULL,
  name TEXT NOT NULL,
  user TEXT NOT NULL,
  product TEXT NOT NULL,
  submitted_ms INTEGER NOT NULL,
  started_ms INTEGER,
  finished_ms INTEGER,
  PRIMARY KEY(run, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE batch(
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(id),
  first_entry INTEGER NOT NULL,
  last_entry INTEGER NOT NULL,
  start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  jobs INTEGER NOT NULL  -- one more than the largest job of its entries; 0 if they have none
) STRICT;
CREATE TABLE entry(
  id INTEGER PRIMARY KEY,
  start_ms INTEGER NOT NULL,
  length_ms INTEGER NOT NULL,
  job INTEGER,
  component INTEGER NOT NULL,
  microjoules INTEGER NOT NULL,
  baseline_microjoules INTEGER NOT NULL,
  operations REAL NOT NULL,
  operation INTEGER NOT NULL,
  role INTEGER NOT NULL,
  knowledge INTEGER NOT NULL
) STRICT;
CREATE TABLE operation(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE role(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
CREATE TABLE knowledge(number INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO operation VALUES
  (0, 'device_second'), (1, 'core_second'), (2, 'gibibyte_second'), (3, 'instruction'), (4, 'fp16_flop'),
  (5, 'byte_written');
INSERT INTO role VALUES (0, 'tenant'), (1, 'idle'), (2, 'overhead'), (3, 'unattributed');
INSERT INTO knowledge VALUES (0, 'measured'), (1, 'estimated'), (2, 'simulated');
CREATE VIEW entries AS
  SELECT run.name AS run,
         strftime('%Y-%m-%dT%H:%M:%fZ', entry.start_ms / 1000.0, 'unixepoch') AS start,
         entry.length_ms / 1000.0 AS seconds,
         job.name AS job, job.user AS user, job.product AS product,
         site.name AS site, component.machine AS machine, component.kind AS component,
         entry.microjoules / 1e6 AS joules, entry.baseline_microjoules / 1e6 AS baseline_joules,
         entry.operations AS operations, operation.name AS operation,
         role.name AS role, knowledge.name AS knowledge
    FROM run
    JOIN batch ON batch.run = run.id
    JOIN entry ON entry.id BETWEEN batch.first_entry AND batch.last_entry
    JOIN component ON component.run = run.id AND component.number = entry.component
    JOIN site ON site.run = run.id AND site.number = component.site
    LEFT JOIN job ON job.run = run.id AND job.number = entry.job
    JOIN operation ON operation.number = entry.operation
    JOIN role ON role.number = entry.role
    JOIN knowledge ON knowledge.number = entry.knowledge;
)sql";

}  // namespace

Result<Content> content_of(Connection& connection) {
  const auto objects = connection.integer("SELECT count(*) FROM sqlite_master");
  if (!objects) return objects.error();
  const auto id = connection.integer("PRAGMA application_id");
  if (!id) return id.error();
  if (*id == 0 && *objects == 0) return Content::nothing;
  if (*id != application_id)
    return bad_input("not a ledger: an SQLite file of another program", connection.path(),
                     "check the path; `cradle study` writes a ledger");
  const auto version = connection.integer("PRAGMA user_version");
  if (!version) return version.error();
  if (*version != schema_version)
    return bad_input("a ledger of version " + std::to_string(*version) + ", this program reads version " +
                         std::to_string(schema_version),
                     connection.path(),
                     "use the version of cradle that wrote it, or move it away and run the study again");
  return Content::ledger;
}

Result<void> lay_out(Connection& connection) {
  if (auto ok = connection.execute(tables); !ok) return ok;
  return connection.execute(("PRAGMA application_id=" + std::to_string(application_id) +
                             "; PRAGMA user_version=" + std::to_string(schema_version))
                                .c_str());
}

Result<void> remove_all_runs(Connection& connection) {
  return connection.execute(
      "DELETE FROM entry; DELETE FROM batch; DELETE FROM job; DELETE FROM component; DELETE FROM site;"
      "DELETE FROM series; DELETE FROM note; DELETE FROM run");
}

}  // namespace cradle::ledger
