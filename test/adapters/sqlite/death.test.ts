/** Threads that die are real ones: the test holds on to them as they are made, to end them. */

import * as threads from 'node:worker_threads'
import { describe, expect, jest, test } from '@jest/globals'
import { createHealth } from '../../../server/health.ts'
import { change, found, pune, query, times, write } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const made: { file: string; worker: threads.Worker }[] = []
class Held extends threads.Worker {
  constructor(...given: ConstructorParameters<typeof threads.Worker>) {
    super(...given)
    made.push({ file: String(given[0]).split('/').at(-1) ?? '', worker: this })
  }
}
jest.unstable_mockModule('node:worker_threads', () => ({ ...threads, Worker: Held }))
const { openSqlite } = await import('../../../adapters/sqlite/store.ts')

const at = ownFolder('death')
let files = 0
async function open(readers = 1) {
  made.length = 0
  const file = at(`${++files}.db`)
  const again = () => openSqlite({ file, now: () => 1000, readers })
  const store = await again()
  const of = (name: string) => made.filter(each => each.file === name).map(each => each.worker)
  return { store, again, writer: of('writer-thread.ts')[0], searchers: of('reader-thread.ts') }
}

const stopped = expect.objectContaining({
  name: 'FhirError',
  status: 503,
  message: expect.stringMatching(/stopped: restart the server/),
})

const ways: [string, (worker: threads.Worker) => unknown][] = [
  ['ends', worker => worker.terminate()],
  // Not what the store sends: the thread meets an error of its own.
  ['throws', worker => worker.postMessage({ id: -1 })],
]

describe.each(ways)('when the thread that writes %s', (_, kill) => {
  test('what waits is refused, and no answer was a lie', async () => {
    const { store, again, writer } = await open()
    await write(store, pune, change('before'))
    const answers: Promise<unknown>[] = []
    for (let n = 0; n < 40; n++) {
      answers.push(write(store, pune, change(`p${n}`)))
      if (n === 20 && writer) void kill(writer)
      await new Promise(resolve => setImmediate(resolve))
    }
    const outcomes = await Promise.allSettled(answers)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toEqual(stopped)
    expect(outcomes.at(-1)).toMatchObject({ status: 'rejected' })
    await expect(write(store, pune, change('later'))).rejects.toEqual(stopped)
    expect(await store.read(pune, 'Patient', 'before')).toBeDefined()
    expect(await found(store, [{ kind: 'id', ids: ['before'] }])).toEqual(['before'])

    await store.close()
    const reopened = await again()
    for (const [n, { status }] of outcomes.entries())
      if (status === 'fulfilled')
        expect(await reopened.read(pune, 'Patient', `p${n}`)).toBeDefined()
    await write(reopened, pune, change('later'))
    await reopened.close()
  })

  test('the server is no longer ready', async () => {
    const { store, writer } = await open()
    const health = createHealth({ store, folder: undefined, minFreeDisk: 0 })
    expect(await health.ready()).toMatchObject({ ready: true })
    if (writer) await kill(writer)
    await expect(write(store, pune, change('a'))).rejects.toEqual(stopped)
    expect(await health.ready()).toEqual({
      ready: false,
      problems: ['the store cannot be written: the store has stopped: restart the server'],
    })
    await store.close()
  })
})

describe('when a thread that searches dies', () => {
  test('the others answer, and the server is no longer ready', async () => {
    const { store, searchers } = await open(2)
    await write(store, pune, change('a'))
    await searchers[0]?.terminate()
    for (const answer of await Promise.all(times(8, () => store.search(pune, query()))))
      expect(answer.versions).toHaveLength(1)
    await expect(store.check()).rejects.toMatchObject({ status: 503 })
    await write(store, pune, change('b'))
    await searchers[1]?.terminate()
    await expect(store.search(pune, query())).rejects.toEqual(stopped)
    expect(await store.read(pune, 'Patient', 'b')).toBeDefined()
    await store.close()
  })

  test('a search that it was given is refused', async () => {
    const { store, searchers } = await open()
    await write(store, pune, change('a'))
    const dying = searchers[0]?.terminate()
    await expect(store.search(pune, query())).rejects.toEqual(stopped)
    await dying
    await store.close()
  })
})
