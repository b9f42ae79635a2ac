/** A bare Express route that answers a text of so many bytes: what a server on Express can reach at most. */
import type { AddressInfo } from 'node:net'
import express from 'express'

const text = JSON.stringify({
  resourceType: 'Observation',
  note: 'x'.repeat(Number(process.argv[2])),
})
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.get('/:type/:id', (_request, response) => {
  response.type('application/fhir+json').send(text)
})
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
process.on('SIGTERM', () => process.exit(0))
