/** A tenant's own parameters wherever the search language takes one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Bundle } from 'fhir/r4'
import { type App, startApp } from '../support/app.ts'
import { ownParameter as parameter, put } from '../support/make.ts'

const at = (name: string) => `http://example.org/${name}`
const extension = (name: string) => `Patient.extension('${at(name)}').value`

let app: App
beforeAll(async () => {
  app = await startApp()
  const colour = (code: string, display: string) => ({
    url: at('colour'),
    valueCodeableConcept: { coding: [{ system: at('colours'), code, display }] },
  })
  const guide = (id: string) => ({
    url: at('guide'),
    valueReference: { reference: `Practitioner/${id}` },
  })
  const weight = (value: number) => ({
    url: at('weight'),
    valueQuantity: { value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
  })
  await put(app, { resourceType: 'Practitioner', id: 'rao', name: [{ family: 'Rao' }] })
  await put(app, { resourceType: 'Practitioner', id: 'sen', name: [{ family: 'Sen' }] })
  await put(app, {
    resourceType: 'CodeSystem',
    url: at('colours'),
    id: 'colours',
    status: 'active',
    content: 'complete',
    concept: [{ code: 'warm', concept: [{ code: 'red' }, { code: 'pink' }] }, { code: 'blue' }],
  })
  const filter = [{ property: 'concept', op: 'descendent-of', value: 'warm' }]
  await put(app, {
    resourceType: 'ValueSet',
    url: at('warm'),
    id: 'warm',
    status: 'active',
    compose: { include: [{ system: at('colours'), filter }] },
  })
  await put(app, {
    resourceType: 'Patient',
    id: 'a',
    extension: [colour('red', 'Bright red'), guide('rao'), weight(60)],
  })
  await put(app, {
    resourceType: 'Patient',
    id: 'b',
    extension: [colour('blue', 'Sky'), guide('sen')],
  })
  await put(app, parameter('colour', 'token', extension('colour')))
  await put(app, parameter('guide', 'reference', extension('guide'), { target: ['Practitioner'] }))
  await put(app, parameter('weight', 'quantity', extension('weight')))
  await put(app, parameter('nick', 'string', "Patient.name.where(use='nickname').text"))
  await put(app, parameter('revision', 'token', 'Resource.meta.versionId', { base: ['Resource'] }))
  const domain = { base: ['DomainResource'] }
  await put(app, parameter('told', 'token', 'DomainResource.text.status', domain))
  await app.server.reindex.idle()
  await put(app, {
    resourceType: 'Patient',
    id: 'c',
    text: { status: 'additional', div: '<div xmlns="http://www.w3.org/1999/xhtml">Chandu</div>' },
    name: [{ use: 'nickname', text: 'Chandu' }],
    extension: [colour('pink', 'Rose'), guide('rao'), weight(40)],
  })
})
afterAll(() => app.close())

test.each([
  ['Patient?colour=red', ['a']],
  [`Patient?colour=${at('colours')}|blue`, ['b']],
  ['Patient?colour=red,blue', ['a', 'b']],
  ['Patient?colour=red&guide=rao', ['a']],
  ['Patient?colour:not=red', ['b', 'c']],
  [`Patient?colour:below=${at('colours')}|warm`, ['a', 'c']],
  ['Patient?colour:text=bright', ['a']],
  ['Patient?weight=40000|http://unitsofmeasure.org|g', ['c']],
  ['Patient?colour=red&_include=Patient:guide', ['a', 'rao']],
  ['Practitioner?_id=sen&_revinclude=Patient:guide', ['b', 'sen']],
  [`Patient?colour:in=${at('warm')}`, ['a', 'c']],
  [`Patient?colour:not-in=${at('warm')}`, ['b']],
  ['Patient?nick:missing=true', ['a', 'b']],
  ['Patient?nick:missing=false', ['c']],
  ['Patient?weight:missing=true', ['b']],
  ['Patient?nick=chan', ['c']],
  ['Patient?nick:contains=andu', ['c']],
  ['Patient?nick:exact=Chandu', ['c']],
  ['Patient?weight=gt50', ['a']],
  ['Patient?guide.family=rao', ['a', 'c']],
  ['Patient?guide:Practitioner.family=sen', ['b']],
  ['Practitioner?_has:Patient:guide:colour=blue', ['sen']],
  ['Patient?told=additional', ['c']],
  ['?_type=Patient,Practitioner&told=additional', ['c']],
  ['?revision=1&_id=a,rao', ['a', 'rao']],
  ['?_filter=revision eq 1 and _id eq a', ['a']],
  ['?_type=Patient&revision=1&_id=a,rao', ['a']],
  ['?_sort=revision&_id=a,rao', ['a', 'rao']],
  ['Patient?_filter=colour eq red or nick sw chan', ['a', 'c']],
] as const)('%s', async (query, ids) => {
  const { status, body } = await app.request.get(`/fhir/${query}`)
  expect([status, JSON.stringify(status === 200 ? '' : body)]).toEqual([200, '""'])
  const entry = (body as Bundle).entry ?? []
  expect(entry.map(({ resource }) => resource?.id).toSorted()).toEqual(ids)
})

test.each([
  ['Patient?_sort=weight', ['c', 'a', 'b']],
  ['Patient?_sort=colour', ['b', 'c', 'a']],
  ['Patient?_sort=-colour,weight', ['a', 'c', 'b']],
  ['Patient?_sort=-weight', ['a', 'c', 'b']],
  ['Patient?_sort=nick,-weight', ['c', 'a', 'b']],
])('%s', async (query, ids) => {
  const { body } = await app.request.get(`/fhir/${query}`).expect(200)
  expect((body as Bundle).entry?.map(({ resource }) => resource?.id)).toEqual(ids)
})

test('of what is not there the answer names what is near', async () => {
  const { body } = await app.request.get('/fhir/Patient?color=red').expect(400)
  expect(JSON.stringify(body)).toContain('colour')
})

test('one of every resource is listed for searches on all types', async () => {
  const [rest] = (await app.request.get('/fhir/metadata')).body.rest
  const names = rest.searchParam.map(({ name }: { name: string }) => name)
  expect(names).toContain('revision')
  expect(names).not.toContain('told')
})
