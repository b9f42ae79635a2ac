import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type App, startApp } from '../../support/app.ts'
import { observation, patient, put } from '../../support/make.ts'

/** To play a failing run again: FUZZ_SEED=… npm test -- search/fuzz. */
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const count = 4000
const patience = 5000

let app: App
beforeAll(async () => {
  app = await startApp()
  await put(app, patient({ id: '1', name: [{ family: 'Rao' }], birthDate: '1980' }))
  await put(app, observation({ id: '1', subject: { reference: 'Patient/1' } }))
})
afterAll(() => app.close())

const types = ['Patient', 'Observation', 'RiskAssessment', 'ValueSet', 'Location', 'Encounter']

const codes = fc.constantFrom(
  ...[
    '_id',
    '_lastUpdated',
    '_tag',
    '_profile',
    '_source',
    '_text',
    '_content',
    '_list',
    '_filter',
  ],
  ...[
    '_has',
    '_type',
    '_sort',
    '_count',
    '_total',
    '_summary',
    '_elements',
    '_include',
    '_revinclude',
  ],
  ...['_query', '_contained', '_containedType', '_page', '_security', '_format', '_pretty'],
  ...['name', 'family', 'identifier', 'gender', 'birthdate', 'deceased', 'general-practitioner'],
  ...['code', 'date', 'subject', 'patient', 'value-quantity', 'code-value-quantity', 'combo-code'],
  ...['probability', 'url', 'version', 'near', 'organization', 'class', 'encounter', 'has-member'],
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '$where',
    '$or',
    'nothing',
    '',
    ' ',
  ],
)

const modifiers = fc.constantFrom(
  ...['missing', 'exact', 'contains', 'not', 'text', 'in', 'not-in', 'below', 'above', 'of-type'],
  ...['identifier', 'iterate', 'Patient', 'Observation', 'Group', 'Nothing', '', ':', 'a:b'],
  ...[
    '__proto__',
    'constructor',
    'valueOf',
    '$where',
    'MISSING',
    'missing ',
    '%00',
    'x'.repeat(300),
  ],
)

const words = [
  ...[
    '',
    ' ',
    ',',
    ',,',
    '|',
    '||',
    '|||',
    '$',
    '$$',
    '\\',
    '\\\\',
    '\\,',
    '\\|',
    'a|',
    '|a',
    'a$b',
  ],
  ...[
    '2024',
    '2024-02-30',
    '2024-13',
    'ge',
    'gege2024',
    'ap0001',
    'lt9999-12-31T23:59:60Z',
    '0000',
  ],
  ...['1', '-0', '1e9999', '1e-9999', '9'.repeat(500), `0.${'1'.repeat(500)}`, 'NaN', 'Infinity'],
  ...['5.4|http://unitsofmeasure.org|mg', '5|http://unitsofmeasure.org|nonsense', '5||', '5|a|b|c'],
  ...['Patient/1', 'Patient/1/_history/1', '#x', 'http://x/Patient/1', 'Patient/', '/1', '../../x'],
  ...['true', 'false', 'TRUE', 'null', 'undefined', '{}', '[]', '{"$gt":""}', '{"$where":"1"}'],
  ...[
    '.*',
    '(a+)+$',
    '[',
    '(?<x>',
    '%',
    '_',
    '*',
    "' OR 1=1 --",
    '"; DROP TABLE body; --',
    '\u0000',
  ],
  ...['\ud83d\ude42', 'आशा', '\u202e', 'ﬁ', '\ufeff', 'a\nb', 'a\tb', '<script>', '&amp;', '%ff'],
  ...[
    'ValueSet/none',
    'http://x/none',
    'urn:oid:1',
    'urn:uuid:x',
    '-name',
    '-_id,_id',
    'name,,name',
  ],
  ...['Patient:organization', 'Patient:*', '*', 'Nothing:x', 'Patient:nothing', 'a:b:c:d', ':::'],
  ...['18|73|1|km', '91|0', '0|0|-1', '1e400|0|1', 'gender eq male', 'not (', '((((', 'a eq "'],
  ...['near', '-near,near', '-code-value-quantity', 'code-value-quantity,'.repeat(9), 'abnormal'],
  ...['abnormal,critical', '$current-drug-allergies', '$current-drug-allergies,1', '18|73,0|0|1|m'],
  ...['name co x and (', 'birthdate gt', 'count', 'text', 'accurate', '-1', '1.5', '0x10', '1_000'],
]

