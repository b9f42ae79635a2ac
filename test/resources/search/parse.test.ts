import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type ParsedSearch, parseSearch } from '../../../resources/search/parse.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const parse = (type: string | undefined, query: string, strict = true): Promise<ParsedSearch> =>
  parseSearch(type, [...new URLSearchParams(query)], { strict, defaultCount: 20, maxCount: 100 })

describe('parameters that shape the answer', () => {
  test('are not criteria', async () => {
    const parsed = await parse(
      'Patient',
      '_format=json&_pretty=true&_count=5&_summary=true&_elements=id,name&_total=none&_page=abc',
    )
    expect(parsed).toEqual({
      query: {
        types: ['Patient'],
        where: [],
        sort: [{ by: 'updated', descending: true }],
        count: 5,
        after: 'abc',
      },
      used: [
        ['_count', '5'],
        ['_summary', 'true'],
        ['_elements', 'id,name'],
        ['_total', 'none'],
        ['_page', 'abc'],
      ],
      warnings: [],
      summary: 'true',
      elements: ['id', 'name'],
      total: 'none',
      includes: [],
      page: 'abc',
    })
  })

  test('_count above the limit is cut to it', async () => {
    expect((await parse('Patient', '_count=999999')).query.count).toBe(100)
  })

  test.each(['_count=99999999999999999999', '_count=0999999'])('%s is cut to it', async query => {
    expect((await parse('Patient', query)).query.count).toBe(100)
  })

  test.each(['_count=0', '_count=00'])('%s asks for the number only', async query => {
    expect((await parse('Patient', query)).summary).toBe('count')
  })

  test.each(['_sort:asc=name', '_count:exact=1', '_summary:not=true', '_type:not=Patient'])(
    '%s: they take no modifier, in a lenient search neither',
    async query => {
      const name = query.split(':')[0]
      await expect(parse(undefined, query, false)).rejects.toThrow(
        expect.objectContaining({ status: 400, message: `${name} takes no modifier` }),
      )
    },
  )

  test.each([
    ['_count=-1', '_count takes a number'],
    ['_count=ten', '_count takes a number'],
    ['_count=1.5', '_count takes a number'],
    ['_summary=some', '_summary takes one of'],
    ['_total=maybe', '_total takes one of'],
    ['_total=toString', '_total takes one of'],
    ['_id=a/b', '_id takes ids'],
    ['_id=', '_id is empty'],
    ['_elements=', '_elements takes elements'],
    ['_elements=,', '_elements takes elements'],
    ['=x', 'a parameter has no name'],
    [':exact=x', 'a parameter has no name'],
    ['_id:exact=a', 'a token parameter has no such modifier'],
    ['_lastUpdated=soon', '_lastUpdated takes a date'],
    ['_lastUpdated:exact=2024', 'a date parameter has no such modifier'],
    ['constructor=1', 'not a search parameter'],
    ['__proto__=1', 'not a search parameter'],
  ])('%s is refused', async (query, words) => {
    await expect(parse('Patient', query)).rejects.toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining(words) }),
    )
  })

  test('_contained=false is what happens anyway, after true too', async () => {
    const parsed = await parse(
      'Patient',
      '_contained=true&_contained=false&_containedType=container',
    )
    expect(parsed.query.where).toEqual([])
    expect(parsed.used).toHaveLength(3)
    expect(parsed.contained).toBeUndefined()
  })
})

describe('an unknown parameter', () => {
  test('is refused by a strict search, which names those near to it', async () => {
    await expect(parse('Patient', 'gendr=male')).rejects.toThrow(
      /^gendr is not a search parameter of Patient; near to it are gender,/,
    )
  })

  test('is near to one in other letters', async () => {
    await expect(parse('Patient', 'NAME=a')).rejects.toThrow(/near to it are name,/)
    await expect(parse('Patient', 'birth_Date=2024')).rejects.toThrow(/near to it are birthdate,/)
  })

  test('is told once, however often it came', async () => {
    const { warnings } = await parse('Patient', 'wings=2&wings=3&tails=1', false)
    expect(warnings).toHaveLength(2)
  })

  test('is not repeated where it may be a value', async () => {
    await expect(parse('Patient', 'Asha%20Rao=1')).rejects.toThrow(
      /^a parameter is not a search parameter/,
    )
  })

  test('is passed over by a lenient search, with a warning, and is not in the self link', async () => {
    const parsed = await parse('Patient', 'wings=2&gender=male', false)
    expect(parsed.query.where).toHaveLength(1)
    expect(parsed.used).toEqual([['gender', 'male']])
    expect(parsed.warnings.map(({ severity, code }) => [severity, code])).toEqual([
      ['warning', 'not-supported'],
    ])
    expect(parsed.warnings[0]?.diagnostics).toContain('wings')
  })

  test('does not excuse a wrong value of a known one', async () => {
    await expect(parse('Patient', 'birthdate=soon', false)).rejects.toThrow(
      /birthdate takes a date/,
    )
  })
})

