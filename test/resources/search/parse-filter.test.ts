import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { parseSearch } from '../../../resources/search/parse.ts'
import type { Comparable, Predicate, StringMatch } from '../../../resources/search/query.ts'
import { outside } from '../../support/outside.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const where = async (type: string, filter: string): Promise<Predicate[]> => {
  const options = { strict: true, defaultCount: 20, maxCount: 100 }
  return (await parseSearch(type, [['_filter', filter]], options)).query.where.map(outside)
}

const text = (param: string, text: string, match: StringMatch): Predicate => ({
  kind: 'string',
  param,
  text,
  match,
})
const code = (param: string, code: string, system?: string): Predicate => ({
  kind: 'token',
  param,
  code,
  ...(system ? { system } : {}),
})
const has = (param: string): Predicate => ({ kind: 'present', param })
const not = (not: Predicate): Predicate => ({ kind: 'not', not })
const all = (...all: Predicate[]): Predicate => ({ kind: 'and', all })
const any = (...any: Predicate[]): Predicate => ({ kind: 'or', any })
const chain = (param: string, types: string[], where: Predicate): Predicate => ({
  kind: 'chain',
  param,
  types,
  where: [where],
})

const peter = text('given', 'peter', 'equals')
const male = code('gender', 'male')
const other = (than: Predicate): Predicate => ({ kind: 'other', than: than as Comparable })

