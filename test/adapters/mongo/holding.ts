import { MongoClient } from 'mongodb'

/** A transaction of somebody else that keeps all versions there are from being written, until it is let go. */
export async function holdAll(url: string): Promise<{ held: number; letGo(): Promise<void> }> {
  const client = await new MongoClient(url).connect()
  const session = client.startSession()
  session.startTransaction()
  const all = client.db().collection('resource')
  const { modifiedCount } = await all.updateMany({}, { $set: { probe: 1 } }, { session })
  return {
    held: modifiedCount,
    async letGo() {
      await session.abortTransaction()
      await session.endSession()
      await client.close()
    },
  }
}
