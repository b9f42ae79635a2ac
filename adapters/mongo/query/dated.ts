/**
 * A bound of the main date is one of `k`, by which entries are in order: all but few resources have one main date, of less
 * than a day, and `k` is its beginning. The others stand apart, and are read beside.
 */
import type { Document } from 'mongodb'
import { longest, withinLength } from '../../../resources/search/long.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { mainDateOf } from '../../../resources/search.ts'
import { byEntry } from '../collections.ts'
import { apartOf } from '../values.ts'
import { type Driver, everything, isBounded, isOrdered } from './drivers.ts'
import type { Node } from './nodes.ts'
import { roughly, type Scope } from './scope.ts'

/** Where more than this stand apart, they are not read beside each search. */
const most = 100

/** With the bounds that the main date has in all of these. */
export async function dated(drivers: Driver[], where: Node[], scope: Scope): Promise<Driver[]> {
  const [type, ...types] = scope.types
  if (type === undefined || types.length) return drivers
  const main = mainDateOf(type)
  const dates = where.filter(
    (node): node is MainDate =>
      node.kind === 'date' && node.param === main && !node.first && isBounded(node),
  )
  if (dates.length === 0) return drivers
  const apart = apartOf(type)
  const range = { t: scope.tenant, x: apart }
  if ((await roughly(scope, range, { hint: byEntry, limit: most })) >= most) return drivers
  const when = { k: between(dates), apart }
  const others = drivers.filter(({ in: field, covers }) => field !== 'd' || !isOne(covers, dates))
  const narrowed = others.map(driver => (isOrdered(driver) ? { ...driver, when } : driver))
  // All of the type is never less than a part of it.
  return narrowed.some(isOrdered) ? narrowed : [...narrowed, { ...everything(scope), when }]
}

export type MainDate = Extract<Predicate, { kind: 'date' }>

const isOne = (covers: Node[], dates: MainDate[]): boolean =>
  covers.length === 1 && dates.some(date => covers.includes(date))

function between(dates: MainDate[]): Document {
  const all = dates.map(date => withinLength(date, longest(0)))
  const from = all.flatMap(({ lowFrom }) => lowFrom ?? [])
  const to = all.flatMap(({ lowTo }) => lowTo ?? [])
  return {
    ...(from.length ? { $gte: Math.max(...from) } : {}),
    ...(to.length ? { $lte: Math.min(...to) } : {}),
  }
}
