import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CodeSystem, ValueSet } from 'fhir/r4'
import type { Codes, Terminology } from '../../resources/ports.ts'
import { createTerminology } from '../../terminology/terminology.ts'
import { type App, startApp } from '../support/app.ts'
import { put } from '../support/make.ts'

const examples = dirname(
  createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'),
)
const example = (name: string): object =>
  JSON.parse(readFileSync(join(examples, `${name}.json`), 'utf8'))

const tests = 'http://example.org/tests'
const colours = 'http://example.org/colours'

/** A tree (blood over sugar over fasting), a child named by a property, one retired. */
const system = (more: Partial<CodeSystem> = {}): CodeSystem => ({
  resourceType: 'CodeSystem',
  id: 'tests',
  url: tests,
  status: 'active',
  content: 'complete',
  property: [
    { code: 'tube', type: 'string' },
    { code: 'isPartOfGroup', type: 'code', uri: 'http://hl7.org/fhir/concept-properties#parent' },
  ],
  concept: [
    {
      code: 'blood',
      display: 'Blood test',
      concept: [
        {
          code: 'sugar',
          display: 'Sugar',
          property: [{ code: 'tube', valueString: 'grey' }],
          concept: [{ code: 'fasting', property: [{ code: 'tube', valueString: 'grey top' }] }],
        },
        { code: 'old-sugar', property: [{ code: 'inactive', valueBoolean: true }] },
      ],
    },
    { code: 'urine', property: [{ code: 'tube', valueString: 'none' }] },
    { code: 'count', property: [{ code: 'isPartOfGroup', valueCode: 'blood' }] },
  ],
  ...more,
})

const set = (id: string, more: Partial<ValueSet>): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: `http://example.org/sets/${id}`,
  status: 'active',
  ...more,
})

const all = { blood: 1, sugar: 1, fasting: 1, 'old-sugar': 1, urine: 1, count: 1 }
const except = (...codes: string[]) => Object.keys(all).filter(code => !codes.includes(code))

let app: App
let terminology: Terminology

beforeEach(async () => {
  app = await startApp()
  terminology = createTerminology(app.server.store, () => 'http://127.0.0.1:8080/fhir')
  await put(app, system())
})
afterEach(() => app.close())

const context = () => app.server.makeContext('test')
const expand = (name: string) => terminology.expand(context(), name)
const sorted = (codes: Codes[]) =>
  codes.map(({ system, codes }) => [system, codes === 'all' ? codes : codes.toSorted()])

/** The codes of the tests' system in a value set with this definition. */
async function selected(compose: ValueSet['compose']): Promise<string[]> {
  await put(app, set('made', { compose: compose ?? { include: [] } }))
  const [only] = await expand('ValueSet/made')
  return only?.codes === 'all' ? ['all'] : (only?.codes ?? []).toSorted()
}

type Filter = [property: string, op: string, value: string]
const filtered = (...filters: Filter[]) =>
  selected({
    include: [
      {
        system: tests,
        filter: filters.map(([property, op, value]) => ({ property, op: op as '=', value })),
      },
    ],
  })

