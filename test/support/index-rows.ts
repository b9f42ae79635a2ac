/** All that searches look at in a SQLite file, by names in place of numbers: so that two files can be compared. */
import { DatabaseSync } from 'node:sqlite'
import { connect } from '../../adapters/sqlite/connection.ts'
import { createWriteEngine } from '../../adapters/sqlite/engine.ts'

const owner = `t.tenant || ' ' || t.name || '/' || o.id`
const named = `p.code || ' ' || p.first`
const seen = 'x.since <= o.seq AND x.until = 0'

function rowsOf(table: string, columns: string, joined = ''): string {
  return `SELECT ${owner} AS owner, ${named} AS param, ${columns} FROM ${table} x
    JOIN resource o ON o.rid = x.rid JOIN type t ON t.id = o.type JOIN param p ON p.id = x.param ${joined}`
}

const target = `JOIN resource g ON g.rid = x.`
const queries: Readonly<Record<string, string>> = {
  token: `${rowsOf('token', 'x.code AS code, x.k AS k, s.uri AS system', 'LEFT JOIN system s ON s.id = x.system')}
    WHERE p.code <> '*' AND substr(p.code, -5) <> ':text'`,
  label: `SELECT ${owner} AS owner, ${named} AS param, w.text AS text, x.k AS k, x.system AS system
    FROM token x JOIN resource o ON o.rid = x.rid JOIN type t ON t.id = o.type JOIN param p ON p.id = x.param
    JOIN named n ON n.code = x.code LEFT JOIN term w ON w.id = n.id WHERE substr(p.code, -5) = ':text'`,
  shape: `${rowsOf(
    'token',
    `x.code AS code, x.k AS k, h.params AS shape, coalesce(u.name || '/' || g.id, x.subject) AS subject`,
    `LEFT JOIN shape h ON h.id = x.system LEFT JOIN resource g ON g.rid = x.subject LEFT JOIN type u ON u.id = g.type`,
  )} WHERE p.code = '*'`,
  compartment: rowsOf(
    'compartment',
    'g.id AS patient, x.code AS code, x.k AS k, s.uri AS system',
    `${target}patient LEFT JOIN system s ON s.id = x.system`,
  ),
  reference: rowsOf(
    'reference',
    `u.name || '/' || g.id AS target, x.k AS k`,
    `${target}target JOIN type u ON u.id = g.type`,
  ),
  string: rowsOf('string', 'x.text AS text, x.k AS k, x.exact AS exact'),
  date: rowsOf('date', 'x.low AS low, x.k AS k, x.high AS high'),
  quantity: rowsOf(
    'quantity',
    'x.low AS low, x.k AS k, x.high AS high, s.uri AS unit',
    'LEFT JOIN system s ON s.id = x.unit',
  ),
  uri: rowsOf('uri', 'x.uri AS uri, x.k AS k'),
  position: rowsOf('position', 'x.latitude AS latitude, x.k AS k, x.longitude AS longitude'),
  value: `${rowsOf(
    'value',
    `CASE WHEN EXISTS(SELECT 1 FROM reference r WHERE r.param = x.param) THEN (SELECT u.name || '/' || g.id FROM resource g JOIN type u ON u.id = g.type WHERE g.rid = x.low) ELSE x.low END AS low, x.high AS high, s.uri AS unit`,
    'LEFT JOIN system s ON s.id = x.unit',
  )}`,
  feed: `SELECT ${owner} AS owner, f.k AS k FROM feed f JOIN resource o ON o.rid = f.rid JOIN type t ON t.id = o.type WHERE f.until = 0`,
  words: `SELECT ${owner} AS owner, v.term AS term, v.col AS col, v.offset AS place
    FROM said v LEFT JOIN wording g ON g.seq = v.doc JOIN resource o ON o.rid = coalesce(g.rid, v.doc) JOIN type t ON t.id = o.type
    WHERE g.seq IS NULL OR g.until = 0`,
  total: `SELECT t.tenant || ' ' || t.name AS owner, x.count AS count FROM total x JOIN type t ON t.id = x.type WHERE x.count > 0`,
}

const tables = 'token compartment reference string date quantity uri position value'.split(' ')

/** Each row as text, in order; what ended and is not swept yet is among them. */
export function indexRows(file: string): Record<string, string[]> {
  const db = new DatabaseSync(file)
  db.exec(`CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, instance);
    CREATE TEMP TABLE named(code TEXT PRIMARY KEY, id INTEGER)`)
  const name = db.prepare('INSERT INTO named VALUES (?, ?)')
  for (const { id } of db.prepare('SELECT id FROM term').all())
    name.run(Number(id).toString(36), Number(id))
  const all: Record<string, string[]> = {}
  for (const [table, text] of Object.entries(queries))
    all[table] = db
      .prepare(text)
      .all()
      .map(row => JSON.stringify(Object.values(row)))
      .sort()
  for (const table of tables) {
    const some = db.prepare(`SELECT count(*) AS n FROM ${table} x WHERE x.until <> 0`).get()
    all[`ended ${table}`] = [String(some?.n)]
    const numbered = db
      .prepare(
        `SELECT count(*) AS n FROM ${table} x WHERE NOT EXISTS(SELECT 1 FROM resource o WHERE o.rid = x.rid AND ${seen})`,
      )
      .get()
    all[`without owner ${table}`] = [String(numbered?.n)]
  }
  db.close()
  return all
}

/** Takes all rows that ended before an instant (ms). */
export function sweep(file: string, before: number): void {
  const connection = connect({ file, readOnly: false })
  const engine = createWriteEngine(connection)
  while (engine.run({ do: 'sweep', before }));
  connection.close()
}