describe('what every store must give', () => {
  const clock = { now: 0 }
  const minute = (n: number) => Date.UTC(2024, 4, 1, 10, n)
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch(clock)
    const dates = ['2024-03-01', '2024-01-01', '2024-02-01', '2024-01-01', undefined]
    for (const [n, effectiveDateTime] of dates.entries()) {
      clock.now = minute(n)
      await store.put({
        resourceType: 'Observation',
        id: `o${n}`,
        status: 'final',
        code: { text: 'x' },
        ...(effectiveDateTime ? { effectiveDateTime } : {}),
      })
    }
    clock.now = minute(10)
    await store.put({ resourceType: 'Patient', id: 'o1', active: true })
    await store.put({ resourceType: 'Patient', id: 'gone', active: true })
    await store.remove('Patient', 'gone')
  })
  afterAll(() => store.close())

  test.each([
    ['_sort=date', ['o1', 'o3', 'o2', 'o0', 'o4']],
    ['_sort=-date', ['o0', 'o2', 'o3', 'o1', 'o4']],
    ['_sort=_lastUpdated', ['o0', 'o1', 'o2', 'o3', 'o4']],
    ['_sort=-_lastUpdated', ['o4', 'o3', 'o2', 'o1', 'o0']],
    ['', ['o4', 'o3', 'o2', 'o1', 'o0']],
    ['status=final', ['o4', 'o0', 'o2', 'o3', 'o1']],
  ])('the order of %s', async (query, ids) => {
    expect(await store.find('Observation', query)).toEqual(ids)
  })

  test.each(['_sort=date', '_sort=-date', '_sort=-_lastUpdated', 'status=final', 'date=lt2030'])(
    'pages of two by %s hold each once, in the order of the whole',
    async query => {
      const whole = await store.find('Observation', query)
      const seen: string[] = []
      let next: string | undefined
      do {
        const after = next === undefined ? '' : `&_page=${encodeURIComponent(next)}`
        const page = await store.page('Observation', `${query}&_count=2${after}`)
        expect(page.versions.length).toBeLessThanOrEqual(2)
        seen.push(...page.versions.map(({ id }) => id))
        next = page.next
      } while (next !== undefined)
      expect(seen).toEqual(whole)
      expect(whole.length).toBeGreaterThan(3)
    },
  )

  test.each([
    ['_id=o1', ['o1']],
    ['_id=o1,o2,none', ['o1', 'o2']],
    ['_id=o1&_id=o2', []],
    ['_lastUpdated=2024-05-01', ['o0', 'o1', 'o2', 'o3', 'o4']],
    ['_lastUpdated=2024-05-01T10:02Z', ['o2']],
    ['_lastUpdated=gt2024-05-01T10:02:00Z', ['o3', 'o4']],
    ['_lastUpdated=ge2024-05-01T10:02:00Z', ['o2', 'o3', 'o4']],
    ['_lastUpdated=lt2024-05-01T10:02:00Z', ['o0', 'o1']],
    ['_lastUpdated=le2024-05-01T10:02:00Z', ['o0', 'o1', 'o2']],
    ['_lastUpdated=ne2024-05-01T10:02:00Z', ['o0', 'o1', 'o3', 'o4']],
    ['_lastUpdated=sa2024-05-01T10:02:00Z', ['o3', 'o4']],
    ['_lastUpdated=eb2024-05-01T10:02:00Z', ['o0', 'o1']],
    ['_lastUpdated=2024-05-01T15:32:00%2B05:30', ['o2']],
    ['_lastUpdated=ge2024-05-01T10:01Z&_lastUpdated=lt2024-05-01T10:03Z', ['o1', 'o2']],
    ['_lastUpdated=2023', []],
  ])('Observation?%s', async (query, ids) => {
    expect((await store.find('Observation', query)).sort()).toEqual(ids)
    expect(await store.count('Observation', query)).toBe(ids.length)
  })

  test('a search over all types sees each of them, and nothing deleted', async () => {
    expect(await store.find(undefined, '_id=o1')).toEqual(['o1', 'o1'])
    expect(await store.find(undefined, '_id=gone')).toEqual([])
    expect(await store.count(undefined, '')).toBe(6)
  })
})
