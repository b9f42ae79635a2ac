/** Who said a phrase, as of a commit: see ../words.ts. */
import type { Predicate } from '../../../resources/search/query.ts'
import { type Sql, sql } from '../sql.ts'

type Words = Extract<Predicate, { kind: 'words' }>

/** A phrase in FTS5's language, of one column. https://sqlite.org/fts5.html#full_text_query_syntax */
function phrase(predicate: Words): string {
  const text = predicate.words.join(' ').replaceAll('"', '""')
  return `${predicate.in} : "${text}"*`
}

const rows = 'words w LEFT JOIN wording g ON g.seq = w.rowid WHERE w.words MATCH ?'

/** A row for each who says it now. */
export const saidNow = (predicate: Words): Sql =>
  sql(`SELECT 1 FROM ${rows} AND (g.seq IS NULL OR g.until = 0)`, phrase(predicate))

/** The `rid` of each who says it. */
export const sayers = (predicate: Words, seq: number): Sql =>
  sql(
    `SELECT coalesce(g.rid, w.rowid) AS rid FROM ${rows}
       AND (g.seq IS NULL OR (g.seq <= ? AND (g.until = 0 OR g.until > ?)))`,
    phrase(predicate),
    seq,
    seq,
  )

/** Whether resource `x` says it. */
export const says = (predicate: Words, x: string, seq: number): Sql =>
  sql(
    `EXISTS(SELECT 1 FROM words w WHERE w.words MATCH ? AND w.rowid = coalesce(
       (SELECT iif(g.until = 0 OR g.until > ?, g.seq, 0) FROM wording g WHERE g.rid = ${x}.rid AND g.seq <= ? ORDER BY g.seq DESC LIMIT 1),
       ${x}.rid))`,
    phrase(predicate),
    seq,
    seq,
  )
