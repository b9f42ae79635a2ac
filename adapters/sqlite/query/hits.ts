/**
 * The hits of a query in their order. A stream reads a range that is in order already; a gather reads all hits and sorts
 * them; by value, each value of the first key is asked for by itself, in turn. https://hl7.org/fhir/R4/search.html#sort
 */

import { compare, type Key, type Position } from '../../../resources/search/order.ts'
import type { Predicate, Sort } from '../../../resources/search/query.ts'
import { mainDateOf } from '../../../resources/search.ts'
import { bounded, join, sql, upTo } from '../sql.ts'
import {
  isNext,
  keyColumn,
  keysBeside,
  standInOrder,
  valuesOf,
  withoutValue,
  withValue,
} from './keys.ts'
import { isAboutSubject } from './relations.ts'
import { asksWhen, counted, type Driver, type Plan, type Scope, totalOf, withSeq } from './scope.ts'
import { byCommit, byDate, byId } from './sources.ts'

type ByValue = Extract<Sort, { by: 'value' }>

/** What is to be found, and on which side of a place. */
export interface Wanted {
  where: Predicate[]
  keys: Sort[]
  back: boolean
  after: Position | undefined
  /** So many will be taken, most likely. */
  count: number
}

/** How hits come: named for those who ask why. */
export interface Way {
  name: 'stream' | 'gather' | 'by value' | 'walk'
  driver: Driver | undefined
  /** ms after which the next way is taken, where it is not the usual. */
  trial?: number
  hits(): Generator<Position>
}

/** ms for values one by one, where all of a type would be gathered else: what few have may come late, or never. */
const valuesTime = 500
/** ms for a walk where few would be gathered else, who may all stand at its end. */
const shortTime = 5

/** The ways to the hits, most promising first: a walk may turn out to be long, then the next way is taken. */
export function waysOf(wanted: Wanted, scope: Scope): Way[] {
  const plan = scope.plan(wanted.where, scope)
  const { driver } = plan
  const [first, ...more] = wanted.keys
  const gathered: Way = { name: 'gather', driver, hits: () => gather(wanted, plan, scope) }
  const byDate = first?.by === 'date' && more.length === 0
  const isSmall = driver !== undefined && driver.size < counted && !driver.ordered
  if (!first || (isSmall && !(byDate && isWalkedSooner(wanted, plan, scope))))
    return byDate ? [{ ...gathered, hits: () => stream(wanted, plan, scope, 'k') }] : [gathered]
  const walked = (hits: () => Generator<Position>): Way[] =>
    driver
      ? [
          { name: 'walk', driver: undefined, ...(isSmall ? { trial: shortTime } : {}), hits },
          gathered,
        ]
      : [{ name: 'walk', driver, hits }]
  const all: Plan = { rest: wanted.where, drivers: [] }
  switch (first.by) {
    case 'date':
      if (!byDate) return [gathered]
      if (driver?.ordered)
        return [{ name: 'stream', driver, hits: () => stream(wanted, plan, scope, 'k') }]
      return walked(() => stream(wanted, all, scope, 'k'))
    case 'updated':
      if (driver && driver.size < counted) return [gathered]
      return walked(() => stream(wanted, all, scope, 'seq'))
    case 'id':
      if (driver) return [gathered]
      return walked(() => walkIds(wanted, all, scope))
    case 'near':
    case 'score':
      return [gathered]
    case 'value':
      // So few are sorted sooner than two phases are planned.
      if (driver && driver.size < 100) return [gathered]
      if (isMainDate(first, more, scope)) return byMainDate(wanted, first, scope)
      if (
        (driver && driver.size < counted) ||
        scope.types.length > 1 ||
        !standInOrder(first, scope)
      )
        return [gathered]
      return [
        {
          name: 'by value',
          driver,
          ...(driver ? {} : { trial: valuesTime }),
          hits: () => byValue(wanted, first, scope),
        },
        gathered,
      ]
  }
}

/** So many rows of all of a type are looked at in the time that one is found by what it refers to. */
const walkedAtOnce = 4

