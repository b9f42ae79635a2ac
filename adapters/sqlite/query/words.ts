/** Who said a phrase, as of a commit: see ../words.ts. */
import type { Predicate } from '../../../resources/search/query.ts'
import { type Sql, sql, ticking } from '../sql.ts'
import type { Moment } from './scope.ts'

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

/** The `rid` of each who says it. It is read at once: FTS5 looks at all that begins so for a single row, too. */
export const sayers = (predicate: Words, { seq }: Moment): Sql =>
  sql(
    `SELECT coalesce(g.rid, w.rowid) AS rid FROM ${rows} AND ${ticking('w.rowid')}
       AND (g.seq IS NULL OR (g.seq <= ? AND (g.until = 0 OR g.until > ?)))`,
    phrase(predicate),
    seq,
    seq,
  )
