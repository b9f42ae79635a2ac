/** Makes the collections and their indexes; never changes what a newer program made. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Collection, type Db, type IndexDescription, MongoServerError } from 'mongodb'
import { byName, byTime, type Collections, former, indexes, type System } from './collections.ts'
import { update } from './commands.ts'
import type { Connection } from './connection.ts'
import type { Stored } from './document.ts'
import { isUnclear } from './errors.ts'
import { createLeases } from './leases.ts'
import { holds, isNewer, schema } from './schema-watch.ts'
import { systemsIn } from './terms.ts'

/** ms: who has looked at the schema just before may still write that long. */
const lastWrites = 20_000

export async function migrate(connection: Connection): Promise<void> {
  const { db, collections } = connection
  const found = await collections.meta.findOneAndUpdate(
    { _id: 'schema' },
    { $setOnInsert: { number: schema } },
    { upsert: true, returnDocument: 'after' },
  )
  const { number = schema, coming = number } = found ?? {}
  if (coming > schema) throw new Error(`${isNewer(db.databaseName, coming)}: start that one`)
  if (number < schema) await endOlder(connection)
  for (const name of Object.keys(indexes) as (keyof Collections)[]) {
    await create(db, name)
    await index(db.collection(name), indexes[name])
  }
  if (number >= schema) return
  await learnSystems(db, collections)
  await collections.meta.updateOne({ _id: 'schema' }, { $max: { number: schema } })
}

/** Older programs write no more; what they were about to write is there. */
async function endOlder(connection: Connection): Promise<void> {
  const { meta } = connection.collections
  await meta.updateOne({ _id: 'schema' }, { $max: { coming: schema } })
  const writers = await createLeases(connection).leases('numbers/')
  if (writers.length > 0) await wait(holds + lastWrites)
}

/** Schema 1 did not know which systems codes have. */
async function learnSystems(db: Db, { resource }: Collections): Promise<void> {
  const known = new Map<string, System>()
  const all = resource
    .find({ x: { $exists: true } })
    .project<Pick<Stored, 't' | 'x' | 'd' | 'q'>>({ _id: 0, t: 1, x: 1, 'd.p': 1, 'q.p': 1 })
  for await (const { t, x = [], d = [], q = [] } of all)
    for (const entry of [...x, ...d.map(({ p }) => p), ...q.map(({ p }) => p)])
      for (const each of systemsIn(t, entry)) known.set(each._id, each)
  const updates = [...known.values()].map(({ _id, system }) => ({
    q: { _id },
    u: { $setOnInsert: { system } },
    upsert: true,
  }))
  await update('system', updates, { db, maxTimeMS: 60_000 })
}

/** Where there is much, it takes long: all goes on meanwhile, but a search that needs one that is not there is told to wait. */
async function index(collection: Collection, all: IndexDescription[]): Promise<void> {
  const there = await collection.indexes()
  const missing = all.filter(({ key }) => !there.some(each => isSame(each.key, key)))
  const useless = there.filter(each => former.some(key => isSame(each.key, key)))
  if (missing.length === 0) return drop(collection, useless)
  const isEmpty = (await collection.findOne({}, { projection: { _id: 1 } })) === null
  // What keeps a resource from being there twice, and what tells where commits go on, is waited for.
  const first = isEmpty ? missing : missing.filter(({ key }) => key === byName || key === byTime)
  await make(collection, first)
  // Where it fails, searches go on to say that it is missing, and the next start tries again.
  void make(
    collection,
    missing.filter(each => !first.includes(each)),
  )
    .then(() => drop(collection, useless))
    .catch(() => {})
}

async function drop(collection: Collection, some: { name?: string }[]): Promise<void> {
  // Another process may have done it.
  for (const { name = '' } of some) await collection.dropIndex(name).catch(() => {})
}

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other)

/** The database goes on making them where the answer does not come in time; whoever asks again waits for the same. */
async function make(collection: Collection, some: IndexDescription[]): Promise<void> {
  while (some.length > 0)
    try {
      await collection.createIndexes(some)
      return
    } catch (error) {
      if (!isUnclear(error)) throw error
    }
}

/** A transaction cannot wait for a collection to be made. The bodies are most of the bytes: zstd halves what snappy leaves. */
async function create(db: Db, name: keyof Collections): Promise<void> {
  const compressed = { wiredTiger: { configString: 'block_compressor=zstd' } }
  try {
    await db.createCollection(name, name === 'resource' ? { storageEngine: compressed } : {})
  } catch (error) {
    const isThere = error instanceof MongoServerError && error.code === 48
    if (!isThere) throw error
  }
}

/** Where the last commit was. */
export interface Last {
  at: number
  s: number
}

/** Where commits go on: the greatest number and instant of any tenant. One key of the index each. */
export async function lastOf({ resource }: Collections): Promise<Last> {
  const found = await resource
    .aggregate<{ at: number; s: number }>(
      [
        { $sort: { t: -1, at: -1, s: -1 } },
        { $group: { _id: '$t', at: { $first: '$at' }, s: { $first: '$s' } } },
      ],
      { hint: byTime },
    )
    .toArray()
  return {
    at: Math.max(0, ...found.map(({ at }) => at)),
    s: Math.max(0, ...found.map(({ s }) => s)),
  }
}
