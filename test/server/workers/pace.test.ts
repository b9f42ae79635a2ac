import { expect, test } from '@jest/globals'
import { createPace } from '../../../server/workers/pace.ts'

test('each start waits longer than the one before, until one has taken requests for long', () => {
  let now = 0
  const pace = createPace(() => now)
  const pauses = Array.from({ length: 9 }, () => pace.pause())
  expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  pace.began()
  now += 29_000
  expect(pace.pause()).toBe(30_000)
  // It took long to start, and never took a request.
  now += 60_000
  expect(pace.pause()).toBe(30_000)
  pace.began()
  now += 31_000
  expect([pace.pause(), pace.pause()]).toEqual([250, 500])
})
