import type { Predicate } from '../../../resources/search/query.ts'

/** A phrase in FTS5's language, of one column. https://sqlite.org/fts5.html#full_text_query_syntax */
export function wordsQuery(predicate: Extract<Predicate, { kind: 'words' }>): string {
  const phrase = predicate.words.join(' ').replaceAll('"', '""')
  return `${predicate.in} : "${phrase}"*`
}
