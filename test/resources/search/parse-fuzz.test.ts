import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FhirError } from '../../../resources/error.ts'
import { parseSearch } from '../../../resources/search/parse.ts'

const options = { strict: true, defaultCount: 20, maxCount: 100, base: 'http://here/fhir' }

/** Stands for what a patient would not like to be repeated. */
const secret = 'Zx9Secret'

const code = fc.constantFrom(
  ...['name', 'gender', 'birthdate', 'identifier', 'subject', 'patient', 'code', 'value-quantity'],
  ...['code-value-quantity', 'url', 'probability', 'near', '_id', '_lastUpdated', '_tag', '_text'],
  ...['_content', '_filter', '_list', '_type', '_sort', '_query', '_has', '_include', '_count'],
  ...['__proto__', 'constructor', 'toString', '$where', '', '*', '.*', 'a'.repeat(5000)],
)
const modifier = fc.constantFrom(
  ...['exact', 'contains', 'missing', 'not', 'in', 'not-in', 'below', 'above', 'of-type', 'text'],
  ...['identifier', 'Patient', 'Observation', 'iterate', '__proto__', 'constructor', '', ':', '.'],
)
const step = fc.oneof(
  code,
  fc.tuple(code, modifier).map(([one, other]) => `${one}:${other}`),
)
const has = fc
  .tuple(fc.constantFrom('Observation', 'Encounter', 'Group', '__proto__', ''), code)
  .map(([type, by]) => `_has:${type}:${by}:`)
const name = fc
  .tuple(fc.array(has, { maxLength: 4 }), fc.array(step, { minLength: 1, maxLength: 5 }))
  .map(([front, steps]) => front.join('') + steps.join('.'))

const piece = fc.constantFrom(
  ...[secret, ',', '|', '$', '\\', '\\\\', '\\,', '"', '(', ')', '[', ']', ' ', '\u0000', '\ud800'],
  ...[
    'eq',
    'ne',
    'and',
    'or',
    'not',
    'pr',
    'co',
    'OR',
    'NOT',
    'ge',
    '2024',
    '2024-13',
    '5.4',
    '1e9',
  ],
  ...['true', 'name', 'subject', 'Patient', 'Patient/1', '/', 'http://a', '.', '-', ':', '{$ne:1}'],
  ...['(.*)+$', '[a-z', '%', '_', "'", ';', '__proto__', 'constructor', '$where', 'जाँच', '1e400'],
)
const value = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
const filter = fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(' '))

/** What came of it: a query, or why not. */
async function outcome(type: string | undefined, params: [string, string][]) {
  try {
    return await parseSearch(type, params, options)
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
}

describe('whatever is asked', () => {
  test('gives a query, or a 4xx that does not repeat a value', async () => {
    const params = fc.array(fc.tuple(name, fc.oneof(value, filter)), { minLength: 1, maxLength: 3 })
    const type = fc.constantFrom('Patient', 'Observation', 'Location', 'ValueSet', undefined)
    await fc.assert(
      fc.asyncProperty(type, params, async (on, asked) => {
        const found = await outcome(on, asked)
        if (!(found instanceof FhirError)) return
        expect([400, 422]).toContain(found.status)
        expect(found.message).not.toContain(secret)
        expect(found.message.length).toBeLessThan(600)
      }),
      { numRuns: 2000 },
    )
  })

  test('a filter of many conditions means what it says, however it is nested', async () => {
    const condition = fc.constantFrom('gender eq male', 'name co "a b"', 'not (name pr true)')
    const { tree } = fc.letrec<{ tree: string }>(tie => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        condition,
        fc
          .tuple(tie('tree'), fc.constantFrom('and', 'or'), tie('tree'))
          .map(([left, word, right]) => `(${left}) ${word} (${right})`),
      ),
    }))
    await fc.assert(
      fc.asyncProperty(tree, async text => {
        const { query } = await parseSearch('Patient', [['_filter', text]], options)
        const conditions = text.match(/gender|name/g)?.length
        // Many codes are a list of them.
        const read = JSON.stringify(query.where).match(/"male"|"param":"name"/g)
        expect(read).toHaveLength(conditions ?? 0)
      }),
      { numRuns: 300, examples: [[Array(9).fill('(gender eq male)').join(' or ')]] },
    )
  })

  const size = 1_000_000
  test.each<[string, string, string]>([
    ['Patient', 'name', 'a,'.repeat(size / 2)],
    ['Patient', 'name', '\\'.repeat(size)],
    ['Patient', 'name', '\\,'.repeat(size / 2)],
    ['Patient', 'name', 'a'.repeat(size)],
    ['Patient', 'name', `${' '.repeat(size)}a`],
    ['Patient', 'name', 'é'.repeat(size)],
    ['Patient', 'identifier', '|'.repeat(size)],
    ['Patient', 'birthdate', '2'.repeat(size)],
    ['Patient', 'birthdate', `2024-01-01T00:00:00.${'0'.repeat(size)}Z`],
    ['RiskAssessment', 'probability', '9'.repeat(size)],
    ['RiskAssessment', 'probability', `1.${'0'.repeat(size)}`],
    ['Observation', 'value-quantity', `${'1'.repeat(size)}|a|b`],
    ['Observation', 'code-value-quantity', '$'.repeat(size)],
    ['Observation', 'subject', 'Patient/'.repeat(size / 8)],
    ['Observation', 'subject', `http://${'a/'.repeat(size / 2)}`],
    ['Observation', 'subject:Patient', 'a'.repeat(size)],
    ['Observation', 'a'.repeat(size), 'x'],
    ['Observation', '.'.repeat(size), 'x'],
    ['Observation', ':'.repeat(size), 'x'],
    ['Observation', `${'subject.'.repeat(size / 8)}name`, 'x'],
    ['Observation', '_has:Observation:subject:'.repeat(size / 25), 'x'],
    ['Patient', '_text', '('.repeat(size)],
    ['Patient', '_text', '"'.repeat(size)],
    ['Patient', '_text', `${'a '.repeat(size / 2)}b`],
    ['Patient', '_text', '\\'.repeat(size)],
    ['Patient', '_text', `a${' '.repeat(size)}b`],
    ['Patient', '_content', `"${'a-'.repeat(size / 2)}"`],
    ['Patient', '_filter', '('.repeat(size)],
    ['Patient', '_filter', 'not '.repeat(size / 4)],
    ['Patient', '_filter', `name eq "${'\\'.repeat(size)}"`],
    ['Patient', '_filter', `name eq ${'a'.repeat(size)}`],
    ['Patient', '_filter', `${'name eq a and '.repeat(size / 14)}name eq a`],
    ['Patient', '_filter', `${'a.'.repeat(size / 2)}b eq c`],
    ['Patient', '_filter', ' '.repeat(size)],
    ['Patient', '_sort', 'name,'.repeat(size / 5)],
    ['Patient', '_list', 'a,'.repeat(size / 2)],
    ['Patient', '_elements', 'a,'.repeat(size / 2)],
    ['ValueSet', 'url', '\\$'.repeat(size / 2)],
    ['Location', 'near', '|'.repeat(size)],
  ])(
    '%s?%.20s=%.20s… of a million characters is read in no more than its length',
    async (type, name, value) => {
      const before = process.cpuUsage()
      const found = await outcome(type, [[name, value]])
      if (found instanceof FhirError) expect([400, 422]).toContain(found.status)
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1000).toBeLessThan(2500)
    },
  )
})
