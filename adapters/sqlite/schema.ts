/**
 * The tables. `rid` is a resource's number for life, `seq` the commit number; index rows belong to the rid and are seen
 * from `since` until `until` (0: still). WITHOUT ROWID: the table is the index.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Method } from '../../resources/store.ts'

/** A version's method is stored as its place in this list. */
export const methods: readonly Method[] = ['create', 'update', 'patch', 'delete', 'revive']

/** Index tables: columns that find a row, then its sort key and owner. */
const clustered = `k INTEGER NOT NULL, rid INTEGER NOT NULL`
const seen = `since INTEGER NOT NULL, until INTEGER NOT NULL`

function table(name: string, columns: string, key: string): string {
  return `CREATE TABLE ${name}(${columns}, ${seen}, PRIMARY KEY(${key}, since)) STRICT, WITHOUT ROWID;
    CREATE INDEX ${name}_until ON ${name}(until) WHERE until <> 0;`
}

/** Tables of search rows, in which ended rows are swept. */
export const rowTables = [
  'token',
  'compartment',
  'reference',
  'string',
  'date',
  'quantity',
  'uri',
  'position',
  'value',
] as const

const day = 86_400_000

/** What stands apart in a file that knew no twins: see long.ts. */
const apart: readonly { table: 'date' | 'quantity'; twin: string; which: string }[] = [
  { table: 'date', twin: '~~', which: `high - low >= ${400 * day}` },
  { table: 'date', twin: '~', which: `high - low >= ${day} AND high - low < ${400 * day}` },
  { table: 'quantity', twin: '~~', which: "high <> ''" },
]

/** Moves long values to the twin of their parameter: see long.ts. */
const standApart = apart
  .map(({ table, twin, which }) => {
    const twinOf = (row: string) =>
      `(SELECT t.id FROM param p JOIN param t ON t.type = p.type AND t.code = p.code || '${twin}' AND t.first = p.first WHERE p.id = ${row}.param)`
    const some = `(SELECT DISTINCT param FROM ${table} WHERE ${which})`
    return `INSERT INTO param(type, code, first) SELECT type, code || '${twin}', first FROM param WHERE id IN ${some};
    UPDATE value SET param = ${twinOf('value')} WHERE param IN ${some} AND ${which};
    UPDATE ${table} SET param = ${twinOf(table)} WHERE ${which};`
  })
  .join('\n')

