/**
 * Writes as commands: the driver's own methods measure each document before they send it, which costs as much as
 * sending it. https://www.mongodb.com/docs/manual/reference/command/insert/
 */
import { BSON, type ClientSession, type Db, type Document } from 'mongodb'
import type { Collections } from './collections.ts'
import { isDuplicate, Refused } from './errors.ts'

export interface Within {
  db: Db
  session?: ClientSession | undefined
  maxTimeMS: number
}

/** Of one command: it is a document itself, of 16 MB at most. */
const most = { count: 10_000, bytes: 15_000_000 }

const durable = { writeConcern: { w: 'majority', j: true } } as const

/** Where it is no transaction, one that is there already is no failure: another process made it. */
export const insert = (
  name: keyof Collections,
  documents: readonly Document[],
  within: Within,
): Promise<number> => send({ insert: name }, 'documents', documents, within)

export interface Update {
  q: Document
  u: Document | Document[]
  upsert?: boolean
}

/** Tells how many documents were met. */
export const update = (
  name: keyof Collections,
  updates: readonly Update[],
  within: Within,
): Promise<number> => send({ update: name }, 'updates', updates, within)

async function send(
  verb: { insert: string } | { update: string },
  list: 'documents' | 'updates',
  all: readonly Document[],
  { db, session, maxTimeMS }: Within,
): Promise<number> {
  let met = 0
  for (const slice of slices(all)) {
    const command = { ...verb, [list]: slice, ordered: false, maxTimeMS }
    const answer = await (session
      ? db.command(command, { session })
      : db.command({ ...command, ...durable }))
    for (const { code } of answer.writeErrors ?? []) {
      const refused = new Refused(code)
      if (session || !isDuplicate(refused)) throw refused
    }
    met += answer.n
  }
  return met
}

function* slices(all: readonly Document[]): Iterable<Document[]> {
  const sizeOf = areSmall(all) ? () => 0 : BSON.calculateObjectSize
  let slice: Document[] = []
  let bytes = 0
  for (const each of all) {
    const size = sizeOf(each)
    if (slice.length > 0 && (slice.length >= most.count || bytes + size > most.bytes)) {
      yield slice
      slice = []
      bytes = 0
    }
    slice.push(each)
    bytes += size
  }
  if (slice.length > 0) yield slice
}

/** Few versions with little in them need not be measured: what they are found by is some times their bodies. */
function areSmall(all: readonly Document[]): boolean {
  if (all.length > 64) return false
  const bytes = all.reduce((sum, { body }) => sum + (body?.position ?? most.bytes), 0)
  return bytes < most.bytes / 15
}
