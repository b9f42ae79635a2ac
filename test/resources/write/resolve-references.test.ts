import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { FhirError } from '../../../resources/error.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
const other = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239521'

const basic = (id: string, reference: string) => ({
  resourceType: 'Basic',
  id,
  code: { text: 'x' },
  subject: { reference },
})

const stored = (reference: string, fullUrl = urn) => ({
  resourceType: 'Bundle',
  id: 'b',
  type: 'collection',
  entry: [
    { fullUrl, resource: { resourceType: 'Patient', id: 'inside' } },
    { fullUrl: 'http://example.org/Basic/x', resource: basic('x', reference) },
  ],
})

const issueOf = (failing: Promise<unknown>): Promise<unknown[]> =>
  failing.then(
    () => [],
    ({ status, outcome }: FhirError) => [
      status,
      outcome.issue[0]?.code,
      outcome.issue[0]?.expression,
    ],
  )

describe.each([false, true])('with referential integrity %s', integrity => {
  let store: Searchable
  beforeAll(async () => {
    store = await openSearch(undefined, { referentialIntegrity: integrity })
    await store.put({ resourceType: 'Patient', id: 'p' })
  })
  afterAll(() => store.close())

  test.each<[string, object]>([
    ['to what is there', basic('a', 'Patient/p')],
    ['to a version of it', basic('a', 'Patient/p/_history/1')],
    ['to itself', basic('self', 'Basic/self')],
    ['to another server', basic('a', 'http://other.example.org/Patient/9')],
    [
      'to what it contains',
      { ...basic('a', '#c'), contained: [{ resourceType: 'Patient', id: 'c' }] },
    ],
    ['of a stored Bundle to what it holds', stored(urn)],
    ['of a stored Bundle to what it does not hold', stored('Patient/none')],
    ['of a stored Bundle that is a search', stored('Patient?identifier=1')],
    [
      'of a Bundle in a stored Bundle',
      {
        resourceType: 'Bundle',
        id: 'outer',
        type: 'collection',
        entry: [{ resource: { ...stored(urn), id: undefined } }],
      },
    ],
  ])('a reference %s is taken', async (_, resource) => {
    expect(await issueOf(store.put(JSON.parse(JSON.stringify(resource))))).toEqual([])
  })

  test.each<[string, object, string, string]>([
    ['by a urn that nothing resolves', basic('a', urn), 'not-found', 'Basic.subject'],
    ['by a search', basic('a', 'Patient?identifier=1'), 'not-supported', 'Basic.subject'],
    [
      'of a stored Bundle by a urn that none of its entries has',
      stored(other),
      'not-found',
      'Bundle.entry[1].resource.subject',
    ],
  ])('a reference %s is refused', async (_, resource, code, expression) => {
    expect(await issueOf(store.put(resource as never))).toEqual([422, code, [expression]])
  })

  test(`a reference to what is not there is ${integrity ? 'refused' : 'taken'}`, async () => {
    expect(await issueOf(store.put(basic('n', 'Patient/none')))).toEqual(
      integrity ? [422, 'not-found', ['Basic.subject']] : [],
    )
  })

  test('what a stored Bundle holds keeps nobody from a delete', async () => {
    await store.put({ resourceType: 'Patient', id: 'q' })
    await store.put({ ...stored('Patient/q'), id: 'holds-q' })
    await store.remove('Patient', 'q')
    expect(await store.find('Patient', '_id=q')).toEqual([])
  })
})
