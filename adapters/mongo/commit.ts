/** Commits wait in line; what waits is written together. */
import { BSON } from 'mongodb'
import { tooLarge, unavailable } from '../../resources/error.ts'
import type { Change, Commit, Store, Version } from '../../resources/store.ts'
import { createWriteBatch } from './batch.ts'
import { tooLargeText } from './errors.ts'
import type { MongoOptions, Parts } from './parts.ts'
import type { Waiting } from './plan.ts'
import { searchIds } from './search.ts'
import { valuesOf } from './values.ts'

export interface Commits {
  commit: Store['commit']
  waiting(): number
  /** The instant of the first that is not written yet. */
  oldest(): number | undefined
}

/** What is written together at most; one that is larger is written alone. */
const most = { commits: 64, bytes: 4_000_000 }

/** ms that the search of a check may take: all writers wait for it. */
const checkTime = 2000

export function createCommits(options: MongoOptions, parts: Parts): Commits {
  const { order, slot, source, writeTime } = parts
  const { writeQueue: limit = 64 * 1024 * 1024, onBatch } = options
  const write = createWriteBatch(
    {
      ...parts,
      searchIds: (tenant, query) =>
        searchIds(source({ until: performance.now() + checkTime, early: true }), tenant, query),
    },
    parts.last,
  )
  let queue: Waiting[] = []
  let flying: Waiting[] = []
  let held = 0
  let flowing = false

  async function flow(): Promise<void> {
    while (queue.length > 0) {
      queue = withoutLate(queue)
      const batch = nextOf(queue)
      if (batch.length === 0) break
      flying = batch.slice()
      queue = queue.slice(batch.length)
      const from = performance.now()
      try {
        await slot.sure()
        const later = await write(batch)
        queue = [...later, ...queue]
        onBatch?.(batch.length - later.length, performance.now() - from)
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    flying = []
    flowing = false
  }

  return {
    waiting: () => queue.length,
    oldest: () => (flying[0] ?? queue[0])?.at,
    commit(tenant, build) {
      if (held > limit)
        return Promise.reject(unavailable('too many writes are waiting: try again shortly', 1))
      return new Promise<Version[]>((resolve, reject) => {
        const at = order.instant()
        const commit = build(at)
        for (const change of commit.changes) refuseTooLarge(change)
        const size = sizeOf(commit)
        const until = performance.now() + writeTime
        held += size
        let waits = true
        const leave = () => {
          if (waits) held -= size
          waits = false
        }
        queue.push({
          ...{ tenant, build, commit, at, size, until, tried: [] },
          resolve(versions) {
            leave()
            resolve(versions)
          },
          reject(error) {
            leave()
            reject(error)
          },
        })
        if (flowing) return
        flowing = true
        // All commits of a turn are written together.
        setImmediate(() => void flow())
      })
    },
  }
}

/** Answers those who have waited too long. */
function withoutLate(queue: Waiting[]): Waiting[] {
  const now = performance.now()
  return queue.filter(({ until, reject }) => {
    if (until > now) return true
    reject(unavailable('the database takes too long: nothing was written', 5))
    return false
  })
}

function nextOf(queue: readonly Waiting[]): Waiting[] {
  let bytes = 0
  const end = queue.findIndex(({ size }, index) => {
    bytes += size
    return index >= most.commits || (index > 0 && bytes > most.bytes)
  })
  return queue.slice(0, end < 0 ? queue.length : end)
}

const sizeOf = ({ changes }: Commit): number =>
  changes.reduce((sum, each) => sum + sizeOfChange(each), 500)

/** About: each row is two values of about fifty bytes, each with its place in the index. */
const sizeOfChange = ({ json, extract }: Change): number =>
  (json?.length ?? 0) + extract.rows.length * 200

/** What the database takes as one document, less what is said of it when it is superseded. */
const largest = 16 * 1024 * 1024 - 16 * 1024

/** Only what may be too large is measured. */
function refuseTooLarge(change: Change): void {
  const { type, json, extract } = change
  if (json === undefined || sizeOfChange(change) < largest / 8) return
  const values = BSON.calculateObjectSize(valuesOf(type, extract))
  if (Buffer.byteLength(json) + values > largest) throw tooLarge(tooLargeText)
}
