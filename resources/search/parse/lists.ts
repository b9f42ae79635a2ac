/** Resources that a List names. https://hl7.org/fhir/R4/search.html#list */
import { invalid, unsupported } from '../../error.ts'
import { isId } from '../../resource.ts'
import { splitEscaped, unescaped } from '../escape.ts'
import type { Predicate } from '../query.ts'
import { allOf, eitherOf } from './predicates.ts'
import type { Scope } from './scope.ts'

const uses = 'http://terminology.hl7.org/CodeSystem/list-example-use-codes'
const loinc = 'http://loinc.org'

/** The code by which a List is one of these, and those of LOINC that R4 names. https://hl7.org/fhir/R4/lifecycle.html#lists */
const functional: Readonly<Record<string, { use: string; codes: string[] }>> = {
  '$current-problems': { use: 'problems', codes: ['46105-3'] },
  '$current-medications': { use: 'medications', codes: ['57828-6', '10160-0'] },
  '$current-allergies': { use: 'allergies', codes: ['18716-1', '52472-8', '48765-2'] },
}

export function readLists(value: string, { budget }: Scope): Predicate {
  const lists = splitEscaped(value, ',').map(unescaped)
  budget.spend(lists.length)
  const ids = lists.filter(list => !list.startsWith('$')).map(listId)
  const byId: Predicate[] = ids.length ? [{ kind: 'id', ids }] : []
  const named = lists.filter(list => list.startsWith('$')).map(functionalList)
  return {
    kind: 'has',
    type: 'List',
    param: 'item',
    where: [eitherOf([...byId, ...named])],
  }
}

/** All Lists for the purpose that are current: whose they are is said by other parameters. */
function functionalList(name: string): Predicate {
  const list = Object.hasOwn(functional, name) ? functional[name] : undefined
  const names = Object.keys(functional).join(', ')
  if (name === '$current-drug-allergies')
    throw unsupported(
      `_list: R4 gives no code by which a List is one of drug allergies alone: ask for one of ${names}, or for a List by its id`,
    )
  if (!list) throw invalid(`_list takes the id of a List, or one of ${names}`)
  const code = (system: string, code: string): Predicate => ({
    kind: 'token',
    param: 'code',
    system,
    code,
  })
  return allOf([
    { kind: 'token', param: 'status', code: 'current' },
    eitherOf([code(uses, list.use), ...list.codes.map(each => code(loinc, each))]),
  ])
}

function listId(value: string): string {
  const id = value.replace(/^List\//, '')
  if (!isId(id)) throw invalid('_list takes the id of a List')
  return id
}