/** Whether those whose subject is one of some are likely to come sooner by looking at all of the type. */
function isWalkedSooner({ count }: Wanted, { driver, rest }: Plan, scope: Scope): boolean {
  // What is asked beside the chain, such as who is contained, may be of what nobody has: then the chain is all there is.
  const [only, ...more] = driver?.covers ?? []
  if (!driver || rest.length > 0 || more.length > 0 || only?.kind !== 'chain') return false
  if (!isAboutSubject(only.param, scope)) return false
  const all = scope.types.reduce((sum, type) => sum + totalOf(type, scope), 0)
  return (count * all) / driver.size < walkedAtOnce * driver.size
}

/** The rows of a plan as `x`, with what must hold of them. */
function rowsOf({ driver, rest }: Plan, scope: Scope, needsSeq: boolean) {
  const from = driver ? driver.from : byDate(scope)
  return {
    from: needsSeq ? withSeq(from, scope) : from,
    where: scope.probe(rest, { ...scope, hasSubject: !driver && !needsSeq }),
  }
}

/** Rows that are read at once, at most. */
const most = 4096

function* stream(
  wanted: Wanted,
  plan: Plan,
  scope: Scope,
  column: 'k' | 'seq',
): Generator<Position> {
  const { keys, back } = wanted
  const { from, where } =
    column === 'k'
      ? rowsOf(plan, scope, plan.rest.some(asksWhen))
      : { from: byCommit(scope), where: scope.probe(plan.rest, scope) }
  const descending = (keys[0]?.descending ?? true) !== back
  const [order, than] = descending ? ['DESC', '<'] : ['ASC', '>']
  let at = wanted.after && { key: Number(wanted.after.keys[0]), rid: wanted.after.rid }
  let last = -1
  for (let size = wanted.count; ; size = Math.min(size * 4, most)) {
    const beyond = at ? [sql(`(x.${column}, x.rid) ${than} (?, ?)`, at.key, at.rid)] : []
    const all = join([where, ...beyond], ' AND ')
    const { text, values } = bounded({
      text: `SELECT x.rid AS rid, x.${column} AS key FROM (${from.text}) x WHERE ${all.text}
         ORDER BY x.${column} ${order}, x.rid ${order} ${upTo}`,
      values: [...from.values, ...all.values],
    })
    const rows = scope.connection.sql(text).all(...values, size)
    for (const row of rows) {
      const rid = Number(row.rid)
      if (rid === last) continue
      last = rid
      yield { rid, keys: [Number(row.key)] }
    }
    const end = rows.at(-1)
    if (!end || rows.length < size) return
    at = { key: Number(end.key), rid: Number(end.rid) }
  }
}

/** Hits are sorted as they come; of many, only so many are kept as can be on the pages asked for. */
const kept = 4096

function* gather(wanted: Wanted, plan: Plan, scope: Scope): Generator<Position> {
  const { keys, back } = wanted
  let { after } = wanted
  for (;;) {
    const found = gatherOnce({ ...wanted, after }, plan, scope)
    yield* found
    after = found.at(-1)
    if (!after || found.length < kept) return
  }
  function gatherOnce(asked: Wanted, of: Plan, scope: Scope): Position[] {
    const needsSeq = keys.some(({ by }) => by === 'updated') || of.rest.some(asksWhen)
    const { from, where } = rowsOf(of, scope, needsSeq)
    const columns = keys.map((key, index) => keyColumn(key, index, scope))
    const beside = keys.map(key => keysBeside(key, scope))
    const { text, values } = bounded({
      text: `SELECT ${['x.rid AS rid', ...columns.map(each => each.text)].join(', ')} FROM (${from.text}) x WHERE ${where.text}`,
      values: [...columns.flatMap(each => each.values), ...from.values, ...where.values],
    })
    const order = (a: Position, b: Position) => compare(a, b, keys, back)
    let found: Position[] = []
    const seen = new Set<number>()
    for (const row of scope.connection.sql(text).iterate(...values)) {
      const rid = Number(row.rid)
      if (seen.has(rid)) continue
      seen.add(rid)
      const hit = {
        rid,
        keys: keys.map((_, index) => {
          const other = beside[index]
          return other ? other(rid) : ((row[`key${index}`] ?? null) as Key)
        }),
      }
      if (asked.after && order(hit, asked.after) <= 0) continue
      found.push(hit)
      if (found.length >= kept * 4) found = found.sort(order).slice(0, kept)
    }
    return found.sort(order).slice(0, kept)
  }
}

