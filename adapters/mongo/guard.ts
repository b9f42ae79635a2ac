/**
 * Two processes whose commits look for the same see neither what the other is about to write. So each changes a document
 * for what it looks for, which one of two transactions only can. What is in it means nothing.
 */
import { hash } from 'node:crypto'
import type { Timestamp } from 'mongodb'
import type { Check, Commit, Tenant } from '../../resources/store.ts'
import type { Update, Within } from './commands.ts'
import type { Waiting } from './plan.ts'

/** Of so many: those who meet by chance try again. */
const places = 0x100000

export function guardsOf(batch: Pick<Waiting, 'tenant' | 'commit'>[]): Update[] {
  const found = new Set(batch.flatMap(placesOf))
  // In one order, so that none waits for another in a circle.
  return [...found]
    .sort((a, b) => a - b)
    .map(_id => ({ q: { _id }, u: { $inc: { n: 1 } }, upsert: true }))
}

/**
 * A time of the database after all that was written by who had the guards before: that of a write, in a place of the process
 * itself. What MongoDB tells of a transaction's own time may be a moment behind what it has seen. Most members have it by
 * then, as they must before it can be read: a search is not to spend its time on that.
 */
export async function timeAfterGuards(
  { db, maxTimeMS }: Pick<Within, 'db' | 'maxTimeMS'>,
  slot: number,
): Promise<Timestamp> {
  const updates = [{ q: { _id: -1 - slot }, u: { $inc: { n: 1 } }, upsert: true }]
  const writeConcern = { w: 'majority', wtimeout: maxTimeMS }
  const { operationTime } = await db.command({ update: 'guard', updates, maxTimeMS, writeConcern })
  return operationTime
}

/** What it looks for, and what it makes that others may look for by another identifier. */
function placesOf({ tenant, commit }: Pick<Waiting, 'tenant' | 'commit'>): number[] {
  const { checks = [], changes } = commit
  if (checks.length === 0) return []
  const made = changes.flatMap(({ type, extract }) =>
    extract.rows.flatMap(row =>
      row.kind === 'token' && row.param === 'identifier' ? place(tenant, [type], row.code) : [],
    ),
  )
  return [...checks.map(check => placeOfCheck(tenant, check)), ...made]
}

/** Where all meet that look for something in the same types by no code. */
export function meetingOf(tenant: Tenant, { checks = [] }: Commit): number | undefined {
  const places = checks.flatMap(check =>
    codeOf(check) === undefined ? placeOfCheck(tenant, check) : [],
  )
  return places.length > 0 ? Math.min(...places) : undefined
}

/** By its types and a code that is asked for: other criteria of one code meet too. */
const placeOfCheck = (tenant: Tenant, check: Check): number =>
  place(tenant, check.query.types, codeOf(check))

function codeOf({ query }: Check): string | undefined {
  const token = query.where.find(each => each.kind === 'token' && each.code !== undefined)
  return token?.kind === 'token' ? token.code : undefined
}

function place(tenant: Tenant, types: string[] | undefined, code: string | undefined): number {
  const text = JSON.stringify([tenant, types, code])
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16) % places
}
