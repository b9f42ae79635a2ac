/** After the last test on MongoDB: no database of this run is left, whoever's server it is. */
import { MongoClient } from 'mongodb'

export default async function (): Promise<void> {
  if (!globalThis.mongod) return
  const { url, prefix, stop } = globalThis.mongod
  const client = new MongoClient(url)
  try {
    const { databases } = await client.db('admin').admin().listDatabases({ nameOnly: true })
    for (const { name } of databases)
      if (name.startsWith(prefix)) await client.db(name).dropDatabase()
  } finally {
    await client.close()
    await stop()
  }
}
