/** What is searched for in the contract of search: each kind of predicate, and who it finds. */
import { decimalKey, openHigh, openLow } from '../../../resources/search/decimal.ts'
import { openEnd, openStart } from '../../../resources/search/instant.ts'
import type { Predicate, StringMatch } from '../../../resources/search/query.ts'
import type { Change, Row } from '../../../resources/store.ts'
import { change } from './material.ts'

const ucum = 'http://unitsofmeasure.org'
const token = (code: string, system = '', param = 'identifier'): Row => ({
  kind: 'token',
  param,
  code,
  system,
})
const name = (exact: string): Row => ({
  kind: 'string',
  param: 'name',
  text: exact.toLowerCase(),
  exact,
})
const day = (low: number, high = low): Row => ({ kind: 'date', param: 'birthdate', low, high })
const amount = (low: string, high = low, unit = 'mg', system = ucum): Row => ({
  kind: 'quantity',
  param: 'dose',
  low,
  high,
  system,
  unit,
})
const points = (...values: string[]): Row[] => values.map(value => amount(decimalKey(value)))
const refers = (target: string, param = 'link'): Row => ({ kind: 'reference', param, target })
const uri = (value: string): Row => ({ kind: 'uri', param: 'url', uri: value })

export const subjects: Change[] = [
  change('p0'),
  change('p1', {
    rows: [
      token('1', 'a'),
      token('2', 'b'),
      name('Sharma'),
      name('asha'),
      day(1000, 1999),
      ...points('98.6', '-3'),
      refers('Patient/p2'),
      uri('http://example.org/x'),
      { ...token('8302-2', 'loinc', 'code-value'), first: 'loinc|8302-2' },
      { ...amount(decimalKey('180')), param: 'code-value-quantity', first: 'loinc|8302-2' },
    ],
  }),
  change('p2', {
    rows: [
      token('1'),
      name('Sharman'),
      day(1500, 2500),
      amount(decimalKey('1e2'), decimalKey('200')),
      refers('Patient/p1'),
      refers('http://example.org/Patient/9', 'other'),
      uri('http://example.org/x/y'),
      { ...amount(decimalKey('180')), param: 'code-value-quantity', first: 'loinc|8480-6' },
    ],
  }),
  change('p3', {
    rows: [
      token('3', 'a'),
      name('ŚARMĀ'),
      day(openStart, 1200),
      amount(openLow, decimalKey('-100'), 'g'),
      amount(decimalKey('0.0000000000000000000000000001'), openHigh, 'mg', ''),
      refers('Patient/p1', 'other'),
    ],
  }),
  change('t1', {
    type: 'Task',
    rows: [token('1', 'a'), refers('Patient/p1', 'for'), day(3000, openEnd)],
  }),
]

const by = {
  token: (more: {
    code?: string
    system?: string
    param?: string
    first?: { system: string; code: string }
  }): Predicate => ({
    kind: 'token',
    param: 'identifier',
    ...more,
  }),
  name: (text: string, match: StringMatch = 'starts'): Predicate => ({
    kind: 'string',
    param: 'name',
    text,
    match,
  }),
  day: (more: object): Predicate => ({ kind: 'date', param: 'birthdate', ...more }),
  dose: (more: object): Predicate => ({ kind: 'quantity', param: 'dose', ...more }),
  link: (targets: string[], param = 'link'): Predicate => ({ kind: 'reference', param, targets }),
  uri: (value: string): Predicate => ({ kind: 'uri', param: 'url', uri: value, match: 'exact' }),
}
const key = decimalKey

