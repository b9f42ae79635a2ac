/** Places of commits, as pages go by them. */
import { expect, test } from '@jest/globals'
import { createOrder } from '../../../adapters/mongo/order.ts'
import { linkLife } from '../../../adapters/mongo/sweep.ts'

test('a page that begins during the first write after a long time sees up to just before it', () => {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const slot = {
    number: () => 7,
    aloneSince: () => undefined,
    sure: async () => {},
    close: async () => {},
  }
  const order = createOrder({ at: clock.now, s: clock.now * 1000 }, { now: () => clock.now, slot })
  clock.now += 2 * linkLife
  const at = order.instant()
  const place = order.begin(at)
  clock.now += 50
  const seen = order.asOf(0)
  expect(seen).toBeGreaterThan((clock.now - linkLife) * 1000)
  const written = order.number(at * 1000)
  expect(written).toBeGreaterThan(seen)
  order.end(place, written)
  expect(order.asOf(0)).toBeGreaterThanOrEqual(written)
})
