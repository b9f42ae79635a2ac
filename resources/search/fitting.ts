/** Which types of search parameter can find what an expression leads to: those that get rows from a value of its datatype. */
import { choiceKey, type Element, type SearchParameterFacts, structureOf } from '../definitions.ts'
import { compilePath } from '../fhirpath.ts'
import { datatypesAt } from './datatypes.ts'
import { Rows } from './rows.ts'
import { simpleTypes } from './simple-types.ts'
import { nowhere } from './type.ts'

type Facts = Pick<SearchParameterFacts, 'code' | 'type' | 'expression'>

/**
 * The datatypes of all values of a parameter on these types, and the types of parameter that fit one of them; absent where
 * its own does, or where that cannot be told.
 */
export function misfitOf(
  facts: Facts,
  types: readonly string[],
): { datatypes: string[]; fitting: string[] } | undefined {
  if (!Object.hasOwn(simpleTypes, facts.type)) return undefined
  const found = new Set<string>()
  for (const type of types) {
    const ways = compilePath(facts.expression, type)?.ways
    if (!ways) return undefined
    for (const { steps } of ways) {
      const [datatype, ...others] = datatypesAt(steps, type)
      if (datatype === undefined || others.length > 0 || !isTold(datatype)) return undefined
      found.add(datatype)
    }
  }
  const datatypes = [...found].sort()
  const fits = (type: string) => datatypes.some(datatype => isFitting(type, datatype))
  if (datatypes.length === 0 || fits(facts.type)) return undefined
  return { datatypes, fitting: Object.keys(simpleTypes).filter(fits).sort() }
}

/** Of an extension the value is meant, which may be anything. */
const isTold = (datatype: string): boolean =>
  datatype !== 'Extension' && structureOf(datatype)?.kind !== 'abstract'

function isFitting(type: string, datatype: string): boolean {
  const facts = { id: '', code: 'x', base: [], type, expression: '' }
  const collect = simpleTypes[type]?.collector({ type: '', facts, param: 'x', ...nowhere })
  return likely.some(text => {
    const rows = new Rows({ resourceType: '' })
    collect?.(sampleOf(datatype, text, deepest), rows, { system: '', datatype })
    return rows.all.length > 0
  })
}

/** What a text may be. */
const likely = ['2020-01-01', 'http://example.org/a']

const samples: Readonly<Record<string, unknown>> = {
  boolean: true,
  ...{ decimal: 1, integer: 1, positiveInt: 1, unsignedInt: 1 },
  ...{ date: '2020-01-01', dateTime: '2020-01-01', instant: '2020-01-01T00:00:00Z' },
  ...{ time: '10:00:00', code: 'a', id: 'a', base64Binary: 'AA==', xhtml: '<div/>' },
  ...{
    uri: 'http://example.org/a',
    url: 'http://example.org/a',
    canonical: 'http://example.org/a',
  },
  ...{ oid: 'urn:oid:1.2', uuid: 'urn:uuid:00000000-0000-4000-8000-000000000000' },
}

/** No type of parameter looks further into a value: Timing.repeat.boundsPeriod.start. */
const deepest = 3

/** A value that has all its elements. */
function sampleOf(datatype: string, text: string, depth: number): unknown {
  const elements = structureOf(datatype)?.elements
  if (!elements) return Object.hasOwn(samples, datatype) ? samples[datatype] : text
  if (depth === 0) return {}
  const all = Object.entries(elements).filter(([name]) => name !== 'extension')
  return Object.fromEntries(
    all.flatMap(([name, element]) =>
      shapesOf(element, `${datatype}.${name}`).map(shape => {
        const value = sampleOf(shape, text, depth - 1)
        return [
          element.choice ? choiceKey(name, shape) : name,
          element.many ? [value] : value,
        ] as const
      }),
    ),
  )
}

const shapesOf = ({ content, types }: Element, own: string): readonly string[] =>
  content ? [content] : structureOf(own) ? [own] : types
