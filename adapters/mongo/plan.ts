/**
 * What a batch of commits writes, and which of them are refused: each is looked at on top of those before it. So the
 * order of commits is the order in which they were asked for, also where several change or look for the same.
 */
import { Binary } from 'mongodb'
import { matchesAll, typesAsked } from '../../resources/search/match.ts'
import {
  type Change,
  type Check,
  type Commit,
  CommitConflict,
  type Tenant,
  type Version,
  versionOf,
} from '../../resources/store.ts'
import type { Outgoing } from './collections.ts'
import type { Update } from './commands.ts'
import { idOf, nameOf, type Stored } from './document.ts'
import { atEdge, isOutOfReach, isPassing } from './errors.ts'
import type { Order } from './order.ts'
import { superseding } from './superseded.ts'
import type { End } from './turns.ts'
import { valuesOf } from './values.ts'

/** A commit that waits for its turn. */
export interface Waiting {
  tenant: Tenant
  build: (at: number) => Commit
  commit: Commit
  at: number
  /** About how many bytes. */
  size: number
  /** When nobody should wait any more, by performance.now(). */
  until: number
  /** The numbers of its changes, then of its events, of the last try. */
  numbers?: number[]
  /** Tries of which no answer came. */
  tried: Taken[]
  /** It may be more than the cache of the database takes, which says the same as where another one writes. */
  heavy: boolean
  /** Somebody else is about to write the same: when to try again, by performance.now(), and how often that was told. */
  kept?: { until: number; times: number; error: unknown }
  resolve(versions: Version[]): void
  reject(error: unknown): void
}

/** What it changes. */
export const namesOf = ({ tenant, commit }: Waiting): string[] =>
  commit.changes.map(({ type, id }) => nameOf(tenant, type, id))

/** A newest version, as far as what replaces it must know. */
export type Replaced = Pick<Stored, '_id' | 'v' | 's' | 'at' | 'c' | 'k'> & {
  /** meta.lastUpdated of version 1, where it is asked for. */
  first?: number
}

/** A commit that is written. */
export interface Taken {
  waiting: Waiting
  versions: Version[]
  stored: Stored[]
  events: Outgoing[]
}

export interface Plan {
  taken: Taken[]
  refused: { waiting: Waiting; error: unknown }[]
  /** These must see the others written, and all after them keep their order. */
  later: Waiting[]
  ends: Update[]
  end: End
}

export interface Given {
  /** Newest versions by their names. */
  found: ReadonlyMap<string, Replaced>
  order: Order
  /** Where the last batch ends. */
  after: End
  /** What the searches of the checks found. */
  answers: ReadonlyMap<Check, PromiseSettledResult<string[]>>
}

interface Made {
  change: Change
  tenant: Tenant
  number: number
}

export function planBatch(batch: readonly Waiting[], given: Given): Plan {
  const plan: Plan = { taken: [], refused: [], later: [], ends: [], end: given.after }
  const made = new Map<string, Made>()
  for (const [index, waiting] of batch.entries()) {
    const verdict = judge(waiting, made, given)
    if (verdict === 'later') {
      plan.later.push(...batch.slice(index))
      break
    }
    if ('error' in verdict) {
      plan.refused.push({ waiting, error: verdict.error })
      continue
    }
    try {
      settlePlace(waiting, verdict, { order: given.order, after: plan.end })
    } catch (error) {
      plan.refused.push({ waiting, error })
      continue
    }
    plan.end = { at: waiting.at, s: waiting.numbers?.at(-1) ?? plan.end.s }
    plan.taken.push(take(waiting, verdict, plan))
    for (const change of waiting.commit.changes)
      made.set(nameOf(waiting.tenant, change.type, change.id), {
        change,
        tenant: waiting.tenant,
        number: change.replaces + 1,
      })
  }
  return plan
}

type Replacing = (Replaced | undefined)[]
interface Refusal {
  error: unknown
}
const refusal = (...of: ConstructorParameters<typeof CommitConflict>): Refusal => ({
  error: new CommitConflict(...of),
})

/** The versions that it replaces, by the place of the change; or why it cannot be written, or not now. */
function judge(
  waiting: Waiting,
  made: ReadonlyMap<string, Made>,
  given: Given,
): Replacing | Refusal | 'later' {
  const { commit } = waiting
  for (const check of commit.checks ?? []) {
    const holds = isHeld(waiting.tenant, check, { made: [...made.values()], given })
    if (holds === undefined) return 'later'
    if (typeof holds === 'object') return holds
    if (!holds) return refusal('check', check.name)
  }
  const names = namesOf(waiting)
  const twice = commit.changes[names.findIndex((name, index) => names.indexOf(name) < index)]
  if (twice) return refusal('version', `${twice.type}/${twice.id}`)
  let later = false
  for (const [index, { type, id, replaces }] of commit.changes.entries()) {
    const name = names[index] ?? ''
    const number = made.get(name)?.number ?? given.found.get(name)?.v ?? 0
    if (number !== replaces) return refusal('version', `${type}/${id}`)
    if (made.has(name)) later = true
  }
  return later ? 'later' : names.map(name => given.found.get(name))
}

