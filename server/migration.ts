/** Copies all that a store has to another one, and compares the two. */
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Event, Extract, Moving, Store, Tenant, Version } from '../resources/store.ts'

export interface Migration {
  from: Store
  to: Store
  /** What a newest version is to be found by. */
  extract(tenant: Tenant, version: Version): Extract | Promise<Extract>
  /** Of both phases: what is done, of how much. */
  progress(done: number, total: number): void
}

/** What there is of a type: how many versions, and a hash of all of them in their order. */
export interface Sum {
  tenant: Tenant
  type: string
  versions: number
  hash: string
}

/** Versions that are written together, and characters of them. */
const most = { count: 500, size: 4_000_000 }
/** More were never waiting. */
const mostEvents = 10_000_000

/** Goes on where an interrupted one was. Rejects where the target has anything else. */
export async function copyAll({ from, to, extract, progress }: Migration): Promise<void> {
  const total = await from.versionCount()
  const there = await to.versionCount()
  await refuseOthers({ from, to }, there, total)
  let done = there
  let writing: Promise<void> = to.adopt([], { total })
  for await (const some of batches(from.versions(there))) {
    const all: Moving[] = []
    for (const { tenant, version, newest } of some) {
      const isFound = newest && version.json !== undefined
      const found = isFound ? { extract: await extract(tenant, version) } : {}
      all.push({ tenant, version, newest, ...found })
    }
    await writing
    progress(done, total)
    writing = to.adopt(all, { total })
    // It is waited for when the next ones are ready.
    writing.catch(() => {})
    done += all.length
  }
  await writing
  await to.adopt([], { total, last: await eventsOf(from) })
  progress(done, total)
}

async function* batches(versions: AsyncIterable<Moving>): AsyncIterable<Moving[]> {
  let held: Moving[] = []
  let size = 0
  for await (const each of versions) {
    held.push(each)
    size += each.version.json?.length ?? 0
    if (held.length < most.count && size < most.size) continue
    yield held
    held = []
    size = 0
  }
  if (held.length > 0) yield held
}

/** What it has must be what the source begins with. */
async function refuseOthers(
  { from, to }: Pick<Migration, 'from' | 'to'>,
  there: number,
  total: number,
): Promise<void> {
  const holdsOther = new Error(
    'the target holds something else already: give an empty one, where no server was started',
  )
  if (there > total || (there === 0 && (await to.undelivered(1)).length > 0)) throw holdsOther
  const source = from.versions(0)[Symbol.asyncIterator]()
  for await (const { tenant, version } of to.versions(0)) {
    const other = await source.next()
    if (other.done || textOf(other.value) !== textOf({ tenant, version })) throw holdsOther
  }
  await source.return?.()
}

/** All of it, but for the commit number, which is given anew. */
const textOf = ({ tenant, version }: Pick<Moving, 'tenant' | 'version'>): string => {
  const { type, id, number, at, method, json } = version
  return JSON.stringify([tenant, type, id, number, at, method, json])
}

/** Of each type in a store. */
export async function sumsOf(
  store: Store,
  progress: (done: number) => void,
): Promise<Map<string, Sum>> {
  const sums = new Map<string, Omit<Sum, 'hash'> & { hash: ReturnType<typeof createHash> }>()
  let done = 0
  for await (const each of store.versions(0)) {
    const { tenant, version } = each
    const key = `${tenant} ${version.type}`
    const sum = sums.get(key) ?? {
      ...{ tenant, type: version.type, versions: 0 },
      hash: createHash('sha256'),
    }
    sum.versions++
    sum.hash.update(`${textOf(each)}\n`)
    sums.set(key, sum)
    if (++done % most.count === 0) progress(done)
  }
  return new Map([...sums].map(([key, sum]) => [key, { ...sum, hash: sum.hash.digest('hex') }]))
}

const eventsOf = async (store: Store): Promise<Event[]> =>
  (await store.undelivered(mostEvents)).map(({ event }) => event)

/** What both have; rejects, naming the types, where they differ. */
export async function compareAll({
  from,
  to,
  progress,
}: Pick<Migration, 'from' | 'to' | 'progress'>): Promise<Sum[]> {
  const total = 2 * (await from.versionCount())
  const source = await sumsOf(from, done => progress(done, total))
  const target = await sumsOf(to, done => progress(total / 2 + done, total))
  const differing = [...new Set([...source.keys(), ...target.keys()])].filter(
    key => source.get(key)?.hash !== target.get(key)?.hash,
  )
  if (differing.length > 0)
    throw new Error(`source and target differ: ${differing.sort().join(', ')}`)
  const [events, others] = await Promise.all([from, to].map(eventsOf))
  if (!isDeepStrictEqual(events, others))
    throw new Error('source and target have other events to tell')
  progress(total, total)
  return [...source.values()].sort((a, b) =>
    `${a.tenant} ${a.type}` < `${b.tenant} ${b.type}` ? -1 : 1,
  )
}
