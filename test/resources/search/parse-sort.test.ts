import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { resourceTypes, searchParameters } from '../../../resources/definitions.ts'
import { parseSearch } from '../../../resources/search/parse.ts'
import type { Sort } from '../../../resources/search/query.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const parse = (type: string | undefined, query: string, strict = true) =>
  parseSearch(type, [...new URLSearchParams(query)], { strict, defaultCount: 20, maxCount: 100 })

const by = (
  kind: 'token' | 'reference' | 'string' | 'date' | 'quantity' | 'uri',
  ...params: string[]
) => ({ by: 'value' as const, kind, params })

describe('_sort', () => {
  test.each<[string | undefined, string, Sort[]]>([
    ['Observation', 'date', [{ ...by('date', 'date'), descending: false }]],
    ['Observation', '-date', [{ ...by('date', 'date'), descending: true }]],
    ['Patient', '_lastUpdated', [{ by: 'updated', descending: false }]],
    [undefined, '-_lastUpdated', [{ by: 'updated', descending: true }]],
    ['Patient', '-_id', [{ by: 'id', descending: true }]],
    ['Observation', 'patient', [{ ...by('reference', 'subject'), descending: false }]],
    ['Observation', 'value-quantity', [{ ...by('quantity', 'value-quantity'), descending: false }]],
    [
      'Observation',
      '-combo-code',
      [{ ...by('token', 'code', 'component-code'), descending: true }],
    ],
    ['RiskAssessment', 'probability', [{ ...by('quantity', 'probability'), descending: false }]],
    ['ValueSet', 'url', [{ ...by('uri', 'url'), descending: false }]],
    [
      'Patient',
      'family,-birthdate,gender',
      [
        { ...by('string', 'family'), descending: false },
        { ...by('date', 'birthdate'), descending: true },
        { ...by('token', 'gender'), descending: false },
      ],
    ],
    [
      'Observation',
      '-code-value-quantity,date',
      [
        { ...by('token', 'code'), descending: true },
        { ...by('quantity', 'value-quantity'), descending: true },
        { ...by('date', 'date'), descending: false },
      ],
    ],
    [
      'Observation',
      'combo-code-value-quantity',
      [
        { ...by('token', 'code', 'component-code'), descending: false },
        { ...by('quantity', 'value-quantity', 'component-value-quantity'), descending: false },
      ],
    ],
    [
      'MolecularSequence',
      'chromosome-window-coordinate',
      [
        { ...by('token', 'chromosome'), descending: false },
        { ...by('quantity', 'window-start'), descending: false },
        { ...by('quantity', 'window-end'), descending: false },
      ],
    ],
    ['Patient', 'family,family', [{ ...by('string', 'family'), descending: false }]],
    [undefined, '_tag', [{ ...by('token', '_tag'), descending: false }]],
  ])('of %s by %s', async (type, sort, wanted) => {
    expect((await parse(type, `_sort=${sort}`)).query.sort).toEqual(wanted)
  })

  test('on several types by what is the same on each', async () => {
    const { query } = await parse(undefined, '_type=Patient,Person&_sort=-name')
    expect(query.sort).toEqual([{ ...by('string', 'name'), descending: true }])
  })

  test.each([
    ['Patient', 'nme', 400, 'nme is not a search parameter of Patient; near to it are name'],
    ['Patient', 'name,', 400, '_sort takes parameters with commas'],
    ['Patient', '-', 400, '_sort takes parameters with commas'],
    ['Patient', '', 400, '_sort takes parameters with commas'],
    ['Patient', '__proto__', 400, 'not a search parameter'],
    [
      'Observation',
      'code-value-quantity,code-value-string,code-value-date,code-value-concept,date',
      422,
      'of a composite each of its parts',
    ],
    [
      'Location',
      '-near',
      400,
      'near is the distance from a point: add one, such as near=18.52|73.85',
    ],
    ['Patient', 'a,b,c,d,e,f,g,h,i', 422, '8 parameters at most'],
    ['Patient', '_text', 400, '_sort: _text has no order'],
    ['Patient', '-_has', 400, '_sort: _has has no order'],
    ['Patient', 'organization.name', 400, '_sort follows no chains'],
    [undefined, 'date', 400, 'date is not a search parameter of all types'],
  ])('of %s by %s is refused', async (type, sort, status, words) => {
    await expect(parse(type, `_sort=${sort}`)).rejects.toThrow(
      expect.objectContaining({ status, message: expect.stringContaining(words) }),
    )
  })

  test('by each composite of R4', async () => {
    for (const type of resourceTypes())
      for (const { code, type: kind, components = [] } of searchParameters(type))
        if (kind === 'composite')
          expect([code, (await parse(type, `_sort=${code}`)).query.sort.length]).toEqual([
            code,
            components.length,
          ])
  })

  test('on several types by rows of each, kind by kind', async () => {
    const sortOf = async (query: string) => (await parse(undefined, query)).query.sort
    expect(await sortOf('_type=Observation,Immunization&_sort=-patient')).toEqual([
      {
        ...by('reference', 'subject', 'patient'),
        descending: true,
        types: ['Observation', 'Immunization'],
      },
    ])
    expect(await sortOf('_type=Medication,Device&_sort=manufacturer')).toEqual([
      { ...by('reference', 'manufacturer'), descending: false, types: ['Medication'] },
      { ...by('string', 'manufacturer'), descending: false, types: ['Device'] },
    ])
  })

  test('on several types by what one of them lacks is refused', async () => {
    await expect(parse(undefined, '_type=Patient,Observation&_sort=name')).rejects.toThrow(
      /name is not a search parameter of Observation/,
    )
  })

  test('by what is unknown is passed over by a lenient search', async () => {
    const parsed = await parse('Patient', '_sort=nme&gender=male', false)
    expect(parsed.used).toEqual([['gender', 'male']])
    expect(parsed.query.sort).toEqual([{ by: 'date', descending: true }])
    expect(parsed.warnings).toHaveLength(1)
  })

  test.each([
    ['_sort=foo,family', 'family', ['foo']],
    ['_sort=-family,-foo,bar,gender', '-family,gender', ['foo', 'bar']],
    ['_sort=foo&_sort=family', 'family', ['foo']],
  ])('%s goes by the keys that are known in a lenient search', async (query, kept, unknown) => {
    const parsed = await parse('Patient', query, false)
    expect(parsed.used).toEqual([['_sort', kept]])
    expect(parsed.query.sort).toEqual((await parse('Patient', `_sort=${kept}`)).query.sort)
    expect(parsed.warnings.map(({ diagnostics = '' }) => diagnostics.split(' ')[0])).toEqual(
      unknown,
    )
    for (const { diagnostics } of parsed.warnings) expect(diagnostics).toMatch(/it was ignored$/)
    await expect(parse('Patient', query)).rejects.toThrow(/is not a search parameter of Patient/)
  })

  test.each(['_sort=foo,name.family', '_sort=foo,,family', '_sort=foo,a,b,c,d,e,f,g,family'])(
    '%s is refused by a lenient search too',
    query => expect(parse('Patient', query, false)).rejects.toThrow(/^_sort/),
  )
})

