import { expect, test } from '@jest/globals'
import { startApp } from '../support/app.ts'
import { colourParameter } from '../support/colour.ts'
import { examples, invalidExamples, readExample } from '../support/examples.ts'
import { ownFolder } from '../support/folder.ts'
import { put } from '../support/make.ts'
import { runScript } from '../support/process.ts'
import { lasting } from '../support/stores.ts'

const at = ownFolder('check')

test('npm run check finds nothing where the server wrote, and says how much it looked at', async () => {
  const place = lasting(at('data'))
  const app = await startApp(place)
  const some = examples
    .filter(file => !invalidExamples[file])
    .map(file => JSON.parse(readExample(file)) as { resourceType: string; id?: string })
    .filter(({ id }) => id !== undefined)
    .slice(0, 100)
  for (const resource of some) await put(app, resource)
  for (const { resourceType, id } of some.slice(0, 40))
    await app.request.delete(`/fhir/${resourceType}/${id}`).expect(204)
  for (const resource of some.slice(20, 60)) await put(app, { ...resource, language: 'mr' })
  await put(app, { ...colourParameter, expression: 'Patient.gender' })
  await app.server.reindex.idle()
  await put(app, { resourceType: 'Patient', id: 'own', gender: 'male' })
  await app.close()
  const check = runScript('check', [], { PORT: '0', ...place })
  expect([await check.ended, check.output()]).toEqual([
    0,
    expect.stringMatching(/^looked at \d+ resources: all fits together\n$/),
  ])
}, 90_000)

test('npm run check with arguments says how it is used', async () => {
  const check = runScript('check', ['--all'])
  expect([await check.ended, check.output()]).toEqual([2, expect.stringMatching(/^npm run check /)])
})