/** https://hl7.org/fhir/R4/valueset.html#compose */
describe('the definition of a value set', () => {
  test('listed concepts, of systems that are not stored too', async () => {
    await put(
      app,
      set('mixed', {
        compose: {
          include: [
            { system: colours, concept: [{ code: 'red' }, { code: 'blue' }] },
            { system: tests, concept: [{ code: 'sugar' }] },
            { system: colours, concept: [{ code: 'green' }, { code: 'red' }] },
          ],
        },
      }),
    )
    expect(sorted(await expand('http://example.org/sets/mixed'))).toEqual([
      [colours, ['blue', 'green', 'red']],
      [tests, ['sugar']],
    ])
  })

  test('a whole system', async () => {
    expect(await selected({ include: [{ system: tests }] })).toEqual(Object.keys(all).toSorted())
  })

  test('an exclude takes away, whatever its order', async () => {
    const compose = {
      include: [{ system: tests }],
      exclude: [
        { system: tests, concept: [{ code: 'urine' }] },
        { system: tests, filter: [{ property: 'concept', op: 'is-a' as const, value: 'sugar' }] },
      ],
    }
    expect(await selected(compose)).toEqual(except('urine', 'sugar', 'fasting').toSorted())
  })

  test('inactive codes only where the definition does not leave them out', async () => {
    const include = [{ system: tests }]
    expect(await selected({ include, inactive: false })).toEqual(except('old-sugar').toSorted())
    expect(await selected({ include, inactive: true })).toContain('old-sugar')
  })

  test('codes that are in all imported value sets, and in the system', async () => {
    const listed = (...codes: string[]) => ({
      compose: { include: [{ system: tests, concept: codes.map(code => ({ code })) }] },
    })
    await put(app, set('a', listed('blood', 'sugar', 'urine')))
    await put(app, set('b', listed('sugar', 'urine', 'count')))
    const [a, b] = ['http://example.org/sets/a', 'http://example.org/sets/b']
    expect(await selected({ include: [{ valueSet: [a, b] }] })).toEqual(['sugar', 'urine'])
    expect(await selected({ include: [{ valueSet: [a] }, { valueSet: [b] }] })).toEqual([
      'blood',
      'count',
      'sugar',
      'urine',
    ])
    expect(await selected({ include: [{ system: tests, valueSet: [a] }] })).toHaveLength(3)
    expect(await selected({ include: [{ system: colours, valueSet: [a] }] })).toEqual([])
    expect(await selected({ include: [{ valueSet: [a] }], exclude: [{ valueSet: [b] }] })).toEqual([
      'blood',
    ])
  })
})

/** https://hl7.org/fhir/R4/codesystem-filter-operator.html */
describe('filters', () => {
  const cases: [title: string, filters: Filter[], codes: string[]][] = [
    ['is-a', [['concept', 'is-a', 'blood']], ['blood', 'count', 'fasting', 'old-sugar', 'sugar']],
    ['descendent-of', [['concept', 'descendent-of', 'sugar']], ['fasting']],
    ['is-not-a', [['concept', 'is-not-a', 'blood']], ['urine']],
    ['generalizes', [['concept', 'generalizes', 'fasting']], ['blood', 'fasting', 'sugar']],
    ['= on a property', [['tube', '=', 'grey']], ['sugar']],
    ['= on the code', [['code', '=', 'urine']], ['urine']],
    ['= on the display', [['display', '=', 'Sugar']], ['sugar']],
    ['in', [['tube', 'in', 'none, grey']], ['sugar', 'urine']],
    ['not-in', [['code', 'not-in', 'blood,sugar,fasting,count']], ['old-sugar', 'urine']],
    ['exists', [['tube', 'exists', 'true']], ['fasting', 'sugar', 'urine']],
    ['exists, false', [['tube', 'exists', 'false']], ['blood', 'count', 'old-sugar']],
    ['regex matches the whole value', [['tube', 'regex', 'gr.y']], ['sugar']],
    ['regex', [['tube', 'regex', 'gr.y.*']], ['fasting', 'sugar']],
    [
      'all of several',
      [
        ['concept', 'is-a', 'sugar'],
        ['tube', '=', 'grey'],
      ],
      ['sugar'],
    ],
    ['a property nobody has', [['weight', '=', '1']], []],
    ['a code nobody has', [['concept', 'descendent-of', 'moon']], []],
  ]
  test.each(cases)('%s', async (_, filters, codes) => {
    expect(await filtered(...filters)).toEqual(codes)
  })

  test('a pattern that takes a backtracking matcher for ever is matched at once', async () => {
    await put(
      app,
      system({
        concept: [{ code: 'a', property: [{ code: 'tube', valueString: `${'a'.repeat(5000)}!` }] }],
      }),
    )
    expect(await filtered(['tube', 'regex', '(a+)+'])).toEqual([])
  })

  test.each([
    ['a pattern that is none', ['tube', 'regex', '(']],
    ['a pattern too long', ['tube', 'regex', 'a'.repeat(1001)]],
    ['exists of something else', ['tube', 'exists', 'maybe']],
  ] as [string, Filter][])('%s is refused', async (_, filter) => {
    await expect(filtered(filter)).rejects.toMatchObject({ status: 422 })
  })

  test('a hierarchy of parts says nothing of kinds', async () => {
    await put(app, system({ hierarchyMeaning: 'part-of' }))
    await expect(filtered(['concept', 'is-a', 'blood'])).rejects.toThrow('hierarchyMeaning')
    expect(await filtered(['tube', '=', 'grey'])).toEqual(['sugar'])
  })
})

