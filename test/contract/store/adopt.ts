import { expect, test } from '@jest/globals'
import type { Knowledge, Moving, Store } from '../../../resources/store.ts'
import { compareAll, copyAll } from '../../../server/migration.ts'
import type { Open } from '../store.ts'
import { fillAll, inspected } from './inspect.ts'
import { change, coded, delhi, found, next, past, pune, times, write } from './material.ts'

const start = (open: Open) => open(() => Date.UTC(2026, 0, 1))

/** As it is, but for the commit number. */
const all = async (store: Store) =>
  (await Array.fromAsync(store.versions(0))).map(({ version: { seq, ...version }, ...rest }) => ({
    ...rest,
    version,
  }))

/** Copies, and expects that nothing tells the two apart. */
export async function copied(from: Store, to: Store, knowledge: Knowledge): Promise<void> {
  const extract: Parameters<typeof copyAll>[0]['extract'] = (tenant, version) => {
    const known = knowledge.extract(tenant, version)
    if (!known) throw new Error(`nobody knows ${version.type}/${version.id}`)
    return known
  }
  await copyAll({ from, to, extract, progress() {} })
  await compareAll({ from, to, progress() {} })
  expect(await all(to)).toEqual(await all(from))
  for (const tenant of [pune, delhi]) {
    expect(await past(to, {}, tenant)).toEqual(await past(from, {}, tenant))
    expect(await to.totals(tenant)).toEqual(await from.totals(tenant))
    for (const { type, id, number } of (await from.history(tenant, { count: 1000 })).versions)
      expect(strip(await to.read(tenant, type, id, number))).toEqual(
        strip(await from.read(tenant, type, id, number)),
      )
  }
  expect(await eventsOf(to)).toEqual(await eventsOf(from))
  expect(await inspected(to, knowledge)).toEqual([])
}

const strip = (version: object | undefined) => version && { ...version, seq: 0 }

const eventsOf = (store: Store) => Array.fromAsync(store.events(0))
const nothing = (): never => {
  throw new Error('there is no version')
}

/** In commits of a thousand. */
async function tell(store: Store, count: number): Promise<void> {
  for (let from = 0; from < count; from += 1000)
    await store.commit(pune, () => ({
      changes: [],
      events: times(Math.min(1000, count - from), n => ({
        ...{ id: `e${from + n}`, topic: 't', type: 'Patient', resource: 'p', version: 1 },
      })),
    }))
}

export function adoptContract(open: Open): void {
  test('all of one store is all of another one, which goes on with it', async () => {
    const [from, to] = await Promise.all([start(open), start(open)])
    try {
      await copied(from, to, await fillAll(from))
      const p7 = change('p7')
      await write(to, pune, next(p7, { rows: [coded('new')] }), change('fresh'))
      expect(await found(to, [{ kind: 'token', param: 'identifier', code: 'new' }])).toEqual(['p7'])
      expect((await past(to, { type: 'Patient' }))[0]).toBe('Patient/fresh 1')
    } finally {
      await Promise.all([from.close(), to.close()])
    }
  })

  test('versions are taken over in any pieces, and go on after those that are there', async () => {
    const [from, to] = await Promise.all([start(open), start(open)])
    try {
      const knowledge = await fillAll(from)
      const total = await from.versionCount()
      const some: Moving[] = []
      for await (const each of from.versions(0)) {
        const extract = each.newest && knowledge.extract(each.tenant, each.version)
        some.push(extract && each.version.json ? { ...each, extract } : each)
      }
      expect(some).toHaveLength(total)
      for (const [index, size] of [1, 1, 5].entries()) {
        const before = [0, 1, 2][index] ?? 0
        await to.adopt(some.slice(before, before + size), { total })
      }
      expect(await to.versionCount()).toBe(7)
      await expect(to.adopt([], { total: total + 1 })).rejects.toThrow(/changed since/)
      await copied(from, to, knowledge)
      // Once more changes nothing.
      await copied(from, to, knowledge)
    } finally {
      await Promise.all([from.close(), to.close()])
    }
  })

  test('events are taken over in pieces, and go on after those that are there', async () => {
    const [from, to] = await Promise.all([start(open), start(open)])
    try {
      await tell(from, 12_001)
      const sizes: number[] = []
      const copy = (pieces: number) => {
        const adopt: Store['adopt'] = async (versions, of) => {
          if (of.events && sizes.push(of.events.length) > pieces) throw new Error('killed')
          await to.adopt(versions, of)
        }
        return copyAll({ from, to: { ...to, adopt }, extract: nothing, progress() {} })
      }
      await expect(copy(1)).rejects.toThrow('killed')
      expect(await eventsOf(to)).toHaveLength(5000)
      await expect(compareAll({ from, to, progress() {} })).rejects.toThrow('other events')
      await copy(10)
      expect(sizes).toEqual([5000, 5000, 5000, 2001])
      expect(await eventsOf(to)).toEqual(await eventsOf(from))
      expect(await Array.fromAsync(to.events(11_999))).toMatchObject([
        { id: 'e11999' },
        { id: 'e12000' },
      ])
      await compareAll({ from, to, progress() {} })
      // What comes later comes after them.
      await tell(to, 1)
      expect((await eventsOf(to)).at(-1)?.id).toBe('e0')
      await expect(copy(10)).rejects.toThrow(/holds something else/)
    } finally {
      await Promise.all([from.close(), to.close()])
    }
  })

  test('what holds something else is refused, and stays as it is', async () => {
    const [from, to] = await Promise.all([start(open), start(open)])
    try {
      const knowledge = await fillAll(from)
      await write(to, pune, ...times(2, n => change(`q${n}`)))
      await expect(copied(from, to, knowledge)).rejects.toThrow(/holds something else/)
      expect(await past(to)).toEqual(['Patient/q1 1', 'Patient/q0 1'])
    } finally {
      await Promise.all([from.close(), to.close()])
    }
  })
}
