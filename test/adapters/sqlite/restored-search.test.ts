/** What is found before a restart, a backup or its restoration is found after it. */
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, test } from '@jest/globals'
import type { Bundle } from 'fhir/r4'
import { backup, restore } from '../../../server/compose.ts'
import { readConfig } from '../../../server/config.ts'
import { type App, startApp } from '../../support/app.ts'
import { colour, colourParameter as parameter } from '../../support/colour.ts'
import { ownFolder } from '../../support/folder.ts'
import { put } from '../../support/make.ts'

const at = ownFolder('restored')
const place = (name: string) => ({ DATA_DIR: at(name), STORE_URL: '' })
const patient = (id: string, code: string) => ({
  resourceType: 'Patient',
  id,
  name: [{ family: `Bhattacharya ${id}` }],
  extension: [{ url: colour, valueCode: code }],
  text: {
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml">Seen with ${code} papers</div>`,
  },
})

const idsOf = async (app: App, query: string): Promise<string[]> => {
  const { body } = await app.request.get(`/fhir/Patient?${query}`).expect(200)
  return ((body as Bundle).entry ?? []).map(({ resource }) => resource?.id ?? '')
}
const nextOf = async (app: App): Promise<string> => {
  const { body } = await app.request.get('/fhir/Patient?colour=red&_sort=name&_count=1').expect(200)
  const { pathname, search } = new URL(
    (body as Bundle).link?.find(({ relation }) => relation === 'next')?.url ?? '',
  )
  return pathname + search
}

async function finds(app: App, expected: string[]): Promise<void> {
  for (const query of [
    'colour=red',
    '_text=red papers',
    'colour:not=blue',
    'name:contains=tacha',
    '_content=red',
  ])
    expect([query, (await idsOf(app, `${query}&_sort=_id`)).filter(id => id !== 'b')]).toEqual([
      query,
      expected,
    ])
  expect(await idsOf(app, 'colour=blue')).toEqual(['b'])
}

function intact(file: string): void {
  const db = new DatabaseSync(file)
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
  for (const table of ['words', 'part'])
    db.exec(`INSERT INTO ${table}(${table}) VALUES ('integrity-check')`)
  db.close()
}

const apps: App[] = []
afterAll(async () => {
  for (const app of apps) await app.close().catch(() => {})
})
const start = async (name: string): Promise<App> => {
  const app = await startApp(place(name))
  apps.push(app)
  return app
}

test('own parameters, texts and links outlast a restart, and a backup that is restored', async () => {
  let app = await start('live')
  for (const id of ['a', 'c', 'd']) await put(app, patient(id, 'red'))
  await put(app, patient('b', 'blue'))
  await put(app, parameter)
  await app.server.reindex.idle()
  await put(app, patient('d', 'green'))
  await put(app, patient('d', 'red'))
  await finds(app, ['a', 'c', 'd'])
  const next = await nextOf(app)

  await app.close()
  app = await start('live')
  await finds(app, ['a', 'c', 'd'])
  const { body } = await app.request.get(next).expect(200)
  expect((body as Bundle).entry?.map(({ resource }) => resource?.id)).toEqual(['c'])

  await backup(readConfig(place('live')), at('one.db'), () => {})
  await put(app, patient('later', 'red'))
  restore(readConfig(place('copy')), at('one.db'))
  const copy = await start('copy')
  await finds(copy, ['a', 'c', 'd'])
  await copy.request.get(next).expect(400)
  await put(copy, patient('a', 'blue'))
  expect(await idsOf(copy, 'colour=red&_sort=_id')).toEqual(['c', 'd'])
  expect(await idsOf(copy, '_text=red&_sort=_id')).toEqual(['c', 'd'])
  await copy.close()
  await app.close()
  for (const name of ['live', 'copy']) intact(`${at(name)}/nidaan.db`)
})

test('a link from before a restoration means commits that are no more, so it is refused', async () => {
  let app = await start('same')
  for (const id of ['a', 'c']) await put(app, patient(id, 'red'))
  await backup(readConfig(place('same')), at('two.db'), () => {})
  for (const id of ['d', 'e']) await put(app, patient(id, 'red'))
  const { body } = await app.request.get('/fhir/Patient?_count=1').expect(200)
  const next = (body as Bundle).link?.find(({ relation }) => relation === 'next')?.url ?? ''
  const { pathname, search } = new URL(next)
  await app.close()
  restore(readConfig(place('same')), at('two.db'))
  app = await start('same')
  for (const id of ['f', 'g', 'h']) await put(app, patient(id, 'red'))
  await app.request.get(pathname + search).expect(400)
})
