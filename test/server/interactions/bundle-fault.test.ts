import { afterAll, beforeAll, expect, test } from '@jest/globals'
import pino from 'pino'
import type { Dispatch } from '../../../server/dispatch.ts'
import { bundle } from '../../../server/interactions/bundle.ts'
import { tenantOf } from '../../../server/tenants.ts'
import { type App, startApp } from '../../support/app.ts'
import { patient } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

/** Runs a Bundle where reading `Patient/asha` is a bug; answers its response, and what was logged. */
async function run(type: string, entry: object[]) {
  const lines: string[] = []
  const log = pino({}, { write: line => lines.push(line) })
  const dispatch: Dispatch = async (request, context) => {
    if (request.path[1] === 'asha') throw new TypeError('Asha has no name')
    return app.server.dispatch(request, context)
  }
  const { repository } = app.server
  const body = { resourceType: 'Bundle', type, entry }
  const request = {
    method: 'POST',
    path: [],
    query: [],
    headers: {},
    body,
    base: `${app.url}/fhir`,
  }
  const context = { ...app.server.makeContext('r-1'), tenant: tenantOf() }
  const answer = await bundle(request, context, { repository, dispatch, maxBundleEntries: 50, log })
  return { body: JSON.parse(answer.json ?? ''), lines }
}

const get = (url: string) => ({ request: { method: 'GET', url } })
const write = (id: string) => ({
  request: { method: 'PUT', url: `Patient/${id}` },
  resource: patient({ id }),
})

test.each(['batch', 'transaction'])(
  'a fault in one entry of a %s is its own 500, without data, and is logged',
  async type => {
    const ids = Array.from({ length: 40 }, (_, n) => `${type}${n}`)
    const { body, lines } = await run(type, [get('Patient/asha'), ...ids.map(write)])
    const [first, ...written] = body.entry
    expect(first).toEqual({
      response: {
        status: '500 Internal Server Error',
        outcome: {
          resourceType: 'OperationOutcome',
          issue: [
            { severity: 'error', code: 'exception', diagnostics: expect.stringContaining('r-1') },
          ],
        },
      },
    })
    expect(written.map((entry: any) => entry.response.status)).toEqual(ids.map(() => '201 Created'))
    for (const id of ids) expect((await app.request.get(`/fhir/Patient/${id}`)).status).toBe(200)
    expect(lines.map(line => JSON.parse(line))).toEqual([
      expect.objectContaining({ level: 50, request: 'r-1' }),
    ])
  },
)
