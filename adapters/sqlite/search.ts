/** Pages and ids of what a query finds. */
import { expired } from '../../resources/error.ts'
import { asksUnits, inUnits } from '../../resources/search/amount.ts'
import { keysOf, type Position } from '../../resources/search/order.ts'
import { type Place, parsePlace, printPlace } from '../../resources/search/place.ts'
import type { Predicate, Query } from '../../resources/search/query.ts'
import { ucum } from '../../resources/search/ucum.ts'
import type { Page, Tenant, Version } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { type Way, waysOf } from './query/hits.ts'
import { plan } from './query/plan.ts'
import { probeAll } from './query/probe.ts'
import { type Moment, type Scope, seqAsOf } from './query/scope.ts'
import { lastSeq, toVersion, unitsOf, versionColumns } from './read.ts'

const sweptSeq = ({ sql }: Connection): number => Number(sql('SELECT seq FROM swept').get()?.seq)

/** As of the commit in a link, or of the last one. */
export function momentOf(connection: Connection, place?: Place): Moment {
  const last = lastSeq(connection)
  const seq = place?.seq ?? last
  return { seq, isLast: seq === last }
}

export function scopeOf(
  connection: Connection,
  tenant: Tenant,
  query: Query,
  moment: Moment,
): Scope {
  const types = query.types
    ? query.types.flatMap(type => connection.typeId(tenant, type) ?? [])
    : [...connection.types(tenant).keys()]
  let rows = 0
  return {
    connection,
    tenant,
    types,
    ...moment,
    row: 'x',
    probe: probeAll,
    plan,
    found: new Set(),
    alias: () => `p${rows++}`,
  }
}

/** Amounts are looked for in the units that there are now. */
export const whereOf = ({ where }: Query, connection: Connection): Predicate[] =>
  where.some(asksUnits) ? inUnits(where, unitsOf(connection, ucum)) : where

/** ms that a walk may take where there is another way: what is asked for together is often found together, or never. */
const walkTime = 30

/** The first of the hits after a place, each once. */
function hitsOf(
  connection: Connection,
  tenant: Tenant,
  query: Query,
  from: { moment: Moment; place: Place | undefined; count: number; tell?: Tell },
): Position[] {
  const scope = scopeOf(connection, tenant, query, from.moment)
  if (scope.types.length === 0) return []
  const { place: after, count } = from
  const wanted = {
    where: whereOf(query, connection),
    keys: keysOf(query.sort),
    back: after?.back ?? false,
    after,
    count,
  }
  return firstOf(waysOf(wanted, scope), connection, count, from.tell)
}

/** Told of each way that was taken: how many hits came of it, none where it was given up, and since when. */
export type Tell = (way: Way, hits: Position[] | undefined, began: number) => void

/** The first hits by the most promising way; where that turns out to be long, by the next. */
function firstOf(ways: Way[], connection: Connection, count: number, tell?: Tell): Position[] {
  for (const [index, way] of ways.entries()) {
    const began = performance.now()
    const go = () => way.hits().take(count).toArray()
    const hits = index < ways.length - 1 ? connection.trial(way.trial ?? walkTime, go) : go()
    tell?.(way, hits, began)
    if (hits) return hits
  }
  return []
}

function placeOf(connection: Connection, { after }: Query): Place | undefined {
  if (after === undefined) return undefined
  const place = parsePlace(after)
  if (place.seq < sweptSeq(connection))
    throw expired('the link to this page is older than an hour: search again')
  return place
}

/** A row that an older extractor made may outlive its resource: what is deleted is never shown. */
function versionsOf(rids: number[], moment: Moment, connection: Connection): Version[] {
  const at = seqAsOf('r', moment)
  return connection
    .sql(
      `SELECT ${versionColumns} FROM json_each(?) j CROSS JOIN resource r ON r.rid = j.value
         CROSS JOIN body b ON b.seq = ${at.text} WHERE b.json IS NOT NULL`,
    )
    .all(JSON.stringify(rids), ...at.values)
    .map(row => toVersion(row, connection.typeName(Number(row.type)) ?? ''))
}

export function searchPage(
  connection: Connection,
  tenant: Tenant,
  query: Query,
  tell?: Tell,
): Page {
  const place = placeOf(connection, query)
  const moment = momentOf(connection, place)
  const { seq } = moment
  const { count } = query
  const from = { moment, place, count: count + 1 }
  const found = hitsOf(connection, tenant, query, tell ? { ...from, tell } : from)
  const more = found.length > count
  const hits = found.slice(0, count)
  if (place?.back) hits.reverse()
  const versions = versionsOf(
    hits.map(({ rid }) => rid),
    moment,
    connection,
  )
  const [first, last] = [hits[0], hits.at(-1)]
  const hasNext = place?.back ? true : more
  const hasPrevious = place?.back ? more : place !== undefined
  return {
    versions,
    ...(last && hasNext ? { next: printPlace({ ...last, seq, back: false }) } : {}),
    ...(first && hasPrevious ? { previous: printPlace({ ...first, seq, back: true }) } : {}),
  }
}

/** Ids only, for the checks of a commit. */
export function searchIds(connection: Connection, tenant: Tenant, query: Query): string[] {
  const place = placeOf(connection, query)
  const moment = momentOf(connection, place)
  const name = connection.sql(
    'SELECT r.id AS id FROM resource r CROSS JOIN body b ON b.seq = r.seq WHERE r.rid = ? AND b.json IS NOT NULL',
  )
  return hitsOf(connection, tenant, query, { moment, place, count: query.count }).flatMap(
    ({ rid }) => name.get(rid)?.id?.toString() ?? [],
  )
}
