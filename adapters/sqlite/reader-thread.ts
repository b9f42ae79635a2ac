/** A thread that searches, so that reads by id stay quick beside it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { type ConnectionOptions, connect } from './connection.ts'
import { type ReadCall, runRead } from './engine.ts'
import { packError } from './errors.ts'
import { slots } from './message.ts'

const port = parentPort as MessagePort
const { options, cancelled } = workerData as { options: ConnectionOptions; cancelled: Int32Array }
const connection = connect(options)

port.on('message', (message: { id: number; call: ReadCall } | 'close') => {
  if (message === 'close') {
    connection.close()
    port.postMessage('closed')
    port.close()
    return
  }
  const { id } = message
  try {
    connection.cancelWhen(() => Atomics.load(cancelled, id % slots) === id)
    const value = runRead(connection, message.call)
    port.postMessage({ answers: [{ id, value }] })
  } catch (error) {
    port.postMessage({ answers: [{ id, failure: packError(error) }] })
  }
})

port.postMessage('ready')
