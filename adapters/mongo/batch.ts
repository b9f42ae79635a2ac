/** Writes a batch of commits in one transaction; each has its own outcome. */

import { tooLarge, unavailable } from '../../resources/error.ts'
import type { Version } from '../../resources/store.ts'
import { answersTo, type SearchIds } from './checks.ts'
import { insert, update } from './commands.ts'
import { nameOf } from './document.ts'
import { atEdge, isOutOfReach, isPassing, isTimeLimit, isUnclear, tooWideText } from './errors.ts'
import { guardsOf } from './guard.ts'
import { createLook, type Look } from './look.ts'
import type { Parts as Opened } from './parts.ts'
import { namesOf, type Plan, planBatch, type Taken, type Waiting } from './plan.ts'
import type { Last } from './schema.ts'
import type { Rows } from './terms.ts'
import type { Session } from './transact.ts'
import { Overtaken, type Turn } from './turns.ts'

export type Parts = Pick<
  Opened,
  'connection' | 'transactions' | 'terms' | 'order' | 'remembered'
> & {
  slot: Pick<Opened['slot'], 'number'>
  searchIds: SearchIds
}

/** Answers all of a batch but those for which it is too early: with these it resolves. */
export type WriteBatch = (batch: Waiting[], turn: Turn) => Promise<Waiting[]>

export function createWriteBatch(parts: Parts, last: Last): WriteBatch {
  const { connection, order, remembered, transactions } = parts
  const after = { ...last }
  const look = createLook(connection)

  return async (batch, turn) => {
    const place = order.begin(Math.min(...batch.map(({ at }) => at)))
    try {
      return await writeAll(batch, turn)
    } finally {
      order.end(place, after.s)
    }
  }

  async function writeAll(batch: Waiting[], turn: Turn): Promise<Waiting[]> {
    const until = Math.max(...batch.map(each => each.until))
    const wrote = remembered.recent.replacing(batch.flatMap(namesOf))
    const later: Waiting[] = []
    let rest = batch
    for (let attempt = 0; ; attempt++) {
      let plan: Plan | undefined
      let isSent = false
      try {
        await turn.toBegin()
        rest = await withoutLanded(rest)
        if (rest.length === 0) return later
        const [all, careful] = [rest, attempt > 0 || rest.some(({ kept }) => kept)]
        await transactions.once(until, async session => {
          plan = await planOf(parts, all, { session, after, turn, look, careful })
          await write(plan, session)
          turn.sent(plan.end)
          await turn.toCommit()
          isSent = true
        })
        for (const taken of plan?.taken ?? []) {
          for (const version of taken.versions)
            wrote(nameOfVersion(taken.waiting, version), version)
          settle(taken)
        }
        for (const { waiting, error } of plan?.refused ?? []) waiting.reject(error)
        return [...(plan?.later ?? []).map(putBack), ...later]
      } catch (error) {
        turn.stumble()
        // The last answer to a commit may tell nothing of the first, which was lost.
        if (isSent || isUnclear(error)) plan?.taken.forEach(tried)
        if (error instanceof Overtaken) continue
        if (!isPassing(error) || performance.now() > until)
          return [...later, ...(await giveUp(rest, error, turn))]
        if (!isUnclear(error) && isKept(rest, attempt))
          return [...later, ...rest.flatMap(each => aside(each, error))]
        // Whom others get in the way of again and again does better with less.
        if (!isUnclear(error) && attempt > 0) later.unshift(...secondHalf(rest))
        await transactions.pause(attempt)
      }
    }
  }

  /** What one of them does wrong must not be the failure of those beside it. */
  async function giveUp(rest: Waiting[], error: unknown, turn: Turn): Promise<Waiting[]> {
    const failure = isTimeLimit(error) ? late(error) : atEdge(error)
    const later: Waiting[] = []
    const isOfAll = isPassing(error) || isTimeLimit(error) || isOutOfReach(error)
    if (rest.length === 1 || isOfAll) for (const { reject } of rest) reject(failure)
    else for (const one of rest) later.push(...(await writeAll([one], turn)))
    return later
  }

  async function withoutLanded(batch: Waiting[]): Promise<Waiting[]> {
    const landed = await look.landedOf(batch)
    landed.forEach(settle)
    return batch.filter(waiting => landed.every(taken => taken.waiting !== waiting))
  }

  function settle({ waiting, versions, stored }: Taken): void {
    look.wrote(stored)
    after.s = Math.max(after.s, waiting.numbers?.at(-1) ?? 0)
    after.at = Math.max(after.at, waiting.at)
    waiting.resolve(versions)
  }
}

const nameOfVersion = ({ tenant }: Waiting, { type, id }: Version): string =>
  nameOf(tenant, type, id)

/** It may have been made. */
const tried = (taken: Taken): number => taken.waiting.tried.push(taken)

/** Takes it away. */
const secondHalf = (batch: Waiting[]): Waiting[] =>
  batch.splice(Math.ceil(batch.length / 2)).map(putBack)

/**
 * Pages that begin before it is tried again see up to greater numbers than it had. What was written with these all the same
 * is known by its version; events alone by nothing else.
 */
function putBack(waiting: Waiting): Waiting {
  if (waiting.tried.length === 0 || waiting.commit.changes.length > 0) delete waiting.numbers
  return waiting
}

/** Those that others keep from being written again and again are not waited for by those behind them. */
const isKept = (rest: Waiting[], attempt: number): boolean =>
  attempt > 1 || rest.some(({ kept }) => kept)

/** ms before the next try, the first and the longest. */
const pauses = { first: 50, longest: 1000 }

function aside(waiting: Waiting, error: unknown): Waiting[] {
  const times = waiting.kept?.times ?? 0
  if (waiting.heavy && times > 3) {
    waiting.reject(tooLarge(tooWideText))
    return []
  }
  const pause = Math.min(pauses.longest, pauses.first * 2 ** times)
  waiting.kept = { until: performance.now() + pause, times: times + 1, error }
  return [putBack(waiting)]
}

const late = (cause: unknown) =>
  unavailable('the database takes too long: repeat the request', 5, cause)

async function planOf(
  { terms, order, searchIds, slot }: Parts,
  batch: Waiting[],
  {
    session,
    after,
    turn,
    look,
    careful,
  }: { session: Session; after: Last; turn: Turn; look: Look; careful: boolean },
): Promise<Plan> {
  // Outside of the transaction: there is no harm in a word that nothing has.
  await terms.remember(batch.flatMap(rowsOf), { db: session.db, maxTimeMS: session.maxTimeMS })
  await update('guard', guardsOf(batch), session)
  const found = await look.replacedBy(batch, { session, careful })
  const answers = await answersTo(batch, { searchIds, session, slot })
  const before = turn.after()
  return planBatch(batch, {
    found,
    answers,
    order,
    after: { s: Math.max(after.s, before?.s ?? 0), at: Math.max(after.at, before?.at ?? 0) },
  })
}

const rowsOf = ({ tenant, commit }: Waiting): Rows[] =>
  commit.changes.map(({ type, extract }) => ({ tenant, type, rows: extract.rows }))

async function write({ taken, ends }: Plan, session: Session): Promise<void> {
  await update('resource', ends, session)
  await insert(
    'resource',
    taken.flatMap(({ stored }) => stored),
    session,
  )
  await insert(
    'outbox',
    taken.flatMap(({ events }) => events),
    session,
  )
}
