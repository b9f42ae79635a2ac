/** The files of the threads, spoken to over a channel, without their threads. */
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import * as threads from 'node:worker_threads'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { makeLeft } from '../../../adapters/sqlite/callers.ts'
import { connect } from '../../../adapters/sqlite/connection.ts'
import { packCommit } from '../../../adapters/sqlite/message.ts'
import { migrate } from '../../../adapters/sqlite/schema.ts'
import { startThread } from '../../../adapters/sqlite/thread.ts'
import { change, pune, query, times } from '../../contract/store/material.ts'
import { ownFolder } from '../../support/folder.ts'

const at = ownFolder('worker')
let files = 0
let port: threads.MessagePort
afterEach(() => port.close())

interface Answers {
  answers: { place: number; value?: unknown; failure?: unknown }[]
  batch?: { size: number }
}

/** Runs a thread's file on a database, and gives what it says, in order. */
async function run(name: 'writer-thread' | 'reader-thread', file = at(`${++files}.db`)) {
  const options = { file, readOnly: false }
  const prepared = connect(options)
  migrate(prepared.db, file)
  prepared.close()
  const channel = new threads.MessageChannel()
  port = channel.port2
  jest.resetModules()
  jest.unstable_mockModule('node:worker_threads', () => ({
    ...threads,
    parentPort: channel.port1,
    workerData: {
      options: { ...options, readOnly: name === 'reader-thread' },
      left: makeLeft(),
    },
  }))
  const said: unknown[] = []
  let heard: () => void = () => {}
  port.on('message', message => {
    said.push(message)
    heard()
  })
  const hear = async (count: number) => {
    while (said.length < count)
      await new Promise<void>(resolve => {
        heard = resolve
      })
    return said.slice(0, count) as Answers[]
  }
  await import(`../../../adapters/sqlite/${name}.ts`)
  expect(await hear(1)).toEqual(['ready'])
  return { file, hear, post: (message: unknown) => port.postMessage(message) }
}

const commit = (place: number, ...names: string[]) => ({
  place,
  call: {
    do: 'commit',
    commits: names.map(name => packCommit(pune, 1000, { changes: [change(name)] })),
  },
})

describe('the thread that writes', () => {
  test('takes what waits together, and answers each in its order', async () => {
    const { hear, post } = await run('writer-thread')
    post(commit(1, 'a', 'b'))
    post(commit(2, 'a', 'c'))
    post({ place: 3, call: { do: 'check' } })
    post(commit(4, 'd'))
    const [, first, second, third] = await hear(4)
    const answers = [first, second, third].flatMap(message => message?.answers ?? [])
    const of = (place: number) => answers.find(answer => answer.place === place)
    expect(first?.batch?.size).toBe(4)
    expect(of(1)?.value).toEqual([{ seqs: [1] }, { seqs: [2] }])
    expect(of(2)?.value).toEqual([
      { failure: { kind: 'conflict', reason: 'version', on: 'Patient/a' } },
      { seqs: [3] },
    ])
    expect(of(3)).toEqual({ place: 3, value: undefined })
    expect(of(4)?.value).toEqual([{ seqs: [4] }])
  })

  test('tells what failed, and goes on', async () => {
    const { hear, post } = await run('writer-thread')
    const torn = packCommit(pune, 1000, { changes: [change('x')] })
    const row = ['token', 'identifier', '', 'code', '', '', '']
    const [broken] = torn.changes
    if (broken) broken.add = [...row, ...row]
    const [beside] = commit(0, 'beside').call.commits
    post({ place: 1, call: { do: 'commit', commits: [torn, beside] } })
    const [, message] = await hear(2)
    expect(message?.answers[0]?.value).toEqual([
      {
        failure: expect.objectContaining({ kind: 'bug', message: expect.stringMatching(/UNIQUE/) }),
      },
      { seqs: [1] },
    ])
    post({ place: 2, call: { do: 'delivered', seq: [1] } })
    const [, , failed] = await hear(3)
    expect(failed?.answers[0]).toMatchObject({ place: 2, failure: { kind: 'bug' } })
    post(commit(3, 'after'))
    const [, , , after] = await hear(4)
    expect(after?.answers[0]?.value).toEqual([{ seqs: [2] }])
  })

  test('empties its log when nothing is written for a while, and at the end', async () => {
    const { file, hear, post } = await run('writer-thread')
    const size = () => statSync(`${file}-wal`).size
    post(commit(1, ...times(50, n => `${n}`)))
    await hear(2)
    expect(size()).toBeGreaterThan(0)
    while (size() > 0) await new Promise(resolve => setTimeout(resolve, 50))
    post(commit(2, 'more'))
    post('close')
    expect((await hear(4)).at(-1)).toBe('closed')
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })).toBeUndefined()
  })

  test('writes on at once while a search keeps its log from being emptied', async () => {
    const { file, hear, post } = await run('writer-thread')
    post(commit(1, 'a'))
    await hear(2)
    const reader = new DatabaseSync(file, { readOnly: true })
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM body').get()
    post({ place: 2, call: { do: 'checkpoint' } })
    post(commit(3, 'b'))
    const answers = (await hear(4)).flatMap(said => said?.answers ?? [])
    expect(answers.find(({ place }) => place === 3)?.value).toEqual([{ seqs: [2] }])
    reader.close()
    post('close')
    expect((await hear(5)).at(-1)).toBe('closed')
    // Less than the five seconds for which a statement waits.
  }, 4500)
})

describe('the thread that searches', () => {
  test('answers, tells what failed, and ends when asked', async () => {
    const { hear, post } = await run('reader-thread')
    post({ place: 1, call: { do: 'totals', tenant: pune } })
    post({ place: 2, call: { do: 'search', tenant: pune, query: query({ after: 'x' }), ms: 1000 } })
    post({ place: 3, call: { do: 'undelivered', slice: { count: 1 } } })
    post('close')
    const [, one, two, three, end] = await hear(5)
    expect(one?.answers).toEqual([{ place: 1, value: {} }])
    expect(two?.answers).toMatchObject([{ place: 2, failure: { kind: 'fhir', status: 400 } }])
    expect(three?.answers).toEqual([{ place: 3, value: [] }])
    expect(end).toBe('closed')
  })
})

test('a thread that cannot open its file says so at the start', async () => {
  const options = { file: at('none/none.db'), readOnly: true }
  await expect(startThread('reader-thread.ts', options)).rejects.toThrow(/unable to open/)
})
