import { expect } from '@jest/globals'
import type { Event, Store } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import { change, conflict, delhi, past, pune, query, times } from './material.ts'

const event = (id: string): Event => ({
  id,
  topic: 'resource',
  type: 'Patient',
  resource: id,
  version: 1,
})
const waiting = async (store: Store, limit = 1000) =>
  (await store.undelivered(limit)).map(each => each.event.id)

export function eventContract(claim: Claim): void {
  claim('are written with the changes, and come in the order of commits', async store => {
    expect(await waiting(store)).toEqual([])
    await Promise.all(
      times(40, n =>
        store.commit(n % 2 ? pune : delhi, () => ({
          changes: [change(`a${n}`)],
          events: [event(`a${n}`), event(`b${n}`)],
        })),
      ),
    )
    expect(await waiting(store)).toEqual(times(40, n => [`a${n}`, `b${n}`]).flat())
    expect(await waiting(store, 3)).toEqual(['a0', 'b0', 'a1'])
    expect((await store.undelivered(1))[0]?.event).toEqual(event('a0'))
  })

  claim('are not written where the changes were refused', async store => {
    const fails = store.commit(pune, () => ({
      changes: [change('a'), change('b', { replaces: 1 })],
      events: [event('x')],
    }))
    await expect(fails).rejects.toMatchObject(conflict('version', 'Patient/b'))
    const check = { query: query(), ids: ['nobody'], name: 'somebody' }
    const unmet = store.commit(pune, () => ({ changes: [], checks: [check], events: [event('y')] }))
    await expect(unmet).rejects.toMatchObject(conflict('check', 'somebody'))
    expect(await waiting(store)).toEqual([])
    expect(await past(store)).toEqual([])
  })

  claim('come again until they are done, and then no more', async store => {
    await store.commit(pune, () => ({ changes: [], events: times(5, n => event(`e${n}`)) }))
    const [first, , third] = await store.undelivered(5)
    await third?.done()
    expect(await waiting(store)).toEqual(['e0', 'e1', 'e3', 'e4'])
    await first?.done()
    await first?.done()
    expect(await waiting(store)).toEqual(['e1', 'e3', 'e4'])
    for (const { done } of await store.undelivered(5)) await done()
    expect(await waiting(store)).toEqual([])
    await store.commit(pune, () => ({ changes: [], events: [event('later')] }))
    expect(await waiting(store)).toEqual(['later'])
  })
}