describe('finding a value set', () => {
  const of = (code: string) => ({ include: [{ system: tests, concept: [{ code }] }] })
  const codeOf = async (name: string) => (await expand(name))[0]?.codes[0]

  test('by url, by number, by id, by the address of this server', async () => {
    const identifier = [{ system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.3' }]
    await put(app, set('one', { identifier, compose: of('sugar') }))
    for (const name of [
      'http://example.org/sets/one',
      'urn:oid:1.2.3',
      'ValueSet/one',
      'http://127.0.0.1:8080/fhir/ValueSet/one',
    ])
      expect(await codeOf(name)).toBe('sugar')
  })

  test('by version; without one the active, then the highest', async () => {
    const url = 'http://example.org/sets/many'
    const version = (id: string, more: Partial<ValueSet>) => put(app, set(id, { url, ...more }))
    await version('v10', { version: '1.10', compose: of('sugar') })
    await version('v9', { version: '1.9', compose: of('urine') })
    await version('v11', { version: '1.11', status: 'draft', compose: of('blood') })
    expect(await codeOf(url)).toBe('sugar')
    expect(await codeOf(`${url}|1.9`)).toBe('urine')
    expect(await codeOf(`${url}|1.11`)).toBe('blood')
    await expect(expand(`${url}|2`)).rejects.toMatchObject({ status: 422 })
  })

  test('one that R4 publishes and nobody stored', async () => {
    const url = 'http://hl7.org/fhir/ValueSet/administrative-gender'
    const genders = [
      ['http://hl7.org/fhir/administrative-gender', ['female', 'male', 'other', 'unknown']],
    ]
    expect(sorted(await expand(url))).toEqual(genders)
    expect(sorted(await expand(`${url}|4.0.1`))).toEqual(genders)
    await expect(expand(`${url}|3.0.2`)).rejects.toMatchObject({ status: 422 })
    await put(app, set('gender', { url, compose: of('sugar') }))
    expect(await codeOf(url)).toBe('sugar')
  })

  test('the error does not repeat what was asked for', async () => {
    await expect(expand('Asha Kulkarni')).rejects.toMatchObject({
      status: 422,
      message: expect.not.stringContaining('Asha'),
    })
  })
})

describe('what cannot be told', () => {
  test('a circle of imports', async () => {
    const imports = (id: string) => ({
      compose: { include: [{ valueSet: [`http://example.org/sets/${id}`] }] },
    })
    await put(app, set('a', imports('b')))
    await put(app, set('b', imports('a')))
    await expect(expand('ValueSet/a')).rejects.toThrow('imports itself')
  })

  test.each(['fragment', 'example', 'not-present'] as const)(
    'a system with content %s',
    async content => {
      await put(app, system({ content }))
      await expect(selected({ include: [{ system: tests }] })).rejects.toThrow('not complete')
      await expect(filtered(['concept', 'is-a', 'blood'])).rejects.toThrow('not complete')
      const concept = [{ code: 'sugar' }]
      expect(await selected({ include: [{ system: tests, concept }] })).toEqual(['sugar'])
    },
  )

  test('a system that is not stored', async () => {
    await expect(selected({ include: [{ system: colours }] })).rejects.toThrow(colours)
  })

  test('more codes than are looked for one by one', async () => {
    const concept = Array.from({ length: 50_001 }, (_, n) => ({ code: `c${n}` }))
    await put(app, system({ concept }))
    const filter = [{ property: 'code', op: 'regex' as const, value: 'c.*' }]
    await expect(selected({ include: [{ system: tests, filter }] })).rejects.toMatchObject({
      status: 422,
      outcome: { issue: [{ code: 'too-costly' }] },
    })
    expect(await selected({ include: [{ system: tests }] })).toEqual(['all'])
    const one = { system: tests, concept: [{ code: 'c1' }] }
    await expect(selected({ include: [{ system: tests }], exclude: [one] })).rejects.toMatchObject({
      outcome: { issue: [{ code: 'too-costly' }] },
    })
  })
})

describe('an expansion that came with the value set', () => {
  const expansion: ValueSet['expansion'] = {
    timestamp: '2026-01-01',
    contains: [
      {
        system: tests,
        code: 'blood',
        abstract: true,
        contains: [{ system: tests, code: 'sugar' }],
      },
      { display: 'Others', contains: [{ system: colours, code: 'red' }] },
    ],
  }
  const codes = [
    [tests, ['blood', 'sugar']],
    [colours, ['red']],
  ]

  test('counts where there is no definition, or it needs what is not stored', async () => {
    await put(app, set('a', { expansion }))
    await put(app, set('b', { expansion, compose: { include: [{ system: colours }] } }))
    expect(sorted(await expand('ValueSet/a'))).toEqual(codes)
    expect(sorted(await expand('ValueSet/b'))).toEqual(codes)
  })

  test('a definition counts more', async () => {
    const compose = { include: [{ system: tests, concept: [{ code: 'urine' }] }] }
    await put(app, set('a', { expansion, compose }))
    expect(sorted(await expand('ValueSet/a'))).toEqual([[tests, ['urine']]])
  })

  test('a part of one is refused', async () => {
    await put(app, set('a', { expansion: { ...expansion, total: 9 } }))
    await expect(expand('ValueSet/a')).rejects.toThrow('no whole expansion')
  })
})

describe('above and below a code', () => {
  const below = (system: string, code: string) => terminology.below(context(), { system, code })
  const above = (system: string, code: string) => terminology.above(context(), { system, code })

  test('by nested concepts and by properties', async () => {
    expect((await below(tests, 'sugar')).toSorted()).toEqual(['fasting', 'sugar'])
    expect(await below(tests, 'blood')).toContain('count')
    expect((await above(tests, 'fasting')).toSorted()).toEqual(['blood', 'fasting', 'sugar'])
    expect((await above(tests, 'count')).toSorted()).toEqual(['blood', 'count'])
  })

  test('only the code where nothing is known of it', async () => {
    expect(await below(tests, 'moon')).toEqual(['moon'])
    expect(await above(colours, 'red')).toEqual(['red'])
  })

  test('a circle of parents ends', async () => {
    const child = (code: string, parent: string) => ({
      code,
      property: [{ code: 'parent', valueCode: parent }],
    })
    await put(app, system({ concept: [child('a', 'b'), child('b', 'a')] }))
    expect((await below(tests, 'a')).toSorted()).toEqual(['a', 'b'])
  })

  test('in a code system of R4', async () => {
    await put(app, example('CodeSystem-condition-clinical'))
    const url = 'http://terminology.hl7.org/CodeSystem/condition-clinical'
    expect((await below(url, 'active')).toSorted()).toEqual(['active', 'recurrence', 'relapse'])
  })
})

describe('what is kept', () => {
  const of = (code: string) => ({ include: [{ system: tests, concept: [{ code }] }] })

  test('a change of a value set or a code system shows in the next answer', async () => {
    await put(app, set('a', { compose: { include: [{ system: tests }] } }))
    expect((await expand('ValueSet/a'))[0]?.codes).toHaveLength(6)
    await put(app, system({ concept: [{ code: 'only' }] }))
    expect((await expand('ValueSet/a'))[0]?.codes).toEqual(['only'])
    await put(app, set('a', { compose: of('urine') }))
    expect((await expand('ValueSet/a'))[0]?.codes).toEqual(['urine'])
    await app.request.delete('/fhir/ValueSet/a').expect(204)
    await expect(expand('ValueSet/a')).rejects.toMatchObject({ status: 422 })
  })

  test('what did not change is not made again', async () => {
    await put(app, set('a', { compose: of('urine') }))
    const first = await expand('ValueSet/a')
    await put(app, { resourceType: 'Patient', id: 'p' })
    expect(await expand('ValueSet/a')).toBe(first)
  })
})
