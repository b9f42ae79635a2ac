/** By relevance. https://hl7.org/fhir/R4/search.html#sort */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { patient, put } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const says = (words: string): object => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${words}</div>`,
})

interface Answer {
  entry: { resource: { id: string }; search: object }[]
  link: { relation: string; url: string }[]
}

const idsOf = ({ entry }: Answer): string[] => entry.map(({ resource }) => resource.id)
const linkOf = ({ link }: Answer, name: string): string =>
  link.find(({ relation }) => relation === name)?.url.replace(/^.*(?=\/fhir\/)/, '') ?? ''

describe('a score', () => {
  test('is given where it is sorted by', async () => {
    await put(app, patient({ id: 'sc1', text: says('ague') }))
    await put(app, patient({ id: 'sc2', text: says('ague, ague') }))
    const { body } = await app.request.get('/fhir/Patient?_text=ague&_sort=_score')
    expect((body as Answer).entry.map(({ resource, search }) => [resource.id, search])).toEqual([
      ['sc2', { mode: 'match', score: 0.6667 }],
      ['sc1', { mode: 'match', score: 0.5 }],
    ])
  })

  test('is walked in pages, both ways', async () => {
    for (let n = 0; n < 7; n++)
      await put(app, patient({ id: `many${n}`, text: says('chill '.repeat((n % 3) + 1)) }))
    const wanted = ['many5', 'many2', 'many4', 'many1', 'many6', 'many3', 'many0']
    const pages: string[][] = []
    let last = ''
    for (let at = '/fhir/Patient?_text=chill&_sort=_score&_count=2'; at; ) {
      const { body } = await app.request.get(at)
      pages.push(idsOf(body))
      last = linkOf(body, 'previous')
      at = linkOf(body, 'next')
    }
    expect(pages.flat()).toEqual(wanted)
    const { body } = await app.request.get(last)
    expect(idsOf(body)).toEqual(wanted.slice(4, 6))
  })

  test('of what is contained is its own', async () => {
    const contained = [
      patient({ id: 'a', text: says('rigor') }),
      patient({ id: 'b', text: says('rigor, rigor, rigor') }),
    ]
    await put(app, { resourceType: 'Basic', id: 'held', code: { text: 'x' }, contained })
    await put(app, patient({ id: 'alone', text: says('rigor and rigor') }))
    const path = '/fhir/Patient?_content=rigor&_sort=_score&_contained=both'
    const itself = await app.request.get(`${path}&_containedType=contained`)
    expect(idsOf(itself.body)).toEqual(['b', 'alone', 'a'])
    expect(itself.body.entry[0].search).toEqual({ mode: 'match', score: 0.75 })
    const container = await app.request.get(path)
    expect(idsOf(container.body)).toEqual(['held', 'alone'])
  })
})
