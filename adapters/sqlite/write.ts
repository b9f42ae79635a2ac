import { FhirError } from '../../resources/error.ts'
import { CommitConflict, type Tenant } from '../../resources/store.ts'
import type { Connection } from './connection.ts'
import { type Failure, isDamage, packError } from './errors.ts'
import type { PackedChange, PackedCommit } from './message.ts'
import { createIntern, type Intern, writeRows } from './rows.ts'
import { methods } from './schema.ts'
import { searchIds } from './search.ts'
import { writeWords } from './words.ts'

/** The seq of each change, or why the commit was not made. */
export type CommitResult = { seqs: number[] } | { failure: Failure }

export interface Writer {
  /** All commits in one transaction of the database: they share one fsync. Each has its own outcome. */
  apply(commits: PackedCommit[]): CommitResult[]
  /** Work that makes no version, in a transaction of its own. */
  alone<T>(work: (intern: Intern) => T): T
  /** Throws where a write has found the database damaged: the next may not meet the place, and it does not heal. */
  refuseDamaged(): void
}

interface Target {
  change: PackedChange
  type: number
  rid: number | undefined
  last: { seq: number; number: number; method: number } | undefined
}

/** ms that the search of a check may take: all writers wait for it. */
const checkTime = 2000

export function createWriter(connection: Connection): Writer {
  const { db, sql } = connection
  let seq = lastGiven(connection)
  const next = () => ++seq
  const intern = createIntern(connection, next)
  let damage: unknown

  const writer: Writer = {
    apply(commits) {
      const before = seq
      try {
        db.exec('BEGIN IMMEDIATE')
        const results = commits.map(commit => applyOne(commit))
        db.exec('COMMIT')
        return results
      } catch (error) {
        undo(before)
        if (isDamage(error)) damage = error
        const failure = packError(error)
        // What one of them does wrong must not be the failure of those beside it.
        if (failure.kind === 'bug' && commits.length > 1)
          return commits.flatMap(commit => writer.apply([commit]))
        return commits.map(() => ({ failure }))
      }
    },
    alone(work) {
      const before = seq
      try {
        db.exec('BEGIN IMMEDIATE')
        const result = work(intern)
        db.exec('COMMIT')
        return result
      } catch (error) {
        undo(before)
        if (isDamage(error)) damage = error
        throw error
      }
    },
    refuseDamaged() {
      if (damage) throw damage
    },
  }
  return writer

  function undo(before: number): void {
    if (db.isTransaction) db.exec('ROLLBACK')
    seq = before
    connection.forget()
  }

  /** Looks before it writes: what fails after this is the disk, and takes the whole batch with it. */
  function applyOne(commit: PackedCommit): CommitResult {
    let targets: Target[]
    try {
      targets = look(connection, intern, commit)
    } catch (error) {
      // A search that took too long is its own commit's failure, too.
      if (error instanceof CommitConflict || error instanceof FhirError)
        return { failure: packError(error) }
      throw error
    }
    intern.reserved.clear()
    const counts = new Map<number, number>()
    const seqs = targets.map(target => {
      const { type, change, last } = target
      const was = last !== undefined && methods[last.method] !== 'delete' ? 1 : 0
      const is = change.json === null ? 0 : 1
      if (is !== was) counts.set(type, (counts.get(type) ?? 0) + is - was)
      return writeVersion(connection, target, { commit, next, intern })
    })
    for (const [type, count] of counts)
      sql(
        'INSERT INTO total(type, count) VALUES (?, ?) ON CONFLICT(type) DO UPDATE SET count = count + excluded.count',
      ).run(type, count)
    for (const event of commit.events)
      sql('INSERT INTO outbox(seq, event) VALUES (?, ?)').run(next(), JSON.stringify(event))
    return { seqs }
  }
}

/** What there is to be changed. Throws CommitConflict where it is not as the commit takes it to be. */
function look(
  connection: Connection,
  intern: Intern,
  { tenant, checks, changes }: PackedCommit,
): Target[] {
  for (const check of checks) {
    const query = { ...check.query, count: check.ids.length + 1 }
    const ids = connection.within(checkTime, () => searchIds(connection, tenant, query))
    const same =
      ids.length === check.ids.length && [...ids].sort().join() === [...check.ids].sort().join()
    if (!same) throw new CommitConflict('check', check.name)
  }
  const names = new Set(changes.map(({ type, id }) => `${type}/${id}`))
  if (names.size < changes.length) throw new CommitConflict('version', twice(changes))
  return changes.map(change => lookAt(connection, intern, tenant, change))
}

