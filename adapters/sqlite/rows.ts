import { several } from '../../resources/search/about.ts'
import { otherReferences } from '../../resources/search/beside.ts'
import { dateParam, quantityParam } from '../../resources/search/long.ts'
import { isPairing } from '../../resources/search/pairs.ts'
import type { Tenant } from '../../resources/store.ts'
import { type Connection, targetParts, unitKey } from './connection.ts'
import { type PackedChange, width } from './message.ts'

/** Names that are not there yet are given numbers; `next` gives a commit number. */
export interface Intern {
  type(tenant: Tenant, name: string): number
  param(type: number, code: string, first: string): number
  system(uri: string): number
  /** The set of parameters that a resource has. */
  shape(params: string): number
  /** A folded text, for those who look for a part of it; as it stands in a row. */
  term(text: string): string
  /** The rid of what a reference points to; one that is not there yet is reserved. */
  target(tenant: Tenant, target: string): number
  /** The rids that the commit which is written reserved, by type and id. */
  reserved: Map<string, number>
}

export function createIntern(connection: Connection, next: () => number): Intern {
  const { sql } = connection
  const type = (tenant: Tenant, name: string): number =>
    connection.typeId(tenant, name) ??
    Number(sql('INSERT INTO type(tenant, name) VALUES (?, ?)').run(tenant, name).lastInsertRowid)
  const reserved = new Map<string, number>()
  return {
    type,
    reserved,
    param: (typeId, code, first) =>
      connection.paramId(typeId, code, first) ??
      Number(
        sql('INSERT INTO param(type, code, first) VALUES (?, ?, ?)').run(typeId, code, first)
          .lastInsertRowid,
      ),
    system: uri =>
      connection.systemId(uri) ??
      Number(sql('INSERT INTO system(uri) VALUES (?)').run(uri).lastInsertRowid),
    shape: params =>
      connection.shapeId(params) ??
      Number(sql('INSERT INTO shape(params) VALUES (?)').run(params).lastInsertRowid),
    term(text) {
      const known = connection.termId(text)
      if (known !== undefined) return known.toString(36)
      const id = Number(sql('INSERT INTO term(text) VALUES (?)').run(text).lastInsertRowid)
      sql('INSERT INTO part(rowid, text) VALUES (?, ?)').run(id, text)
      return id.toString(36)
    },
    target(tenant, target) {
      const parts = targetParts(target)
      const typeId = type(tenant, parts.type)
      const known = connection.rid(typeId, parts.id)
      if (known !== undefined) return known
      const rid = next()
      sql('INSERT INTO resource(rid, type, id, seq) VALUES (?, ?, ?, 0)').run(rid, typeId, parts.id)
      reserved.set(`${typeId}/${parts.id}`, rid)
      return rid
    },
  }
}

interface Owner {
  tenant: Tenant
  type: number
  rid: number
}

export type Value = string | number
/** The tables a row stands in, with its values before `since`. */
export type Place = [table: string, columns: string, values: Value[]]

export const columns = {
  token: 'param, code, k, rid, system',
  compartment: 'patient, param, code, k, rid, system',
  reference: 'param, target, k, rid',
  string: 'param, text, k, rid, exact',
  date: 'param, low, k, rid, high',
  quantity: 'param, low, k, rid, high, unit',
  uri: 'param, uri, k, rid',
  position: 'param, latitude, k, rid, longitude',
  /** What is ranged or sorted, to look at a given resource. */
  value: 'rid, param, low, high, unit',
} as const

/** A token, with whom its resource is about. */
export const shapeColumns = `${columns.token}, subject`

/** Stands for several that a resource is about, where 0 is nobody. */
const manySubjects = -1

export function placesOf(row: Value[], owner: Owner, k: number, intern: Intern): Place[] {
  const [kind, code, first, a = '', b = '', c = '', d = ''] = row
  const { rid, type, tenant } = owner
  if (kind === 'label') {
    const param = intern.param(type, `${code}:text`, '')
    return [['token', columns.token, [param, intern.term(String(a)), k, rid, 0]]]
  }
  const name =
    kind === 'date'
      ? dateParam(String(code), Number(a), Number(b))
      : kind === 'quantity'
        ? quantityParam(String(code), String(b))
        : String(code)
  const param = intern.param(type, name, String(first))
  switch (kind) {
    case 'shape': {
      const subject = b === '' ? 0 : b === several ? manySubjects : intern.target(tenant, String(b))
      return [['token', shapeColumns, [param, '', k, rid, intern.shape(String(a)), subject]]]
    }
    case 'token':
      return [['token', columns.token, [param, a, k, rid, intern.system(String(b))]]]
    case 'pair': {
      const patient = intern.target(tenant, `Patient/${c}`)
      const values = [patient, param, a, k, rid, intern.system(String(b))]
      return [['compartment', columns.compartment, values]]
    }
    case 'reference': {
      const target = intern.target(tenant, String(a))
      const place: Place = ['reference', columns.reference, [param, target, k, rid]]
      // No search goes along a reference of no parameter.
      return code === otherReferences
        ? [place]
        : [place, ['value', columns.value, [rid, param, target, 0, 0]]]
    }
    case 'string':
      intern.term(String(a))
      return [
        ['string', columns.string, [param, a, k, rid, b]],
        ['value', columns.value, [rid, param, a, b, 0]],
      ]
    case 'date':
      return [
        ['date', columns.date, [param, a, k, rid, b]],
        ['value', columns.value, [rid, param, a, b, 0]],
      ]
    case 'quantity': {
      const unit = intern.system(unitKey(String(c), String(d)))
      return [
        ['quantity', columns.quantity, [param, a, k, rid, b, unit]],
        ['value', columns.value, [rid, param, a, b, unit]],
      ]
    }
    case 'position':
      return [['position', columns.position, [param, a, k, rid, b]]]
    default:
      return [['uri', columns.uri, [param, a, k, rid]]]
  }
}