describe('the order of hits', () => {
  const clock = { now: 0 }
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch(clock)
    const dates = ['2024-03-01', undefined, '2024-02-01', '2024-01-01', undefined, '2025-01-01']
    for (const [n, effectiveDateTime] of dates.entries()) {
      clock.now = Date.UTC(2024, 1, 15, 10, n)
      await store.put({
        resourceType: 'Observation',
        id: `o${n}`,
        status: n % 2 ? 'final' : 'amended',
        code: { coding: [{ code: `c${n % 3}` }] },
        subject: { reference: 'Patient/p' },
        valueQuantity: { value: 10 - n },
        ...(effectiveDateTime ? { effectiveDateTime } : {}),
      })
    }
  })
  afterAll(() => store.close())

  test.each([
    ['_sort=date', ['o3', 'o2', 'o0', 'o5', 'o1', 'o4']],
    ['_sort=-date', ['o5', 'o0', 'o2', 'o3', 'o4', 'o1']],
    ['patient=p&_sort=-date', ['o5', 'o0', 'o2', 'o3', 'o4', 'o1']],
    ['date=ge2024-02&_sort=-date', ['o5', 'o0', 'o2']],
    ['status=final&_sort=-date', ['o5', 'o3', 'o1']],
    ['_sort=-date,_id', ['o5', 'o0', 'o2', 'o3', 'o1', 'o4']],
    ['_sort=status,-_id', ['o4', 'o2', 'o0', 'o5', 'o3', 'o1']],
    ['_sort=code,value-quantity', ['o3', 'o0', 'o4', 'o1', 'o5', 'o2']],
    ['_sort=code-value-quantity', ['o3', 'o0', 'o4', 'o1', 'o5', 'o2']],
    ['_sort=-code-value-quantity', ['o2', 'o5', 'o1', 'o4', 'o0', 'o3']],
    ['_sort=-value-quantity', ['o0', 'o1', 'o2', 'o3', 'o4', 'o5']],
    ['_sort=-_id', ['o5', 'o4', 'o3', 'o2', 'o1', 'o0']],
  ])('of %s, what has no value coming last', (query, ids) =>
    isInPages(store, 'Observation', query, ids),
  )
})

