/** Small worlds and searches of all kinds, from few values, so that they often meet. */
import fc from 'fast-check'
import type { Resource } from '../../../resources/resource.ts'
import {
  compositeValue,
  dateValue,
  type Kind,
  numberValue,
  quantityValue,
  referenceValue,
  stringValue,
  tokenValue,
  uriValue,
} from './asked.ts'
import {
  coding,
  concept,
  date,
  dateTime,
  decimal,
  identifier,
  name,
  period,
  quantity,
  reference,
  text,
  uri,
} from './stored.ts'

export interface Search {
  type: string
  params: [name: string, value: string][]
}

export const queryOf = ({ params }: Search): string =>
  params
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')

const some = <T extends object>(type: string, own: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(own, { requiredKeys: [] }).map(more => ({ resourceType: type, ...more }))

const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 2 })

const component = fc.record({ code: concept, valueQuantity: quantity }, { requiredKeys: ['code'] })

/** Of one type, without an id; what a type must have is there. */
const patients: fc.Arbitrary<object> = some('Patient', {
  name: few(name),
  identifier: few(identifier),
  gender: fc.constantFrom('male', 'female'),
  active: fc.boolean(),
  birthDate: date,
  managingOrganization: reference('Organization'),
  generalPractitioner: few(reference('Organization', 'Practitioner')),
  telecom: few(
    fc.record({ system: fc.constantFrom('phone', 'email'), value: fc.constantFrom('1', 'x') }),
  ),
})

const observations: fc.Arbitrary<object> = some('Observation', {
  status: fc.constantFrom('final', 'amended'),
  code: concept,
  subject: reference('Patient', 'Group', 'Location'),
  encounter: reference('Encounter'),
  performer: few(reference('Practitioner', 'Organization', 'Patient')),
  hasMember: few(reference('Observation')),
  effective: fc.oneof(
    dateTime.map(effectiveDateTime => ({ effectiveDateTime })),
    period.map(effectivePeriod => ({ effectivePeriod })),
  ),
  value: fc.oneof(
    { weight: 4, arbitrary: quantity.map(valueQuantity => ({ valueQuantity })) },
    { weight: 1, arbitrary: text.map(valueString => ({ valueString })) },
    { weight: 1, arbitrary: concept.map(valueCodeableConcept => ({ valueCodeableConcept })) },
    { weight: 1, arbitrary: dateTime.map(valueDateTime => ({ valueDateTime })) },
  ),
  component: few(component),
}).map(({ effective, value, ...one }: any) => ({
  status: 'final',
  code: { text: 'x' },
  ...one,
  ...effective,
  ...value,
}))

const kinds: fc.Arbitrary<object>[] = [
  patients,
  observations,
  some('Organization', {
    name: text,
    identifier: few(identifier),
    partOf: reference('Organization'),
  }).map(one => ({ name: 'x', ...one })),
  some('Encounter', {
    status: fc.constantFrom('planned', 'finished'),
    class: coding,
    subject: reference('Patient', 'Group'),
    period,
    partOf: reference('Encounter'),
    serviceProvider: reference('Organization'),
  }).map(one => ({ status: 'unknown', class: { code: 'x' }, ...one })),
  some('Condition', {
    subject: reference('Patient', 'Group'),
    code: concept,
    onset: fc.oneof(
      dateTime.map(onsetDateTime => ({ onsetDateTime })),
      period.map(onsetPeriod => ({ onsetPeriod })),
    ),
    recordedDate: dateTime,
    encounter: reference('Encounter'),
  }).map(({ onset, ...one }: any) => ({ subject: { display: 'x' }, ...one, ...onset })),
  some('RiskAssessment', {
    prediction: few(fc.record({ probabilityDecimal: decimal })),
    subject: reference('Patient', 'Group'),
  }).map(one => ({ status: 'final', subject: { display: 'x' }, ...one })),
  some('ValueSet', {
    status: fc.constantFrom('draft', 'active'),
    url: uri,
    title: text,
    version: fc.constantFrom('1', 'A'),
  }).map(one => ({ status: 'retired', ...one })),
  some('Location', {
    status: fc.constantFrom('active', 'inactive'),
    name: text,
    managingOrganization: reference('Organization'),
    position: fc.record({
      latitude: fc.constantFrom(0, 18.52, -33),
      longitude: fc.constantFrom(0, 73.85, 179.9),
    }),
  }),
]

