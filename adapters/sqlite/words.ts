/**
 * The text of resources. What a resource said first stands in the row of `words` that has its `rid`, what it said later in
 * that of the commit that brought it: `wording` tells whose the later ones are, and when any ended (`until`, 0: not yet).
 */
import type { Connection } from './connection.ts'

interface Words {
  narrative: string
  content: string
}

/** What a version says; what the resource said before ends with it. */
export function writeWords(
  connection: Connection,
  { rid, seq, isFirst }: { rid: number; seq: number; isFirst: boolean },
  words: Words,
): void {
  const isSilent = !words.narrative && !words.content
  if (!isFirst) endWords(connection, rid, seq)
  if (isSilent) return
  insert(connection, isFirst ? rid : seq, words)
  if (!isFirst) own(connection, rid, seq)
}

/** What a version says is another now: it stands where it stood. */
export function replaceWords(
  connection: Connection,
  { rid, seq }: { rid: number; seq: number },
  words: Words,
): void {
  const { sql } = connection
  const last = sql('SELECT seq, until FROM wording WHERE rid = ? ORDER BY seq DESC LIMIT 1').get(
    rid,
  )
  const hasEnded = last !== undefined && last.until !== 0
  const row = hasEnded ? seq : Number(last?.seq ?? rid)
  if (hasEnded) own(connection, rid, seq)
  sql('DELETE FROM words WHERE rowid = ?').all(row)
  // Also of no words: a delete leaves the rowid of a row of FTS5's own as the last inserted, too large a number for any run().
  insert(connection, row, words)
}

/** Takes what ended up to a commit, in a transaction. */
export function sweepWords({ sql }: Connection, to: number): void {
  const ended = sql('DELETE FROM wording WHERE until <> 0 AND until <= ? RETURNING seq').all(to)
  for (const { seq = null } of ended) sql('DELETE FROM words WHERE rowid = ?').all(seq)
  // An insert, as above.
  sql('REPLACE INTO swept(rowid, seq) SELECT rowid, seq FROM swept').run()
}

function endWords({ sql }: Connection, rid: number, seq: number): void {
  const { changes } = sql('UPDATE wording SET until = ? WHERE rid = ? AND until = 0').run(seq, rid)
  if (changes === 0)
    sql(
      'INSERT OR IGNORE INTO wording(seq, rid, until) SELECT rowid, rowid, ? FROM words WHERE rowid = ?',
    ).run(seq, rid)
}

const own = ({ sql }: Connection, rid: number, seq: number) =>
  sql('INSERT INTO wording(seq, rid, until) VALUES (?, ?, 0)').run(seq, rid)

const insert = ({ sql }: Connection, row: number, { narrative, content }: Words) =>
  sql('INSERT INTO words(rowid, narrative, content) VALUES (?, ?, ?)').run(row, narrative, content)
