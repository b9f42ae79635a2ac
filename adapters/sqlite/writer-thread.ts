/** The one thread that writes. What waits in its port is committed together. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { connect } from './connection.ts'
import { createWriteEngine, type WriteCall } from './engine.ts'
import { packError } from './errors.ts'
import type { PackedCommit } from './message.ts'

type Request = { place: number; call: WriteCall }

const port = parentPort as MessagePort
const connection = connect(workerData.options)
const engine = createWriteEngine(connection)

/** Commits taken into one transaction of the database. */
const most = 512
/** After this long without a write (ms) the log is emptied, so that it takes no disk. */
const idle = 1000
let timer: NodeJS.Timeout | undefined

port.on('message', (first: Request | 'close') => {
  const queue: (Request | 'close')[] = [first]
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
    queue.push(next.message as Request | 'close')
    if (queue.length >= most) break
  }
  let commits: { place: number; commits: PackedCommit[] }[] = []
  const flush = () => {
    if (commits.length) answerCommits(commits)
    commits = []
  }
  for (const message of queue) {
    if (message === 'close') {
      flush()
      close()
      return
    }
    if (message.call.do === 'commit')
      commits.push({ place: message.place, commits: message.call.commits })
    else {
      flush()
      answer(message)
    }
  }
  flush()
})

function answerCommits(messages: { place: number; commits: PackedCommit[] }[]): void {
  const started = performance.now()
  const all = messages.flatMap(({ commits }) => commits)
  const results = engine.run({ do: 'commit', commits: all }) as unknown[]
  const batch = { size: all.length, ms: performance.now() - started }
  let from = 0
  const answers = messages.map(({ place, commits }) => {
    const value = results.slice(from, from + commits.length)
    from += commits.length
    return { place, value }
  })
  port.postMessage({ answers, batch })
  rest()
}

function answer({ place, call }: Request): void {
  Promise.resolve()
    .then(() => engine.run(call))
    .then(
      value => port.postMessage({ answers: [{ place, value }] }),
      error => port.postMessage({ answers: [{ place, failure: packError(error) }] }),
    )
}

function rest(): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    try {
      engine.run({ do: 'checkpoint' })
    } catch {
      // A reader is in the way or the disk is full: the next rest tries again.
    }
  }, idle)
  timer.unref()
}

function close(): void {
  clearTimeout(timer)
  try {
    engine.run({ do: 'checkpoint' })
  } catch {
    // What is in the log is safe there too.
  }
  connection.close()
  port.postMessage('closed')
  port.close()
}

port.postMessage('ready')
