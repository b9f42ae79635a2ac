/** A search that nobody waits for any more. */
import { expect, test } from '@jest/globals'
import { startApp } from '../../support/app.ts'
import { ownFolder } from '../../support/folder.ts'
import { patient, put } from '../../support/make.ts'
import { lasting } from '../../support/stores.ts'

const at = ownFolder('leaving')

test.each([[[['gender', 'male']]], [[['_include', '*']]], [[['_summary', 'count']]]])(
  'is not answered: %j',
  async query => {
    const app = await startApp(lasting(at('data')))
    try {
      await put(app, patient({ id: 'a', gender: 'male' }))
      const context = { ...app.server.makeContext('x'), signal: AbortSignal.abort() }
      const request = {
        method: 'GET',
        path: ['Patient'],
        query: query as [string, string][],
        headers: {},
        base: 'http://127.0.0.1/fhir',
      }
      await expect(app.server.dispatch(request, context)).rejects.toThrow(/nobody waits/)
    } finally {
      await app.close()
    }
  },
)
