/** Copies all that a store has to another one, and compares the two. */
import { createHash } from 'node:crypto'
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
/** Events that are. */
const mostEvents = 5000

/** Goes on where an interrupted one was. Rejects where the target has anything else. */
export async function copyAll({ from, to, extract, progress }: Migration): Promise<void> {
  const total = await from.versionCount()
  const there = await whatIsThere({ from, to }, total)
  let done = there.versions
  let writing: Promise<void> = to.adopt([], { total })
  for await (const some of batches(from.versions(there.versions))) {
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
  for await (const events of groups(from.events(there.events), mostEvents))
    await to.adopt([], { total, events })
  await to.adopt([], { total, isWhole: true })
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

async function* groups<T>(all: AsyncIterable<T>, count: number): AsyncIterable<T[]> {
  let held: T[] = []
  for await (const each of all) {
    if (held.push(each) < count) continue
    yield held
    held = []
  }
  if (held.length > 0) yield held
}

/** What it has must be what the source begins with: all versions first, then events. */
async function whatIsThere(
  { from, to }: Pick<Migration, 'from' | 'to'>,
  total: number,
): Promise<{ versions: number; events: number }> {
  const versions = await start(to.versions(0), from.versions(0), textOf)
  const events = await start(to.events(0), from.events(0), textOfEvent)
  if (!versions || !events || (events.count > 0 && versions.count < total))
    throw new Error(
      'the target holds something else already: give an empty one, where no server was started',
    )
  return { versions: versions.count, events: events.count }
}

/** How many these are, which all begins with, and whether it is they. Absent: it does not. */
async function start<T>(
  these: AsyncIterable<T>,
  all: AsyncIterable<T>,
  textOf: (one: T) => string,
): Promise<{ count: number; isAll: boolean } | undefined> {
  const others = all[Symbol.asyncIterator]()
  let count = 0
  try {
    for await (const each of these) {
      const other = await others.next()
      if (other.done || textOf(other.value) !== textOf(each)) return undefined
      count++
    }
    return { count, isAll: (await others.next()).done === true }
  } finally {
    await others.return?.()
  }
}

/** All of it, but for the commit number, which is given anew. */
const textOf = ({ tenant, version }: Pick<Moving, 'tenant' | 'version'>): string => {
  const { type, id, number, at, method, json } = version
  return JSON.stringify([tenant, type, id, number, at, method, json])
}

const textOfEvent = ({ id, topic, type, resource, version }: Event): string =>
  JSON.stringify([id, topic, type, resource, version])

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
  if (!(await start(to.events(0), from.events(0), textOfEvent))?.isAll)
    throw new Error('source and target have other events to tell')
  progress(total, total)
  return [...source.values()].sort((a, b) =>
    `${a.tenant} ${a.type}` < `${b.tenant} ${b.type}` ? -1 : 1,
  )
}
