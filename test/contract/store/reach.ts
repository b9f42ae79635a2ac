import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decimalKey } from '../../../resources/search/decimal.ts'
import type { Predicate, Query, Sort } from '../../../resources/search/query.ts'
import type { Change, Row, Store } from '../../../resources/store.ts'
import type { Open } from '../store.ts'
import { change, extractOf, filled, idsOf, pune, query, walk } from './material.ts'

const token = (param: string, code: string, system = 's'): Row => ({
  kind: 'token',
  param,
  code,
  system,
})
const refers = (param: string, target: string): Row => ({ kind: 'reference', param, target })
const name = (exact: string): Row => ({
  kind: 'string',
  param: 'name',
  text: exact.toLowerCase(),
  exact,
})
const day = (low: number, high = low): Row => ({ kind: 'date', param: 'date', low, high })
const value = (text: string): Row => ({
  kind: 'quantity',
  param: 'value',
  low: decimalKey(text),
  high: decimalKey(text),
  system: '',
  unit: '',
})
const label = (text: string): Row => ({ kind: 'label', param: 'code', text })
const place = (latitude: number, longitude: number): Row => ({
  kind: 'position',
  param: 'near',
  latitude,
  longitude,
})

const observation = (
  id: string,
  patient: string,
  rows: Row[],
  more: { date?: number; narrative?: string; content?: string } = {},
): Change => {
  const { date, ...texts } = more
  const all = [refers('subject', `Patient/${patient}`), ...rows]
  const extract = { ...extractOf(all, date), patient, ...texts }
  return { ...change(id, { type: 'Observation' }), extract }
}

const year = 365 * 86_400_000
const subjects: Change[] = [
  change('o1', { type: 'Organization', rows: [name('Ruby Hall'), place(18.5333, 73.8767)] }),
  change('o2', { type: 'Organization', rows: [name('KEM'), refers('partof', 'Organization/o1')] }),
  change('a', {
    rows: [
      name('Asha'),
      name('Zia'),
      token('gender', 'f'),
      refers('organization', 'Organization/o1'),
    ],
  }),
  change('b', {
    rows: [
      name('Bala'),
      token('gender', 'm'),
      refers('organization', 'Organization/o2'),
      refers('names', 'http://c.org/b'),
      refers('names', 'http://c.org/b|1'),
    ],
  }),
  change('c', { rows: [token('gender', 'f')] }),
  observation(
    'x1',
    'a',
    [
      token('code', 'hb'),
      token('status', 'final'),
      value('13.5'),
      label('haemoglobin'),
      refers('method', 'http://c.org/b'),
    ],
    {
      date: 1000,
      narrative: 'low haemoglobin',
      content: 'low haemoglobin seen in pune',
    },
  ),
  observation(
    'x2',
    'a',
    [token('code', 'na'), token('status', 'final'), value('140'), day(1000, 1000 + year)],
    {
      date: 2000,
    },
  ),
  observation(
    'x3',
    'b',
    [token('code', 'hb'), token('status', 'amended'), value('-2'), label('blood haemoglobin')],
    {
      date: 3000,
      content: 'haemoglobin high',
    },
  ),
  observation(
    'x4',
    'b',
    [token('code', 'hb', 'other'), day(5000), refers('performer', 'Patient/a')],
    { date: 3000 },
  ),
]

const code = (asked: string): Predicate => ({
  kind: 'token',
  param: 'code',
  code: asked,
  system: 's',
})
const named = (text: string): Predicate => ({
  kind: 'string',
  param: 'name',
  text,
  match: 'starts',
})
const has = (where: Predicate[]): Predicate => ({
  kind: 'has',
  type: 'Observation',
  param: 'subject',
  where,
})
const chain = (param: string, types: string[], where: Predicate[]): Predicate => ({
  kind: 'chain',
  param,
  types,
  where,
})
const subject = (where: Predicate[]) => chain('subject', ['Patient', 'Group'], where)
const byName = (where: Predicate[], names = 'names'): Predicate => ({
  kind: 'chain',
  param: 'method',
  types: ['Patient'],
  where,
  names,
})
const namedBy = (where: Predicate[], names = 'names'): Predicate => ({
  kind: 'has',
  type: 'Observation',
  param: 'method',
  where,
  names,
})
const contains = (text: string): Predicate => ({
  kind: 'string',
  param: 'name',
  text,
  match: 'contains',
})
const labelled = (text: string): Predicate => ({ kind: 'label', param: 'code', text })
const words = (of: 'narrative' | 'content', ...each: string[]): Predicate => ({
  kind: 'words',
  in: of,
  words: each,
})
const near = (latitude: number, longitude: number, metres: number): Predicate => ({
  kind: 'near',
  param: 'near',
  latitude,
  longitude,
  metres,
})

