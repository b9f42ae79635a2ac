import { describe, expect, test } from '@jest/globals'
import { parseJson } from '../../../resources/json.ts'
import type { Resource } from '../../../resources/resource.ts'
import { decimalKey, openHigh, openLow } from '../../../resources/search/decimal.ts'
import { openEnd, openStart } from '../../../resources/search/instant.ts'
import { nowhere } from '../../../resources/search/type.ts'
import { zoneOf } from '../../../resources/search/zone.ts'
import { createExtractor, extract } from '../../../resources/search.ts'

/** The rows of a parameter and of its variants, without the name. */
const rowsOf = (resource: object, param: string, from = extract) =>
  from(parseJson(JSON.stringify(resource)) as Resource)
    .rows.filter(row => row.param === param)
    .map(({ param: _, ...row }) => row)

const observation = (more: object) => ({ resourceType: 'Observation', ...more })
const ucum = 'http://unitsofmeasure.org'
const mg = (value: number, more = {}) => ({ value, system: ucum, code: 'mg', ...more })
const key = decimalKey

describe('a quantity', () => {
  const of = (valueQuantity: object, param = 'value-quantity') =>
    rowsOf(observation({ valueQuantity }), param)

  test('is in the unit it is written in', () => {
    expect(of(mg(5.4, { unit: 'mg' }))).toEqual([
      { kind: 'quantity', low: key('5.4'), high: key('5.4'), system: ucum, unit: 'mg' },
    ])
  })

  test.each<[string, string, string]>([
    ['<', openLow, '5'],
    ['<=', openLow, '5'],
    ['>', '5', openHigh],
    ['>=', '5', openHigh],
  ])('with the comparator %s is open at one end', (comparator, low, high) => {
    const [row] = of(mg(5, { comparator }))
    const open = comparator.startsWith('<')
    expect(row).toMatchObject(open ? { low } : { high })
    const [end, limit] =
      row?.kind === 'quantity' ? (open ? [row.high, key(high)] : [row.low, key(low)]) : []
    if (comparator.length === 2) expect(end).toBe(limit)
    else expect(open ? String(end) < String(limit) : String(end) > String(limit)).toBe(true)
  })

  test('as a Range has the ends of both, in the unit of its low', () => {
    const condition = {
      resourceType: 'Condition',
      onsetRange: {
        low: { value: 1, system: ucum, code: 'a' },
        high: { value: 24, system: ucum, code: 'mo' },
      },
    }
    expect(rowsOf(condition, 'onset-age')).toEqual([
      { kind: 'quantity', low: key('1'), high: key('2'), system: ucum, unit: 'a' },
    ])
  })
})

describe('a time', () => {
  const task = (executionPeriod: object) =>
    rowsOf({ resourceType: 'Task', executionPeriod }, 'period')
  const at = (text: string) => Date.parse(text)

  test('of a Period without an end is open', () => {
    expect(task({ start: '2024-05-01T10:00:00Z' })).toEqual([
      { kind: 'date', low: at('2024-05-01T10:00:00Z'), high: openEnd },
    ])
    expect(task({ end: '2024' })).toEqual([
      { kind: 'date', low: openStart, high: at('2025-01-01T00:00:00Z') - 1 },
    ])
    expect(task({})).toEqual([])
  })

  test.each<[string, object, string, string]>([
    ['its events', { event: ['2024-05-03', '2024-05-01'] }, '2024-05-01', '2024-05-04'],
    [
      'its bounds',
      { repeat: { boundsPeriod: { start: '2024-05-01', end: '2024-05-31' } } },
      '2024-05-01',
      '2024-06-01',
    ],
    [
      'both',
      {
        event: ['2024-04-01'],
        repeat: { boundsPeriod: { start: '2024-05-01', end: '2024-05-31' } },
      },
      '2024-04-01',
      '2024-06-01',
    ],
  ])('of a Timing is from the first to the last of %s', (_, occurrenceTiming, from, until) => {
    const request = { resourceType: 'ServiceRequest', occurrenceTiming }
    expect(rowsOf(request, 'occurrence')).toEqual([
      { kind: 'date', low: at(from), high: at(until) - 1 },
    ])
  })

  test('of a Timing that only says how often is none', () => {
    const occurrenceTiming = { repeat: { frequency: 2, period: 1, periodUnit: 'd' } }
    const request = { resourceType: 'ServiceRequest', occurrenceTiming }
    expect(rowsOf(request, 'occurrence')).toEqual([])
    expect(extract(request).present).toContain('occurrence')
  })

  test('without a zone is of the zone of the extractor', () => {
    const patient = { resourceType: 'Patient', birthDate: '2024-05-01' }
    const [row] = rowsOf(
      patient,
      'birthdate',
      createExtractor({ ...nowhere, zone: zoneOf('Asia/Kolkata') }),
    )
    expect(row).toMatchObject({
      low: at('2024-04-30T18:30:00Z'),
      high: at('2024-05-01T18:30:00Z') - 1,
    })
  })
})

