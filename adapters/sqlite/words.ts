import type { Connection } from './connection.ts'

/** `replaces`: the resource may have some. Looked for as they are now: pages that began before a change may miss what was said then. */
export function writeWords(
  { sql }: Connection,
  rid: number,
  { narrative, content }: { narrative: string; content: string },
  replaces: boolean,
): void {
  // A delete leaves the rowid of a row of FTS5's own as the last inserted, which is too large a number for any run(): so
  // the next statement is an insert, also of no words.
  if (replaces) sql('DELETE FROM words WHERE rowid = ?').all(rid)
  sql('INSERT INTO words(rowid, narrative, content) VALUES (?, ?, ?)').run(rid, narrative, content)
}