const tagged = fc.option(
  fc
    .record({ tag: few(coding), source: uri, profile: few(uri) }, { requiredKeys: [] })
    .filter(meta => Object.keys(meta).length > 0),
  { nil: undefined, freq: 3 },
)

/** With ids that references lead to: `p1` of any type, and so on. */
export const resource: fc.Arbitrary<Resource> = fc
  .tuple(fc.oneof(...kinds, patients, observations), fc.constantFrom('1', '2'), tagged)
  .map(([more, id, meta]) => ({ ...more, id, ...(meta ? { meta } : {}) }) as unknown as Resource)

/** Of each name one. */
export const world: fc.Arbitrary<Resource[]> = fc
  .array(resource, { minLength: 1, maxLength: 16, size: 'max' })
  .map(all => [...new Map(all.map(one => [`${one.resourceType}/${one.id}`, one])).values()])

interface Parameter {
  code: string
  kind: Kind
  /** Types a reference leads to, for chains. */
  to?: string[]
}

const own: Parameter[] = [
  { code: '_id', kind: 'id' },
  { code: '_lastUpdated', kind: 'date' },
  { code: '_tag', kind: 'token' },
  { code: '_source', kind: 'uri' },
  { code: '_profile', kind: 'uri' },
]
const to = (code: string, ...types: string[]): Parameter => ({ code, kind: 'reference', to: types })
const of = (kind: Kind, ...codes: string[]): Parameter[] => codes.map(code => ({ code, kind }))

export const parameters: Readonly<Record<string, Parameter[]>> = {
  Organization: [
    ...of('string', 'name'),
    ...of('token', 'identifier'),
    to('partof', 'Organization'),
  ],
  Patient: [
    ...of('string', 'name', 'family', 'given'),
    ...of('token', 'identifier', 'gender', 'active', 'telecom', 'email'),
    ...of('date', 'birthdate'),
    to('organization', 'Organization'),
    to('general-practitioner', 'Organization', 'Practitioner'),
  ],
  Encounter: [
    ...of('token', 'class', 'status'),
    ...of('date', 'date'),
    to('subject', 'Patient', 'Group'),
    to('patient', 'Patient'),
    to('part-of', 'Encounter'),
    to('service-provider', 'Organization'),
  ],
  Condition: [
    ...of('token', 'code'),
    ...of('date', 'onset-date', 'recorded-date'),
    to('subject', 'Patient', 'Group'),
    to('patient', 'Patient'),
    to('encounter', 'Encounter'),
  ],
  Observation: [
    ...of('token', 'code', 'status', 'value-concept', 'component-code', 'combo-code'),
    ...of('date', 'date', 'value-date'),
    ...of('quantity', 'value-quantity', 'component-value-quantity', 'combo-value-quantity'),
    ...of('string', 'value-string'),
    ...of(
      'composite',
      'code-value-quantity',
      'component-code-value-quantity',
      'combo-code-value-quantity',
    ),
    to('subject', 'Patient', 'Group', 'Location'),
    to('patient', 'Patient'),
    to('encounter', 'Encounter'),
    to('performer', 'Organization', 'Patient'),
    to('has-member', 'Observation'),
  ],
  RiskAssessment: [
    ...of('number', 'probability'),
    to('subject', 'Patient', 'Group'),
    to('patient', 'Patient'),
  ],
  ValueSet: [...of('uri', 'url'), ...of('token', 'status', 'version'), ...of('string', 'title')],
  Location: [
    ...of('token', 'status'),
    ...of('string', 'name'),
    ...of('near', 'near'),
    to('organization', 'Organization'),
  ],
}

const near = fc.constantFrom(
  ...['18.52|73.85|1|km', '0|0|10', '-33|-179.9|50|km', '18|73|200000|m', '10|10|20000|km'],
)

const values: Readonly<
  Record<Exclude<Kind, 'reference'>, fc.Arbitrary<[modifier: string, value: string]>>
> = {
  id: fc.constantFrom('1', '2', '3', '1,2', 'x').map(value => ['', value]),
  date: dateValue,
  number: numberValue,
  quantity: quantityValue,
  string: stringValue,
  token: tokenValue,
  uri: uriValue,
  composite: compositeValue,
  near: near.map(value => ['', value]),
}

