import { expect } from '@jest/globals'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Row, Store, Tenant } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import {
  byCode,
  change,
  coded,
  conflict,
  deletion,
  delhi,
  idsOf,
  named,
  next,
  pune,
  query,
  scanned,
  times,
  walk,
  write,
} from './material.ts'

const rows: Row[] = [
  coded('1'),
  { kind: 'reference', param: 'link', target: 'Patient/a' },
  { kind: 'string', param: 'name', text: 'asha', exact: 'Asha' },
  { kind: 'date', param: 'birthdate', low: 1, high: 2 },
  { kind: 'quantity', param: 'dose', low: 'Z1', high: 'Z1', system: 's', unit: 'u' },
  { kind: 'uri', param: 'url', uri: 'http://example.org' },
]
const each: Predicate[] = [
  { kind: 'id', ids: ['a', 'b', 'c'] },
  { kind: 'updated', from: 0 },
  byCode('1'),
  { kind: 'reference', param: 'link', targets: ['Patient/a'] },
  { kind: 'refers', targets: ['Patient/a'] },
  { kind: 'string', param: 'name', text: 'a', match: 'starts' },
  { kind: 'uri', param: 'url', uri: 'http://example.org', match: 'exact' },
  { kind: 'date', param: 'birthdate' },
  { kind: 'quantity', param: 'dose' },
  { kind: 'or', any: [byCode('1'), byCode('2')] },
  { kind: 'not', not: byCode('2') },
]

/** The same ids in both, with other contents. */
async function both(store: Store): Promise<void> {
  for (const tenant of [pune, delhi]) {
    const json = (id: string) => JSON.stringify({ resourceType: 'Patient', id, of: tenant })
    await write(
      store,
      tenant,
      change('a', { rows, json: json('a') }),
      change('b', { rows, json: json('b') }),
    )
  }
  await write(store, delhi, change('c', { rows }), change('a', { type: 'Task', rows }))
}

