import { describe, expect, test } from '@jest/globals'
import {
  choiceKey,
  resourceTypes,
  type SearchParameterFacts,
  searchParameters,
  structureOf,
} from '../../../resources/definitions.ts'
import type { Step } from '../../../resources/fhirpath/path.ts'
import { compilePath } from '../../../resources/fhirpath.ts'
import type { Resource } from '../../../resources/resource.ts'
import { aliasOf, extract, searchableParameters } from '../../../resources/search.ts'

type Item = Record<string, unknown>

/** Parameters of R4 without values of their own, and why. */
const without: Readonly<Record<string, string>> = {
  filter: 'a language over all other parameters',
  'Resource-id': 'the store knows it',
  'Resource-lastUpdated': 'the store knows it',
}

/** Of those whose values are not found one by one: a resource that has one. */
const whole: Readonly<Record<string, Item>> = {
  'Patient-deceased': { deceasedDateTime: '2024' },
  'Bundle-composition': { entry: [{ resource: { resourceType: 'Composition', id: 'c' } }] },
  'Bundle-message': { entry: [{ resource: { resourceType: 'MessageHeader', id: 'm' } }] },
}

const coding = { system: 'http://example.org', code: 'x' }
const quantity = { value: 5.4, system: 'http://unitsofmeasure.org', code: 'mg' }
const texts: Readonly<Record<string, string>> = {
  date: '2024-05-01',
  dateTime: '2024-05-01',
  instant: '2024-05-01T10:00:00Z',
  canonical: 'http://example.org/x|1',
  uri: 'http://example.org/x',
  url: 'http://example.org/x',
}
const values: Readonly<Record<string, unknown>> = {
  ...texts,
  boolean: true,
  integer: 5,
  decimal: 5.4,
  positiveInt: 5,
  unsignedInt: 5,
  CodeableConcept: { coding: [coding] },
  Coding: coding,
  Identifier: { system: 'http://example.org', value: 'x' },
  ContactPoint: { system: 'phone', value: 'x' },
  Quantity: quantity,
  Age: quantity,
  Duration: quantity,
  SimpleQuantity: quantity,
  Money: { value: 5.4, currency: 'INR' },
  Range: { low: quantity },
  Period: { start: '2024' },
  Timing: { event: ['2024'] },
  HumanName: { family: 'Rao' },
  Address: { city: 'Pune' },
  'Location.position': { latitude: 18.52, longitude: 73.85 },
  Reference: { reference: 'Patient/1' },
  // Whatever type it is looked at as.
  Extension: { valueCodeableConcept: { text: 'x', coding: [coding], reference: 'Patient/1' } },
}

/** What the condition of an expression wants of a value. */
function meeting(value: unknown, expression: string): unknown {
  if (typeof value !== 'object' || value === null) return value
  const target = /resolve\(\) is (\w+)/.exec(expression)?.[1]
  if (target) return { reference: `${target}/1` }
  const [, key, text] =
    /where\((\w+)\s*=\s*'([^']*)'\)/.exec(expression) ??
    /extension\(()'([^']*)'\)/.exec(expression) ??
    []
  return key ? { ...value, [key]: text } : { ...value, url: text }
}

/** All ways to fill in what the steps lead to: one of each type of a choice. */
function filled(steps: Step[], shape: string, expression: string): unknown[] {
  const [step, next] = steps
  if (!step) return [values[shape] ?? 'x']
  if (step.kind !== 'child') return filled(steps.slice(1), shape, expression)
  const element = structureOf(shape)?.elements[step.name]
  if (!element) throw new Error(`${shape} has no ${step.name}`)
  const own = `${shape}.${step.name}`
  const inner = element.content ?? (structureOf(own) ? own : undefined)
  const types = inner
    ? [inner]
    : next?.kind === 'type'
      ? element.types.filter(type => type === next.type)
      : element.types
  return types.flatMap(type =>
    filled(steps.slice(1), type, expression).map(item => {
      const value = next?.kind === 'where' ? meeting(item, expression) : item
      const key = element.choice ? choiceKey(step.name, type) : step.name
      return { [key]: element.many ? [value] : value }
    }),
  )
}

/** Resources that have a value of the parameter, one for each way to it. */
function resourcesWith(facts: SearchParameterFacts, type: string): Resource[] {
  const own = whole[facts.id]
  if (own) return [{ resourceType: type, ...own }]
  const arms = facts.expression.split(' | ').filter(arm => compilePath(arm, type))
  return arms.flatMap(arm => {
    const ways = compilePath(arm, type)?.ways
    if (!ways) throw new Error(`${facts.id}: ${arm} needs a resource of its own in this test`)
    return ways.flatMap(({ steps }) =>
      filled(steps, type, arm).map(item => ({ ...(item as Item), resourceType: type })),
    )
  })
}

describe('each search parameter of R4', () => {
  test.each([...resourceTypes()])('of %s has values, or a reason why not', type => {
    const searchable = searchableParameters(type)
    for (const facts of searchParameters(type)) {
      if (Object.hasOwn(without, facts.id)) continue
      expect([facts.id, searchable.has(facts.code)]).toEqual([facts.id, true])
      if (facts.type === 'composite') continue
      const resources = resourcesWith(facts, type)
      expect([facts.id, resources.length > 0]).toEqual([facts.id, true])
      const codes = aliasOf(type, facts.code) ?? [facts.code]
      const some = resources.filter(resource =>
        extract(resource).rows.some(({ param }) => codes.includes(param)),
      )
      // A choice may have types of which nothing is found: a string where a date is looked for.
      expect([facts.id, some.length > 0]).toEqual([facts.id, true])
      for (const resource of some) expect(extract(resource).present).toContain(facts.code)
    }
  })

  test.each([...resourceTypes()])('of %s that is a composite has values of its parts', type => {
    for (const facts of searchParameters(type)) {
      if (facts.type !== 'composite' || aliasOf(type, facts.code)) continue
      const [way] = compilePath(facts.expression, type)?.ways ?? []
      const parts = (facts.components ?? []).map(({ expression }) => {
        const shared = /^%resource\.(.*)$/.exec(expression)?.[1]
        return { shared, path: shared ?? expression }
      })
      const shape = shapeAt(way?.steps ?? [], type)
      const element: Item = {}
      const resource: Resource = { resourceType: type }
      for (const { shared, path } of parts) {
        const at = shared ? type : shape
        const steps = compilePath(`Resource.${path}`, 'Resource')?.ways?.[0]?.steps ?? []
        Object.assign(shared ? resource : element, filled(steps, at, path)[0])
      }
      const placed = way?.steps.length ? nested(way.steps, element, type) : element
      const rows = extract({ ...resource, ...placed }).rows.filter(
        ({ param }) => param === facts.code,
      )
      expect([facts.id, rows.length > 0]).toEqual([facts.id, true])
    }
  })
})

function shapeAt(steps: Step[], type: string): string {
  let shape = type
  for (const step of steps)
    if (step.kind === 'child') {
      const own = `${shape}.${step.name}`
      shape = structureOf(own) ? own : (structureOf(shape)?.elements[step.name]?.types[0] ?? '')
    }
  return shape
}

function nested([step, ...rest]: Step[], element: Item, shape: string): Item {
  if (step?.kind !== 'child') return element
  const many = structureOf(shape)?.elements[step.name]?.many
  const inner = nested(rest, element, shapeAt([step], shape))
  return { [step.name]: many ? [inner] : inner }
}
