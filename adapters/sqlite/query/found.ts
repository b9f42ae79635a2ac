/**
 * What a condition finds of a type stays the same until something of the type is written. It is kept for those who ask
 * again, in tables of the connection itself, so that it goes where its transaction goes.
 */
import { isOwn, type Predicate } from '../../../resources/search/query.ts'
import { type Sql, sql } from '../sql.ts'
import type { Scope } from './scope.ts'

/** So many finds are remembered, each with a table of its own: to look into a whole table takes half the time. */
const most = 64
const tableOf = (find: number): string => `temp.found_${find % most}`

/** For each connection: `find` tells as of when something was found, and whether it stands in its table. */
export const tables = [
  'CREATE TEMP TABLE find(id INTEGER PRIMARY KEY, what TEXT NOT NULL UNIQUE, stand TEXT NOT NULL, kept INTEGER NOT NULL)',
  ...Array.from({ length: most }, (_, n) => `CREATE TABLE ${tableOf(n)}(rid INTEGER PRIMARY KEY)`),
].join(';')

/** A longer question is a rare one. */
const longest = 4000

/** Another as soon as a version of these types is written, or their rows are made anew. */
export function standOf({ connection, types }: Pick<Scope, 'connection' | 'types'>): string {
  const newest = types.map(
    type => connection.sql('SELECT max(seq) AS seq FROM feed WHERE type = ?').get(type)?.seq,
  )
  const times = connection.sql('SELECT times FROM reindexed').get()?.times
  return [...newest, times].join(' ')
}

/** What says that a column is among the rids of a statement which finds `where`. */
export function amongFound(rids: Sql, where: Predicate[], scope: Scope): (column: string) => Sql {
  const find = findOf(rids, where, scope)
  return find === undefined
    ? column => sql(`${column} IN (${rids.text})`, ...rids.values)
    : column => sql(`${column} IN ${tableOf(find)}`)
}

/** The number under which they are kept; absent the first time. */
function findOf(rids: Sql, where: Predicate[], scope: Scope): number | undefined {
  if (!scope.isLast || !where.every(isOwn)) return undefined
  const what = JSON.stringify(rids)
  if (what.length > longest) return undefined
  const run = scope.connection.sql
  const stand = standOf(scope)
  const known = run('SELECT id, stand, kept FROM temp.find WHERE what = ?').get(what)
  const id = Number(known?.id)
  if (known?.stand !== stand) {
    begin(what, stand, known && id, scope)
    return undefined
  }
  scope.found.add(id)
  if (!known.kept) {
    run(`INSERT OR IGNORE INTO ${tableOf(id)}(rid) SELECT rid FROM (${rids.text})`).run(
      ...rids.values,
    )
    run('UPDATE temp.find SET kept = 1 WHERE id = ?').run(id)
  }
  return id
}

/** As of now, and not looked for: that is worth it for who asks again. The oldest goes, if this search does not need it. */
function begin(what: string, stand: string, old: number | undefined, scope: Scope): void {
  const run = scope.connection.sql
  const id = old ?? Number(run('SELECT coalesce(max(id), 0) + 1 AS id FROM temp.find').get()?.id)
  if (scope.found.has(id - most)) return
  run('DELETE FROM temp.find WHERE id IN (?, ?)').run(id, id - most)
  run(`DELETE FROM ${tableOf(id)}`).run()
  run('INSERT INTO temp.find(id, what, stand, kept) VALUES (?, ?, ?, 0)').run(id, what, stand)
}