const inserts = new Map<string, string>()
const ends = new Map<string, string>()

export function insertText(table: string, list: string): string {
  let text = inserts.get(list)
  if (!text) {
    const marks = list.split(',').map(() => '?')
    text = `INSERT INTO ${table}(${list}, since, until) VALUES (${marks.join(', ')}, ?, 0)`
    inserts.set(list, text)
  }
  return text
}

/**
 * `OR FAIL`, here and in write.ts: SQLite copies no page for taking one statement back, since a failure takes back the
 * whole transaction. https://sqlite.org/lang_conflict.html
 */
function endText(table: string, list: string): string {
  let text = ends.get(table)
  if (!text) {
    const where = list.split(',').map(column => `${column.trim()} = ?`)
    text = `UPDATE OR FAIL ${table} SET until = ? WHERE ${where.join(' AND ')} AND until = 0`
    ends.set(table, text)
  }
  return text
}

/** Writes the rows that came and ends those that went. `since` is 0 for a resource's first version. */
export function writeRows(
  connection: Connection,
  change: PackedChange,
  owner: Owner,
  at: { k: number; oldK: number; seq: number; intern: Intern },
): void {
  const since = at.seq === owner.rid ? 0 : at.seq
  for (let from = 0; from < change.end.length; from += width) {
    const row = change.end.slice(from, from + width)
    // A resource has one shape, also where an older extractor made another one of it.
    for (const [table, list, values] of placesOf(row, owner, at.oldK, at.intern))
      if (row[0] === 'shape') connection.sql(shapeEnd).run(at.seq, ...values.slice(0, 4))
      else {
        const { changes } = connection.sql(endText(table, list)).run(at.seq, ...values)
        if (table === 'value' && row[0] === 'reference' && changes > 1)
          endElsewhere(connection, owner, {
            values,
            seq: at.seq,
            paired: isPairing(change.type, String(row[1])),
          })
      }
  }
  if (change.json === null) endOthers(connection, owner, at.seq)
  for (let from = 0; from < change.add.length; from += width) {
    const row = change.add.slice(from, from + width)
    for (const [table, list, values] of placesOf(row, owner, at.k, at.intern))
      connection.sql(insertText(table, list)).run(...values, since)
  }
}

const shapeEnd =
  'UPDATE OR FAIL token SET until = ? WHERE param = ? AND code = ? AND k = ? AND rid = ? AND until = 0'

const keysText = `SELECT DISTINCT f.k AS k FROM (SELECT seq FROM version WHERE rid = ?1 UNION ALL SELECT seq FROM resource WHERE rid = ?1) v
  CROSS JOIN feed f ON f.type = ?2 AND f.seq = v.seq`

/**
 * A reference stood there twice: an update left one that it took for an address elsewhere, under the key of then, with the
 * pairs of a patient. See `dropOthers`.
 */
function endElsewhere(
  { sql }: Connection,
  { type, rid }: Owner,
  { values, seq, paired }: { values: Value[]; seq: number; paired: boolean },
): void {
  const [, param = 0, target = 0] = values
  for (const row of sql(keysText).all(rid, type))
    sql(endText('reference', columns.reference)).run(seq, param, target, Number(row.k), rid)
  if (paired) sql(pairsEnd).run(seq, target, rid)
}

/** All that a resource has in the compartment of a patient. */
const pairsEnd =
  'UPDATE OR FAIL compartment SET until = ? WHERE patient = ? AND rid = ? AND until = 0'

/** What another extractor made of a resource, such as that of another zone, ends with it: nobody reindexes what is gone. */
function endOthers({ sql }: Connection, { type, rid }: Owner, seq: number): void {
  const stored = sql('SELECT param, low, high, unit FROM value WHERE rid = ? AND until = 0').all(
    rid,
  ) as Record<'param' | 'low' | 'high' | 'unit', Value>[]
  if (stored.length === 0) return
  const keys = sql(keysText).all(rid, type)
  for (const { param, low, high, unit } of stored) {
    const places: Place[] = [['value', columns.value, [rid, param, low, high, unit]]]
    for (const row of keys) {
      const k = Number(row.k)
      places.push(
        ['date', columns.date, [param, low, k, rid, high]],
        ['quantity', columns.quantity, [param, low, k, rid, high, unit]],
        ['string', columns.string, [param, low, k, rid, high]],
        ['reference', columns.reference, [param, low, k, rid]],
      )
    }
    for (const [table, list, values] of places) {
      const { changes } = sql(endText(table, list)).run(seq, ...values)
      if (table === 'reference' && changes > 0) sql(pairsEnd).run(seq, low, rid)
    }
  }
}
