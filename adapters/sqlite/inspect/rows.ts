/** Compares what searches look at with what they should. */
import type { Finding, Knowledge, Tenant } from '../../../resources/store.ts'
import type { Connection } from '../connection.ts'
import { columns } from '../rows.ts'
import { rowTables } from '../schema.ts'

/** How many of one kind are told. */
const most = 1000

/** What differs, and whose it is. */
interface Differing {
  rid: number
  param?: number
}

interface Compared {
  /** Whether somebody knew what the resource should have. */
  isKnown(rid: number): boolean
  unsure: Knowledge['unsure']
}

const current = 'until = 0'

/** What is told of those that each query finds; each answers `rid`, and `param` where the row has one. */
function* questions(): Iterable<{ what: string; query: string }> {
  for (const table of rowTables) {
    const there = `SELECT ${columns[table]} FROM main.${table} WHERE ${current}`
    const wanted = `SELECT ${columns[table]} FROM temp.want_${table}`
    const whose = 'SELECT rid, param FROM'
    yield { what: `lacks a row of ${table}`, query: `${whose} (${wanted} EXCEPT ${there})` }
    yield { what: `has a row too much of ${table}`, query: `${whose} (${there} EXCEPT ${wanted})` }
    yield {
      what: `has a row twice of ${table}`,
      query: `${whose} (${there} GROUP BY ${columns[table]} HAVING count(*) > 1)`,
    }
    yield {
      what: `has a row of ${table} that ended before it began`,
      query: `${whose} main.${table} WHERE until <> 0 AND until <= since`,
    }
  }
  yield {
    what: 'is told to be about another than it is',
    query: `SELECT w.rid FROM temp.want_token w CROSS JOIN main.token t
      ON t.param = w.param AND t.code = w.code AND t.k = w.k AND t.rid = w.rid AND t.system = w.system
      WHERE t.until = 0 AND t.subject <> w.subject`,
  }
  const feed = `SELECT rid, k FROM main.feed WHERE ${current}`
  const wantedFeed = 'SELECT rid, k FROM temp.want_feed'
  yield {
    what: 'has another place in clinical order than its date says',
    query: `SELECT rid FROM (${wantedFeed} EXCEPT ${feed} UNION ALL SELECT * FROM (${feed} EXCEPT ${wantedFeed}))`,
  }
  const wanted = 'SELECT doc, col, offset, term FROM temp.want_said'
  const said = `SELECT coalesce(g.rid, s.doc) AS doc, s.col, s.offset, s.term FROM temp.said s
    LEFT JOIN main.wording g ON g.seq = s.doc WHERE g.seq IS NULL OR g.until = 0`
  yield {
    what: 'lacks a word of its text',
    query: `SELECT DISTINCT doc AS rid FROM (${wanted} EXCEPT ${said})`,
  }
  yield {
    what: 'is found by a word that its text has not',
    query: `SELECT DISTINCT doc AS rid FROM (${said} EXCEPT ${wanted})`,
  }
  yield {
    what: 'has text twice',
    query: `SELECT rid FROM main.wording WHERE ${current} GROUP BY rid HAVING count(*) > 1`,
  }
  yield {
    what: 'has text that ended before it began',
    query: 'SELECT rid FROM main.wording WHERE until <> 0 AND until <= seq',
  }
}

/** Nothing is told now and then, so that others get their turn. */
export function* inspectRows(
  connection: Connection,
  { isKnown, unsure }: Compared,
): Iterable<Finding | undefined> {
  const { db, sql } = connection
  db.exec(`CREATE VIRTUAL TABLE temp.said USING fts5vocab(main, words, instance);
    CREATE VIRTUAL TABLE temp.want_said USING fts5vocab(temp, want_words, instance)`)
  for (const { what, query } of questions()) {
    let told = 0
    for (const row of sql(query).iterate()) {
      const { tenant, on, param } = named(connection, row as unknown as Differing)
      if (!isKnown(Number(row.rid)) || unsure(tenant).some(isOf(param))) continue
      yield { tenant, on, what: param ? `${what}, of ${param}` : what }
      if (++told === most) break
    }
    yield undefined
  }
}

/** Whether a row's name is this one, or a variant of it. */
const isOf =
  (param: string) =>
  (name: string): boolean =>
    param === name || (param.startsWith(name) && /[:~]/.test(param[name.length] ?? ''))

function named({ sql }: Connection, { rid, param }: Differing) {
  const owner = sql(
    'SELECT t.tenant AS tenant, t.name AS type, r.id AS id FROM resource r JOIN type t ON t.id = r.type WHERE r.rid = ?',
  ).get(rid)
  const code =
    param === undefined
      ? ''
      : sql(
          'SELECT code FROM main.param WHERE id = ?1 UNION ALL SELECT code FROM temp.want_param WHERE id = ?1',
        ).get(param)?.code
  return {
    tenant: String(owner?.tenant ?? '') as Tenant,
    on: owner ? `${owner.type}/${owner.id}` : `resource ${rid}`,
    param: String(code ?? 'what has no name'),
  }
}
