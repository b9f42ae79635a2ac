import type { Predicate } from '../../../resources/search/query.ts'
import type { Tenant } from '../../../resources/store.ts'
import { type Connection, targetParts } from '../connection.ts'
import { firstSeqAt } from '../instant.ts'
import { join, type Sql, sql, upTo } from '../sql.ts'

/** What a search sees. */
export interface Moment {
  /** Rows as of this commit. */
  seq: number
  /** It is the last one that the connection sees. */
  isLast: boolean
}

/** What a query is compiled with: the types it may look at, and the commit number it sees. */
export interface Scope extends Moment {
  connection: Connection
  tenant: Tenant
  types: number[]
  /** The table that stands for the resource in question, with columns k, rid and (where it is asked when) seq. */
  row: string
  /** It has the column `subject` too, as all of a type in the order of their dates have. */
  hasSubject?: boolean
  /** What asks for other resources inside comes back to these. */
  probe(where: Predicate[], scope: Scope): Sql
  plan(where: Predicate[], scope: Scope): Plan
  /** What is kept and looked into, see found.ts: all that one search asks for has the same. */
  found: Set<number>
  /** A name for one more table, the same for the same query, so that its statement is prepared once. */
  alias(): string
}

/** So many rows of a range are counted: more is more. */
export const counted = 1000

export interface Driver {
  /** What it answers: those need no probe. */
  covers: Predicate[]
  table: string
  /** Rows of k and rid. */
  from: Sql
  /** In the order of k and rid, both ways. */
  ordered: boolean
  /** A resource comes once. */
  unique: boolean
  /** Rows of its range, as far as they were counted. */
  size: number
  /** Their rids, where it is one range: also of what is not seen. */
  range?: Sql
}

export interface Plan {
  /** Absent: nothing is narrow, so all of the types is walked. */
  driver?: Driver
  /** What the driver does not answer. */
  rest: Predicate[]
  /** All that could drive. */
  drivers: Driver[]
}

/** Rows of a range up to a bound, as they were within the last minute: enough to choose by. */
export function countOf(rows: Sql, bound: number, { connection }: Scope): number {
  const { text, values } = rows
  return connection.sizes.get(`${text} ${values.join('\u0000')} ${bound}`, () => {
    const row = connection.sql(`SELECT count(*) AS n FROM (${text} ${upTo})`).get(...values, bound)
    return Number(row?.n)
  })
}

/** How many there are of a type now. */
export const totalOf = (type: number, { connection }: Scope): number =>
  Number(connection.sql('SELECT count FROM total WHERE type = ?').get(type)?.count ?? 0)

/** The same query inside, about other resources. */
export const within = (scope: Scope, row: string, types: number[]): Scope => ({
  ...scope,
  row,
  types,
  hasSubject: false,
})

/** A row is seen from the commit that brought it until the one that ended it: as of the last, all that none has ended. */
export const visible = (row: string, { seq, isLast }: Moment): Sql =>
  isLast
    ? sql(`${row}.until = 0`)
    : sql(
        `${row}.rid <= ? AND ${row}.since <= ? AND (${row}.until = 0 OR ${row}.until > ?)`,
        seq,
        seq,
        seq,
      )

export const typeIds = ({ connection, tenant }: Scope, types: string[]): number[] =>
  types.flatMap(type => connection.typeId(tenant, type) ?? [])

/** The numbers of what is referred to; nothing for what no reference names. */
export const ridsOf = (targets: string[], scope: Scope): number[] =>
  targets.flatMap(target => {
    const { type, id } = targetParts(target)
    return ridsById(id, typeIds(scope, [type]), scope)
  })

export const ridsById = (id: string, types: number[], { connection }: Scope): number[] =>
  types.flatMap(type => connection.rid(type, id) ?? [])

/** The version that a reader at a commit sees (0: none yet): of a row of `resource`. */
export const seqAsOf = (resource: string, { seq, isLast }: Moment): Sql =>
  isLast
    ? sql(`${resource}.seq`)
    : sql(
        `CASE WHEN ${resource}.seq <= ? THEN ${resource}.seq
           ELSE (SELECT max(v.seq) FROM version v WHERE v.rid = ${resource}.rid AND v.seq <= ?) END`,
        seq,
        seq,
      )

/** Versions of `feed` that a reader at a commit sees. */
export const current = ({ seq, isLast }: Moment): Sql =>
  isLast ? sql('f.until = 0') : sql('f.seq <= ? AND (f.until = 0 OR f.until > ?)', seq, seq)

/** What is there of some resources, with its sort key and version: nothing of what is deleted. `which` is about `o`. */
export function standing(which: Sql, moment: Moment): Sql {
  const [at, seen] = [seqAsOf('o', moment), current(moment)]
  return sql(
    `SELECT f.k AS k, o.rid AS rid, f.seq AS seq, o.id AS id FROM resource o CROSS JOIN feed f ON f.type = o.type AND f.seq = ${at.text}
       WHERE ${which.text} AND ${seen.text}`,
    ...at.values,
    ...which.values,
    ...seen.values,
  )
}

/** Adds the version that is seen to rows of k and rid. */
export function withSeq(from: Sql, moment: Moment): Sql {
  const at = seqAsOf('o', moment)
  return sql(
    `SELECT d.k AS k, d.rid AS rid, (SELECT ${at.text} FROM resource o WHERE o.rid = d.rid) AS seq
       FROM (${from.text}) d`,
    ...at.values,
    ...from.values,
  )
}

/** Whether a predicate looks at a resource's `seq`. */
export function asksWhen(predicate: Predicate): boolean {
  if (predicate.kind === 'or') return predicate.any.some(asksWhen)
  if (predicate.kind === 'and') return predicate.all.some(asksWhen)
  if (predicate.kind === 'not') return asksWhen(predicate.not)
  return predicate.kind === 'updated'
}

/** Versions made within a span (ms): of a row with a `seq`. */
export function seqBetween(
  row: string,
  { from, to }: { from?: number; to?: number },
  scope: Scope,
): Sql {
  const first = (instant: number) => firstSeqAt(scope.connection, instant, scope.seq + 1)
  const parts = [
    ...(from === undefined ? [] : [sql(`${row}.seq >= ?`, first(from))]),
    ...(to === undefined ? [] : [sql(`${row}.seq < ?`, first(to + 1))]),
  ]
  return parts.length ? join(parts, ' AND ') : sql('1')
}

/** The sets of parameters that resources of the types have, or had once. */
export function shapesOf({ connection, types }: Scope): { id: number; has: string[] }[] {
  return types.flatMap(type =>
    connection
      .sql("SELECT id, params FROM shape WHERE params >= ?1 AND params < ?1 || '!'")
      .all(connection.typeName(type) ?? '')
      .map(({ id, params }) => ({ id: Number(id), has: String(params).split(' ').slice(1) })),
  )
}
