import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parseSearch } from '../../../resources/search/parse.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const system = 'http://example.org/animals'

describe('codes by what the terminology knows', () => {
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch()
    await store.put({
      resourceType: 'CodeSystem',
      id: 'animals',
      url: system,
      status: 'active',
      content: 'complete',
      hierarchyMeaning: 'is-a',
      concept: [
        { code: 'dog', concept: [{ code: 'poodle' }, { code: 'terrier' }] },
        { code: 'cat' },
      ],
    })
    const valueSet = (id: string, compose: object) =>
      store.put({
        resourceType: 'ValueSet',
        id,
        url: `http://example.org/${id}`,
        status: 'active',
        compose,
      })
    await valueSet('dogs', {
      include: [{ system, filter: [{ property: 'concept', op: 'is-a', value: 'dog' }] }],
    })
    await valueSet('cats', { include: [{ system, concept: [{ code: 'cat' }] }] })
    const codes = ['dog', 'poodle', 'cat', undefined]
    for (const [n, code] of codes.entries())
      await store.put({
        resourceType: 'Observation',
        id: `o${n}`,
        status: 'final',
        code: code ? { coding: [{ system, code }] } : { text: 'unknown' },
        subject: { reference: `Patient/p${n}` },
      })
    await store.put({ resourceType: 'Patient', id: 'p1', active: true })
    await store.put({ resourceType: 'Patient', id: 'p2', active: true })
  })
  afterAll(() => store.close())

  test.each([
    ['Observation', 'code:in=http://example.org/dogs', ['o0', 'o1']],
    ['Observation', 'code:in=ValueSet/dogs', ['o0', 'o1']],
    ['Observation', 'code:in=http://example.org/dogs,http://example.org/cats', ['o0', 'o1', 'o2']],
    ['Observation', 'code:not-in=http://example.org/dogs', ['o2', 'o3']],
    ['Observation', 'code:not-in=http://example.org/dogs,http://example.org/cats', ['o3']],
    ['Observation', `code:below=${system}|dog`, ['o0', 'o1']],
    ['Observation', `code:above=${system}|poodle`, ['o0', 'o1']],
    ['Observation', `code:below=${system}|poodle,${system}|cat`, ['o1', 'o2']],
    ['Observation', 'combo-code:in=http://example.org/cats', ['o2']],
    ['Observation', `code:in=http://example.org/dogs&code:below=${system}|poodle`, ['o1']],
    ['Observation', '_filter=code in http://example.org/dogs', ['o0', 'o1']],
    ['Observation', '_filter=code ni http://example.org/dogs', ['o2', 'o3']],
    ['Observation', `_filter=code ss ${system}|dog`, ['o0', 'o1']],
    ['Observation', `_filter=code sb ${system}|poodle`, ['o0', 'o1']],
    ['Patient', '_has:Observation:patient:code:in=http://example.org/dogs', ['p1']],
  ])('%s?%s', async (type, query, ids) => {
    expect((await store.find(type, query)).sort()).toEqual(ids)
  })

  test('a value set that is not known is refused under the name of the parameter', async () => {
    await expect(store.find('Observation', 'code:in=http://example.org/none')).rejects.toThrow(
      expect.objectContaining({
        status: expect.any(Number),
        message: expect.stringMatching(/^code:in: /),
      }),
    )
    await expect(
      store.find('Observation', '_filter=code in http://example.org/none'),
    ).rejects.toThrow(/^_filter: code: /)
  })

  test('without a terminology nothing is guessed', async () => {
    const options = { strict: true, defaultCount: 20, maxCount: 100 }
    await expect(parseSearch('Observation', [['code:not-in', 'x']], options)).rejects.toThrow(
      expect.objectContaining({ status: 422 }),
    )
  })
})
