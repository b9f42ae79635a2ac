/** A thread that searches, so that reads by id stay quick beside it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { hasLeft } from './callers.ts'
import { type ConnectionOptions, connect } from './connection.ts'
import { type ReadCall, runRead } from './engine.ts'
import { packError } from './errors.ts'

const port = parentPort as MessagePort
const { options, left } = workerData as { options: ConnectionOptions; left: Int32Array }
const connection = connect(options)

port.on('message', (message: { place: number; call: ReadCall } | 'close') => {
  if (message === 'close') {
    connection.close()
    port.postMessage('closed')
    port.close()
    return
  }
  const { place } = message
  try {
    connection.cancelWhen(() => hasLeft(left, place))
    const value = runRead(connection, message.call)
    port.postMessage({ answers: [{ place, value }] })
  } catch (error) {
    port.postMessage({ answers: [{ place, failure: packError(error) }] })
  }
})

port.postMessage('ready')
