/** The rows that a fresh extraction gives, in tables of their own, to be compared with those that are there. */
import type { Extract, Tenant, Version } from '../../../resources/store.ts'
import { type Connection, targetParts } from '../connection.ts'
import { packAddition, width } from '../message.ts'
import { type Intern, placesOf } from '../rows.ts'
import { rowTables } from '../schema.ts'

/** A newest version. */
export interface Newest {
  tenant: Tenant
  type: number
  rid: number
  /** When version 1 was made (ms): its place in clinical order, where it has no main date. */
  first: number
  version: Version
}

/** Makes the tables, empty; answers how to fill them. */
export function wantedRows(connection: Connection): (newest: Newest, extract: Extract) => void {
  const { db, sql } = connection
  for (const table of rowTables)
    db.exec(`CREATE TEMP TABLE want_${table} AS SELECT * FROM main.${table} WHERE 0;
      ALTER TABLE temp.want_${table} DROP COLUMN since; ALTER TABLE temp.want_${table} DROP COLUMN until`)
  db.exec('CREATE TEMP TABLE want_feed(rid INTEGER PRIMARY KEY, k INTEGER NOT NULL)')
  const words = sql("SELECT sql FROM main.sqlite_schema WHERE name = 'words'").get()
  db.exec(String(words?.sql).replace('TABLE words', 'TABLE temp.want_words'))

  db.exec('CREATE TEMP TABLE want_param(id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE)')

  const intern = numbersIn(connection)
  return ({ tenant, type, rid, first, version }, extract) => {
    const { id, number } = version
    const k = extract.date ?? first
    const { add } = packAddition({ type: version.type, id, number, rows: [], whole: extract })
    for (let from = 0; from < add.length; from += width)
      for (const [table, list, values] of placesOf(
        add.slice(from, from + width),
        { tenant, type, rid },
        k,
        intern,
      ))
        sql(
          `INSERT INTO temp.want_${table}(${list}) VALUES (${values.map(() => '?').join(', ')})`,
        ).run(...values)
    sql('INSERT INTO temp.want_feed(rid, k) VALUES (?, ?)').run(rid, k)
    const { narrative = '', content = '' } = extract
    if (narrative || content)
      sql('INSERT INTO temp.want_words(rowid, narrative, content) VALUES (?, ?, ?)').run(
        ...[rid, narrative, content],
      )
  }
}

/** In a connection that is used for other things too. */
export function forgetWanted({ db }: Connection): void {
  for (const table of [
    'said',
    'want_said',
    ...[...rowTables, 'feed', 'words', 'param'].map(each => `want_${each}`),
  ])
    db.exec(`DROP TABLE IF EXISTS temp.${table}`)
}

/** Stands for a name that is not there: no row has it. */
const absent = -1

/** The number of a parameter that no row has, so that it can be told. */
function nameless({ sql }: Connection, code: string): number {
  sql(
    'INSERT OR IGNORE INTO temp.want_param SELECT coalesce(min(id), 0) - 1, ? FROM temp.want_param',
  ).run(code)
  return Number(sql('SELECT id FROM temp.want_param WHERE code = ?').get(code)?.id)
}

/** The numbers of names, without giving any. */
const numbersIn = (connection: Connection): Intern => ({
  type: (tenant, name) => connection.typeId(tenant, name) ?? absent,
  param: (type, code, first) => connection.paramId(type, code, first) ?? nameless(connection, code),
  system: uri => connection.systemId(uri) ?? absent,
  shape: params => connection.shapeId(params) ?? absent,
  term: text => (connection.termId(text) ?? absent).toString(36),
  target(tenant, target) {
    const { type, id } = targetParts(target)
    const typeId = connection.typeId(tenant, type)
    return (typeId === undefined ? undefined : connection.rid(typeId, id)) ?? absent
  },
  reserved: new Map(),
})
