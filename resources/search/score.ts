/** How much a resource says of the words that are asked for. https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.search.score */
import type { Extract } from '../store.ts'
import type { Phrase, Predicate } from './query.ts'

/** What is looked for in texts, each once; never what must not be said, nor what others must say. */
export function phrasesOf(where: Predicate[]): Phrase[] {
  const found = new Map<string, Phrase>()
  const visit = (predicate: Predicate): void => {
    if (predicate.kind === 'and') predicate.all.forEach(visit)
    else if (predicate.kind === 'or') predicate.any.forEach(visit)
    else if (predicate.kind === 'words') {
      const { in: place, words } = predicate
      found.set(JSON.stringify([place, words]), { in: place, words })
    }
  }
  where.forEach(visit)
  return [...found.values()]
}

/**
 * From 0 to 1: each phrase adds as much, the more the oftener it is said, but less each time, so that one who says both of two
 * words comes before one who says one of them again and again. The stores compute the same.
 */
export function scoreOf(phrases: Phrase[], texts: Pick<Extract, 'narrative' | 'content'>): number {
  const each = phrases.map(({ in: place, words }) => {
    const times = ` ${texts[place] ?? ''}`.split(` ${words.join(' ')}`).length - 1
    return times / (times + 1)
  })
  return each.reduce((sum, one) => sum + one, 0) / phrases.length
}
