/** Makes the collections and their indexes; never changes what a newer program made. */
import { type Db, MongoServerError } from 'mongodb'
import { byTime, type Collections, indexes } from './collections.ts'
import type { Connection } from './connection.ts'

/** Goes up with each change that an older program would not understand. */
const schema = 1

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
    if (indexes[name].length > 0) await db.collection(name).createIndexes(indexes[name])
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
