/** Commits wait in line; what waits is written together. */
import { BSON } from 'mongodb'
import { tooLarge, unavailable } from '../../resources/error.ts'
import type { Change, Commit, Store, Tenant, Version } from '../../resources/store.ts'
import { createWriteBatch } from './batch.ts'
import { tooLargeText } from './errors.ts'
import { createFlow, type Flow } from './flow.ts'
import { meetingOf } from './guard.ts'
import { createLines } from './lines.ts'
import type { MongoOptions, Parts } from './parts.ts'
import { least, most, tooWide } from './room.ts'
import { searchIds } from './search.ts'
import { valuesOf } from './values.ts'

export type Commits = Pick<Store, 'commit'> & Omit<Flow, 'push'>

type Build = (at: number) => Commit

/** ms that the search of a check may take: all writers wait for it. */
const checkTime = 2000

export function createCommits(options: MongoOptions, parts: Parts): Commits {
  const { order, slot, source, writeTime, room } = parts
  const { writeQueue: limit = 64 * 1024 * 1024 } = options
  const writeBatch = createWriteBatch(
    {
      ...parts,
      searchIds: (tenant, query, early) =>
        searchIds(source({ until: performance.now() + checkTime, early }), tenant, query),
    },
    parts.last,
  )
  const flow = createFlow(writeBatch, slot, options.onBatch)
  const lines = createLines(parts.connection)
  let held = 0

  function write(tenant: Tenant, build: Build): Promise<Version[]> {
    const until = performance.now() + writeTime
    const at = order.instant()
    const commit = build(at)
    for (const change of commit.changes) refuseTooLarge(change)
    const size = sizeOf(commit)
    const heavy = room !== undefined && isHeavy(commit, room)
    const push = (at: number, commit: Commit) =>
      new Promise<Version[]>((resolve, reject) =>
        flow.push({ tenant, build, commit, at, size, until, tried: [], heavy, resolve, reject }),
      )
    held += size
    const meeting = slot.aloneSince() === undefined ? meetingOf(tenant, commit) : undefined
    const written =
      meeting === undefined
        ? push(at, commit)
        : lines.pass(meeting, () => {
            // What was told of meanwhile is not before it.
            const then = order.instant()
            return push(then, build(then))
          })
    return written.finally(() => {
      held -= size
    })
  }

  return {
    waiting: () => flow.waiting() + lines.waiting(),
    oldest: flow.oldest,
    async commit(tenant, build) {
      if (held > limit) throw unavailable('too many writes are waiting: try again shortly', 1)
      return write(tenant, build)
    },
  }
}

const sizeOf = ({ changes }: Commit): number =>
  changes.reduce((sum, each) => sum + sizeOfChange(each), 500)

/** About: each row is two values of about fifty bytes, each with its place in the index. */
const sizeOfChange = ({ json, extract }: Change): number =>
  (json?.length ?? 0) + extract.rows.length * 200

/** Whether it may be more than fits; what certainly is, is refused. Only what may be is measured. */
function isHeavy({ changes }: Commit, room: number): boolean {
  const sum = (of: (change: Change) => number) => changes.reduce((all, each) => all + of(each), 0)
  if (sum(most) < room / 2) return false
  const bytes = sum(least)
  if (bytes > room) throw tooWide(bytes, room)
  return bytes > room / 2
}

/** What the database takes as one document, less what is said of it when it is superseded. */
const largest = 16 * 1024 * 1024 - 16 * 1024

/** Only what may be too large is measured. */
function refuseTooLarge(change: Change): void {
  const { type, json, extract } = change
  if (json === undefined || sizeOfChange(change) < largest / 8) return
  const values = BSON.calculateObjectSize(valuesOf(type, extract))
  if (Buffer.byteLength(json) + values > largest) throw tooLarge(tooLargeText)
}
