/**
 * Two processes whose commits look for the same see neither what the other is about to write. So each changes a document
 * for what it looks for, which one of two transactions only can. What is in it means nothing.
 */
import { hash } from 'node:crypto'
import type { Check, Tenant } from '../../resources/store.ts'
import type { Update } from './commands.ts'
import type { Waiting } from './plan.ts'

/** Of so many: those who meet by chance try again. */
const places = 0x10000

export function guardsOf(batch: Pick<Waiting, 'tenant' | 'commit'>[]): Update[] {
  const found = new Set(
    batch.flatMap(({ tenant, commit: { checks = [] } }) => checks.map(each => place(tenant, each))),
  )
  // In one order, so that none waits for another in a circle.
  return [...found]
    .sort((a, b) => a - b)
    .map(_id => ({ q: { _id }, u: { $inc: { n: 1 } }, upsert: true }))
}

/** By its types and a code that is asked for: other criteria of one code meet too. */
function place(tenant: Tenant, { query }: Check): number {
  const token = query.where.find(each => each.kind === 'token' && each.code !== undefined)
  const code = token?.kind === 'token' ? token.code : undefined
  const text = JSON.stringify([tenant, query.types, code])
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16) % places
}