const reached: [string, string, Predicate[], string[]][] = [
  ['Observation', 'a chain', [subject([named('as')])], ['x1', 'x2']],
  ['Observation', 'a chain beside another condition', [subject([named('as')]), code('hb')], ['x1']],
  ['Observation', 'a chain to nobody', [subject([named('none')])], []],
  [
    'Observation',
    'a chain of a parameter that is nowhere',
    [chain('nowhere', ['Patient'], [])],
    [],
  ],
  ['Observation', 'a chain to another type', [chain('subject', ['Device'], [])], []],
  ['Observation', 'a chain by name', [byName([named('ba')])], ['x1']],
  ['Observation', 'a chain by name to another', [byName([named('as')])], []],
  [
    'Observation',
    'no chain by name',
    [{ kind: 'not', not: byName([named('ba')]) }],
    ['x2', 'x3', 'x4'],
  ],
  ['Observation', 'a chain that needs a name', [chain('method', ['Patient'], [named('ba')])], []],
  ['Observation', 'a name of nobody', [byName([], 'title')], []],
  [
    'Observation',
    'a chain by name, of those of a time',
    [byName([{ kind: 'updated', from: 0 }])],
    ['x1'],
  ],
  ['Patient', 'who is named', [namedBy([code('hb')])], ['b']],
  ['Patient', 'who is named by another', [namedBy([code('na')])], []],
  ['Patient', 'who is named by none', [namedBy([], 'title')], []],
  ['Patient', 'who is not named', [{ kind: 'not', not: namedBy([code('hb')]) }], ['a', 'c']],
  [
    'Observation',
    'a chain of three',
    [
      subject([
        chain(
          'organization',
          ['Organization'],
          [chain('partof', ['Organization'], [named('ruby')])],
        ),
      ]),
    ],
    ['x3', 'x4'],
  ],
  ['Observation', 'no chain', [{ kind: 'not', not: subject([named('as')]) }], ['x3', 'x4']],
  ['Patient', 'who is referred to', [has([code('hb')])], ['a', 'b']],
  ['Patient', 'who is referred to by two', [has([code('hb')]), has([code('na')])], ['a']],
  ['Patient', 'who is referred to by one that is both', [has([code('hb'), code('na')])], []],
  ['Patient', 'who is not referred to', [{ kind: 'not', not: has([]) }], ['c']],
  ['Patient', 'either', [{ kind: 'or', any: [has([code('na')]), named('bala')] }], ['a', 'b']],
  [
    'Organization',
    'who is referred to by who is referred to',
    [{ kind: 'has', type: 'Patient', param: 'organization', where: [has([code('na')])] }],
    ['o1'],
  ],
  [
    'Patient',
    'a chain within a has',
    [has([subject([named('bala')]), { kind: 'updated', from: 0 }])],
    ['b'],
  ],
  ['Patient', 'a part of a name', [contains('sh')], ['a']],
  ['Patient', 'a longer part', [contains('ala')], ['b']],
  ['Patient', 'no part', [{ kind: 'not', not: contains('ala') }], ['a', 'c']],
  ['Patient', 'a part beside another', [contains('zia'), contains('ash')], ['a']],
  ['Observation', 'the beginning of a label', [labelled('haem')], ['x1', 'x3']],
  [
    'Observation',
    'the beginning of a word in a label',
    [labelled('haemo'), code('hb')],
    ['x1', 'x3'],
  ],
  ['Observation', 'the middle of a word in a label', [labelled('globin')], []],
  ['Observation', 'a short part of a label', [labelled('bl')], ['x3']],
  ['Observation', 'a word of the narrative', [words('narrative', 'haemoglobin')], ['x1']],
  ['Observation', 'a word of the content', [words('content', 'haemoglobin')], ['x1', 'x3']],
  ['Observation', 'words beside each other', [words('content', 'seen', 'in', 'pu')], ['x1']],
  ['Observation', 'words that are not', [words('content', 'pune', 'seen')], []],
  ['Observation', 'the beginning of words', [words('content', 'hi'), code('hb')], ['x3']],
  [
    'Observation',
    'no such word',
    [{ kind: 'not', not: words('content', 'haemoglobin') }],
    ['x2', 'x4'],
  ],
  ['Organization', 'a place that is near', [near(18.52, 73.85, 5000)], ['o1']],
  ['Organization', 'a place that is not', [near(18.52, 73.85, 1000)], []],
  ['Organization', 'a place beside a name', [named('ruby'), near(18.52, 73.85, 5000)], ['o1']],
  ['Patient', 'a value there is', [{ kind: 'present', param: 'name' }], ['a', 'b']],
  [
    'Patient',
    'a value there is not',
    [{ kind: 'not', not: { kind: 'present', param: 'name' } }],
    ['c'],
  ],
  ['Patient', 'a value nobody has', [{ kind: 'present', param: 'none' }], []],
  [
    'Observation',
    'any of codes',
    [{ kind: 'codes', param: 'code', system: 's', codes: ['na', 'k'] }],
    ['x2'],
  ],
  [
    'Observation',
    'any of codes of any system',
    [{ kind: 'codes', param: 'code', codes: ['hb'] }],
    ['x1', 'x3', 'x4'],
  ],
  [
    'Observation',
    'a patient and a code',
    [{ kind: 'reference', param: 'subject', targets: ['Patient/a'] }, code('hb')],
    ['x1'],
  ],
  [
    'Observation',
    'a patient and a code of any system',
    [
      { kind: 'reference', param: 'subject', targets: ['Patient/b'] },
      { kind: 'token', param: 'code', code: 'hb' },
    ],
    ['x3', 'x4'],
  ],
  [
    'Observation',
    'a code in a compartment',
    [
      {
        kind: 'or',
        any: [
          { kind: 'reference', param: 'subject', targets: ['Patient/a'] },
          { kind: 'reference', param: 'performer', targets: ['Patient/a'] },
        ],
      },
      { kind: 'token', param: 'code', code: 'hb' },
    ],
    ['x1', 'x4'],
  ],
  ['Observation', 'a long period', [{ kind: 'date', param: 'date', highFrom: year }], ['x2']],
  [
    'Observation',
    'a date within a long period',
    [{ kind: 'date', param: 'date', lowTo: 6000, highFrom: 4000 }],
    ['x2', 'x4'],
  ],
  [
    'Observation',
    'what ends early enough',
    [{ kind: 'date', param: 'date', highTo: 9000 }],
    ['x4'],
  ],
  [
    'Observation',
    'types',
    [{ kind: 'type', types: ['Observation', 'Device'] }, code('na')],
    ['x2'],
  ],
]