describe('_filter', () => {
  test.each<[string, string, Predicate]>([
    ['Patient', 'given eq "Peter"', peter],
    ['Patient', 'given eq Peter', peter],
    ['Patient', 'given ne "Peter"', other(peter)],
    ['Patient', 'name ne "peter"', all(has('name'), not(text('name', 'peter', 'equals')))],
    [
      'Patient',
      'identifier ne 1',
      {
        kind: 'or',
        any: [all(has('identifier'), not(code('identifier', '1'))), other(code('identifier', '1'))],
      },
    ],
    ['Patient', 'given co "ete"', text('given', 'ete', 'contains')],
    ['Patient', 'given sw "pe"', text('given', 'pe', 'starts')],
    ['Patient', 'given ew "er"', text('given', 'er', 'ends')],
    [
      'Patient',
      'given eq "a \\"b\\" \\\\ \\/ \\u0041, $1|2"',
      text('given', 'a "b" \\ / a, $1|2', 'equals'),
    ],
    ['Patient', 'given eq "a\\,b\\u005cc\\u007c"', text('given', 'a,b\\c|', 'equals')],
    ['Patient', 'gender eq male', male],
    ['Patient', 'gender ne male', all(has('gender'), not(male))],
    ['Patient', 'identifier eq http://s|1,2$', code('identifier', '1,2$', 'http://s')],
    ['Patient', 'identifier eq "http://s|a\\|b"', code('identifier', 'a|b', 'http://s')],
    ['Patient', 'gender pr true', has('gender')],
    ['Patient', 'gender pr false', not(has('gender'))],
    ['Patient', '_id eq a', { kind: 'id', ids: ['a'] }],
    [
      'Observation',
      'subject re Patient/1',
      { kind: 'reference', param: 'subject', targets: ['Patient/1'] },
    ],
    [
      'Observation',
      'patient eq 1',
      { kind: 'reference', param: 'subject', targets: ['Patient/1'] },
    ],
    ['ValueSet', 'url eq http://a', { kind: 'uri', param: 'url', uri: 'http://a', match: 'exact' }],
    ['Patient', 'given eq peter and gender eq male', all(peter, male)],
    ['Patient', 'given eq peter or gender eq male', any(peter, male)],
    [
      'Patient',
      'gender pr true or (given eq peter and gender eq male)',
      any(has('gender'), all(peter, male)),
    ],
    [
      'Patient',
      'gender pr true or given eq peter and gender eq male',
      all(any(has('gender'), peter), male),
    ],
    [
      'Patient',
      '(gender pr true or given eq peter) and gender eq male',
      all(any(has('gender'), peter), male),
    ],
    ['Patient', 'not (gender eq male)', not(male)],
    ['Patient', 'not(gender eq male)and given eq peter', all(not(male), peter)],
    [
      'Patient',
      'given eq "and" and given eq "or"',
      all(text('given', 'and', 'equals'), text('given', 'or', 'equals')),
    ],
    ['Observation', 'patient.given eq peter', chain('subject', ['Patient'], peter)],
    ['Observation', 'subject:Patient.given eq peter', chain('subject', ['Patient'], peter)],
    ['Observation', 'subject.given eq peter', chain('subject', ['Patient'], peter)],
    [
      'Observation',
      'patient[gender eq male].given eq peter',
      chain('subject', ['Patient'], all(male, peter)),
    ],
    [
      'Observation',
      'patient[gender eq male or given pr false].given pr false',
      not(chain('subject', ['Patient'], all(any(male, not(has('given'))), has('given')))),
    ],
    [
      'Observation',
      'encounter:Encounter.patient[gender eq male].organization.name eq "A"',
      chain(
        'encounter',
        ['Encounter'],
        chain(
          'subject',
          ['Patient'],
          all(male, chain('organization', ['Organization'], text('name', 'a', 'equals'))),
        ),
      ),
    ],
  ])('%s?_filter=%s', async (type, filter, predicate) => {
    expect(await where(type, filter)).toEqual([predicate])
  })

  test.each(['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'])(
    '%s compares as the prefix does',
    async operator => {
      const compared: [string, string, string][] = [
        ['Patient', 'birthdate', '2014-10'],
        ['Patient', '_lastUpdated', '2014-10-01T10:00:00Z'],
        ['RiskAssessment', 'probability', '0.5'],
        ['Observation', 'value-quantity', '5.4|http://unitsofmeasure.org|mg'],
      ]
      for (const [type, param, value] of compared) {
        const options = { strict: true, defaultCount: 20, maxCount: 100, now: 0 }
        const read = async (params: [string, string][]) =>
          (await parseSearch(type, params, options)).query.where
        expect(await read([['_filter', `${param} ${operator} ${value}`]])).toEqual(
          await read([[param, operator + value]]),
        )
      }
    },
  )

  test('po is any time in common', async () => {
    const [low, high] = [Date.UTC(2014, 9, 1), Date.UTC(2014, 10, 1) - 1]
    expect(await where('Observation', 'date po 2014-10')).toEqual([
      { kind: 'date', param: 'date', highFrom: low, lowTo: high },
    ])
  })

  test.each([
    ['', 400, 'at character 1 there should be a parameter'],
    ['given', 400, 'at character 6 there should be an operator'],
    ['given eq', 400, 'at character 9 there should be a value'],
    ['given eq "a', 400, 'the quote at character 10 is not closed'],
    ['given eq "a\\', 400, 'the quote at character 10 is not closed'],
    ['given eq a b', 400, 'at character 12 there should be and, or, or the end'],
    ['given eq a and', 400, 'at character 15 there should be a parameter'],
    ['(given eq a', 400, 'at character 12 there should be )'],
    ['given eq a)', 400, 'at character 11 there should be and, or, or the end'],
    ['given eq ""', 400, 'given is compared with an empty text'],
    ['gender eq ""', 400, '_filter: gender is empty'],
    ['given is a', 400, 'the operators on given, a string, are eq, ne, co, sw, ew, pr'],
    ['given __proto__ a', 400, 'the operators on given'],
    ['given gt a', 422, 'gt does not work on given, a string, which takes eq'],
    ['gender co "a"', 422, 'co does not work on gender, a token'],
    ['birthdate co "a"', 422, 'co does not work on birthdate, a date'],
    ['gender pr maybe', 400, 'pr takes true or false'],
    ['birthdate eq soon', 400, '_filter: birthdate takes a date'],
    ['wings eq 2', 400, 'wings is not a search parameter of Patient; near to it are'],
    ['__proto__ eq 2', 400, 'not a search parameter'],
    ['gender.name eq 2', 422, 'gender of Patient is not a reference'],
    ['name[given eq "x"].family eq "y"', 422, 'name of Patient is not a reference'],
    [
      'organization.nme eq 2',
      400,
      'nme is not a search parameter of Organization; near to it are name',
    ],
    ['name[given eq "x"] pr true', 422, 'name is followed by a filter'],
    ['organization[name eq "x"] pr true', 422, 'organization is followed by a filter'],
    ['organization[name eq "x" pr true', 400, 'there should be ]'],
    ['"given" eq a', 400, 'at character 1 there should be a parameter'],
    ['given:exact:b eq a', 400, 'at character 1 there should be a parameter'],
    ['gender in http://a', 422, '_filter: gender needs a terminology'],
  ])('%s is refused', async (filter, status, words) => {
    await expect(where('Patient', filter)).rejects.toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(words) }),
    )
  })

  test('a lenient search does not pass over what it does not know: the rest would mean something else', async () => {
    const options = { strict: false, defaultCount: 20, maxCount: 100 }
    await expect(parseSearch('Patient', [['_filter', 'wings eq 2']], options)).rejects.toThrow(
      /wings/,
    )
  })

  test('parentheses may be 16 deep', async () => {
    const nested = (depth: number) => `${'('.repeat(depth)}gender eq male${')'.repeat(depth)}`
    expect(await where('Patient', nested(16))).toEqual([male])
    for (const deep of [nested(17), nested(100_000), 'not '.repeat(100_000), 'a['.repeat(100_000)])
      await expect(where('Patient', deep)).rejects.toThrow(expect.objectContaining({ status: 422 }))
  })
})

