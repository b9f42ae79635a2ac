import { type Db, MongoClient, type MongoClientOptions, MongoServerSelectionError } from 'mongodb'
import { unavailable } from '../../resources/error.ts'
import { databaseIn, hostsIn } from './address.ts'
import { type Collections, collectionsOf } from './collections.ts'
import { type Primary, watchPrimary } from './primary.ts'
import { type SchemaWatch, watchSchema } from './schema-watch.ts'

export interface ConnectionOptions {
  /** mongodb://… of a replica set. The path names the database; without one it is `nidaan`. */
  url: string
  /** By which the database tells this process from all others. */
  name?: string
  /** Connections at most. */
  poolSize?: number
  /** ms that a command may wait for a connection. */
  waitQueueTime?: number
  /** ms after which a connection that nobody uses is closed. */
  maxIdleTime?: number
  /** ms that a command may wait for a primary: longer than an election takes. */
  selectionTime?: number
  /** ms that an answer may take: longer than any command may. */
  socketTime?: number
}

export interface Connection {
  client: MongoClient
  db: Db
  collections: Collections
  primary: Primary
  schema: SchemaWatch
  name: string
  /** A replica set, not a router to shards. */
  isSet: boolean
}

/** ms: a member that answers nothing for longer, asked twice in that time, is taken for dead. */
const silence = 4000

const optionsOf = (
  appName: string,
  { poolSize, waitQueueTime, maxIdleTime, ...times }: ConnectionOptions,
) =>
  ({
    appName,
    maxPoolSize: poolSize ?? 32,
    waitQueueTimeoutMS: waitQueueTime ?? 30_000,
    maxIdleTimeMS: maxIdleTime ?? 600_000,
    serverSelectionTimeoutMS: times.selectionTime ?? 15_000,
    connectTimeoutMS: Math.min(silence, times.selectionTime ?? silence),
    heartbeatFrequencyMS: silence / 2,
    socketTimeoutMS: times.socketTime ?? 30_000,
    writeConcern: { w: 'majority', journal: true },
    readConcern: { level: 'majority' },
    readPreference: 'primary',
    promoteBuffers: true,
  }) satisfies MongoClientOptions

/** Rejects with one clear line where there is no replica set to be reached. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const name = options.name ? `nidaan ${options.name}` : 'nidaan'
  let client: MongoClient
  try {
    client = new MongoClient(options.url, optionsOf(name, options))
  } catch (error) {
    throw new Error('STORE_URL is no address of a MongoDB: mongodb://host:port/name', {
      cause: new Error(Error.isError(error) ? error.name : 'not read'),
    })
  }
  const db = client.db(databaseIn(options.url))
  const collections = collectionsOf(db)
  const primary = watchPrimary(client, collections.meta)
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    if (!hello.setName && hello.msg !== 'isdbgrid') throw new Error(notASet(options.url))
    const schema = watchSchema(collections.meta)
    return { client, db, collections, primary, schema, name, isSet: Boolean(hello.setName) }
  } catch (error) {
    await client.close()
    throw await whyNotOpen(error, options.url)
  }
}

const notASet = (url: string): string =>
  `the MongoDB at ${hostsIn(url)} is not a replica set, which transactions need: start mongod with --replSet rs0, then call rs.initiate() once in mongosh`

async function whyNotOpen(error: unknown, url: string): Promise<Error> {
  if (!Error.isError(error)) return new Error(String(error))
  if (error instanceof MongoServerSelectionError) {
    if (await isAlone(url)) return new Error(notASet(url))
    return unavailable(
      `the MongoDB at ${hostsIn(url)} cannot be reached, or has no primary: see that it runs, and that its members reach each other`,
      5,
    )
  }
  if ('code' in error && (error.code === 18 || error.code === 13))
    return new Error(`the MongoDB at ${hostsIn(url)} refuses the user or password of STORE_URL`)
  return error
}

/** Of a database that is not there yet. Absent: its name is not why. */
export function whyNotMade(error: unknown, { db }: Connection): Error | undefined {
  const code = Error.isError(error) && 'code' in error ? error.code : 0
  if (code === 13297)
    return new Error(
      `the MongoDB has a database whose name differs from ${db.databaseName} in capital letters only: give STORE_URL that one, or another`,
    )
  // On Windows more names are none.
  if (code === 73)
    return new Error(`the MongoDB takes no database of the name ${db.databaseName}: give another`)
  return undefined
}

/** Whether the first host answers, and is of no set yet. */
async function isAlone(url: string): Promise<boolean> {
  const [host = ''] = hostsIn(url).split(',')
  const client = new MongoClient(`mongodb://${host}/?directConnection=true`, {
    serverSelectionTimeoutMS: 2000,
  })
  try {
    const hello = await client.db('admin').command({ hello: 1 })
    return !hello.setName
  } catch {
    return false
  } finally {
    await client.close()
  }
}
