import { setTimeout as wait } from 'node:timers/promises'
import { expect } from '@jest/globals'
import type { Claim } from '../store.ts'

const long = 60_000
const short = 200

export function leaseContract(claim: Claim): void {
  claim('belong to one holder, who can have them for longer and give them up', async store => {
    expect(await store.lease('job', 'a', long)).toBe(true)
    expect(await store.lease('job', 'b', long)).toBe(false)
    expect(await store.lease('job', 'a', long)).toBe(true)
    expect(await store.lease('other', 'b', long)).toBe(true)
    expect(await store.lease('job', 'a', 0)).toBe(true)
    expect(await store.lease('job', 'b', long)).toBe(true)
    expect(await store.lease('job', 'a', long)).toBe(false)
  })

  claim('end by themselves when their time is over', async (store, clock) => {
    expect(await store.lease('job', 'a', short)).toBe(true)
    expect(await store.lease('job', 'b', long)).toBe(false)
    clock.now += 2 * short
    await wait(2 * short)
    expect(await store.leases('job')).toEqual([])
    expect(await store.lease('job', 'b', long)).toBe(true)
    expect(await store.lease('job', 'a', short)).toBe(false)
  })

  claim('of all who want one at the same time one gets it', async store => {
    const asked = Array.from({ length: 20 }, (_, n) => store.lease('job', String(n), long))
    expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1)
  })

  claim('are listed by how their names begin', async store => {
    for (const name of ['process/1', 'process/2', 'processes', 'job'])
      await store.lease(name, `holder of ${name}`, long)
    await store.lease('process/2', 'holder of process/2', 0)
    await store.lease('process/3', 'holder of process/3', long)
    const found = await store.leases('process/')
    expect(found.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: 'process/1', holder: 'holder of process/1' },
      { name: 'process/3', holder: 'holder of process/3' },
    ])
  })
}
