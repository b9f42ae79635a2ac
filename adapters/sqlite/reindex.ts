/** Rows that come and go without a new version: those of a search parameter that is made known, or forgotten. */

import { twinsOf } from '../../resources/search/long.ts'
import type { Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { type PackedAddition, width } from './message.ts'
import { type Intern, insertText, type Place, placesOf, shapeColumns, type Value } from './rows.ts'
import { upTo } from './sql.ts'
import { replaceWords } from './words.ts'

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

/** A version that gets rows, and the sort keys that its resource ever had. */
interface Owner {
  tenant: Tenant
  type: number
  rid: number
  seq: number
  k: number
  others: number[]
  /** It has had other versions. */
  updated: boolean
}

function addTo(
  connection: Connection,
  intern: Intern,
  tenant: Tenant,
  { type: name, id, number, add, whole }: PackedAddition,
): boolean {
  const owner = ownerOf(connection, tenant, { name, id, number })
  if (!owner) return false
  if (whole) settleKey(connection, owner, whole.date)
  const places: { kind: unknown; place: Place }[] = []
  for (let from = 0; from < add.length; from += width) {
    const row = add.slice(from, from + width)
    for (const place of placesOf(row, owner, owner.k, intern)) places.push({ kind: row[0], place })
  }
  if (whole) {
    dropOthers(
      connection,
      places.map(({ place }) => place),
      owner,
    )
    replaceWords(connection, owner, whole.words ?? none)
  }
  for (const { kind, place } of places) {
    if (kind === 'shape') reshape(connection, place[2], owner)
    else put(connection, place, owner)
    if (kind === 'reference' && whole) single(connection, place, owner)
  }
  return true
}

const none = { narrative: '', content: '' }
const separator = '\u0000'

function ownerOf(
  { sql, typeId }: Connection,
  tenant: Tenant,
  { name, id, number }: { name: string; id: string; number: number },
): Owner | undefined {
  const type = typeId(tenant, name)
  if (type === undefined) return undefined
  const row = sql(
    `SELECT r.rid AS rid, r.seq AS seq, b.number AS number, b.json IS NULL AS gone, f.k AS k FROM resource r
       CROSS JOIN body b ON b.seq = r.seq CROSS JOIN feed f ON f.type = r.type AND f.seq = r.seq
       WHERE r.type = ? AND r.id = ?`,
  ).get(type, id)
  if (!row || row.gone || Number(row.number) !== number) return undefined
  const [rid, seq, k] = [Number(row.rid), Number(row.seq), Number(row.k)]
  return { tenant, type, rid, seq, k, others: [], updated: false }
}

/** Its main date may be another now, in another zone: its rows go with it, wherever an older version left them. */
function settleKey({ sql }: Connection, owner: Owner, date: number | null): void {
  const { type, rid, seq } = owner
  const k = date ?? owner.k
  const older = sql(
    `SELECT f.k AS k FROM version v CROSS JOIN feed f ON f.type = ? AND f.seq = v.seq WHERE v.rid = ?`,
  ).all(type, rid)
  owner.others = [...new Set([owner.k, ...older.map(row => Number(row.k))])].filter(
    each => each !== k,
  )
  owner.k = k
  owner.updated = older.length > 0
  sql('UPDATE feed SET k = ? WHERE type = ? AND seq = ?').run(k, type, seq)
}

/** A row that is there stays; one that stands under another key of its resource moves; else it comes as if with the version. */
function put({ sql }: Connection, [table, list, values]: Place, owner: Owner): void {
  const { there, move } = textsOf(table, list)
  if (sql(there).get(...values)) return
  const at = list.split(', ').indexOf('k')
  const moved =
    at >= 0 && owner.others.some(k => sql(move).run(owner.k, ...values.with(at, k)).changes > 0)
  if (!moved) sql(insertText(table, list)).run(...values, sinceOf(owner))
}

const sinceOf = ({ rid, seq }: Owner): number => (seq === rid ? 0 : seq)

/** What refers by this server's address has two ways to be written, so an update may have left both: see Home. */
function single({ sql }: Connection, [table, list, values]: Place, owner: Owner): void {
  if (!owner.updated) return
  const { drop, dropLater } = textsOf(table, list)
  const at = list.split(', ').indexOf('k')
  if (at >= 0) for (const k of owner.others) sql(drop).run(...values.with(at, k))
  sql(dropLater).run(...values, ...values)
}

const texts = new Map<string, Record<'there' | 'move' | 'drop' | 'dropLater', string>>()

function textsOf(table: Place[0], list: Place[1]) {
  let found = texts.get(table)
  if (!found) {
    const same = list
      .split(', ')
      .map(name => `${name} = ?`)
      .join(' AND ')
    found = {
      there: `SELECT 1 FROM ${table} WHERE ${same} AND until = 0`,
      move: `UPDATE ${table} SET k = ? WHERE ${same} AND until = 0`,
      drop: `DELETE FROM ${table} WHERE ${same} AND until = 0`,
      dropLater: `DELETE FROM ${table} WHERE ${same} AND until = 0
        AND since > (SELECT min(since) FROM ${table} WHERE ${same} AND until = 0)`,
    }
    texts.set(table, found)
  }
  return found
}

/** A resource has one shape, whatever it was. */
function reshape(connection: Connection, values: Value[], owner: Owner): void {
  const [param = 0, code = '', k = 0, rid = 0, shape = 0, subject = 0] = values
  const change = connection.sql(
    'UPDATE token SET system = ?, subject = ?, k = ? WHERE param = ? AND code = ? AND k = ? AND rid = ? AND until = 0',
  )
  for (const from of [owner.k, ...owner.others])
    if (change.run(shape, subject, k, param, code, from, rid).changes > 0) return
  connection.sql(insertText('token', shapeColumns)).run(...values, sinceOf(owner))
}

/** Values that are made of it no more. Codes and addresses cannot be found by their resource: see `extractor` in search.ts. */
function dropOthers(connection: Connection, places: Place[], owner: Owner): void {
  const { sql } = connection
  const { rid } = owner
  const patient = dropPairs(connection, places, owner)
  const values = new Set(
    places.flatMap(([table, , values]) => (table === 'value' ? [values.join(separator)] : [])),
  )
  const stored = sql(
    'SELECT rid, param, low, high, unit FROM value WHERE rid = ? AND until = 0',
  ).all(rid)
  for (const row of stored) {
    const value = [rid, row.param, row.low, row.high, row.unit] as Value[]
    if (values.has(value.join(separator))) continue
    sql(
      'DELETE FROM value WHERE rid = ? AND param = ? AND low = ? AND high = ? AND unit = ? AND until = 0',
    ).run(...value)
    const [, param = 0, low = '', high = ''] = value
    for (const k of [owner.k, ...owner.others]) {
      for (const table of ['date', 'quantity'])
        sql(
          `DELETE FROM ${table} WHERE param = ? AND low = ? AND k = ? AND rid = ? AND high = ? AND until = 0`,
        ).run(param, low, k, rid, high)
      sql(
        'DELETE FROM string WHERE param = ? AND text = ? AND k = ? AND rid = ? AND exact = ? AND until = 0',
      ).run(param, low, k, rid, high)
      const went = sql(
        'DELETE FROM reference WHERE param = ? AND target = ? AND k = ? AND rid = ? AND until = 0',
      ).run(param, low, k, rid)
      if (went.changes > 0 && low !== patient)
        sql('DELETE FROM compartment WHERE patient = ? AND rid = ? AND until = 0').run(low, rid)
    }
  }
}

/** What an update left of a patient that it did not see as one. Answers whose compartment the pairs are in. */
function dropPairs(
  { sql }: Connection,
  places: Place[],
  { rid, k: key, updated }: Owner,
): Value | undefined {
  const pairs = places.flatMap(([table, , values]) => (table === 'compartment' ? [values] : []))
  const [[patient] = []] = pairs
  if (patient === undefined || !updated) return patient
  const named = (param: unknown, code: unknown, system: unknown) =>
    [param, code, system].join(separator)
  const made = new Set(pairs.map(([, param, code, , , system]) => named(param, code, system)))
  const stored = sql(
    'SELECT patient, param, code, k, rid, system FROM compartment WHERE patient = ? AND rid = ? AND until = 0',
  ).all(patient, rid)
  const here = new Set(
    stored.filter(({ k }) => k === key).map(row => named(row.param, row.code, row.system)),
  )
  for (const { param = 0, code = '', k = 0, system = 0 } of stored) {
    const name = named(param, code, system)
    if (made.has(name) && (k === key || !here.has(name))) continue
    sql(
      'DELETE FROM compartment WHERE patient = ? AND param = ? AND code = ? AND k = ? AND rid = ? AND system = ? AND until = 0',
    ).run(patient, param, code, k, rid, system)
  }
  return patient
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
  const rows = sql(`SELECT ${keys[table]} FROM ${table} WHERE param = ? ${upTo}`).all(param, limit)
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