const many = fc
  .tuple(fc.constantFrom(...words), fc.constantFrom(2, 50, 500))
  .map(([word, times]) => Array.from({ length: times }, (_, n) => `${word}${n}`).join(','))

const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  {
    weight: 2,
    arbitrary: fc.string({ unit: 'binary', maxLength: 20 }).map(text => text.toWellFormed()),
  },
  { weight: 1, arbitrary: many },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom('ge', 'lt', 'sa', 'ap', 'ne', 'xx'), fc.constantFrom(...words))
      .map(pair => pair.join('')),
  },
)

const name = fc.oneof(
  { weight: 4, arbitrary: codes },
  { weight: 3, arbitrary: fc.tuple(codes, modifiers).map(pair => pair.join(':')) },
  {
    weight: 2,
    arbitrary: fc
      .array(
        fc.oneof(
          codes,
          fc.tuple(codes, modifiers).map(pair => pair.join(':')),
        ),
        { minLength: 2, maxLength: 6 },
      )
      .map(links => links.join('.')),
  },
  {
    weight: 2,
    arbitrary: fc
      .array(fc.tuple(fc.constantFrom(...types, 'Nothing', '__proto__', ''), codes), {
        minLength: 1,
        maxLength: 4,
      })
      .chain(links =>
        codes.map(
          last => `${links.map(([type, code]) => `_has:${type}:${code}:`).join('')}${last}`,
        ),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'a.'.repeat(2000),
      '_has:Patient:x:'.repeat(300),
      'subject:Patient.'.repeat(50),
    ),
  },
)

interface Asked {
  path: string
  params: [name: string, value: string][]
}

const asked: fc.Arbitrary<Asked> = fc.record({
  path: fc.constantFrom(...types, ...types, '', 'Patient/1/Observation', 'Patient/1/*'),
  params: fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 }),
})

const shown = ({ path, params }: Asked): string =>
  `${path}?${params.map(([key, text]) => `${key}=${text}`).join('&')}`.slice(0, 500)

async function answerOf({ path, params }: Asked) {
  const body = new URLSearchParams(params).toString()
  const address = `${app.url}/fhir/${path}${path ? '/' : ''}_search`
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body,
    signal: AbortSignal.timeout(patience),
  })
  return { status: response.status, text: await response.text() }
}

/** What is wrong with an answer; absent: nothing. */
function complaint(
  { params }: Asked,
  { status, text }: { status: number; text: string },
): string | undefined {
  if (status === 200) return undefined
  if (status < 400 || status >= 500) return `${status} ${text.slice(0, 300)}`
  const [issue] = JSON.parse(text).issue
  const said = String(issue.diagnostics)
  // The search as a whole is too much.
  if (issue.code === 'too-costly') return undefined
  // An unknown name may be anything, so it is not repeated unless it is plain; that of a _sort is named as such.
  if (/ is not a search parameter of /.test(said)) return undefined
  if (said.startsWith('a parameter has no name'))
    return params.some(([key]) => /(^|\.)([.:]|$)/.test(key)) ? undefined : said
  const named = params.some(([key]) => {
    const heads = key.split(/[.:]/).filter(Boolean)
    return (
      heads.length === 0 || !/^[\w.:-]{1,60}$/.test(key) || heads.some(head => said.includes(head))
    )
  })
  return named ? undefined : `${status} names no parameter: ${said}`
}

test(`${count} malformed searches answer 4xx that name the parameter, or 200 (seed ${seed})`, async () => {
  const all = fc.sample(asked, { seed, numRuns: count })
  const wrong: string[] = []
  const statuses = new Map<number, number>()
  for (const one of all) {
    if (wrong.length >= 10) break
    const answer = await answerOf(one).catch(error => ({ status: 0, text: String(error) }))
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
    const said = complaint(one, answer)
    if (said) wrong.push(`${shown(one)}\n  ${said}`)
  }
  expect(wrong).toEqual([])
  expect(statuses.get(400)).toBeGreaterThan(count / 3)
  expect(statuses.get(200)).toBeGreaterThan(0)
  expect((await app.request.get('/fhir/Patient/1')).body.name).toEqual([{ family: 'Rao' }])
}, 120_000)
