import { expect, jest, test } from '@jest/globals'
import { createCallers, hasLeft, makeLeft } from '../../../adapters/sqlite/callers.ts'

const caller = () => ({ resolve: jest.fn(), reject: jest.fn() })

test('the place of a call that was answered is used again', () => {
  const callers = createCallers(makeLeft())
  const [first, second, third] = [caller(), caller(), caller()]
  const place = callers.add(first)
  expect(callers.add(second)).not.toBe(place)
  expect(callers.take(place)).toBe(first)
  expect(callers.add(third)).toBe(place)
  expect(callers.waiting()).toBe(2)
})

test('whoever left is not answered, and keeps its place until the thread is done with it', () => {
  const left = makeLeft()
  const callers = createCallers(left)
  const place = callers.add(caller())
  callers.leave(place)
  expect([hasLeft(left, place), callers.waiting()]).toEqual([true, 0])
  expect(callers.add(caller())).not.toBe(place)
  expect(callers.take(place)).toBeUndefined()
  expect(callers.add(caller())).toBe(place)
  expect(hasLeft(left, place)).toBe(false)
})

test('more calls than can be stopped are answered all the same', () => {
  const left = makeLeft()
  const callers = createCallers(left)
  const all = Array.from({ length: left.length + 2 }, caller)
  const places = all.map(callers.add)
  const last = places.at(-1) ?? 0
  callers.leave(last)
  expect([hasLeft(left, last), hasLeft(left, last - 1)]).toEqual([false, false])
  expect(callers.take(last)).toBeUndefined()
  expect(callers.take(last - 1)).toBe(all.at(-2))
  expect(callers.clear()).toEqual(all.slice(0, -2))
  expect(callers.waiting()).toBe(0)
})
