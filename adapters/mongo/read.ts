/** Versions by their names. */
import type { Tenant, Version } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { idOf, nameIn, nameOf, resourceIn, type Stored } from './document.ts'
import type { Parts } from './parts.ts'

/** What a Version is made of. */
export const versionFields = { ty: 1, v: 1, m: 1, s: 1, at: 1, body: 1 } as const

export type VersionDocument = Pick<Stored, '_id' | 'ty' | 'v' | 'm' | 's' | 'at'> & {
  body?: Uint8Array
}

export function toVersion({ _id, ty, v, m, s, at, body }: VersionDocument): Version {
  const id = resourceIn(nameIn(_id))
  const version: Version = { type: ty, id, number: v, seq: s, at, method: m }
  if (body) version.json = textOf(body)
  return version
}

/** The driver gives the bytes themselves. */
const textOf = (body: Uint8Array): string =>
  Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString()

interface Asked {
  resolve(found: VersionDocument | undefined): void
  reject(error: unknown): void
}

export interface Reads {
  read(tenant: Tenant, type: string, id: string, number?: number): Promise<Version | undefined>
}

/** How many are asked for at once. */
const most = 256

/** Reads of one turn of the event loop go to the database as one: it answers hundreds at the cost of a few. */
export function createReads({
  connection,
  remembered: { recent },
  searchTime,
}: Pick<Parts, 'connection' | 'remembered' | 'searchTime'>): Reads {
  const newest = createFold('n', connection, searchTime)
  const numbered = createFold('_id', connection, searchTime)
  return {
    async read(tenant, type, id, number) {
      const name = nameOf(tenant, type, id)
      const known = recent.get(name)
      if (known && (number === undefined || number === known.number)) return known
      const found = await (number === undefined ? newest(name) : numbered(idOf(name, number)))
      return found && toVersion(found)
    },
  }
}

function createFold(
  by: 'n' | '_id',
  { collections: { resource }, primary }: Connection,
  time: number,
): (key: string) => Promise<VersionDocument | undefined> {
  let asked = new Map<string, Asked[]>()

  async function fetch(all: [string, Asked[]][]): Promise<void> {
    try {
      const documents = await primary.read(() =>
        resource
          .find({ [by]: { $in: all.map(([key]) => key) } }, { maxTimeMS: time })
          .project<VersionDocument>(versionFields)
          .toArray(),
      )
      const found = new Map(
        documents.map(each => [by === 'n' ? nameIn(each._id) : each._id, each] as const),
      )
      for (const [key, waiting] of all) for (const { resolve } of waiting) resolve(found.get(key))
    } catch (error) {
      for (const [, waiting] of all) for (const { reject } of waiting) reject(error)
    }
  }

  const send = () => {
    const all = [...asked]
    asked = new Map()
    for (let from = 0; from < all.length; from += most) void fetch(all.slice(from, from + most))
  }

  return key =>
    new Promise((resolve, reject) => {
      if (asked.size === 0) setImmediate(send)
      const waiting = asked.get(key)
      if (waiting) waiting.push({ resolve, reject })
      else asked.set(key, [{ resolve, reject }])
    })
}