export function tenantContract(claim: Claim): void {
  claim('the last changes to some types are others after each of theirs only', async store => {
    const told: string[] = []
    const last = async (...types: string[]) => store.lastChanges(pune, types)
    const another = async (...types: string[]) => {
      const now = await last(...types)
      expect(told).not.toContain(now)
      told.push(now)
      return now
    }
    expect(await another('Patient', 'Group')).toBe('')
    const made = change('a')
    await write(store, pune, made)
    await another('Patient', 'Group')
    expect(await last('Group')).toBe('')
    const patients = await last('Patient')
    await write(store, pune, change('g', { type: 'Group' }))
    await another('Patient', 'Group')
    expect(await last('Patient')).toBe(patients)
    await write(store, pune, deletion(made))
    const gone = await another('Patient', 'Group')
    expect(await last('Patient')).not.toBe(patients)
    await write(store, delhi, change('a'))
    expect(await last('Patient', 'Group')).toBe(gone)
    expect(await store.lastChanges(delhi, ['Group'])).toBe('')
  })

  claim('each reads its own under the same id', async store => {
    await both(store)
    for (const tenant of [pune, delhi])
      expect((await store.read(tenant, 'Patient', 'a', 1))?.json).toContain(`"of":"${tenant}"`)
    expect(await store.read(pune, 'Patient', 'c')).toBeUndefined()
    expect(await store.read(pune, 'Task', 'a')).toBeUndefined()
  })

  claim('each searches and counts its own, by whatever', async store => {
    await both(store)
    for (const [tenant, ids] of [
      [pune, ['a', 'b']],
      [delhi, ['a', 'b', 'c']],
      ['nobody' as Tenant, []],
    ] as const)
      for (const where of [[], ...each.map(one => [one])]) {
        const asked = query({ where })
        const { versions } = await store.search(tenant, asked)
        expect(idsOf(versions)).toEqual(ids)
        expect(await store.count(tenant, asked)).toBe(ids.length)
        const { types: _, ...all } = asked
        const total = ids.length + (tenant === delhi ? 1 : 0)
        expect((await store.search(tenant, all)).versions).toHaveLength(total)
        expect(await store.count(tenant, all)).toBe(total)
      }
  })

  claim('each has its own history, totals and scan', async store => {
    await both(store)
    const history = async (tenant: Tenant, of: object = {}) =>
      (await store.history(tenant, { ...of, count: 50 })).versions.map(named)
    expect(await history(pune)).toEqual(['Patient/b 1', 'Patient/a 1'])
    expect(await history(delhi, { type: 'Patient' })).toEqual([
      'Patient/c 1',
      'Patient/b 1',
      'Patient/a 1',
    ])
    expect(await history(pune, { type: 'Task' })).toEqual([])
    expect(await history(pune, { type: 'Patient', id: 'c' })).toEqual([])
    expect(await history(delhi, { type: 'Patient', id: 'a' })).toEqual(['Patient/a 1'])
    expect(await store.totals(pune)).toEqual({ Patient: 2 })
    expect(await store.totals(delhi)).toEqual({ Patient: 3, Task: 1 })
    expect(await store.totals('nobody' as Tenant)).toEqual({})
    expect(idsOf(await scanned(store, pune, 'Patient'))).toEqual(['a', 'b'])
    expect(idsOf(await scanned(store, pune, 'Task'))).toEqual([])
    expect(idsOf(await scanned(store, 'nobody' as Tenant, 'Patient'))).toEqual([])
  })

  claim("a page of another tenant leads only to what is one's own", async store => {
    await both(store)
    const first = await store.search(delhi, query({ count: 1 }))
    const { versions } = await walk(q => store.search(pune, q), query({ after: first.next ?? '' }))
    const mine = await store.search(pune, query())
    for (const version of versions) expect(mine.versions).toContainEqual(version)
    const past = await store.history(delhi, { count: 1 })
    const rest = await store.history(pune, { count: 9, after: past.next ?? '' })
    expect(rest.versions.map(named)).toEqual(['Patient/b 1', 'Patient/a 1'])
  })

  claim('versions and checks of one mean nothing to the other', async store => {
    const a = change('a', { rows: [coded('1')] })
    await write(store, pune, a)
    await expect(write(store, delhi, next(a))).rejects.toMatchObject(
      conflict('version', 'Patient/a'),
    )
    const check = { query: query({ where: [byCode('1')] }), ids: [], name: 'free' }
    await store.commit(delhi, () => ({ changes: [change('b')], checks: [check] }))
    await write(store, delhi, change('a'))
    await write(store, delhi, deletion(change('a')))
    expect(await store.read(pune, 'Patient', 'a')).toMatchObject({ number: 1 })
    expect(await store.totals(pune)).toEqual({ Patient: 1 })
  })

  claim('a scan gives every newest version there is, in id order', async store => {
    const all = times(450, n => change(`p${n}`))
    await write(store, pune, ...all)
    const [p1, p2] = [all[1], all[2]]
    if (p1 && p2) await write(store, pune, next(p1), deletion(p2))
    const versions = await scanned(store, pune, 'Patient')
    const ids = all.map(({ id }) => id).filter(id => id !== 'p2')
    expect(idsOf(versions)).toEqual([...ids].sort())
    expect(versions.find(({ id }) => id === 'p1')).toMatchObject({ number: 2 })
    expect(idsOf(await scanned(store, pune, 'Patient', 'p440'))).toEqual(
      [...ids].sort().filter(id => id > 'p440'),
    )
  })

  claim('totals follow creates, deletes and what came back', async store => {
    const a = change('a')
    const b = change('b', { type: 'Task' })
    const gone = deletion(a)
    const steps: [Parameters<typeof write>[2][], Record<string, number>][] = [
      [[a, b], { Patient: 1, Task: 1 }],
      [[next(b)], { Patient: 1, Task: 1 }],
      [[gone], { Task: 1 }],
      [[next(gone), change('c')], { Patient: 2, Task: 1 }],
    ]
    for (const [changes, totals] of steps) {
      await write(store, pune, ...changes)
      expect(await store.totals(pune)).toEqual(totals)
    }
  })
}
