import { expect } from '@jest/globals'
import type { Store } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import { change, deletion, named, next, past, pune, times, walk, write } from './material.ts'

/** Three versions of Patient/a, one of Patient/b, two of Task/a (the second a delete). */
async function some(store: Store): Promise<void> {
  const a = change('a')
  const task = change('a', { type: 'Task' })
  await write(store, pune, a, change('b'))
  await write(store, pune, task, next(a))
  await write(store, pune, deletion(task))
  await write(store, pune, next(next(a)))
}

export function historyContract(claim: Claim): void {
  claim('of one, of a type and of all is newest first, with deletes', async store => {
    await some(store)
    const a = ['Patient/a 3', 'Patient/a 2', 'Patient/a 1']
    expect(await past(store, { type: 'Patient', id: 'a' })).toEqual(a)
    expect(await past(store, { type: 'Task', id: 'a' })).toEqual(['Task/a 2', 'Task/a 1'])
    expect(await past(store, { type: 'Patient' })).toEqual([
      'Patient/a 3',
      'Patient/a 2',
      'Patient/b 1',
      'Patient/a 1',
    ])
    expect(await past(store)).toEqual([
      'Patient/a 3',
      'Task/a 2',
      'Patient/a 2',
      'Task/a 1',
      'Patient/b 1',
      'Patient/a 1',
    ])
    const [deleted] = (await store.history(pune, { type: 'Task', count: 1 })).versions
    expect(deleted).toMatchObject({ method: 'delete' })
    expect(deleted).not.toHaveProperty('json')
  })

  claim('of what never was is empty', async store => {
    await some(store)
    expect(await past(store, { type: 'Patient', id: 'x' })).toEqual([])
    expect(await past(store, { type: 'Device' })).toEqual([])
  })

  claim('pages of any size give every version once', async store => {
    await some(store)
    for (const part of [{}, { type: 'Patient' }, { type: 'Patient', id: 'a' }])
      for (const count of [1, 2, 3, 4, 6, 100]) {
        const all = await past(store, part)
        const { versions, pages } = await walk(q => store.history(pune, q), { ...part, count })
        expect(versions.map(named)).toEqual(all)
        expect(pages).toBe(Math.max(1, Math.ceil(all.length / count)))
      }
  })

  claim('pages stay as they were while writes go on', async store => {
    await Promise.all(times(30, n => write(store, pune, change(`p${n}`))))
    const before = await past(store, { type: 'Patient' })
    let n = 0
    const { versions } = await walk(
      async asked => {
        const page = await store.history(pune, asked)
        await write(store, pune, next(change(`p${n}`)), change(`new${n++}`))
        return page
      },
      { type: 'Patient', count: 7 },
    )
    expect(versions.map(named)).toEqual(before)
  })

  claim('since an instant holds what was made then or later', async (store, clock) => {
    const a = change('a')
    const start = clock.now
    await write(store, pune, a)
    clock.now = start + 1000
    await write(store, pune, next(a))
    clock.now = start + 2000
    await write(store, pune, change('b'))
    const since = (ms: number) => past(store, { since: start + ms })
    expect(await since(-1)).toEqual(['Patient/b 1', 'Patient/a 2', 'Patient/a 1'])
    expect(await since(0)).toHaveLength(3)
    expect(await since(1)).toEqual(['Patient/b 1', 'Patient/a 2'])
    expect(await since(1000)).toEqual(['Patient/b 1', 'Patient/a 2'])
    expect(await since(2000)).toEqual(['Patient/b 1'])
    expect(await since(2001)).toEqual([])
    expect(await past(store, { type: 'Patient', id: 'a', since: start + 500 })).toEqual([
      'Patient/a 2',
    ])
  })

  claim(
    'says up to when all is told: who goes on from there misses nothing',
    async (store, clock) => {
      const seen = new Set<string>()
      let [since, more] = [0, true]
      const look = async () => {
        const first = await store.history(pune, { since, count: 20 })
        const rest = first.next
          ? await walk(q => store.history(pune, q), { since, count: 20, after: first.next })
          : { versions: [] }
        for (const version of [...first.versions, ...rest.versions]) seen.add(named(version))
        since = Math.max(since, first.settled ?? 0)
      }
      const looking = (async () => {
        while (more) {
          await look()
          // A store that answers at once would leave the writers no turn.
          await new Promise(setImmediate)
        }
      })()
      const written: Promise<unknown>[] = []
      for (let n = 0; n < 300; n++) {
        clock.now += n % 3
        written.push(write(store, pune, change(`a${n}`)))
        if (n % 5 === 0) await written[Math.max(0, n - 20)]
      }
      await Promise.all(written)
      more = false
      await looking
      expect(since).toBeGreaterThan(clock.now - 600)
      await look()
      expect(seen.size).toBe(300)
    },
  )

  claim('at an instant or a time holds what was current then', async (store, clock) => {
    const a = change('a')
    const start = clock.now
    await write(store, pune, a)
    clock.now = start + 1000
    await write(store, pune, next(a))
    clock.now = start + 2000
    await write(store, pune, deletion(next(a)))
    const numbers = async (from: number, to: number) => {
      const current = { from: start + from, to: start + to }
      const { versions } = await store.history(pune, { type: 'Patient', current, count: 10 })
      return versions.map(({ number }) => number)
    }
    expect(await numbers(-9, -1)).toEqual([])
    expect(await numbers(-9, 0)).toEqual([1])
    expect(await numbers(500, 500)).toEqual([1])
    expect(await numbers(999, 999)).toEqual([1])
    expect(await numbers(1000, 1000)).toEqual([2])
    expect(await numbers(500, 1500)).toEqual([2, 1])
    expect(await numbers(1500, 2500)).toEqual([3, 2])
    expect(await numbers(2000, 2000)).toEqual([3])
    expect(await numbers(3000, 4000)).toEqual([])
    expect(await numbers(0, 9000)).toEqual([3, 2, 1])
  })

  claim('a page token that is none is refused as the request of the caller', async store => {
    await some(store)
    for (const after of ['', 'x', '%%%', 'MS4y'])
      await expect(store.history(pune, { count: 1, after })).rejects.toMatchObject({
        name: 'FhirError',
        status: 400,
      })
  })
}
