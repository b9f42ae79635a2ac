/**
 * A process goes on writing only while it knows that no newer program has begun to change the database: it looks from time
 * to time, not with each batch, and a newer program waits as long before it changes anything.
 */
import { unavailable } from '../../resources/error.ts'
import type { Collections } from './collections.ts'

/** Goes up with each change that an older program would not understand. */
export const schema = 2

export interface SchemaWatch {
  /** Before anything is written. Rejects with 503 where a newer program has the database. */
  sure(): Promise<void>
  close(): void
}

/** ms between two looks, and for which what was seen holds. */
const glance = 500
export const holds = 1500

const maxTimeMS = 5000

/** What a database is of, or is becoming; absent: it is empty. */
export async function schemaOf(meta: Collections['meta']): Promise<number | undefined> {
  const found = await meta.findOne({ _id: 'schema' }, { maxTimeMS })
  return found ? Math.max(found.number, found.coming ?? 0) : undefined
}

export const isNewer = (name: string, number: number): string =>
  `the database ${name} is of a newer version of this server (schema ${number}, known ${schema})`

export function watchSchema(meta: Collections['meta']): SchemaWatch {
  let looked = Number.NEGATIVE_INFINITY
  let newest = schema
  async function look(): Promise<void> {
    const from = performance.now()
    newest = Math.max(newest, (await schemaOf(meta)) ?? 0)
    looked = Math.max(looked, from)
  }
  // Where it fails, whoever writes looks.
  const looking = setInterval(() => void look().catch(() => {}), glance).unref()
  return {
    async sure() {
      if (performance.now() - looked > holds) await look()
      if (newest > schema)
        throw unavailable(`${isNewer(meta.dbName, newest)}: nothing is written any more`, 60)
    },
    close: () => clearInterval(looking),
  }
}
