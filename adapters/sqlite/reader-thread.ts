/** A thread that searches, so that reads by id stay quick beside it. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { connect } from './connection.ts'
import { type ReadCall, runRead } from './engine.ts'
import { packError } from './errors.ts'

const port = parentPort as MessagePort
const connection = connect(workerData)

port.on('message', (message: { id: number; call: ReadCall } | 'close') => {
  if (message === 'close') {
    connection.close()
    port.postMessage('closed')
    port.close()
    return
  }
  try {
    const value = runRead(connection, message.call)
    port.postMessage({ answers: [{ id: message.id, value }] })
  } catch (error) {
    port.postMessage({ answers: [{ id: message.id, failure: packError(error) }] })
  }
})

port.postMessage('ready')
