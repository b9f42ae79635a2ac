/** Rows that come and go without a new version: those of a search parameter that is made known, or forgotten. */
import type { Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { twinsOf } from './long.ts'
import { width } from './message.ts'
import { type Intern, type Place, placesOf } from './rows.ts'

/** A version and the rows it is to have, as flat values. */
export interface PackedAddition {
  type: string
  id: string
  number: number
  add: (string | number)[]
}

/** Answers the places of those whose newest version is another. */
export function addRows(
  connection: Connection,
  intern: Intern,
  { tenant, additions }: { tenant: Tenant; additions: PackedAddition[] },
): number[] {
  return additions.flatMap((addition, place) =>
    addTo(connection, intern, tenant, addition) ? [] : [place],
  )
}

function addTo(
  { sql, typeId }: Connection,
  intern: Intern,
  tenant: Tenant,
  { type: name, id, number, add }: PackedAddition,
): boolean {
  const type = typeId(tenant, name)
  if (type === undefined) return false
  const row = sql(
    `SELECT r.rid AS rid, r.seq AS seq, b.number AS number, b.json IS NULL AS gone, f.k AS k FROM resource r
       CROSS JOIN body b ON b.seq = r.seq CROSS JOIN feed f ON f.type = r.type AND f.seq = r.seq
       WHERE r.type = ? AND r.id = ?`,
  ).get(type, id)
  if (!row || row.gone || Number(row.number) !== number) return false
  const [rid, seq, k] = [Number(row.rid), Number(row.seq), Number(row.k)]
  // As if the version had been written with them.
  const since = seq === rid ? 0 : seq
  for (let from = 0; from < add.length; from += width)
    for (const [table, list, values] of placesOf(
      add.slice(from, from + width),
      { tenant, type, rid },
      k,
      intern,
    )) {
      const { there, insert } = textsOf(table, list)
      if (!sql(there).get(...values)) sql(insert).run(...values, since)
    }
  return true
}

const texts = new Map<string, { there: string; insert: string }>()

function textsOf(table: Place[0], list: Place[1]): { there: string; insert: string } {
  let found = texts.get(table)
  if (!found) {
    const names = list.split(', ')
    found = {
      there: `SELECT 1 FROM ${table} WHERE ${names.map(name => `${name} = ?`).join(' AND ')} AND until = 0`,
      insert: `INSERT INTO ${table}(${list}, since, until) VALUES (${names.map(() => '?').join(', ')}, ?, 0)`,
    }
    texts.set(table, found)
  }
  return found
}

/** The tables a parameter's rows are found in, and their keys. */
const keys = {
  token: 'code, k, rid, system, since',
  reference: 'target, k, rid, since',
  string: 'text, k, rid, exact, since',
  date: 'low, k, rid, high, since',
  quantity: 'low, k, rid, high, unit, since',
  uri: 'uri, k, rid, since',
  position: 'latitude, k, rid, longitude, since',
} as const

/** Those whose rows stand among the values of a resource, too. */
const valued: ReadonlySet<string> = new Set(['reference', 'string', 'date', 'quantity'])

/** Deletes up to `limit` rows of a parameter and of its variants `param:…`. True: there may be more. */
export function dropRows(
  connection: Connection,
  what: { tenant: Tenant; type: string; param: string; limit: number },
): boolean {
  const { sql, typeId } = connection
  const type = typeId(what.tenant, what.type)
  if (type === undefined) return false
  const params = sql(
    'SELECT id FROM param WHERE type = ? AND (code IN (?, ?, ?) OR substr(code, 1, ?) = ?)',
  )
    .all(type, ...twinsOf(what.param), what.param.length + 1, `${what.param}:`)
    .map(({ id }) => Number(id))
  let left = what.limit
  for (const param of params)
    for (const table of Object.keys(keys) as (keyof typeof keys)[]) {
      if (left > 0) left -= dropFrom(connection, table, param, left)
    }
  return left <= 0
}

function dropFrom(
  { sql }: Connection,
  table: keyof typeof keys,
  param: number,
  limit: number,
): number {
  const names = keys[table].split(', ')
  const rows = sql(`SELECT ${keys[table]} FROM ${table} WHERE param = ? LIMIT ?`).all(param, limit)
  const remove = sql(
    `DELETE FROM ${table} WHERE param = ? AND ${names.map(name => `${name} = ?`).join(' AND ')}`,
  )
  const removeValues = sql('DELETE FROM value WHERE rid = ? AND param = ?')
  for (const row of rows) {
    remove.run(param, ...names.map(name => row[name] ?? null))
    if (valued.has(table)) removeValues.run(row.rid ?? null, param)
  }
  return rows.length
}
