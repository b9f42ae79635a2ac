import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { FhirError } from '../../../resources/error.ts'
import type { Outcome, TransactionEntry } from '../../../resources/repository.ts'
import { openSearch, type Searchable } from '../../support/search.ts'

let store: Searchable
beforeAll(async () => {
  store = await openSearch()
  const identified = (id: string, value: string) => ({
    resourceType: 'Patient',
    id,
    identifier: [{ value }],
  })
  await store.put(identified('one', 'single'))
  await store.put(identified('two', 'double'))
  await store.put(identified('three', 'double'))
})
afterAll(() => store.close())

const urn = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'
const path = (n: number) => ({ path: `Bundle.entry[${n}].resource` })
const create = (resource: object, fullUrl?: string): TransactionEntry => ({
  write: {
    kind: 'create',
    type: (resource as { resourceType: string }).resourceType,
    resource,
    ...path(0),
  },
  ...(fullUrl ? { fullUrl } : {}),
})
const basic = (reference: string, more: object = {}) => ({
  resourceType: 'Basic',
  code: { text: 'x' },
  subject: { reference },
  ...more,
})
const patient = (value: string) => ({ resourceType: 'Patient', identifier: [{ value }] })

/** What the Basic among the outcomes refers to, and the ids of all. */
function referred(outcomes: Outcome[]): [string | undefined, string[]] {
  const ids = outcomes.map(({ version }) => `${version?.type}/${version?.id}`)
  const json = outcomes.find(({ version }) => version?.type === 'Basic')?.version?.json
  return [json && JSON.parse(json).subject.reference, ids]
}

describe('in a transaction, a reference', () => {
  test('by the fullUrl of an entry becomes what that entry writes', async () => {
    const [reference, ids] = referred(
      await store.transact([create(basic(urn)), create(patient('a'), urn)]),
    )
    expect(reference).toBe(ids[1])
  })

  test('by the fullUrl of a conditional create becomes what was there already', async () => {
    const entry = create(patient('single'), urn)
    entry.write.criteria = [['identifier', 'single']]
    const [reference] = referred(await store.transact([create(basic(urn)), entry]))
    expect(reference).toBe('Patient/one')
  })

  test('in a patch becomes what the entry writes', async () => {
    await store.put({ ...basic('Patient/one'), id: 'patched' } as never)
    const patch: TransactionEntry = {
      write: {
        kind: 'patch',
        type: 'Basic',
        id: 'patched',
        patch: {
          language: 'json-patch',
          body: [{ op: 'replace', path: '/subject/reference', value: urn }],
        },
      },
    }
    const [reference, ids] = referred(await store.transact([patch, create(patient('p'), urn)]))
    expect(reference).toBe(ids[1])
  })

  test('relative to a fullUrl of the same server becomes what that entry writes', async () => {
    const base = 'http://other.example.org/fhir'
    const outcomes = await store.transact([
      create(basic('Patient/1'), `${base}/Basic/1`),
      create(patient('b'), `${base}/Patient/1`),
    ])
    const [reference, ids] = referred(outcomes)
    expect(reference).toBe(ids[1])
  })

  test('relative to another server means what it says', async () => {
    const [reference] = referred(
      await store.transact([
        create(basic('Patient/1'), 'http://one.example.org/fhir/Basic/1'),
        create(patient('c'), 'http://two.example.org/fhir/Patient/1'),
      ]),
    )
    expect(reference).toBe('Patient/1')
  })

  test('by a search becomes the one that is found', async () => {
    const [reference] = referred(await store.transact([create(basic('Patient?identifier=single'))]))
    expect(reference).toBe('Patient/one')
  })

  test('by a search at the address of this server becomes the one that is found there', async () => {
    const at = 'http://127.0.0.1/fhir/Patient?identifier=single'
    const both = { extension: [{ url: 'http://x.org', valueReference: { reference: at } }] }
    const outcomes = await store.transact([create(basic('Patient?identifier=single', both))])
    expect(referred(outcomes)[0]).toBe('Patient/one')
    expect(outcomes[0]?.version?.json).toContain('"valueReference":{"reference":"Patient/one"}')
  })

  test('by a search at another address stays as it is', async () => {
    const at = 'http://other.example.org/fhir/Patient?identifier=single'
    expect(referred(await store.transact([create(basic(at))]))[0]).toBe(at)
  })

  test('by a search in a patch is refused, and told so', async () => {
    await store.put({ ...basic('Patient/one'), id: 'searching' } as never)
    for (const value of [
      'Patient?identifier=single',
      'http://127.0.0.1/fhir/Patient?identifier=x',
    ]) {
      const body = [{ op: 'replace', path: '/subject/reference', value }]
      const patch = { language: 'json-patch' as const, body }
      const write = { kind: 'patch' as const, type: 'Basic', id: 'searching', patch }
      await expect(store.transact([{ write }])).rejects.toThrow('creates or updates')
    }
  })

  test('by a search becomes what another entry creates by the same search', async () => {
    const entry = create(patient('new'))
    entry.write.criteria = [['identifier', 'new']]
    const [reference, ids] = referred(
      await store.transact([create(basic('Patient?identifier=new')), entry]),
    )
    expect(reference).toBe(ids[1])
  })

  test('by a search becomes what another entry writes, whatever way', async () => {
    const [created, ids] = referred(
      await store.transact([create(basic('Patient?identifier=fresh')), create(patient('fresh'))]),
    )
    expect(created).toBe(ids[1])
    const update: TransactionEntry = {
      write: {
        kind: 'update',
        type: 'Patient',
        id: 'now',
        resource: { ...patient('now'), id: 'now' },
        ...path(1),
      },
    }
    expect(
      referred(await store.transact([create(basic('Patient?identifier=now')), update]))[0],
    ).toBe('Patient/now')
  })

  test('by a search does not become what the transaction deletes or changes to another', async () => {
    await store.put({ ...patient('moving'), id: 'moving' })
    await store.put({ ...patient('going'), id: 'going' })
    const moving: TransactionEntry = {
      write: {
        kind: 'update',
        type: 'Patient',
        id: 'moving',
        resource: { ...patient('moved'), id: 'moving' },
        ...path(1),
      },
    }
    const going: TransactionEntry = { write: { kind: 'delete', type: 'Patient', id: 'going' } }
    for (const [value, entry] of [
      ['moving', moving],
      ['going', going],
    ] as const)
      await expect(
        store.transact([create(basic(`Patient?identifier=${value}`)), entry]),
      ).rejects.toMatchObject({ status: 422, outcome: { issue: [{ code: 'not-found' }] } })
  })

  test('by a search that two entries match is refused', async () => {
    await expect(
      store.transact([
        create(basic('Patient?identifier=twin')),
        create(patient('twin')),
        create(patient('twin')),
      ]),
    ).rejects.toMatchObject({ status: 422, outcome: { issue: [{ code: 'multiple-matches' }] } })
  })

  test('by a search is never the entry that refers to it by that search', async () => {
    const linked = {
      ...patient('other'),
      link: [{ type: 'seealso', other: { reference: 'Patient?identifier=single' } }],
    }
    const [reference] = referred(
      await store.transact([create(linked), create(basic('Patient?identifier=%73ingle'))]),
    )
    expect(reference).toBe('Patient/one')
  })

  test('to an entry that deletes is left as it is', async () => {
    await store.put({ resourceType: 'Patient', id: 'leaving' })
    const [reference] = referred(
      await store.transact([
        create(basic('http://x.example.org/Patient/leaving')),
        {
          write: { kind: 'delete', type: 'Patient', id: 'leaving' },
          fullUrl: 'http://x.example.org/Patient/leaving',
        },
      ]),
    )
    expect(reference).toBe('http://x.example.org/Patient/leaving')
  })

  test.each([
    ['finds nothing', 'Patient?identifier=none', 422, 'not-found'],
    ['finds more than one', 'Patient?identifier=double', 422, 'multiple-matches'],
    ['has no criteria', 'Patient?_count=1', 400, 'invalid'],
  ])(
    'by a search that %s is refused, and nothing is written',
    async (_, reference, status, code) => {
      const before = await store.count('Basic', '')
      const failing = store.transact([create(basic(reference)), create(basic('Patient/1'))])
      await expect(failing).rejects.toMatchObject({
        status,
        outcome: { issue: [expect.objectContaining({ code })] },
      })
      expect(await store.count('Basic', '')).toBe(before)
    },
  )

  test('of an entry whose resource has no type is refused, not a failure of the server', async () => {
    const entry = create(basic('Patient?identifier=none'))
    entry.write.resource = { reference: 'Patient?identifier=none' }
    const error = await store.transact([entry]).catch((thrown: FhirError) => thrown)
    expect(error).toMatchObject({ name: 'FhirError', status: 422 })
  })
})