function* walkIds(wanted: Wanted, plan: Plan, scope: Scope): Generator<Position> {
  const descending = (wanted.keys[0]?.descending ?? false) !== wanted.back
  let id = wanted.after?.keys[0]
  let last = wanted.after?.rid
  const [order, than] = descending ? ['DESC', '<'] : ['ASC', '>']
  const where = scope.probe(plan.rest, scope)
  for (;;) {
    const from = byId(scope, typeof id === 'string' ? id : undefined, descending)
    const beyond =
      typeof id === 'string' && last !== undefined
        ? [sql(`(x.id, x.rid) ${than} (?, ?)`, id, last)]
        : []
    const all = join([where, ...beyond], ' AND ')
    const rows = scope.connection
      .sql(
        `SELECT x.rid AS rid, x.id AS id FROM (${from.text}) x WHERE ${all.text}
           ORDER BY x.id ${order}, x.rid ${order} LIMIT ${wanted.count}`,
      )
      .all(...from.values, ...all.values)
    for (const row of rows) {
      id = String(row.id)
      last = Number(row.rid)
      yield { rid: last, keys: [id] }
    }
    if (rows.length < wanted.count) return
  }
}

/** By the main date the hits of a range are in order as they stand. */
function isMainDate(first: ByValue, more: Sort[], scope: Scope): boolean {
  const [type, ...types] = scope.types
  const [then, ...others] = more
  if (first.kind !== 'date' || type === undefined || types.length || others.length) return false
  return (
    then?.by === 'date' &&
    then.descending === first.descending &&
    first.params.length === 1 &&
    mainDateOf(scope.connection.typeName(type) ?? '') === first.params[0]
  )
}

/** Those that have one, then the others by the time they were made. */
function byMainDate(
  { where, keys, back, after, count }: Wanted,
  { params: [param = ''] }: ByValue,
  scope: Scope,
): Way[] {
  const dated: Predicate = { kind: 'date', param }
  const within = (phase: Predicate, here: boolean) =>
    waysOf(
      {
        where: [...where, phase],
        keys: keys.slice(1),
        back,
        count,
        after: here && after ? { rid: after.rid, keys: after.keys.slice(1) } : undefined,
      },
      scope,
    )
  const isLast = after?.keys[0] === null
  const ways = within(dated, !isLast)
  return ways.map(way => ({
    ...way,
    *hits() {
      const some = function* () {
        for (const { rid, keys } of way.hits()) yield { rid, keys: [keys[0] ?? null, ...keys] }
      }
      const rest = function* () {
        const others = within({ kind: 'not', not: dated }, isLast)
        const [other] = way === ways[0] ? others : others.reverse()
        for (const { rid, keys } of other?.hits() ?? []) yield { rid, keys: [null, ...keys] }
      }
      if (back && (!after || isLast)) yield* rest()
      if (back || !isLast) yield* some()
      if (!back) yield* rest()
    },
  }))
}

/** Each value of the first key in turn, those with the value in the order of the other keys; at the end who has none. */
function* byValue(wanted: Wanted, first: ByValue, scope: Scope): Generator<Position> {
  const { where, keys, back, after, count } = wanted
  const rest = keys.slice(1)
  const [from = undefined] = after?.keys ?? []
  const inside = (more: Predicate[], value: Key): Generator<Position> => {
    const place =
      after && from === value ? { rid: after.rid, keys: after.keys.slice(1) } : undefined
    return withKey(
      value,
      first,
      waysOf({ where: [...where, ...more], keys: rest, back, after: place, count }, scope)[0],
      scope,
    )
  }
  const without = () => inside(withoutValue(first), null)
  if (back && (!after || from === null)) yield* without()
  if (back || from !== null) {
    const descending = first.descending !== back
    const start = typeof from === 'string' || typeof from === 'number' ? from : undefined
    for (const value of valuesOf(first, { start, descending }, scope))
      yield* inside([withValue(first, value)], value)
  }
  if (!back) yield* without()
}

/** Only those for which the value is the one that decides: the least or greatest that they have. */
function* withKey(
  value: Key,
  sort: ByValue,
  way: Way | undefined,
  scope: Scope,
): Generator<Position> {
  if (!way) return
  for (const { rid, keys } of way.hits())
    if (isNext(sort, { rid, value }, scope)) yield { rid, keys: [value, ...keys] }
}