describe('beside a code', () => {
  test('what is said is a label, once', () => {
    const code = {
      text: 'Body Weight',
      coding: [
        { code: '1', display: 'Body weight' },
        { code: '2', display: 'शरीर का वज़न' },
      ],
    }
    expect(rowsOf(observation({ code }), 'code').filter(({ kind }) => kind === 'label')).toEqual([
      { kind: 'label', text: 'body weight' },
      { kind: 'label', text: 'शरीर का वज़न'.normalize('NFC') },
    ])
  })

  test('an identifier is found by its type', () => {
    const identifier = [
      {
        system: 'urn:x',
        value: '12',
        type: { text: 'Record', coding: [{ system: 'http://t', code: 'MR' }, { code: 'local' }] },
      },
    ]
    const patient = { resourceType: 'Patient', identifier }
    expect(rowsOf(patient, 'identifier:of-type')).toEqual([
      { kind: 'token', first: 'http://t|MR', code: '12', system: 'urn:x' },
      { kind: 'token', first: '|local', code: '12', system: 'urn:x' },
    ])
    expect(rowsOf(patient, 'identifier')).toEqual([
      { kind: 'token', code: '12', system: 'urn:x' },
      { kind: 'label', text: 'record' },
    ])
  })
})

describe('a reference', () => {
  test('by an identifier is a token, and its display a label', () => {
    const subject = { display: 'Asha Rao', identifier: { system: 'urn:x', value: '12' } }
    expect(rowsOf(observation({ subject }), 'subject:identifier')).toEqual([
      { kind: 'token', code: '12', system: 'urn:x' },
    ])
    expect(rowsOf(observation({ subject }), 'subject')).toEqual([
      { kind: 'label', text: 'asha rao' },
    ])
  })

  test('that is canonical is found with its version and without', () => {
    const response = {
      resourceType: 'QuestionnaireResponse',
      questionnaire: 'http://example.org/q|2',
    }
    expect(rowsOf(response, 'questionnaire')).toEqual([
      { kind: 'reference', target: 'http://example.org/q' },
      { kind: 'reference', target: 'http://example.org/q|2' },
    ])
  })

  test.each([
    ['Patient/1', 'Patient/1'],
    ['Patient/1/_history/2', 'Patient/1'],
    ['http://example.org/fhir/Patient/1/_history/2', 'http://example.org/fhir/Patient/1'],
    [
      'urn:uuid:9d3c0b1a-0b1a-4b1a-8b1a-0b1a0b1a0b1a',
      'urn:uuid:9d3c0b1a-0b1a-4b1a-8b1a-0b1a0b1a0b1a',
    ],
  ])('%s is to %s', (reference, target) => {
    expect(rowsOf(observation({ subject: { reference } }), 'subject')).toEqual([
      { kind: 'reference', target },
    ])
  })

  test.each(['#x', 'Patient', 'Patient/', 'Wing/1', 'Patient/a_b', 'Patient?identifier=1', '/1'])(
    '%s is to nothing that is stored',
    reference => {
      expect(rowsOf(observation({ subject: { reference } }), 'subject')).toEqual([])
    },
  )
})

describe('texts', () => {
  const resource = {
    resourceType: 'Observation',
    id: 'secret-id',
    status: 'final',
    text: {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml"><p>Cancer&#160;&amp;\n<b>Bone</b></p></div>',
    },
    code: { coding: [{ system: 'http://loinc.org', code: '8302-2', display: 'Body-Height' }] },
    note: [{ time: '2024-05-01', text: 'Measured *twice*, उँचाई' }],
    subject: { reference: 'Patient/1', display: 'Asha' },
    extension: [{ url: 'http://example.org/x', valueString: 'Inside' }],
    contained: [{ resourceType: 'Patient', id: 'p', name: [{ family: 'Contained' }] }],
  }

  test('are the words of the narrative, without its tags', () => {
    expect(extract(resource).narrative).toBe('cancer bone')
  })

  test('are whole where a tag stands within a word', () => {
    const div = '<div>HbA<sub class="x">1c</sub> <B>7</B>.2<br/>of<i>ten</i></div>'
    const { narrative } = extract({ ...resource, text: { status: 'generated', div } })
    expect(narrative).toBe('hba1c 7 2 often')
  })

  test('are all that people read, and nothing else', () => {
    const words = extract(resource).content?.split(' ').sort()
    expect(words).toEqual(
      [
        'asha',
        'body',
        'bone',
        'cancer',
        'contained',
        'height',
        'inside',
        'measured',
        'twice',
        'उँचाई'.normalize('NFC'),
      ].sort(),
    )
  })

  test('there may be none', () => {
    const { narrative, content } = extract({ resourceType: 'Observation', status: 'final' })
    expect([narrative, content]).toEqual(['', ''])
  })
})

