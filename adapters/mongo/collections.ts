/** The collections, and what they are found by. The tenant leads every index. */
import type { Collection, Db, IndexDescription } from 'mongodb'
import type { Event, Tenant } from '../../resources/store.ts'
import type { Stored } from './document.ts'

export interface Collections {
  /** Every version of every resource. */
  resource: Collection<Stored>
  /** Every label there is or was, once: those who look for a part of it look here first. `_id`: tenant, a space, entry. */
  term: Collection<Term>
  /** Every unit there is or was. `_id`: tenant, a space, system, |, unit. */
  unit: Collection<Unit>
  /** Every system that codes of a parameter have or had. `_id`: tenant, a space, the name of rows, a space, the system. */
  system: Collection<System>
  /** Where conditional writes of the same criteria meet, also those of several processes. `_id`: a hash of them. */
  guard: Collection<{ _id: number; n: number }>
  /** What the outside is still to be told. `_id`: a commit number; of what another store had, its place there. */
  outbox: Collection<Outgoing>
  /** What one process does or is. `_id`: the name; see leases.ts. */
  lease: Collection<Lease>
  /** What the database is of: `_id` schema, number; `coming`: what a newer program is about to make of it. */
  meta: Collection<{ _id: string; number: number; coming?: number }>
}

export interface Outgoing {
  _id: number
  event: Event
}

export interface Lease {
  _id: string
  holder: string
  /** By the clock of the database. */
  until: Date
  /** Who waits for it, from the holder on; see lines.ts. */
  line?: { who: string; until: Date }[]
}

export interface Term {
  _id: string
  t: Tenant
  /** The name of its rows: `Observation.code:text`. */
  p: string
  text: string
}

export interface Unit {
  _id: string
  t: Tenant
  system: string
  unit: string
}

export interface System {
  _id: string
  system: string
}

/** Any equality in the order of the main date, then of creation. */
export const byEntry = { t: 1, x: 1, k: 1, c: 1 } as const
/** With the place of each in the order of entries: many are sorted without a look at the versions. */
export const bySpan = { t: 1, 'd.p': 1, 'd.lo': 1, k: 1, c: 1 } as const
export const byAmount = { t: 1, 'q.p': 1, 'q.lo': 1 } as const
export const byPoint = { t: 1, 'g.p': 1, 'g.lat': 1 } as const
export const byWord = { t: 1, w: 1 } as const
/** The newest versions by their names: those of a type in the order of ids. */
export const byName = { n: 1 } as const
/** All versions of a type, or of all, as they were made. */
export const byTypeTime = { t: 1, ty: 1, at: 1, s: 1 } as const
export const byTime = { t: 1, at: 1, s: 1 } as const
/** What was superseded since a commit, and still has its values. */
export const bySuperseded = { t: 1, u: 1 } as const

export const indexes: Readonly<Record<keyof Collections, IndexDescription[]>> = {
  resource: [
    { key: byName, unique: true, sparse: true },
    ...[byEntry, bySpan, byAmount, byPoint, byWord, byTypeTime, byTime].map(key => ({ key })),
    { key: bySuperseded, partialFilterExpression: { old: { $exists: true } } },
  ],
  term: [{ key: { t: 1, p: 1, text: 1 } }],
  unit: [{ key: { t: 1, system: 1 } }],
  system: [],
  guard: [],
  outbox: [],
  // Those of processes that are no more.
  lease: [{ key: { until: 1 }, expireAfterSeconds: 60 }],
  meta: [],
}

/** Indexes of programs before this one, which nothing uses any more. */
export const former: IndexDescription['key'][] = [{ t: 1, 'd.p': 1, 'd.lo': 1 }]

export const collectionsOf = (db: Db): Collections => ({
  resource: db.collection('resource'),
  term: db.collection('term'),
  unit: db.collection('unit'),
  system: db.collection('system'),
  guard: db.collection('guard'),
  outbox: db.collection('outbox'),
  lease: db.collection('lease'),
  meta: db.collection('meta'),
})
