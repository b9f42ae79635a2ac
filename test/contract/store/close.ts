import { expect, test } from '@jest/globals'
import type { Store } from '../../../resources/store.ts'
import type { Open } from '../store.ts'
import { change, pune, query, scanned, times, write } from './material.ts'

const refused = expect.objectContaining({
  name: 'FhirError',
  status: 503,
  message: expect.stringMatching(/closed/),
})

const calls: [string, (store: Store) => Promise<unknown>][] = [
  ['commit', store => write(store, pune, change('z'))],
  ['read', store => store.read(pune, 'Patient', 'a')],
  ['history', store => store.history(pune, { count: 1 })],
  ['search', store => store.search(pune, query())],
  ['count', store => store.count(pune, query())],
  ['scan', store => scanned(store, pune, 'Patient')],
  ['totals', store => store.totals(pune)],
  ['undelivered', store => store.undelivered(1)],
  ['check', store => store.check()],
]

export function closeContract(open: Open): void {
  const start = () => open(() => Date.UTC(2026, 0, 1))

  test('an open store can be written, and says so', async () => {
    const store = await start()
    await expect(store.check()).resolves.toBeUndefined()
    await store.close()
  })

  test('every call after it is refused and says why', async () => {
    const store = await start()
    const event = { id: 'e', topic: 't', type: 'Patient', resource: 'a', version: 1 }
    await store.commit(pune, () => ({ changes: [change('a'), change('b')], events: [event] }))
    const [waiting] = await store.undelivered(1)
    const scan = store.scan(pune, 'Patient')[Symbol.asyncIterator]()
    expect(await scan.next()).toMatchObject({ done: false })
    await store.close()
    for (const [, call] of calls) await expect(call(store)).rejects.toEqual(refused)
    await expect(waiting?.done()).rejects.toEqual(refused)
    await expect(scan.next()).rejects.toEqual(refused)
  })

  test('what was asked before it is answered', async () => {
    const store = await start()
    await write(store, pune, change('a'))
    const commits = times(50, n => write(store, pune, change(`a${n}`)))
    const searches = times(20, () => store.search(pune, query()))
    const done = store.close()
    const late = write(store, pune, change('late'))
    await expect(late).rejects.toEqual(refused)
    for (const versions of await Promise.all(commits)) expect(versions).toHaveLength(1)
    for (const { versions } of await Promise.all(searches)) expect(versions[0]?.id).toBe('a')
    await done
  })

  test('a second one is as good as the first', async () => {
    const store = await start()
    const both = [store.close(), store.close()]
    await Promise.all(both)
    await store.close()
  })
}