const all = ['x1', 'x2', 'x3', 'x4']
const by = (
  param: string,
  kind: 'token' | 'quantity' | 'date' | 'string' | 'reference',
  descending = false,
): Sort => ({
  by: 'value',
  params: [param],
  kind,
  descending,
})
const orders: [string, string, Sort[], string[]][] = [
  ['Observation', 'date', [{ by: 'date', descending: false }], all],
  ['Observation', '-date', [{ by: 'date', descending: true }], all.toReversed()],
  ['Observation', 'value', [by('value', 'quantity')], ['x3', 'x1', 'x2', 'x4']],
  ['Observation', '-value', [by('value', 'quantity', true)], ['x2', 'x1', 'x3', 'x4']],
  ['Observation', 'a date', [by('date', 'date')], ['x2', 'x4', 'x1', 'x3']],
  ['Observation', 'subject', [by('subject', 'reference')], all],
  ['Observation', '-subject', [by('subject', 'reference', true)], ['x4', 'x3', 'x2', 'x1']],
  [
    'Observation',
    'subject or performer',
    [{ by: 'value', kind: 'reference', params: ['subject', 'performer'], descending: false }],
    ['x1', 'x2', 'x4', 'x3'],
  ],
  [
    'Observation',
    '-subject and value',
    [by('subject', 'reference', true), by('value', 'quantity')],
    ['x3', 'x4', 'x1', 'x2'],
  ],
  ['Observation', '_id', [{ by: 'id', descending: true }], all.toReversed()],
  ['Observation', '_lastUpdated', [{ by: 'updated', descending: false }], all],
  ['Patient', 'name', [by('name', 'string')], ['a', 'b', 'c']],
  ['Patient', '-name', [by('name', 'string', true)], ['a', 'b', 'c']],
]

export function reachContract(open: Open): void {
  describe('reaches', () => {
    let store: Store
    beforeAll(async () => {
      store = await filled(open, subjects)
    })
    afterAll(() => store.close())

    test.each(reached)('%s by %s', async (type, _, where, ids) => {
      const asked = query({ types: [type], where })
      const { versions } = await store.search(pune, asked)
      expect(idsOf(versions)).toEqual(ids)
      expect(await store.count(pune, asked)).toBe(ids.length)
      const not: Predicate[] = [{ kind: 'not', not: { kind: 'and', all: where } }]
      const others = await store.search(pune, query({ types: [type], where: not }))
      const there = subjects.filter(each => each.type === type).map(({ id }) => id)
      expect(idsOf(others.versions).sort()).toEqual(there.filter(id => !ids.includes(id)))
    })

    test.each(orders)('%s in the order of %s, by pages to and fro', async (type, _, sort, ids) => {
      const some: Predicate[] = [{ kind: 'or', any: [{ kind: 'id', ids }] }]
      for (const where of [[], some])
        for (const count of [1, 2, 3, 10]) {
          const asked: Query = query({ types: [type], where, sort, count })
          const { versions } = await walk(each => store.search(pune, each), asked)
          expect(idsOf(versions)).toEqual(ids)
          expect(await backwards(store, asked)).toEqual(ids)
        }
    })
  })
}

/** To the last page, and back by the links to those before it. */
async function backwards(store: Store, asked: Query): Promise<string[]> {
  let page = await store.search(pune, asked)
  expect(page.previous).toBeUndefined()
  while (page.next) page = await store.search(pune, { ...asked, after: page.next })
  const ids = idsOf(page.versions)
  while (page.previous) {
    page = await store.search(pune, { ...asked, after: page.previous })
    ids.unshift(...idsOf(page.versions))
  }
  return ids
}