describe('_filter on what is stored', () => {
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch()
    const people: [string, string[], string | undefined, string][] = [
      ['p1', ['Asha', 'Rani'], 'female', '1980-05-01'],
      ['p2', ['Ravi'], 'male', '1990'],
      ['p3', ['Rana'], undefined, '2000-01-01'],
    ]
    for (const [id, given, gender, birthDate] of people)
      await store.put({
        resourceType: 'Patient',
        id,
        name: [{ given }],
        birthDate,
        ...(gender ? { gender } : {}),
      })
    await store.put({
      resourceType: 'Encounter',
      id: 'e1',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: 'Patient/p1' },
      period: { start: '2024-01-10', end: '2024-01-20' },
    })
    await store.put({
      resourceType: 'Encounter',
      id: 'e2',
      status: 'planned',
      class: { code: 'AMB' },
      subject: { reference: 'Patient/p3' },
    })
  })
  afterAll(() => store.close())

  test.each([
    ['Patient', 'given eq "asha"', ['p1']],
    ['Patient', 'given ew "na"', ['p3']],
    ['Patient', 'given sw "ra" and not (gender eq male)', ['p1', 'p3']],
    ['Patient', 'gender ne male', ['p1']],
    ['Patient', 'gender pr false or birthdate lt 1985', ['p1', 'p3']],
    ['Encounter', 'subject:Patient.gender eq female', ['e1']],
    ['Encounter', 'patient[given co "an"].gender pr true', ['e1']],
    ['Encounter', 'patient[given co "an"].gender pr false', ['e2']],
    ['Encounter', 'date po 2024-01-20', ['e1']],
    ['Encounter', 'date po 2024-01-21', []],
    ['Encounter', 'date po 2024', ['e1']],
  ])('%s: %s', async (type, filter, ids) => {
    expect((await store.find(type, `_filter=${encodeURIComponent(filter)}`)).sort()).toEqual(ids)
  })

  test('as many conditions as are taken can be answered', async () => {
    const many = (count: number, word: string, one: (n: number) => string) =>
      Array.from({ length: count }, (_, n) => one(n)).join(` ${word} `)
    const find = (filter: string) => store.find('Patient', `_filter=${encodeURIComponent(filter)}`)
    const not = many(250, 'and', n => `given ne "x${n}"`)
    expect((await find(not)).sort()).toEqual(['p1', 'p2', 'p3'])
    expect(await find(many(500, 'or', n => `birthdate lt ${1000 + n}`))).toEqual([])
    let nested = 'given eq "ravi"'
    for (let n = 0; n < 14; n++)
      nested = `${many(30, n % 2 ? 'and' : 'or', () => 'gender eq x')} or (${nested})`
    expect(await find(nested)).toEqual(['p2'])
  })
})
