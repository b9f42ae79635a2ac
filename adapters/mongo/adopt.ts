/** Versions as they leave for another store, and as they come from one. */
import { Binary } from 'mongodb'
import { sourceChanged } from '../../resources/moving.ts'
import type { Event, Moving, Store, Tenant } from '../../resources/store.ts'
import { byTime, type Collections } from './collections.ts'
import { insert, type Update, update } from './commands.ts'
import { idOf, nameOf, type Stored, valueNames } from './document.ts'
import type { Order } from './order.ts'
import type { Parts } from './parts.ts'
import { toVersion, type VersionDocument, versionFields } from './read.ts'
import type { Session } from './transact.ts'
import { valuesOf } from './values.ts'

/** All of all tenants, as they were made: merged from the index of each. */
export async function* versions({ resource }: Collections, skip: number): AsyncIterable<Moving> {
  const tenants = await resource.distinct('t')
  const found = resource
    .find({ t: { $in: tenants } })
    .project<VersionDocument & { t: Tenant; n?: string }>({ ...versionFields, t: 1, n: 1 })
    .sort({ at: 1, s: 1 })
    .hint(byTime)
    .skip(skip)
  for await (const each of found)
    yield { tenant: each.t, version: toVersion(each), newest: each.n !== undefined }
}

export const versionCount = ({ resource }: Collections): Promise<number> =>
  resource.countDocuments({})

/** Stands in a database that is not whole yet; its number is how many versions there are to be. */
const mark = 'adopting'

export const isAdopting = async ({ meta }: Collections): Promise<boolean> =>
  (await meta.findOne({ _id: mark })) !== null

/**
 * ms: what a machine that lost its power had begun to write is kept from others until MongoDB ends its transaction, which is
 * a minute and a half at most. https://www.mongodb.com/docs/manual/core/transactions-production-consideration/
 */
const patience = 100_000

export function createAdopting({ connection, transactions, terms, order }: Parts): Store['adopt'] {
  const { collections } = connection
  const { meta, outbox } = collections

  async function begin(total: number): Promise<void> {
    const begun = await meta.findOneAndUpdate(
      { _id: mark },
      { $setOnInsert: { number: total } },
      { upsert: true, returnDocument: 'after' },
    )
    if (begun?.number !== total) throw new Error(sourceChanged)
  }

  /** Before all that is written later: that has numbers of its time. */
  async function tell(events: Event[]): Promise<void> {
    const [last] = await outbox.find().sort({ _id: -1 }).limit(1).toArray()
    const from = (last?._id ?? 0) + 1
    const outgoing = events.map((event, index) => ({ _id: from + index, event }))
    await transactions.persist(async within => {
      // Of a try whose answer was lost.
      if (await outbox.findOne({ _id: from }, { session: within.session })) return
      await insert('outbox', outgoing, within)
    }, patience)
  }

  return async (all, { total, events = [], isWhole }) => {
    await begin(total)
    const rows = all.flatMap(({ tenant, version, extract }) =>
      extract ? [{ tenant, type: version.type, rows: extract.rows }] : [],
    )
    await transactions.persist(async within => {
      await terms.remember(rows, { db: within.db, maxTimeMS: within.maxTimeMS })
      await write(all, { collections, order, within })
    }, patience)
    order.instant(Math.max(0, ...all.map(({ version }) => version.at)))
    if (events.length > 0) await tell(events)
    if (isWhole) await meta.deleteOne({ _id: mark })
  }
}

async function write(
  all: Moving[],
  how: { collections: Collections; order: Order; within: Session },
): Promise<void> {
  const { collections, order, within } = how
  const { session, maxTimeMS } = within
  const [first] = all
  if (!first) return
  // Of a try whose answer was lost.
  if (await collections.resource.findOne({ _id: keyOf(first) }, { session, maxTimeMS })) return
  const begun = await beginnings(all, collections, within)
  const stored = new Map<string, Stored>()
  const ends: Update[] = []
  for (const each of all) {
    const { number, at } = each.version
    const u = order.number(at * 1000)
    const before = stored.get(keyOf(each, -1))
    if (before) Object.assign(before, { u, end: at })
    else if (number > 1) ends.push(ended(keyOf(each, -1), { u, end: at }))
    stored.set(keyOf(each), storedOf(each, { s: u, begun }))
  }
  await update('resource', ends, within)
  await insert('resource', [...stored.values()], within)
}

const keyOf = ({ tenant, version: { type, id, number } }: Moving, more = 0): string =>
  idOf(nameOf(tenant, type, id), number + more)

type Beginning = Pick<Stored, 's' | 'at'>

/** Versions 1 of those that began before. */
async function beginnings(
  all: Moving[],
  { resource }: Collections,
  { session, maxTimeMS }: Session,
): Promise<Map<string, Beginning>> {
  const ids = all
    .filter(({ version }) => version.number > 1)
    .map(each => keyOf(each, 1 - each.version.number))
  const found = await resource
    .find({ _id: { $in: [...new Set(ids)] } }, { session, maxTimeMS })
    .project<Beginning & { _id: string }>({ s: 1, at: 1 })
    .toArray()
  return new Map(found.map(({ _id, s, at }) => [_id, { s, at }]))
}

/** Only the newest one is found by its values. */
function storedOf(
  moving: Moving,
  { s, begun }: { s: number; begun: Map<string, Beginning> },
): Stored {
  const { tenant, version, newest, extract } = moving
  const { type, id, number, method, at, json } = version
  const name = nameOf(tenant, type, id)
  if (number === 1) begun.set(keyOf(moving), { s, at })
  const first = begun.get(idOf(name, 1)) ?? { s, at }
  return {
    _id: keyOf(moving),
    ...(newest ? { n: name } : {}),
    t: tenant,
    ty: type,
    v: number,
    m: method,
    s,
    at,
    c: first.s,
    k: extract?.date ?? first.at,
    ...(json === undefined ? {} : { body: new Binary(Buffer.from(json)) }),
    ...(extract ? valuesOf(type, extract) : {}),
  }
}

const ended = (_id: string, how: { u: number; end: number }): Update => ({
  q: { _id },
  u: [{ $set: how }, { $unset: ['n', ...valueNames] }],
})
