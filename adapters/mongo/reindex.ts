/** Values that come and go without a new version: those of a search parameter that is made known, or forgotten. */
import type { Document } from 'mongodb'
import type { Addition, Tenant } from '../../resources/store.ts'
import { byAmount, byEntry, byPoint, bySpan } from './collections.ts'
import { type Update, update } from './commands.ts'
import { nameIn, nameOf, type Stored, type Values } from './document.ts'
import type { Parts } from './parts.ts'
import type { Rows } from './terms.ts'
import { nameOfRows, rowValues, unsaid, valuesOf } from './values.ts'

/** All or none; resolves with those whose newest version is another. */
export async function addRows(
  { connection: { collections }, transactions, terms, slot }: Parts,
  tenant: Tenant,
  additions: Addition[],
): Promise<Addition[]> {
  const name = ({ type, id }: Addition) => nameOf(tenant, type, id)
  const rows = additions.map(
    ({ type, rows, whole }): Rows => ({ tenant, type, rows: whole?.rows ?? rows }),
  )
  await slot.sure()
  return transactions.persist(async ({ db, session, maxTimeMS }) => {
    await terms.remember(rows, { db, maxTimeMS })
    const newest = await collections.resource
      .find({ n: { $in: additions.map(name) }, body: { $exists: true } }, { session, maxTimeMS })
      .project<Pick<Stored, '_id' | 'v'>>({ v: 1 })
      .toArray()
    const numbers = new Map(newest.map(({ _id, v }) => [nameIn(_id), { _id, v }]))
    const updates: Update[] = []
    const lost: Addition[] = []
    for (const addition of additions) {
      const found = numbers.get(name(addition))
      if (found?.v === addition.number) updates.push({ q: { _id: found._id }, u: added(addition) })
      else lost.push(addition)
    }
    await update('resource', updates, { db, session, maxTimeMS })
    return lost
  })
}

const optional = ['d', 'q', 'g', 'has', 'w', 'text'] as const satisfies (keyof Values)[]

/** What is there already stays single; of a whole resource, all that was there goes. */
function added({ type, rows, whole }: Addition): Document {
  if (!whole) {
    const lists = Object.entries(rowValues(type, rows))
    return { $addToSet: Object.fromEntries(lists.map(([name, all]) => [name, { $each: all }])) }
  }
  const values = valuesOf(type, whole)
  const gone = optional.filter(name => !values[name])
  return {
    $set: { ...values, ...(whole.date === undefined ? {} : { k: whole.date }) },
    ...(gone.length > 0 ? { $unset: Object.fromEntries(gone.map(name => [name, 1])) } : {}),
  }
}

/** Deletes up to `limit` values of a parameter and of its variants `param:…`. True: there may be more. */
export async function dropRows(
  parts: Parts,
  what: { tenant: Tenant; type: string; param: string; limit: number },
): Promise<boolean> {
  let left = what.limit
  for (const list of ['x', 'd', 'q', 'g'] as const)
    if (left > 0) left -= await dropFrom(parts, list, { ...what, limit: left })
  return left <= 0
}

const hints = { x: byEntry, d: bySpan, q: byAmount, g: byPoint }

async function dropFrom(
  { connection: { db, collections, schema }, writeTime }: Parts,
  list: keyof typeof hints,
  { tenant, type, param, limit }: { tenant: Tenant; type: string; param: string; limit: number },
): Promise<number> {
  const names = namesOf(type, param)
  const path = list === 'x' ? 'x' : `${list}.p`
  const found = await collections.resource
    .find({ t: tenant, [path]: { $regex: names } })
    .project<Pick<Stored, '_id' | 'x' | 'd' | 'q' | 'g'>>({ [list]: 1 })
    .hint(hints[list])
    .limit(limit)
    .toArray()
  let dropped = 0
  const updates = found.map((each): Update => {
    const all = (each[list] ?? []).filter(value =>
      names.test(typeof value === 'string' ? value : value.p),
    )
    const some = all.slice(0, limit - dropped)
    dropped += some.length
    const others = list === 'x' ? unsaid(type, each.x ?? [], some.map(String)) : []
    return {
      // What refers to the same may come just now.
      q: { _id: each._id, ...(others.length > 0 ? { x: each.x } : {}) },
      u: { $pullAll: { [list]: [...some, ...others] } },
    }
  })
  await schema.sure()
  const met = await update('resource', updates, { db, maxTimeMS: writeTime })
  return met < updates.length ? limit : dropped
}

/** What begins as its names do, those of twins, variants and composites too; the beginning is a range of the index. */
const namesOf = (type: string, param: string): RegExp =>
  new RegExp(`^${nameOfRows(type, param).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?:[=|:$~]|$)`)
