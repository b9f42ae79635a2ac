import { expect } from '@jest/globals'
import type { Change, Extract, Knowledge, Row, Store } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import { change, coded, deletion, delhi, extractOf, next, pune, times, write } from './material.ts'

/** Rows of each kind. */
export const rowsOf = (n: number): Row[] => [
  coded(`mrn-${n}`),
  { kind: 'token', param: 'combo', first: 's|c', code: `c${n}`, system: 's' },
  { kind: 'string', param: 'family', text: `kulkarni ${n}`, exact: `Kulkarni ${n}` },
  { kind: 'date', param: 'birthdate', low: n, high: n + 86_400_000 },
  { kind: 'quantity', param: 'weight', low: `K${n}`, high: `L${n}`, system: 'u', unit: `kg${n}` },
  { kind: 'reference', param: 'organization', target: `Organization/${n % 3}` },
  { kind: 'uri', param: '_profile', uri: `http://example.org/${n}` },
  { kind: 'label', param: 'identifier', text: `label ${n}` },
  { kind: 'position', param: 'near', latitude: n, longitude: 73.5 },
]

const whole = (n: number): Extract => ({
  ...extractOf(rowsOf(n), n % 2 ? Date.UTC(2020, 0, n + 1) : undefined),
  narrative: `a narrative ${n}`,
  content: `a narrative ${n} and more`,
})

/** What each resource is found by, as it was written last. */
export function createScribe(store: Store) {
  const extracts = new Map<string, Extract>()
  const knowledge: Knowledge = {
    extract: (tenant, { type, id }) => extracts.get(`${tenant}/${type}/${id}`),
    unsure: () => [],
  }
  return {
    knowledge,
    async put(tenant: typeof pune, ...changes: Change[]): Promise<void> {
      await write(store, tenant, ...changes)
      for (const { type, id, extract } of changes) extracts.set(`${tenant}/${type}/${id}`, extract)
    },
  }
}

/** Creates, updates, deletes and revives, with and without values, in two tenants; one event. */
export async function fillAll(store: Store): Promise<Knowledge> {
  const { knowledge, put } = createScribe(store)
  const first = times(8, n => change(`p${n}`, { extract: whole(n) }))
  await put(pune, ...first)
  await put(delhi, ...first.slice(0, 2))
  const second = first.map((each, n) => next(each, { extract: whole(n + 3) }))
  await put(pune, ...second.slice(0, 6))
  const gone = second.slice(0, 3).map(deletion)
  await put(pune, ...gone)
  await put(pune, next(gone[0] as Change, { extract: whole(5) }))
  await put(pune, next(second[5] as Change, { extract: extractOf([]) }))
  await store.commit(pune, () => ({
    changes: [],
    events: [{ id: 'e', topic: 't', type: 'Patient', resource: 'p1', version: 3 }],
  }))
  return knowledge
}

export const inspected = async (store: Store, knowledge: Knowledge): Promise<string[]> => {
  const findings = await Array.fromAsync(store.inspect(knowledge, () => {}))
  return findings.map(({ tenant, on, what }) => `${tenant} ${on} ${what}`.trim())
}

export function inspectContract(claim: Claim): void {
  claim('finds nothing in an empty store', async store => {
    expect(await inspected(store, createScribe(store).knowledge)).toEqual([])
  })

  claim('finds nothing where all was written by the store', async store => {
    const knowledge = await fillAll(store)
    let looked = 0
    const progress = (done: number) => {
      looked = done
    }
    expect(await Array.fromAsync(store.inspect(knowledge, progress))).toEqual([])
    expect(looked).toBeGreaterThan(0)
    // It has left nothing behind.
    expect(await inspected(store, knowledge)).toEqual([])
    await write(store, pune, change('later'))
  })

  claim('finds what should be there, and what should not, and whose it is', async store => {
    const knowledge = await fillAll(store)
    const other: Knowledge = {
      ...knowledge,
      extract(tenant, version) {
        const extract = knowledge.extract(tenant, version)
        const lacks = { kind: 'token', param: 'gender', code: 'secret', system: '' } as const
        return tenant === delhi && version.id === 'p1' && extract
          ? { ...extract, rows: [...extract.rows.filter(row => row.kind !== 'uri'), lacks] }
          : extract
      },
    }
    const found = await inspected(store, other)
    expect(found.length).toBeGreaterThanOrEqual(2)
    for (const line of found) expect(line).toMatch(/^delhi Patient\/p1 /)
    expect(found.join('\n')).toMatch(/lacks .*gender/)
    expect(found.join('\n')).toMatch(/too much.*_profile/)
    expect(found.join('\n')).not.toContain('secret')
  })

  claim('leaves out rows that are being made, and resources that nobody knows', async store => {
    const knowledge = await fillAll(store)
    await store.addRows(pune, [
      { type: 'Patient', id: 'p7', number: 1, rows: [{ ...coded('x'), param: 'colour@7' }] },
    ])
    expect((await inspected(store, knowledge)).join()).toMatch(/p7 .*too much.*colour@7/)
    expect(await inspected(store, { ...knowledge, unsure: () => ['colour@7'] })).toEqual([])
    expect(await inspected(store, { extract: () => undefined, unsure: () => [] })).toEqual([])
  })
}