type Param = [name: string, value: string]

const known = (type: string): Parameter[] => parameters[type] ?? []

const plain = (type: string): fc.Arbitrary<Param> =>
  fc
    .oneof(
      { weight: 5, arbitrary: fc.constantFrom(...known(type)) },
      { weight: 1, arbitrary: fc.constantFrom(...own) },
    )
    .chain(({ code, kind, to: types = [] }) => {
      const asked = kind === 'reference' ? referenceValue(types) : values[kind]
      const value = asked.map(
        ([modifier, value]): Param => [modifier ? `${code}:${modifier}` : code, value],
      )
      const missing = fc.boolean().map((is): Param => [`${code}:missing`, String(is)])
      return code === '_id' || code === '_lastUpdated' || kind === 'composite'
        ? value
        : fc.oneof({ weight: 7, arbitrary: value }, { weight: 1, arbitrary: missing })
    })

/** A parameter of what one of the type refers to. */
function chain(type: string, depth: number): fc.Arbitrary<Param>[] {
  const links = known(type).flatMap(({ code, to: types = [] }) =>
    types
      .filter(each => parameters[each])
      .map(target => ({ code, target, several: types.length > 1 })),
  )
  if (links.length === 0) return []
  const found = fc
    .tuple(fc.constantFrom(...links), fc.boolean())
    .chain(([{ code, target, several }, typed]) =>
      param(target, depth - 1).map(
        ([name, value]): Param => [`${code}${typed || several ? `:${target}` : ''}.${name}`, value],
      ),
    )
  return [found]
}

/** A parameter of what refers to one of the type. */
function has(type: string, depth: number): fc.Arbitrary<Param>[] {
  const back = Object.entries(parameters).flatMap(([other, all]) =>
    all.filter(({ to: types }) => types?.includes(type)).map(({ code }) => [other, code] as const),
  )
  if (back.length === 0) return []
  const found = fc
    .constantFrom(...back)
    .chain(([other, code]) =>
      param(other, depth - 1).map(
        ([name, value]): Param => [`_has:${other}:${code}:${name}`, value],
      ),
    )
  return [found]
}

const param = (type: string, depth: number): fc.Arbitrary<Param> =>
  depth === 0
    ? plain(type)
    : fc.oneof(
        { weight: 6, arbitrary: plain(type) },
        ...[...chain(type, depth), ...has(type, depth)].map(arbitrary => ({
          weight: 2,
          arbitrary,
        })),
      )

const sortable = (type: string) =>
  [...(parameters[type] ?? []), ...own]
    .filter(({ kind }) => kind !== 'near')
    // It is put in the order of its subject, whoever that is.
    .filter(({ code }) => code !== 'patient')
    .map(({ code }) => code)

/** Made once for each type: it takes as long as hundreds of searches. */
const searches = new Map<string, fc.Arbitrary<Search>>()

export function searchOf(type: string): fc.Arbitrary<Search> {
  const known = searches.get(type) ?? madeFor(type)
  searches.set(type, known)
  return known
}

function madeFor(type: string): fc.Arbitrary<Search> {
  const sort = fc
    .array(fc.tuple(fc.boolean(), fc.constantFrom(...sortable(type))), {
      minLength: 1,
      maxLength: 3,
    })
    .map((keys): [string, string] => [
      '_sort',
      keys.map(([down, code]) => `${down ? '-' : ''}${code}`).join(','),
    ])
  return fc
    .tuple(
      fc.oneof(
        { weight: 3, arbitrary: fc.tuple(param(type, 2)) },
        {
          weight: 1,
          arbitrary: fc.array(param(type, 2), { minLength: 2, maxLength: 3 }),
        },
      ),
      fc.option(sort, { nil: undefined, freq: 2 }),
      fc.constantFrom('near', '-near', undefined),
    )
    .map(([params, sorted, distance]) => {
      const isNear = distance !== undefined && params.some(([name]) => name === 'near')
      const keys = [...(isNear ? [distance] : []), ...(sorted ? [sorted[1]] : [])]
      return { type, params: keys.length ? [...params, ['_sort', keys.join(',')]] : params }
    })
}

export const search: fc.Arbitrary<Search> = fc
  .constantFrom(...Object.keys(parameters), 'Patient', 'Patient', 'Observation', 'Observation')
  .chain(searchOf)
