/** Worlds of resources that hold others, which refer to each other and out again, and chains through them. */
import fc from 'fast-check'
import type { Resource } from '../../../resources/resource.ts'
import { parameters, type Search } from './arbitrary.ts'

const numbers = ['1', '2']

const reference = (...types: string[]) =>
  fc
    .tuple(
      fc.constantFrom(...types),
      fc.constantFrom(...numbers),
      fc.constantFrom('within', 'within', 'within', 'alone', 'container'),
    )
    .map(([type, number, where]) => {
      if (where === 'container') return { reference: '#' }
      return { reference: where === 'alone' ? `${type}/${number}` : `#${type}-${number}` }
    })

const few = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 2 })
const words = fc.constantFrom('Acme', 'Rao')

/** `must`: what a resource of the type has to have. */
const some = (own: Record<string, fc.Arbitrary<unknown>>, must: object = {}) =>
  fc
    .record(mapped(own, one => fc.option(one, { freq: 6 })))
    .map(all => ({ ...must, ...Object.fromEntries(Object.entries(all).filter(isThere)) }))

const isThere = ([, value]: [string, unknown]): boolean => value !== null

const mapped = <A, B>(all: Record<string, A>, by: (one: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(all).map(([name, one]) => [name, by(one)]))

const shapes: Readonly<Record<string, fc.Arbitrary<object>>> = {
  Organization: some({ name: words, partOf: reference('Organization') }, { active: true }),
  Patient: some({
    gender: fc.constantFrom('male', 'female'),
    managingOrganization: reference('Organization'),
  }),
  Encounter: some(
    {
      status: fc.constantFrom('planned', 'finished'),
      subject: reference('Patient'),
      partOf: reference('Encounter'),
      serviceProvider: reference('Organization'),
    },
    { status: 'unknown', class: { code: 'AMB' } },
  ),
  Observation: some(
    {
      status: fc.constantFrom('final', 'amended'),
      subject: reference('Patient', 'Location'),
      encounter: reference('Encounter'),
      performer: few(reference('Organization', 'Patient')),
      hasMember: few(reference('Observation')),
    },
    { status: 'unknown', code: { text: 'x' } },
  ),
  Location: some({ name: words, managingOrganization: reference('Organization') }),
}

const types = Object.keys(shapes)

const one: fc.Arbitrary<{ resourceType: string; number: string }> = fc
  .tuple(fc.constantFrom(...types), fc.constantFrom(...numbers))
  .chain(([resourceType, number]) =>
    (shapes[resourceType] ?? fc.constant({})).map(more => ({ resourceType, number, ...more })),
  )

const several = (least: number) =>
  fc.uniqueArray(one, {
    minLength: least,
    maxLength: 10,
    size: 'max',
    selector: ({ resourceType, number }) => `${resourceType}/${number}`,
  })

/** What refers to something that it does not hold refers to one that stands alone. */
function closed(resource: { id: string; contained: { id: string }[] }): object {
  const held = new Set(resource.contained.map(({ id }) => id))
  const text = JSON.stringify(resource)
  return JSON.parse(
    text.replace(/"#(\w+)-(\d)"/g, (whole, type: string, number: string) =>
      held.has(`${type}-${number}`) ? whole : `"${type}/${number}"`,
    ),
  )
}

export const nestedWorld: fc.Arbitrary<Resource[]> = several(1).chain(all =>
  fc.tuple(
    ...all.map(({ number, ...rest }) =>
      several(5).map(
        within =>
          closed({
            ...rest,
            id: number,
            contained: within.map(({ number, ...inner }) => ({
              ...inner,
              id: `${inner.resourceType}-${number}`,
            })),
          }) as unknown as Resource,
      ),
    ),
  ),
)

const ends: Readonly<Record<string, [name: string, values: string[]]>> = {
  Organization: ['name', ['acme', 'rao']],
  Patient: ['gender', ['male', 'female']],
  Encounter: ['status', ['planned', 'finished']],
  Observation: ['status', ['final', 'amended']],
  Location: ['name', ['acme', 'rao']],
}

function chain(type: string, links: number): fc.Arbitrary<[string, string]> {
  const [name, values] = ends[type] ?? ['_id', ['1']]
  // Of several within one resource it is not known which of them lacks a value.
  if (links === 0)
    return fc.constantFrom(...values.map((value): [string, string] => [name, value]), [
      `${name}:missing`,
      'false',
    ])
  const ways = (parameters[type] ?? []).flatMap(({ code, to = [] }) =>
    to.filter(each => types.includes(each)).map(target => [code, target] as const),
  )
  const [first] = ways
  if (!first) return chain(type, 0)
  return fc
    .tuple(fc.constantFrom(first, ...ways), fc.boolean())
    .chain(([[code, target], typed]) =>
      chain(target, links - 1).map(([rest, value]): [string, string] => [
        `${code}${typed ? `:${target}` : ''}.${rest}`,
        value,
      ]),
    )
}

/** A chain of one to five links. */
export const nestedSearch: fc.Arbitrary<Search> = fc
  .tuple(fc.constantFrom(...types), fc.integer({ min: 1, max: 5 }))
  .chain(([type, links]) => chain(type, links).map((param): Search => ({ type, params: [param] })))
