import { describe, expect, test } from '@jest/globals'
import { openSqlite, type SqliteOptions } from '../../../adapters/sqlite/store.ts'
import { change, coded, found, pune, query, times, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('queue')
let files = 0
const open = (more: Partial<SqliteOptions> = {}) =>
  openSqlite({ file: at(`${++files}.db`), now: () => 1000, ...more })
const turn = () => new Promise(resolve => setImmediate(resolve))

describe('commits that wait', () => {
  test('in one turn share a batch', async () => {
    const sizes: number[] = []
    const store = await open({ onBatch: size => sizes.push(size) })
    await Promise.all(times(300, n => write(store, pune, change(`${n}`))))
    expect(sizes).toEqual([300])
    await store.close()
  })

  test('while another runs share the next batch', async () => {
    const sizes: number[] = []
    const store = await open({ onBatch: size => sizes.push(size) })
    const running = [write(store, pune, ...times(3000, n => change(`large${n}`)))]
    for (let n = 0; n < 50; n++) {
      await turn()
      running.push(write(store, pune, change(`${n}`)))
    }
    await Promise.all(running)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(51)
    expect(sizes.length).toBeLessThan(51)
    expect(await store.count(pune, query())).toBe(3050)
    await store.close()
  })

  test.each([true, false])('are refused when too many wait (threads: %s)', async threads => {
    const store = await open({ writeQueue: 1, threads })
    const [first, ...others] = times(5, n => write(store, pune, change(`${n}`)))
    const answers = await Promise.allSettled(others)
    for (const answer of answers)
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { status: 503, headers: { 'Retry-After': '1' } },
      })
    expect(await first).toHaveLength(1)
    expect(store.waiting().writes).toBe(0)
    expect(await write(store, pune, change('again'))).toHaveLength(1)
    expect(await found(store, [])).toEqual(['0', 'again'])
    await store.close()
  })

  test('are not failed by one of their batch, nor are new types lost by it', async () => {
    const file = at('beside.db')
    const store = await openSqlite({ file, now: () => 1000 })
    const task = (id: string) => write(store, pune, change(id, { type: 'Task' }))
    const double = { type: 'Device', rows: [coded('1'), coded('1')] }
    const wrong = write(store, pune, change('wrong', double))
    const answers = [task('a'), task('b'), wrong, task('c')]
    expect((await Promise.allSettled(answers)).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    await write(store, pune, change('d', { type: 'Device' }))
    await store.close()
    const again = await openSqlite({ file, now: () => 1000 })
    expect(await again.totals(pune)).toEqual({ Task: 3, Device: 1 })
    expect(await found(again, [], { types: ['Task'] })).toEqual(['a', 'b', 'c'])
    expect(await again.read(pune, 'Device', 'wrong')).toBeUndefined()
    await again.close()
  })

  test('are read by whoever is told of them, though reads of that turn began before', async () => {
    const store = await open()
    await write(store, pune, change('a'))
    await turn()
    const written = write(store, pune, change('b'))
    setImmediate(() => {
      void store.read(pune, 'Patient', 'b')
      // Meanwhile the other thread commits.
      for (const until = performance.now() + 50; performance.now() < until; );
    })
    await written
    expect(await store.read(pune, 'Patient', 'b')).toBeDefined()
    await store.close()
  })

  test('are counted until they are answered', async () => {
    const store = await open()
    const running = write(store, pune, change('a'))
    const search = store.search(pune, query())
    expect(store.waiting()).toEqual({ writes: 0, searches: 1 })
    await turn()
    expect(store.waiting().writes).toBe(1)
    await Promise.all([running, search])
    expect(store.waiting()).toEqual({ writes: 0, searches: 0 })
    await store.close()
  })
})

describe('searches', () => {
  test('are refused when too many wait', async () => {
    const store = await open({ searchQueue: 2, readers: 1 })
    await write(store, pune, change('a'))
    const answers = await Promise.allSettled(times(5, () => store.search(pune, query())))
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
      'rejected',
    ])
    expect(answers[4]).toMatchObject({ reason: { status: 429, headers: { 'Retry-After': '1' } } })
    expect(await found(store, [])).toEqual(['a'])
    await store.close()
  })

  test('of a request that was let in wait behind however many', async () => {
    const store = await open({ searchQueue: 2, readers: 1 })
    await write(store, pune, change('a'))
    const others = times(3, () => store.search(pune, query()).catch(({ status }) => status))
    const mine = times(3, () => store.search(pune, query(), { goesOn: true }))
    for (const { versions } of await Promise.all(mine)) expect(versions).toHaveLength(1)
    expect((await Promise.all(others)).filter(each => each === 429)).toHaveLength(1)
    await store.close()
  })

  test.each([true, false])('that take too long are ended (threads: %s)', async threads => {
    const store = await open({ searchTime: 0, threads, readers: 1 })
    await write(store, pune, ...times(2500, n => change(`${n}`, { rows: [coded(`${n}`)] })))
    const slow = query({ where: [{ kind: 'not', not: { kind: 'id', ids: ['none'] } }] })
    // No row matches these, so it is what they look at that counts.
    const noSystem = query({ where: [{ kind: 'token', param: 'identifier', system: '' }] })
    for (const ended of [
      store.count(pune, slow),
      store.search(pune, { ...slow, count: 3000 }),
      store.search(pune, noSystem),
      store.history(pune, { count: 3000 }),
    ])
      await expect(ended).rejects.toMatchObject({
        status: 503,
        message: expect.stringMatching(/takes too long: narrow it/),
        headers: { 'Retry-After': '5' },
      })
    expect(await found(store, [{ kind: 'id', ids: ['7'] }])).toEqual(['7'])
    expect((await store.history(pune, { count: 10 })).versions).toHaveLength(10)
    await store.close()
  })

  test('stop when nobody waits for them', async () => {
    const store = await open({ readers: 1 })
    for (let from = 0; from < 10_000; from += 5000)
      await write(
        store,
        pune,
        ...times(5000, n => {
          const text = `name ${from + n}`
          return change(`${from + n}`, {
            rows: [{ kind: 'string', param: 'name', text, exact: text }],
          })
        }),
      )
    const refused = { status: 503, message: expect.stringMatching(/nobody waits/) }
    const gone = AbortSignal.abort()
    await expect(store.search(pune, query(), { signal: gone })).rejects.toMatchObject(refused)
    await expect(store.count(pune, query(), { signal: gone })).rejects.toMatchObject(refused)

    // Each resource is asked 200 questions: it would take a long time.
    const pairs = query({
      where: times(2, n => ({
        kind: 'not',
        not: {
          kind: 'or',
          any: times(100, m => ({
            kind: 'string',
            param: 'name',
            text: `none ${n}${m}`,
            match: 'ends',
          })),
        },
      })),
    })
    const caller = new AbortController()
    const asked = store.count(pune, pairs, { signal: caller.signal })
    const waiting = found(store, [{ kind: 'id', ids: ['7'] }])
    setTimeout(() => caller.abort(), 50)
    await expect(asked).rejects.toMatchObject(refused)
    expect(await waiting).toEqual(['7'])
    expect(store.waiting().searches).toBe(0)
    await store.close()
  })
})