/** Each brings the file one number further. Never changed once released; a new one is added at the end. */
const migrations: readonly string[] = [
  `CREATE TABLE type(id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE(tenant, name)) STRICT;
   CREATE TABLE param(id INTEGER PRIMARY KEY, type INTEGER NOT NULL, code TEXT NOT NULL, first TEXT NOT NULL,
     UNIQUE(type, code, first)) STRICT;
   CREATE TABLE system(id INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE resource(rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, UNIQUE(type, id)) STRICT;
   CREATE TABLE version(rid INTEGER NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL, method INTEGER NOT NULL,
     PRIMARY KEY(rid, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE body(seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT) STRICT;
   CREATE TABLE feed(type INTEGER NOT NULL, seq INTEGER NOT NULL, k INTEGER NOT NULL, rid INTEGER NOT NULL,
     until INTEGER NOT NULL, PRIMARY KEY(type, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE total(type INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
   CREATE TABLE outbox(seq INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
   ${table('token', `param INTEGER NOT NULL, code TEXT NOT NULL, ${clustered}, system INTEGER NOT NULL`, 'param, code, k, rid, system')}
   ${table('reference', `param INTEGER NOT NULL, target INTEGER NOT NULL, ${clustered}`, 'param, target, k, rid')}
   ${table('string', `param INTEGER NOT NULL, text TEXT NOT NULL, ${clustered}, exact TEXT NOT NULL`, 'param, text, k, rid, exact')}
   ${table('string_of', 'rid INTEGER NOT NULL, param INTEGER NOT NULL, text TEXT NOT NULL, exact TEXT NOT NULL', 'rid, param, text, exact')}
   ${table('date', `param INTEGER NOT NULL, low INTEGER NOT NULL, ${clustered}, high INTEGER NOT NULL`, 'param, low, k, rid, high')}
   ${table('date_of', 'rid INTEGER NOT NULL, param INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL', 'rid, param, low, high')}
   ${table('quantity', `param INTEGER NOT NULL, low TEXT NOT NULL, ${clustered}, high TEXT NOT NULL, unit INTEGER NOT NULL`, 'param, low, k, rid, high, unit')}
   ${table('quantity_of', 'rid INTEGER NOT NULL, param INTEGER NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL, unit INTEGER NOT NULL', 'rid, param, low, high, unit')}
   ${table('uri', `param INTEGER NOT NULL, uri TEXT NOT NULL, ${clustered}`, 'param, uri, k, rid')}`,
  // Up to which commit ended rows are swept: pages that see an older state would miss some.
  `CREATE TABLE swept(seq INTEGER NOT NULL) STRICT;
   INSERT INTO swept(seq) VALUES (0)`,
  // The newest version is named by its resource; `version` holds the superseded ones. One table has the values by resource.
  `ALTER TABLE resource RENAME TO resource_2;
   ALTER TABLE version RENAME TO version_2;
   ALTER TABLE body RENAME TO body_2;
   CREATE TABLE resource(rid INTEGER PRIMARY KEY, type INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
   INSERT INTO resource SELECT rid, type, id, coalesce((SELECT max(v.seq) FROM version_2 v WHERE v.rid = r.rid), 0) FROM resource_2 r;
   CREATE INDEX resource_name ON resource(type, id, seq);
   CREATE TABLE version(rid INTEGER NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY(rid, seq)) STRICT, WITHOUT ROWID;
   INSERT INTO version SELECT v.rid, v.seq, v.number FROM version_2 v JOIN resource r ON r.rid = v.rid WHERE v.seq < r.seq;
   CREATE TABLE body(seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, number INTEGER NOT NULL, method INTEGER NOT NULL,
     at INTEGER NOT NULL, json TEXT) STRICT;
   INSERT INTO body SELECT b.seq, b.rid, v.number, v.method, b.at, b.json FROM body_2 b JOIN version_2 v ON v.rid = b.rid AND v.seq = b.seq;
   DROP TABLE resource_2; DROP TABLE version_2; DROP TABLE body_2;
   ${table('value', 'rid INTEGER NOT NULL, param INTEGER NOT NULL, low ANY NOT NULL, high ANY NOT NULL, unit INTEGER NOT NULL', 'rid, param, low, high, unit')}
   INSERT INTO value SELECT rid, param, text, exact, 0, since, until FROM string_of;
   INSERT INTO value SELECT rid, param, low, high, 0, since, until FROM date_of;
   INSERT INTO value SELECT rid, param, low, high, unit, since, until FROM quantity_of;
   INSERT INTO value SELECT r.rid, r.param, r.target, 0, 0, r.since, r.until FROM reference r
     WHERE r.param NOT IN (SELECT id FROM param WHERE code = '~');
   DROP TABLE string_of; DROP TABLE date_of; DROP TABLE quantity_of;
   ${table('compartment', `patient INTEGER NOT NULL, param INTEGER NOT NULL, code TEXT NOT NULL, ${clustered}, system INTEGER NOT NULL`, 'patient, param, code, k, rid, system')}
   ${table('position', `param INTEGER NOT NULL, latitude REAL NOT NULL, ${clustered}, longitude REAL NOT NULL`, 'param, latitude, k, rid, longitude')}
   CREATE TABLE shape(id INTEGER PRIMARY KEY, params TEXT NOT NULL UNIQUE) STRICT;
   CREATE TABLE term(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
   CREATE VIRTUAL TABLE part USING fts5(text, content = '', tokenize = 'trigram case_sensitive 1');
   CREATE VIRTUAL TABLE words USING fts5(narrative, content, content = '', contentless_delete = 1,
     tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* Co'");
   INSERT OR IGNORE INTO term(text) SELECT DISTINCT text FROM string;
   INSERT INTO part(rowid, text) SELECT id, text FROM term;
   ${standApart}
   INSERT INTO shape(params) VALUES ('');
   INSERT INTO param(type, code, first) SELECT id, '*', '' FROM type WHERE name <> '~url';
   INSERT INTO token(param, code, k, rid, system, since, until)
     SELECT p.id, '', f.k, f.rid, 1, CASE WHEN f.seq = f.rid THEN 0 ELSE f.seq END, 0 FROM feed f JOIN param p ON p.type = f.type AND p.code = '*'
     WHERE f.until = 0;`,
  // Text from when until when: see words.ts.
  `CREATE TABLE wording(seq INTEGER PRIMARY KEY, rid INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
   CREATE INDEX wording_of ON wording(rid, seq);
   CREATE INDEX wording_until ON wording(until) WHERE until <> 0;`,
  // Whom a resource is about, in the row of all its parameters (0: nobody, -1: several); NULL where it was written before.
  'ALTER TABLE token ADD COLUMN subject INTEGER',
  // How often rows were made or dropped without a new version: what was found before is looked for again.
  `CREATE TABLE reindexed(times INTEGER NOT NULL) STRICT;
   INSERT INTO reindexed(times) VALUES (0)`,
]

/** Tells that a file is ours: `Nida` in ASCII. https://sqlite.org/pragma.html#pragma_application_id */
const applicationId = 0x4e696461

/** Brings the file to this program's schema (or to an older one, for tests). Throws where the file is of another program, or newer than this one. */
export function migrate(db: DatabaseSync, file: string, to = migrations.length): void {
  const version = versionOf(db, file)
  for (let next = version; next < to; next++) {
    db.exec('BEGIN IMMEDIATE')
    db.exec(migrations[next] ?? '')
    db.exec(`PRAGMA application_id = ${applicationId}`)
    db.exec(`PRAGMA user_version = ${next + 1}`)
    db.exec('COMMIT')
  }
}

/** Throws where the file holds nothing of this program. */
export function checkSchema(db: DatabaseSync, file: string): void {
  if (versionOf(db, file) === 0) throw new Error(`${file} is empty`)
}

function versionOf(db: DatabaseSync, file: string): number {
  const read = (pragma: string) => Number(db.prepare(`PRAGMA ${pragma}`).get()?.[pragma])
  const version = read('user_version')
  const tables = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count)
  if (tables > 0 && read('application_id') !== applicationId)
    throw new Error(`${file} is a database of another program: choose another file`)
  if (version > migrations.length)
    throw new Error(
      `${file} has schema ${version}, and this program knows up to ${migrations.length}: start the newer program, or restore an older backup`,
    )
  return version
}
