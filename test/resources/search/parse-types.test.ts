import { describe, expect, test } from '@jest/globals'
import type { CodeSystemConcept } from 'fhir/r4'
import type { Resource } from '../../../resources/resource.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import { foundBy } from '../../../resources/search/queries.ts'
import { extract } from '../../../resources/search.ts'
import { readExample } from '../../support/examples.ts'

const parse = (type: string | undefined, query: string) =>
  parseSearch(type, [...new URLSearchParams(query)], {
    strict: true,
    defaultCount: 20,
    maxCount: 100,
  })

describe('_type', () => {
  test('names what a search on all types is on', async () => {
    const { query, used } = await parse(undefined, '_type=Patient,Person,Patient&name=a')
    expect(query.types).toEqual(['Patient', 'Person'])
    expect(query.where).toEqual([{ kind: 'string', param: 'name', text: 'a', match: 'starts' }])
    expect(used[0]).toEqual(['_type', 'Patient,Person,Patient'])
  })

  test('takes what several allow together, in any place of the request', async () => {
    expect((await parse(undefined, '_type=Patient,Person&_type=Person')).query.types).toEqual([
      'Person',
    ])
    const nothing = await parse(undefined, '_type=Patient&_id=1&_type=Person')
    expect(nothing.query.where).toContainEqual({ kind: 'or', any: [] })
  })

  test('reads a parameter for each type where it does not mean the same on each', async () => {
    const { query } = await parse(undefined, '_type=Encounter,Condition,EpisodeOfCare&patient=1')
    const refers = (param: string) => ({ kind: 'reference', param, targets: ['Patient/1'] })
    expect(query.where).toEqual([
      {
        kind: 'or',
        any: [
          {
            kind: 'and',
            all: [{ kind: 'type', types: ['Encounter', 'Condition'] }, refers('subject')],
          },
          { kind: 'and', all: [{ kind: 'type', types: ['EpisodeOfCare'] }, refers('patient')] },
        ],
      },
    ])
  })

  test.each([
    [undefined, '_type=Patent', 'Patent is none; near to it are Patient'],
    [undefined, '_type=', 'what is there is none'],
    [undefined, '_type=Patient,', 'what is there is none'],
    [undefined, '_type=__proto__', 'is none'],
    ['Patient', '_type=Patient', 'the address names Patient'],
    [
      undefined,
      '_type=Patient,Observation&name=a',
      'name is not a search parameter of Observation',
    ],
    [undefined, '_type=Patient,Observation&name=a', 'on several types it must be one of each'],
    [undefined, 'name=a', 'name is not a search parameter of all types: name types by _type'],
  ])('%s?%s is refused', async (type, query, words) => {
    await expect(parse(type, query)).rejects.toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining(words) }),
    )
  })
})

describe('_list and _query', () => {
  test('_list is what a List refers to', async () => {
    const { query } = await parse('Patient', '_list=a,List/b')
    expect(query.where).toEqual([
      { kind: 'has', type: 'List', param: 'item', where: [{ kind: 'id', ids: ['a', 'b'] }] },
    ])
  })

  test.each([
    ['_list=$current-worries', 400, 'or one of $current-problems'],
    ['_list=', 400, 'id of a List'],
    ['_list=a/b', 400, 'id of a List'],
    ['_list:not=a', 400, '_list takes no modifier'],
    ['_query=every-one', 400, '_query takes the name of a query of the type: there are Observa'],
    [
      '_query=__proto__',
      400,
      'there are Observation?_query=abnormal and Observation?_query=critical',
    ],
    ['_query=abnormal', 400, 'of the type'],
  ])('%s is refused', async (query, status, words) => {
    await expect(parse('Patient', query)).rejects.toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(words) }),
    )
  })

  test.each([
    ['abnormal', 'A'],
    ['critical', 'AA'],
  ])('_query=%s finds what the code system has at and below %s', (name, top) => {
    const system = 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation'
    const { concept } = JSON.parse(readExample('CodeSystem-v3-ObservationInterpretation.json'))
    const found = (code: string) =>
      extract({
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        interpretation: [{ coding: [{ system, code }] }],
      } as Resource).rows.some(
        row => row.param === foundBy && row.kind === 'token' && row.code === name,
      )
    const all = below(concept).map(({ code }) => code)
    expect(all.filter(found).sort()).toEqual(
      below(concept, top)
        .map(({ code }) => code)
        .sort(),
    )
  })
})

/** A concept with all that it includes; all of them where no code is named. */
const below = (concepts: CodeSystemConcept[] = [], code?: string): CodeSystemConcept[] =>
  concepts.flatMap(each =>
    code === undefined || each.code === code
      ? [each, ...below(each.concept)]
      : below(each.concept, code),
  )
