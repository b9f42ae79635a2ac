/** Versions as they were made. https://hl7.org/fhir/R4/http.html#history */
import type { Filter } from 'mongodb'
import { invalid } from '../../resources/error.ts'
import { parsePlace, printPlace } from '../../resources/search/place.ts'
import type { HistoryQuery } from '../../resources/search/query.ts'
import type { Page, Tenant, Version } from '../../resources/store.ts'
import { byName, byTime, byTypeTime } from './collections.ts'
import { nameOf, type Stored, under } from './document.ts'
import { atTheEdge } from './errors.ts'
import type { Parts } from './parts.ts'
import { toVersion, type VersionDocument, versionFields } from './read.ts'
import type { Settled } from './settled.ts'
import { limitsOf, type Source } from './source.ts'

export async function historyPage(
  source: Source,
  tenant: Tenant,
  { query, settled }: { query: HistoryQuery; settled: Settled },
): Promise<Page> {
  // Before it is read. Of one resource versions come one after the other.
  const asks = query.after === undefined && query.id === undefined
  const told = asks ? { settled: await settled.at() } : {}
  const { where, sort, hint } = rangeOf(tenant, query)
  const all: Filter<Stored>[] = [where]
  if (query.after !== undefined) all.push(before(query.after))
  if (query.since !== undefined) all.push({ at: { $gte: query.since } })
  if (query.current) all.push(...currentIn(query.current))
  const found = await source.collections.resource
    .find({ $and: all }, limitsOf(source))
    .project<VersionDocument>(versionFields)
    .sort(sort)
    .hint(hint)
    .limit(query.count + 1)
    .toArray()
  const versions = found.slice(0, query.count).map(toVersion)
  const last = versions.at(-1)
  return {
    versions,
    ...(last && found.length > query.count ? { next: placeAfter(last) } : {}),
    ...told,
  }
}

function rangeOf(tenant: Tenant, { type, id }: HistoryQuery) {
  if (type === undefined) return { where: { t: tenant }, sort: latest, hint: byTime }
  if (id === undefined) return { where: { t: tenant, ty: type }, sort: latest, hint: byTypeTime }
  return {
    where: { _id: under(nameOf(tenant, type, id)) },
    sort: { _id: -1 } as const,
    hint: { _id: 1 },
  }
}

const latest = { at: -1, s: -1 } as const

const placeAfter = ({ seq, at }: Version): string =>
  printPlace({ seq, rid: 0, keys: [at], back: false })

function before(after: string): Filter<Stored> {
  const { seq, keys } = parsePlace(after)
  const [at] = keys
  if (typeof at !== 'number')
    throw invalid('_page is not from a link of this server: follow the next link as it is')
  return { at: { $lte: at }, $or: [{ at: { $lt: at } }, { s: { $lt: seq } }] }
}

/** Of versions up to the end of a span: current at its beginning, or made within it. */
const currentIn = ({ from, to }: { from: number; to: number }): Filter<Stored>[] => [
  { at: { $lte: to } },
  {
    $or: [
      { at: { $gte: from } },
      { body: { $exists: true }, $or: [{ end: { $exists: false } }, { end: { $gt: from } }] },
    ],
  },
]

/** Every newest version of a type that is not deleted, in id order. */
export async function* scan(
  { source, connection: { primary } }: Parts,
  tenant: Tenant,
  { type, after }: { type: string; after: string },
): AsyncIterable<Version> {
  const { $gt, $lt } = under(`${tenant}/${type}`)
  for (let last = `${$gt}${after}`; ; ) {
    const versions = await atTheEdge(() => primary.read(() => slice(source(), { $gt: last, $lt })))
    yield* versions
    const end = versions.at(-1)
    if (!end) return
    last = nameOf(tenant, type, end.id)
  }
}

async function slice(source: Source, n: { $gt: string; $lt: string }): Promise<Version[]> {
  const found = await source.collections.resource
    .find({ n, body: { $exists: true } }, limitsOf(source))
    .project<VersionDocument>(versionFields)
    .sort({ n: 1 })
    .hint(byName)
    .limit(200)
    .toArray()
  return found.map(toVersion)
}