/** undefined: it cannot be told before the others are written; a refusal: the search was not answered. */
function isHeld(
  tenant: Tenant,
  check: Check,
  { made, given }: { made: Made[]; given: Given },
): boolean | Refusal | undefined {
  const { query, ids } = check
  const asked = new Set(query.where.flatMap(typesAsked))
  const own = made.filter(each => each.tenant === tenant)
  if (own.some(({ change }) => asked.has(change.type))) return undefined
  const beside = own.filter(({ change }) => !query.types || query.types.includes(change.type))
  if (beside.length > 0 && query.types?.length !== 1) return undefined
  const answer = given.answers.get(check)
  if (answer?.status !== 'fulfilled') return unanswered(answer?.reason)
  const found = answer.value
  const now = new Set(found)
  for (const { change } of beside) {
    const matches = change.json === undefined ? false : matchesAll(query.where, change)
    if (matches === undefined) return undefined
    // More may be behind those that were looked at.
    if (!matches && now.has(change.id) && found.length > ids.length) return undefined
    if (matches) now.add(change.id)
    else now.delete(change.id)
  }
  return now.size === ids.length && ids.every(id => now.has(id))
}

/** What its own search does wrong is no failure of those beside it; what they all would meet is. */
function unanswered(error: unknown): Refusal {
  if (isPassing(error) || isOutOfReach(error)) throw error
  return { error: atEdge(error) }
}

/** Its instant is not before those of the commits before it, nor of what it replaces; nor are its numbers. */
function settlePlace(
  waiting: Waiting,
  replaced: Replacing,
  { order, after }: { order: Order; after: End },
): void {
  const least = Math.max(after.at, ...replaced.map(each => each?.at ?? 0))
  if (waiting.at < least) {
    waiting.at = order.instant(least)
    waiting.commit = waiting.build(waiting.at)
    delete waiting.numbers
  }
  const first = Math.max(
    waiting.at * 1000,
    after.s + 1,
    ...replaced.map(each => (each?.s ?? 0) + 1),
  )
  const { changes, events = [] } = waiting.commit
  if ((waiting.numbers?.[0] ?? 0) < first)
    waiting.numbers = [...changes, ...events].map(() => order.number(first))
}

function take(waiting: Waiting, replaced: Replacing, plan: Plan): Taken {
  const { tenant, at, commit, numbers = [] } = waiting
  const stored = commit.changes.map((change, index) => {
    const before = replaced[index]
    const s = numbers[index] ?? 0
    if (before) plan.ends.push(superseding(before, { s, at }))
    return storedOf(change, before, { tenant, at, s })
  })
  const { events = [] } = commit
  return {
    waiting,
    stored,
    versions: commit.changes.map((change, index) => versionOf(change, numbers[index] ?? 0, at)),
    events: events.map((event, index) => ({
      _id: numbers[stored.length + index] ?? 0,
      event,
    })),
  }
}

function storedOf(
  change: Change,
  before: Replaced | undefined,
  { tenant, at, s }: { tenant: Tenant; at: number; s: number },
): Stored {
  const { type, id, method, replaces, json, extract } = change
  const name = nameOf(tenant, type, id)
  return {
    _id: idOf(name, replaces + 1),
    n: name,
    t: tenant,
    ty: type,
    v: replaces + 1,
    m: method,
    s,
    at,
    c: before?.c ?? s,
    k: sortKey(change, before, at),
    ...(json === undefined
      ? {}
      : { body: new Binary(Buffer.from(json)), ...valuesOf(type, extract) }),
  }
}

/** The main date, else the time of version 1. */
function sortKey({ json, extract }: Change, before: Replaced | undefined, at: number): number {
  if (!before) return extract.date ?? at
  return json === undefined ? before.k : (extract.date ?? before.first ?? before.k)
}

/** Whether what it replaces does not tell the time of version 1 by its own key. */
export const asksFirst = ({ json, extract, old, replaces }: Change): boolean =>
  replaces > 0 &&
  json !== undefined &&
  extract.date === undefined &&
  (!old || old.date !== undefined)