export const predicates: [string, Predicate[], string[]][] = [
  ['nothing', [], ['p0', 'p1', 'p2', 'p3']],
  ['an id', [{ kind: 'id', ids: ['p2'] }], ['p2']],
  [
    'several ids, one of them twice, one missing',
    [{ kind: 'id', ids: ['p3', 'x', 'p1', 'p1'] }],
    ['p1', 'p3'],
  ],
  ['an id of another type', [{ kind: 'id', ids: ['t1'] }], []],
  ['no id at all', [{ kind: 'id', ids: [] }], []],
  ['system and code', [by.token({ system: 'a', code: '1' })], ['p1']],
  ['a code of any system', [by.token({ code: '1' })], ['p1', 'p2']],
  ['a code without a system', [by.token({ code: '1', system: '' })], ['p2']],
  ['any code of a system', [by.token({ system: 'a' })], ['p1', 'p3']],
  ['a system that is nowhere', [by.token({ system: 'z', code: '1' })], []],
  ['a code of another system of the same resource', [by.token({ system: 'b', code: '1' })], []],
  ['a parameter that is nowhere', [by.token({ param: 'z', code: '1' })], []],
  ['any value of a parameter', [by.token({})], ['p1', 'p2', 'p3']],
  ['two codes of one resource', [by.token({ code: '1' }), by.token({ code: '2' })], ['p1']],
  [
    'the first part of a composite',
    [by.token({ param: 'code-value', first: { system: 'loinc', code: '8302-2' }, code: '8302-2' })],
    ['p1'],
  ],
  ['a control character, which no text has', [by.name('sharma\u0001')], []],
  ['a part that is one', [by.name('\u0001', 'contains')], []],
  ['the beginning of a text', [by.name('sharma')], ['p1', 'p2']],
  ['the beginning of one of two texts', [by.name('as')], ['p1']],
  ['a text as written', [by.name('Sharma', 'exact')], ['p1']],
  ['a text as written that is written as folded', [by.name('asha', 'exact')], ['p1']],
  ['a folded text that is not as written', [by.name('sharma', 'exact')], []],
  ['a whole text as folded', [by.name('sharma', 'equals')], ['p1']],
  ['the end of a text', [by.name('arman', 'ends')], ['p2']],
  ['the end of a text that is all of it', [by.name('asha', 'ends')], ['p1']],
  ['an end that is longer than a text', [by.name('xasha', 'ends')], []],
  ['the beginning of a text with marks', [by.name('śarm')], ['p3']],
  ['a reference', [by.link(['Patient/p1'])], ['p2']],
  [
    'any of several references',
    [by.link(['Patient/p1', 'Patient/p2', 'Patient/none'])],
    ['p1', 'p2'],
  ],
  ['a reference to a URL', [by.link(['http://example.org/Patient/9'], 'other')], ['p2']],
  ['a reference to what is nowhere', [by.link(['Patient/none'])], []],
  ['any reference at all', [{ kind: 'refers', targets: ['Patient/p1'] }], ['p2', 'p3']],
  ['any reference to what nobody refers to', [{ kind: 'refers', targets: ['Patient/p0'] }], []],
  [
    'any reference to what is nowhere',
    [{ kind: 'refers', targets: ['Device/none', 'Patient/p0'] }],
    [],
  ],
  ['a URI, whole', [by.uri('http://example.org/x')], ['p1']],
  ['a range of dates that overlaps', [by.day({ lowTo: 2200, highFrom: 1999 })], ['p1', 'p2']],
  ['a date that begins late enough', [by.day({ lowFrom: 1500 })], ['p2']],
  ['a date that ends early enough', [by.day({ highTo: 1999 })], ['p1', 'p3']],
  ['a date within', [by.day({ lowFrom: 1000, highTo: 1999 })], ['p1']],
  ['a date with an open start', [by.day({ lowTo: -1e12 })], ['p3']],
  ['any date', [by.day({})], ['p1', 'p2', 'p3']],
  [
    'a number, however it is written',
    [by.dose({ lowFrom: key('98.60'), highTo: key('986e-1') })],
    ['p1'],
  ],
  ['a number below zero', [by.dose({ highTo: key('-2.9') })], ['p1', 'p3']],
  [
    'a number of many digits',
    [by.dose({ lowFrom: key('0.00000000000000000000000000001'), lowTo: key('0.001') })],
    ['p3'],
  ],
  [
    'a range of numbers that overlaps',
    [by.dose({ lowTo: key('150'), highFrom: key('150'), unit: 'mg' })],
    ['p2', 'p3'],
  ],
  ['a number with unit and system', [by.dose({ unit: 'mg', system: ucum })], ['p1', 'p2']],
  ['a number with a unit of any system', [by.dose({ unit: 'mg' })], ['p1', 'p2', 'p3']],
  ['a number with any unit of a system', [by.dose({ system: ucum })], ['p1', 'p2', 'p3']],
  ['a number with a unit that is nowhere', [by.dose({ unit: 'kg' })], []],
  ['a number with a system that is nowhere', [by.dose({ system: 'z', unit: 'mg' })], []],
  [
    'bounds that one value meets, not two',
    [by.dose({ lowFrom: key('-1'), highTo: key('90'), unit: 'mg' })],
    [],
  ],
  [
    'code and value of one component',
    [
      {
        kind: 'quantity',
        param: 'code-value-quantity',
        first: { system: 'loinc', code: '8302-2' },
        lowFrom: key('150'),
      },
    ],
    ['p1'],
  ],
  [
    'one of two kinds',
    [{ kind: 'or', any: [by.token({ code: '3' }), by.name('asha')] }],
    ['p1', 'p3'],
  ],
  [
    'one that holds twice',
    [{ kind: 'or', any: [by.token({ code: '1' }), by.token({ code: '2' })] }],
    ['p1', 'p2'],
  ],
  ['one of none', [{ kind: 'or', any: [] }], []],
  [
    'neither',
    [{ kind: 'not', not: { kind: 'or', any: [by.token({ code: '1' }), by.name('ś')] } }],
    ['p0'],
  ],
  ['no value at all', [{ kind: 'not', not: by.token({}) }], ['p0']],
  [
    'one and not the other',
    [by.token({ code: '1' }), { kind: 'not', not: by.name('asha') }],
    ['p2'],
  ],
  ['not not', [{ kind: 'not', not: { kind: 'not', not: by.name('asha') } }], ['p1']],
  [
    'one or not the other, and a third',
    [
      {
        kind: 'or',
        any: [by.token({ code: '2' }), { kind: 'not', not: by.token({ system: 'a' }) }],
      },
      by.day({ lowFrom: 0 }),
    ],
    ['p1', 'p2'],
  ],
  [
    'the last write or an id',
    [
      {
        kind: 'or',
        any: [
          { kind: 'updated', to: 1000 },
          { kind: 'id', ids: ['p3'] },
        ],
      },
    ],
    ['p0', 'p3'],
  ],
  [
    'a value in a range of writes',
    [by.token({}), { kind: 'updated', from: 2001, to: 3000 }],
    ['p2'],
  ],
]
