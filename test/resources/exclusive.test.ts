import { expect, test } from '@jest/globals'
import { createExclusive } from '../../resources/exclusive.ts'

const tick = () => new Promise<void>(resolve => setImmediate(resolve))

test('work on one key runs one at a time, in the order it came', async () => {
  const exclusive = createExclusive()
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await tick()
    seen.push(`${name} ends`)
  }
  await Promise.all([exclusive(['a'], work('1')), exclusive(['a'], work('2'))])
  expect(seen).toEqual(['1 begins', '1 ends', '2 begins', '2 ends'])
})

test('work on different keys runs side by side', async () => {
  const exclusive = createExclusive()
  const seen: string[] = []
  const work = (name: string) => async () => {
    seen.push(`${name} begins`)
    await tick()
    seen.push(`${name} ends`)
  }
  await Promise.all([exclusive(['a'], work('1')), exclusive(['b'], work('2'))])
  expect(seen).toEqual(['1 begins', '2 begins', '1 ends', '2 ends'])
})

test('callers that share keys in other orders never wait for each other for ever', async () => {
  const exclusive = createExclusive()
  let running = 0
  const work = async () => {
    running++
    expect(running).toBe(1)
    await tick()
    running--
    return 'done'
  }
  const all = Array.from({ length: 40 }, (_, n) =>
    exclusive(n % 2 ? ['a', 'b', 'c'] : ['c', 'b', 'a'], work),
  )
  expect(await Promise.all(all)).toEqual(Array.from({ length: 40 }, () => 'done'))
})

test('a failure reaches its caller and frees the key', async () => {
  const exclusive = createExclusive()
  const fails = exclusive(['a'], () => Promise.reject(new Error('no')))
  const next = exclusive(['a'], async () => 'next')
  await expect(fails).rejects.toThrow('no')
  expect(await next).toBe('next')
  expect(await exclusive(['a'], async () => 'again')).toBe('again')
})
