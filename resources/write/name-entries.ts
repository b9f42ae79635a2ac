/**
 * Criteria that refer to another entry of the transaction by its fullUrl, as references in resources do.
 * https://hl7.org/fhir/R4/http.html#trules
 */
import { resourceTypes, searchParameters } from '../definitions.ts'
import { type FhirError, unsupported } from '../error.ts'
import type { TransactionEntry, Write } from '../repository.ts'
import type { Draft } from './draft.ts'

export interface NamedEntries {
  /** The entries that the criteria name. */
  in(write: Write): Draft[]
  /** The same write, with what those entries are in place of their fullUrls. */
  replaced(write: Write): Write
  /** 422: it cannot be known yet what the entries are that it names. */
  unknown(write: Write): FhirError
}

export function namedEntries(
  entries: readonly TransactionEntry[],
  drafts: readonly Draft[],
): NamedEntries {
  const byUrl = new Map(
    entries.flatMap(({ fullUrl }, index): [string, Draft | undefined][] =>
      fullUrl ? [[fullUrl, drafts[index]]] : [],
    ),
  )
  const inValues = ({ type }: Write, [name, values]: [string, string]): string[] => {
    const all = values.split(',').filter(value => byUrl.has(value))
    return all.length > 0 && isReference(type, name) ? all : []
  }
  return {
    in(write) {
      const { criteria = [] } = write
      // What stands within a filter is not replaced, and would never match.
      for (const [name, value] of criteria)
        if (name === '_filter' && value.split(/[\s()]+/).some(word => byUrl.has(word)))
          throw inFilter(write)
      const urls = criteria.flatMap(each => inValues(write, each))
      return urls.flatMap(url => byUrl.get(url) ?? [])
    },
    replaced(write) {
      const criteria = write.criteria?.map(([name, values]): [string, string] => {
        const urls = new Set(inValues(write, [name, values]))
        const all = values.split(',').map(each => (urls.has(each) ? nameOf(byUrl.get(each)) : each))
        return [name, all.join(',')]
      })
      return { ...write, ...(criteria ? { criteria } : {}) }
    },
    unknown,
  }
}

const nameOf = (draft: Draft | undefined): string =>
  draft ? `${draft.write.type}/${draft.settled?.version?.id ?? draft.id}` : ''

/** Whether a parameter asks for what is referred to: by itself, at the end of a chain, or a tenant's own, which R4 does not know. */
function isReference(type: string, name: string): boolean {
  const steps = name.split('.')
  const [code = '', ...modifiers] = lastOf(steps).split(':')
  const has = code === '_has'
  if (modifiers.at(-1) === 'identifier' && !has) return false
  const types = steps.length > 1 || has ? [...resourceTypes()] : [type]
  const asked = has ? modifiers.at(-1) : code
  const kinds = types.flatMap(each => searchParameters(each).filter(({ code }) => code === asked))
  return kinds.length === 0 || kinds.some(({ type: kind }) => kind === 'reference')
}

const lastOf = (steps: string[]): string => steps.at(-1) ?? ''

const placeOf = ({ path }: Write): string | undefined => path?.replace(/\.resource$/, '.request')

const unknown = (write: Write): FhirError =>
  unsupported(
    'the criteria refer to an entry that is not known when they are looked for: a delete comes before all others, and entries cannot name each other in a circle',
    placeOf(write),
  )

const inFilter = (write: Write): FhirError =>
  unsupported(
    'a filter cannot refer to an entry of the transaction: use a parameter of its own for it',
    placeOf(write),
  )
