/** Databases for tests on MongoDB, each used once. */
import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'

/** The address of a database that is not there yet. What is left of it goes at the end of the run. */
export function newDatabase(): string {
  const { TEST_MONGO_URL = '', TEST_MONGO_PREFIX = '' } = process.env
  return databaseAt(TEST_MONGO_URL, TEST_MONGO_PREFIX + randomUUID().slice(0, 8))
}

/** Of a server's address the one of a database there. */
export function databaseAt(server: string, name: string): string {
  const [, hosts, options = ''] =
    /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(server) ?? []
  if (hosts === undefined)
    throw new Error('MONGO_URL must be an address such as mongodb://127.0.0.1')
  return `${hosts}/${name}${options}`
}

/** Many of them cost a server more than their data does. */
export async function dropDatabase(url: string): Promise<void> {
  const client = new MongoClient(url)
  try {
    await client.db().dropDatabase()
  } finally {
    await client.close()
  }
}
