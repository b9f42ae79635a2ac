/** Resources that a List names. https://hl7.org/fhir/R4/search.html#list */
import { invalid } from '../../error.ts'
import { isId } from '../../resource.ts'
import { splitEscaped, unescaped } from '../escape.ts'
import type { Predicate } from '../query.ts'
import { allOf, eitherOf } from './predicates.ts'
import type { Scope } from './scope.ts'

const uses = 'http://terminology.hl7.org/CodeSystem/list-example-use-codes'
const loinc = 'http://loinc.org'

interface Purpose {
  use: string
  codes: string[]
  /** Of what its Lists name only those are meant of which this holds. */
  only?: Predicate
}

const allergies = { use: 'allergies', codes: ['18716-1', '52472-8', '48765-2'] }

const ofCategory = (...codes: string[]): Predicate =>
  eitherOf(codes.map(code => ({ kind: 'token', param: 'category', code })))

/** To no drug is only what says that it is to something else: to leave out what says nothing could harm. */
const toDrugs: Predicate = allOf([
  { kind: 'type', types: ['AllergyIntolerance'] },
  eitherOf([
    ofCategory('medication', 'biologic'),
    { kind: 'not', not: ofCategory('food', 'environment') },
  ]),
])

/** The code by which a List is one of these, and those of LOINC that R4 names. https://hl7.org/fhir/R4/lifecycle.html#lists */
const functional: Readonly<Record<string, Purpose>> = {
  '$current-problems': { use: 'problems', codes: ['46105-3'] },
  '$current-medications': { use: 'medications', codes: ['57828-6', '10160-0'] },
  '$current-allergies': allergies,
  '$current-drug-allergies': { ...allergies, only: toDrugs },
}

export function readLists(value: string, { budget }: Scope): Predicate {
  const lists = splitEscaped(value, ',').map(unescaped)
  budget.spend(lists, '_list')
  const ids = lists.filter(list => !list.startsWith('$')).map(listId)
  const purposes = lists.filter(list => list.startsWith('$')).map(purposeOf)
  const byId: Predicate[] = ids.length ? [{ kind: 'id', ids }] : []
  const plain = [...byId, ...purposes.filter(({ only }) => !only).map(currentList)]
  return eitherOf([
    ...(plain.length ? [namedBy(eitherOf(plain))] : []),
    ...purposes.flatMap(purpose =>
      purpose.only ? [allOf([purpose.only, namedBy(currentList(purpose))])] : [],
    ),
  ])
}

const namedBy = (list: Predicate): Predicate => ({
  kind: 'has',
  type: 'List',
  param: 'item',
  where: [list],
})

function purposeOf(name: string): Purpose {
  const purpose = Object.hasOwn(functional, name) ? functional[name] : undefined
  if (purpose) return purpose
  throw invalid(`_list takes the id of a List, or one of ${Object.keys(functional).join(', ')}`)
}

/** All Lists for the purpose that are current: whose they are is said by other parameters. */
function currentList({ use, codes }: Purpose): Predicate {
  const code = (system: string, code: string): Predicate => ({
    kind: 'token',
    param: 'code',
    system,
    code,
  })
  return allOf([
    { kind: 'token', param: 'status', code: 'current' },
    eitherOf([code(uses, use), ...codes.map(each => code(loinc, each))]),
  ])
}

function listId(value: string): string {
  const id = value.replace(/^List\//, '')
  if (!isId(id)) throw invalid('_list takes the id of a List')
  return id
}
