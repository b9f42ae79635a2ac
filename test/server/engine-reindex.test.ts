/** The index of an expression beyond the compiler, through the end of the program. */
import { expect, test } from '@jest/globals'
import { ownFolder } from '../support/folder.ts'
import { ownParameter } from '../support/make.ts'
import { call, runScript, startServer } from '../support/process.ts'
import { lasting } from '../support/stores.ts'

const inFolder = ownFolder('engine-reindex')
const patients = 3_000

const parameter = ownParameter('called', 'token', 'Patient.name.given.first().lower()')

test('it goes on where it was after kill -9, and the commands know it', async () => {
  const place = lasting(inFolder('data'))
  let server = await startServer(place)
  const ask = () => call(`${server.url}/Patient?called=asha&_summary=count`, 'GET')
  try {
    for (let from = 0; from < patients; from += 500) {
      const entry = Array.from({ length: 500 }, (_, n) => ({
        resource: { resourceType: 'Patient', id: `p${from + n}`, name: [{ given: ['Asha'] }] },
        request: { method: 'PUT', url: `Patient/p${from + n}` },
      }))
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
      expect((await call(server.url, 'POST', bundle)).status).toBe(200)
    }
    const put = await call(`${server.url}/SearchParameter/called`, 'PUT', parameter)
    expect(put.status).toBe(201)
    expect((await ask()).status).toBe(422)
    server.child.kill('SIGKILL')
    await server.ended

    server = await startServer(place)
    let answer = await ask()
    for (; answer.status === 422; answer = await ask())
      await new Promise(resolve => setTimeout(resolve, 20))
    expect(answer.body).toMatchObject({ total: patients })
    await server.stop()
    const check = runScript('check', [], place)
    expect([await check.ended, check.output()]).toEqual([0, expect.stringContaining('all fits')])
  } finally {
    server.child.kill('SIGKILL')
    await server.ended
  }
})