describe('a reference by search whose criteria only the commit can decide', () => {
  const written = (family: string) => ({
    resourceType: 'Patient',
    id: `undecided-${family}`,
    name: [{ family }],
    managingOrganization: { reference: 'Organization/undecided' },
  })
  const puts = (resource: { resourceType: string; id: string }): TransactionEntry => ({
    write: {
      kind: 'update',
      type: resource.resourceType,
      id: resource.id,
      resource,
      ...path(0),
    },
  })
  const organization = { resourceType: 'Organization', id: 'undecided', name: 'Clinic' }

  test.each([
    'organization.name=clinic',
    '_filter=not (organization.name eq clinic)',
    '_filter=(organization.name eq x) or (family eq x)',
    '_has:Basic:subject:code=x',
    '_lastUpdated=gt2000',
    '_lastUpdated=lt2000',
  ])('is refused: %s', async criteria => {
    const family = `undecided${criteria.length}`
    const entries = [
      puts(organization),
      puts(written(family)),
      create(basic(`Patient?family=${family}&${criteria}`)),
    ]
    await expect(store.transact(entries)).rejects.toMatchObject({
      status: 422,
      outcome: { issue: [{ code: 'not-supported' }] },
    })
  })

  test('is refused where what is stored is found by what an entry changes', async () => {
    await store.transact([puts(organization), puts(written('stored'))])
    const reference = basic('Patient?family=stored&organization.name=clinic')
    expect(referred(await store.transact([create(reference)]))[0]).toBe('Patient/undecided-stored')
    const renamed = puts({ ...organization, name: 'Other' } as never)
    await expect(store.transact([renamed, create(reference)])).rejects.toMatchObject({
      status: 422,
    })
  })

  test('is resolved where it is decided by other criteria', async () => {
    await store.transact([puts(organization), puts(written('known'))])
    const entries = [
      puts(written('other')),
      create(basic('Patient?family=known&organization.name=clinic')),
    ]
    expect(referred(await store.transact(entries))[0]).toBe('Patient/undecided-known')
  })
})
