/** How far away places are. https://hl7.org/fhir/R4/extension-location-distance.html */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Bundle } from 'fhir/r4'
import { createStructureValidator } from '../../../profiles/structure.ts'
import { type App, startApp } from '../../support/app.ts'
import { put } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
  const places: [string, number, number][] = [
    ['pune', 18.5204, 73.8567],
    ['mumbai', 19.076, 72.8777],
  ]
  for (const [id, latitude, longitude] of places)
    await put(app, { resourceType: 'Location', id, position: { latitude, longitude } })
  const inside = {
    resourceType: 'Location' as const,
    id: 'ward',
    position: { latitude: 18.53, longitude: 73.8567 },
  }
  await put(app, {
    resourceType: 'Location',
    id: 'house',
    position: { latitude: 50, longitude: 8 },
    contained: [inside],
    partOf: { reference: '#ward' },
  })
})
afterAll(() => app.close())

/** What is said of each match. */
async function said(query: string) {
  const { status, body } = await app.request.get(`/fhir/Location?${query}`)
  expect(status).toBe(200)
  expect(createStructureValidator().validate(body)).toEqual([])
  return Object.fromEntries(
    ((body as Bundle).entry ?? []).map(({ fullUrl, search }) => [
      fullUrl?.split('/').at(-1),
      (search?.extension ?? []).map(({ url, valueDistance }) => [
        url,
        `${valueDistance?.value} ${valueDistance?.code}`,
      ]),
    ]),
  )
}

const is = (value: string) => [['http://hl7.org/fhir/StructureDefinition/location-distance', value]]

test.each([
  ['near=18.5204|73.8567|130|km', { pune: is('0 km'), mumbai: is('120.152 km') }],
  ['near=18.5204|73.8567|130000|m', { pune: is('0 m'), mumbai: is('120152 m') }],
  ['near=18.5204|73.8567|80|[mi_us]', { pune: is('0 [mi_us]'), mumbai: is('74.6591 [mi_us]') }],
  ['near=18.5204|73.8567', { pune: is('0 km') }],
  ['near=19|73|1,18.5204|73.8567|130|km', { pune: is('0 km'), mumbai: is('15.384 km') }],
  [
    'near=18.5204|73.8567|130|km&near=19.076|72.8777|130|km',
    { pune: is('0 km'), mumbai: is('120.152 km') },
  ],
  ['near=18.5204|73.8567|1|m&_elements=name', { pune: is('0 m') }],
  ['name:missing=true&_id=pune', { pune: [] }],
])('%s tells how far it is', async (query, wanted) => {
  expect(await said(query)).toEqual(wanted)
})

test('of what is contained, where it comes itself', async () => {
  const near = 'near=18.53|73.8567|1|km&_contained=true'
  expect(await said(`${near}&_containedType=contained`)).toEqual({ 'house#ward': is('0 km') })
  expect(await said(near)).toEqual({ house: [] })
})