describe('the order by distance', () => {
  const clock = { now: 0 }
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch(clock)
    const degrees = [3, 1, 2, 1, 0, 3, 60, 1]
    for (const [n, latitude] of degrees.entries()) {
      clock.now = Date.UTC(2024, 1, 15, 10, n)
      await store.put({
        resourceType: 'Location',
        id: `l${n}`,
        status: n % 2 ? 'active' : 'inactive',
        position: { latitude, longitude: 73.85 },
      })
    }
    await store.put({ resourceType: 'Location', id: 'nowhere' })
  })
  afterAll(() => store.close())

  const near = 'near=0|73.85|1000|km'
  test.each([
    [`${near}&_sort=near`, ['l4', 'l1', 'l3', 'l7', 'l2', 'l0', 'l5']],
    [`${near}&_sort=-near`, ['l5', 'l0', 'l2', 'l7', 'l3', 'l1', 'l4']],
    [`${near}&_sort=near,-_id`, ['l4', 'l7', 'l3', 'l1', 'l2', 'l5', 'l0']],
    [`${near}&_sort=status,near`, ['l1', 'l3', 'l7', 'l5', 'l4', 'l2', 'l0']],
    [`${near}&status=active&_sort=near`, ['l1', 'l3', 'l7', 'l5']],
    [`${near},60|73.85|1|km&_sort=near`, ['l4', 'l6', 'l1', 'l3', 'l7', 'l2', 'l0', 'l5']],
  ])('of %s, in pages both ways', (query, ids) => isInPages(store, 'Location', query, ids))

  test('stays as the first page saw it while places move', async () => {
    const query = `${near}&_sort=near&_count=3`
    const first = await store.page('Location', query)
    expect(first.versions.map(({ id }) => id)).toEqual(['l4', 'l1', 'l3'])
    const move = (id: string, latitude: number) =>
      store.put({ resourceType: 'Location', id, position: { latitude, longitude: 73.85 } })
    await move('l5', 0)
    await move('l1', 3)
    await store.remove('Location', 'l7')
    const after = `&_page=${encodeURIComponent(first.next ?? '')}`
    const second = await store.page('Location', query + after)
    expect(second.versions.map(({ id }) => id)).toEqual(['l7', 'l2', 'l0'])
    const third = await store.page(
      'Location',
      `${query}&_page=${encodeURIComponent(second.next ?? '')}`,
    )
    expect(third.versions.map(({ id }) => id)).toEqual(['l5'])
  })
})

/** All pages of a search are these, one after the other and back. */
async function isInPages(
  store: Searchable,
  type: string,
  query: string,
  ids: string[],
): Promise<void> {
  expect(await store.find(type, query)).toEqual(ids)
  for (const count of [1, 2, 4]) {
    const seen: string[] = []
    let next: string | undefined
    do {
      const after = next === undefined ? '' : `&_page=${encodeURIComponent(next)}`
      const page = await store.page(type, `${query}&_count=${count}${after}`)
      seen.push(...page.versions.map(({ id }) => id))
      next = page.next
      if (page.previous === undefined) continue
      const before = `${query}&_count=${count}&_page=${encodeURIComponent(page.previous)}`
      const back = (await store.page(type, before)).versions.map(({ id }) => id)
      const place = seen.length - page.versions.length
      expect(back).toEqual(ids.slice(Math.max(0, place - count), place))
    } while (next !== undefined)
    expect(seen).toEqual(ids)
  }
}
