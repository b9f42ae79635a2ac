/** Databases for tests on MongoDB, each used once. */
import { randomUUID } from 'node:crypto'
import { MongoClient } from 'mongodb'

/** The address of a database that is not there yet. What is left of it goes at the end of the run. */
export function newDatabase(): string {
  const { TEST_MONGO_URL = '', TEST_MONGO_PREFIX } = process.env
  const [, server = '', options = ''] =
    /^(\w+(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(TEST_MONGO_URL) ?? []
  return `${server}/${TEST_MONGO_PREFIX}${randomUUID().slice(0, 8)}${options}`
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