describe('a position', () => {
  const of = (position: object) => rowsOf({ resourceType: 'Location', position }, 'near')

  test('is one on the earth', () => {
    expect(of({ latitude: 18.52, longitude: 73.85 })).toEqual([
      { kind: 'position', latitude: 18.52, longitude: 73.85 },
    ])
    expect(of({ latitude: 91, longitude: 0 })).toEqual([])
    expect(of({ latitude: 0, longitude: -181 })).toEqual([])
    expect(of({ latitude: 0 })).toEqual([])
  })
})

describe('a composite', () => {
  test('of a token and two numbers is one range', () => {
    const sequence = {
      resourceType: 'MolecularSequence',
      referenceSeq: {
        chromosome: { coding: [{ system: 'urn:c', code: '1' }] },
        windowStart: 10,
        windowEnd: 20,
      },
      variant: [
        { start: 12, end: 13 },
        { start: 15, end: 16 },
      ],
    }
    const range = (low: string, high: string) => ({
      kind: 'quantity',
      first: 'urn:c|1',
      low: key(low),
      high: key(high),
      system: '',
      unit: '',
    })
    expect(rowsOf(sequence, 'chromosome-window-coordinate')).toEqual([range('10', '20')])
    expect(rowsOf(sequence, 'chromosome-variant-coordinate')).toEqual([
      range('12', '13'),
      range('15', '16'),
    ])
  })

  test('keeps the parts of different elements apart', () => {
    const component = [
      { code: { coding: [{ code: 'a' }] }, valueQuantity: mg(1) },
      { code: { coding: [{ code: 'b' }] }, valueQuantity: mg(2) },
    ]
    const rows = rowsOf(observation({ component }), 'component-code-value-quantity')
    expect(rows).toEqual([
      {
        kind: 'quantity',
        first: '|a',
        low: key('1'),
        high: key('1'),
        system: ucum,
        unit: 'mg',
      },
      {
        kind: 'quantity',
        first: '|b',
        low: key('2'),
        high: key('2'),
        system: ucum,
        unit: 'mg',
      },
    ])
  })

  test('of a reference and a token', () => {
    const relatesTo = [
      { code: 'replaces', target: { reference: 'DocumentReference/1', display: 'x' } },
    ]
    expect(rowsOf({ resourceType: 'DocumentReference', relatesTo }, 'relationship')).toEqual([
      {
        kind: 'reference',
        first: 'http://hl7.org/fhir/document-relationship-type|replaces',
        target: 'DocumentReference/1',
      },
    ])
  })
})

test('a Bundle does not refer to what the copies in it refer to', () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ resource: observation({ subject: { reference: 'Patient/1' } }) }],
  }
  expect(extract(bundle).rows.filter(({ kind }) => kind === 'reference')).toEqual([])
})

test('what refers by an element that no parameter covers is known all the same, once', () => {
  const provenance = observation({
    subject: { reference: 'Patient/1' },
    extension: [
      { url: 'http://x', valueReference: { reference: 'Patient/1' } },
      { url: 'http://x', valueReference: { reference: 'Patient/2' } },
      { url: 'http://x', valueReference: { reference: 'Patient/2' } },
    ],
  })
  expect(rowsOf(provenance, '~')).toEqual([{ kind: 'reference', target: 'Patient/2' }])
})

test('a resource of very many values takes no more time for each', () => {
  const many = (count: number) =>
    observation({
      extension: Array.from({ length: count }, (_, n) => ({
        url: 'http://x',
        valueReference: { reference: `Patient/${n}` },
      })),
      component: Array.from({ length: count }, (_, n) => ({ code: { text: `${n}` } })),
    })
  const cost = (count: number): number => {
    const resource = many(count)
    const before = process.cpuUsage()
    expect(rowsOf(resource, '~')).toHaveLength(count)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count
  }
  cost(2000)
  expect(cost(40_000)).toBeLessThan(8 * cost(2000))
})
