/** Makes the collections and their indexes; never changes what a newer program made. */
import { type Collection, type Db, type IndexDescription, MongoServerError } from 'mongodb'
import { byName, byTime, type Collections, former, indexes } from './collections.ts'
import type { Connection } from './connection.ts'
import { isUnclear } from './errors.ts'

/** Goes up with each change that an older program would not understand. */
const schema = 2

export async function migrate({ db, collections }: Connection): Promise<void> {
  const found = await collections.meta.findOneAndUpdate(
    { _id: 'schema' },
    { $setOnInsert: { number: schema } },
    { upsert: true, returnDocument: 'after' },
  )
  const number = found?.number ?? schema
  if (number > schema)
    throw new Error(
      `the database ${db.databaseName} is of a newer version of this server (schema ${number}, known ${schema}): start that one`,
    )
  for (const name of Object.keys(indexes) as (keyof Collections)[]) {
    await create(db, name)
    await index(db.collection(name), indexes[name])
  }
  if (number >= schema) return
  await learnSystems(collections)
  await collections.meta.updateOne({ _id: 'schema' }, { $max: { number: schema } })
}

/** Schema 1 did not know which systems codes have: see terms.ts. Entries are `Patient.identifier|system|code`. */
async function learnSystems({ resource }: Collections): Promise<void> {
  const part = (at: number) => ({ $arrayElemAt: [{ $split: ['$x', '|'] }, at] })
  await resource
    .aggregate([
      { $project: { t: 1, x: 1 } },
      { $unwind: '$x' },
      { $match: { x: { $regex: '^[^=|$@]+[|]' } } },
      {
        $group: {
          _id: { $concat: ['$t', ' ', part(0), ' ', part(1)] },
          system: { $first: part(1) },
        },
      },
      { $merge: { into: 'system', whenMatched: 'keepExisting' } },
    ])
    .toArray()
}

/** Where there is much, it takes long: all goes on meanwhile, but a search that needs one that is not there is told to wait. */
async function index(collection: Collection, all: IndexDescription[]): Promise<void> {
  const there = await collection.indexes()
  const missing = all.filter(({ key }) => !there.some(each => isSame(each.key, key)))
  const useless = there.filter(each => former.some(key => isSame(each.key, key)))
  for (const { name = '' } of useless) await collection.dropIndex(name)
  if (missing.length === 0) return
  const isEmpty = (await collection.findOne({}, { projection: { _id: 1 } })) === null
  // What keeps a resource from being there twice, and what tells where commits go on, is waited for.
  const first = isEmpty ? missing : missing.filter(({ key }) => key === byName || key === byTime)
  await make(collection, first)
  // Where it fails, searches go on to say that it is missing, and the next start tries again.
  void make(
    collection,
    missing.filter(each => !first.includes(each)),
  ).catch(() => {})
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