/** The last number of all that are given in one row: to versions, events, and places that references reserve. */
function lastGiven({ sql }: Connection): number {
  const row = sql(
    `SELECT max(coalesce((SELECT max(seq) FROM body), 0), coalesce((SELECT max(rid) FROM resource), 0),
       coalesce((SELECT max(seq) FROM outbox), 0)) AS seq`,
  ).get()
  return Number(row?.seq)
}

/** The first resource that is changed a second time: no version can be replaced twice. */
function twice(changes: PackedChange[]): string {
  const names = changes.map(({ type, id }) => `${type}/${id}`)
  return names.find((name, index) => names.indexOf(name) < index) ?? ''
}

function lookAt(
  connection: Connection,
  intern: Intern,
  tenant: Tenant,
  change: PackedChange,
): Target {
  const { sql } = connection
  const type = intern.type(tenant, change.type)
  const named = sql('SELECT rid, seq FROM resource WHERE type = ? AND id = ?').get(type, change.id)
  const rid = named && Number(named.rid)
  const row =
    named && sql('SELECT seq, number, method FROM body WHERE seq = ?').get(Number(named.seq))
  if (Number(row?.number ?? 0) !== change.replaces)
    throw new CommitConflict('version', `${change.type}/${change.id}`)
  return {
    change,
    type,
    rid,
    last: row && {
      seq: Number(row.seq),
      number: Number(row.number),
      method: Number(row.method),
    },
  }
}

function writeVersion(
  connection: Connection,
  { change, type, rid: known, last }: Target,
  at: { commit: PackedCommit; next: () => number; intern: Intern },
): number {
  const { sql } = connection
  const seq = at.next()
  // A change before this one may have reserved the number, by a reference.
  const rid = known ?? at.intern.reserved.get(`${type}/${change.id}`) ?? seq
  if (rid === seq)
    sql('INSERT INTO resource(rid, type, id, seq) VALUES (?, ?, ?, ?)').run(
      rid,
      type,
      change.id,
      seq,
    )
  else sql('UPDATE OR FAIL resource SET seq = ? WHERE rid = ?').run(seq, rid)
  const oldK = last
    ? Number(sql('SELECT k FROM feed WHERE type = ? AND seq = ?').get(type, last.seq)?.k)
    : 0
  const k = sortKey(connection, { change, rid, oldK, last, at: at.commit.at })
  const gone = change.json === null
  if (change.words) writeWords(connection, { rid, seq, isFirst: !last }, change.words)
  sql('INSERT INTO body(seq, rid, number, method, at, json) VALUES (?, ?, ?, ?, ?, ?)').run(
    seq,
    rid,
    change.replaces + 1,
    methods.indexOf(change.method),
    at.commit.at,
    change.json,
  )
  if (last) {
    sql('INSERT INTO version(rid, seq, number) VALUES (?, ?, ?)').run(rid, last.seq, last.number)
    sql('UPDATE OR FAIL feed SET until = ? WHERE type = ? AND seq = ? AND until = 0').run(
      seq,
      type,
      last.seq,
    )
  }
  // A delete ends with itself: it is in the history, and never among what is there.
  sql('INSERT INTO feed(type, seq, k, rid, until) VALUES (?, ?, ?, ?, ?)').run(
    type,
    seq,
    k,
    rid,
    gone ? seq : 0,
  )
  const owner = { tenant: at.commit.tenant, type, rid }
  writeRows(connection, change, owner, { k, oldK, seq, intern: at.intern })
  return seq
}

/** The main date, else the time of version 1. */
function sortKey(
  { sql }: Connection,
  what: { change: PackedChange; rid: number; oldK: number; last: Target['last']; at: number },
): number {
  const { change, rid, oldK, last, at } = what
  if (!last) return change.date ?? at
  const revived = methods[last.method] === 'delete'
  // Rows that stay have the key that they were written with, also where it would be another one in today's zone.
  if (change.json === null || !(change.moved || revived)) return oldK
  if (change.date !== null) return change.date
  const row = sql(
    'SELECT at FROM body WHERE seq = coalesce((SELECT min(seq) FROM version WHERE rid = ?), ?)',
  ).get(rid, last.seq)
  return Number(row?.at ?? at)
}
