/**
 * Writes as commands: the driver's own methods measure each document before they send it, which costs as much as
 * sending it. https://www.mongodb.com/docs/manual/reference/command/insert/
 */
import type { ClientSession, Db, Document } from 'mongodb'
import type { Collections } from './collections.ts'
import { Refused } from './errors.ts'

/** What came of a command: how many documents it met, and what failed, by place. */
interface Written {
  count: number
  errors: { index: number; code: number }[]
}

export interface Within {
  db: Db
  session?: ClientSession | undefined
  maxTimeMS: number
}

/** A message holds 48 MB and 100,000 documents. */
const most = { count: 5000, bytes: 24_000_000 }

const durable = { writeConcern: { w: 'majority', j: true } } as const

/** Each by itself: what fails leaves the others alone, but in a transaction, where it ends all. */
export const insert = (
  name: keyof Collections,
  documents: readonly Document[],
  within: Within,
): Promise<Written> => send({ insert: name }, 'documents', documents, within)

export interface Update {
  q: Document
  u: Document | Document[]
  upsert?: boolean
}

export const update = (
  name: keyof Collections,
  updates: readonly Update[],
  within: Within,
): Promise<Written> => send({ update: name }, 'updates', updates, within)

async function send(
  verb: { insert: string } | { update: string },
  list: 'documents' | 'updates',
  all: readonly Document[],
  { db, session, maxTimeMS }: Within,
): Promise<Written> {
  const written: Written = { count: 0, errors: [] }
  for (const { from, slice } of slices(all)) {
    const command = { ...verb, [list]: slice, ordered: false, maxTimeMS }
    const answer = await (session
      ? db.command(command, { session })
      : db.command({ ...command, ...durable }))
    written.count += answer.n
    for (const { index, code } of answer.writeErrors ?? []) {
      if (session) throw new Refused(code)
      written.errors.push({ index: from + index, code })
    }
  }
  return written
}

function* slices(all: readonly Document[]): Iterable<{ from: number; slice: Document[] }> {
  let from = 0
  let slice: Document[] = []
  let bytes = 0
  for (const [index, each] of all.entries()) {
    const size = each.body?.position ?? 0
    if (slice.length > 0 && (slice.length >= most.count || bytes + size > most.bytes)) {
      yield { from, slice }
      from = index
      slice = []
      bytes = 0
    }
    slice.push(each)
    bytes += size
  }
  if (slice.length > 0) yield { from, slice }
}
