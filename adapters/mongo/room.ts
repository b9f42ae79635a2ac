/**
 * What a transaction may change. WiredTiger keeps what is not committed in its cache, and rolls a transaction back that
 * fills a share of it: only after long work, and with words that may mean another writer. So it is told beforehand.
 * https://source.wiredtiger.com/mongodb-6.0/tune_cache.html
 */
import { BSON, type Db, MongoServerError } from 'mongodb'
import { tooLarge } from '../../resources/error.ts'
import type { Change } from '../../resources/store.ts'
import { valuesOf } from './values.ts'

/** Bytes; undefined where the user of the database may not ask, or it does not say. */
export async function roomOf(admin: Db): Promise<number | undefined> {
  try {
    const { wiredTiger } = await admin.command({ serverStatus: 1 })
    const bytes = wiredTiger?.cache?.['maximum bytes configured']
    if (typeof bytes !== 'number') return undefined
    const { parsed } = await admin.command({ getCmdLineOpts: 1 })
    const { wiredTigerEngineRuntimeConfig: later } = await admin.command({
      getParameter: 1,
      wiredTigerEngineRuntimeConfig: 1,
    })
    const share = shareIn([parsed?.storage?.wiredTiger?.engineConfig?.configString, later].join())
    return share === undefined ? undefined : bytes * share
  } catch (error) {
    if (error instanceof MongoServerError) return undefined
    throw error
  }
}

/** Of the cache, for what is not committed: eviction_updates_trigger, else half of eviction_dirty_trigger. */
export function shareIn(configuration: string): number | undefined {
  const trigger = (name: string) =>
    [...configuration.matchAll(new RegExp(`${name}_trigger=(\\w+)`, 'g'))].at(-1)?.[1]
  const dirty = trigger('eviction_dirty') ?? '20'
  const updates = trigger('eviction_updates') ?? '0'
  const percent = Number(updates) === 0 ? Number(dirty) / 2 : Number(updates)
  // More than a hundred are bytes, and those with a unit are no number.
  return percent <= 100 ? percent / 100 : undefined
}

/** Bytes that a key of an index takes in the cache at least: measured, 196 to 350 on mongod 6.0.5. */
const key = 190
/** Of a document beside its body and values, and its keys beside those of its values. */
const rest = { bytes: 300, keys: 7 }

/** Bytes that it takes in the cache at least. What it replaces comes on top. */
export function least({ type, json, extract }: Change): number {
  if (json === undefined) return 0
  const values = valuesOf(type, extract)
  const { x, d = [], q = [], g = [], w = [] } = values
  const keys = rest.keys + [x, d, q, g, w].reduce((sum, { length }) => sum + length, 0)
  return rest.bytes + Buffer.byteLength(json) + BSON.calculateObjectSize(values) + keys * key
}

/** More than that, found out without looking at its values: a row has up to four of them, and each word is one. */
export function most({ json = '', extract }: Change): number {
  const { rows, narrative = '', content = '' } = extract
  return 2 * json.length + 1200 * rows.length + 24 * (narrative.length + content.length) + 2500
}

const inMB = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`

export const tooWide = (bytes: number, room: number) =>
  tooLarge(
    `the transaction takes ${inMB(bytes)} or more of the cache of the database, where ${inMB(room)} fit (MAX_TRANSACTION_SIZE): send it in parts, or give mongod a larger cache`,
  )
