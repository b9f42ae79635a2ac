/**
 * Criteria that refer to another entry of the transaction by its fullUrl, as references in resources do.
 * https://hl7.org/fhir/R4/http.html#trules
 */
import { searchParameters } from '../definitions.ts'
import { type FhirError, unsupported } from '../error.ts'
import type { TransactionEntry, Write } from '../repository.ts'
import type { Draft } from './draft.ts'

export interface NamedEntries {
  /** Whether the criteria can be read only when other entries are known. */
  in(write: Write): boolean
  /** The same write, with what those entries are in place of their fullUrls. 422 where that is not known before this one is. */
  replaced(write: Write): Write
}

export function namedEntries(
  entries: readonly TransactionEntry[],
  drafts: readonly Draft[],
): NamedEntries {
  const places = new Map(
    entries.flatMap(({ fullUrl }, index): [string, number][] =>
      fullUrl ? [[fullUrl, index]] : [],
    ),
  )
  const isEntry = (type: string, name: string) => {
    const is = isReference(type, name)
    return (value: string) => is && places.has(value)
  }
  const isNaming = ({ type, criteria = [] }: Write): boolean =>
    criteria.some(([name, values]) => values.split(',').some(isEntry(type, name)))

  function target(fullUrl: string, by: Write): string {
    const draft = drafts[places.get(fullUrl) ?? -1]
    if (!draft || draft.write.kind === 'delete' || isNaming(draft.write)) throw unknown(by)
    return `${draft.write.type}/${draft.settled?.version?.id ?? draft.id}`
  }

  return {
    in: isNaming,
    replaced(write) {
      if (write.kind === 'delete') throw unknown(write)
      const criteria = write.criteria?.map(([name, values]): [string, string] => {
        const is = isEntry(write.type, name)
        const all = values.split(',').map(value => (is(value) ? target(value, write) : value))
        return [name, all.join(',')]
      })
      return { ...write, ...(criteria ? { criteria } : {}) }
    },
  }
}

/** Whether a parameter, with or without a modifier, asks for what is referred to. */
const isReference = (type: string, name: string): boolean => {
  const [code] = name.split(':')
  return searchParameters(type).some(each => each.code === code && each.type === 'reference')
}

const unknown = ({ path }: Write): FhirError =>
  unsupported(
    'the criteria refer to an entry that is not known yet when they are looked for: a delete comes first, and the entry referred to may not refer to others in its own criteria',
    path?.replace(/\.resource$/, '.request'),
  )
