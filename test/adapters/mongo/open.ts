import { randomUUID } from 'node:crypto'
import type { MongoOptions } from '../../../adapters/mongo/parts.ts'
import { type MongoStore, openMongo } from '../../../adapters/mongo/store.ts'
import { dropDatabase, newDatabase } from '../../support/mongo-database.ts'

export const openAt = (
  url: string,
  now: () => number,
  more: Partial<MongoOptions> = {},
): Promise<MongoStore> => openMongo({ url, now, newId: randomUUID, ...more })

/** An empty store, gone when it is closed. */
export async function openEmpty(
  now: () => number,
  more: Partial<MongoOptions> = {},
): Promise<MongoStore> {
  const url = newDatabase()
  const store = await openAt(url, now, more)
  let gone: Promise<void> | undefined
  return {
    ...store,
    close() {
      gone ??= store.close().then(() => dropDatabase(url))
      return gone
    },
  }
}
