/** Links between the pages of a search. https://hl7.org/fhir/R4/http.html#paging */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createPageLinks } from '../../../server/search/page-links.ts'
import { type App, startApp } from '../../support/app.ts'
import { ownFolder } from '../../support/folder.ts'
import { numbered, put } from '../../support/make.ts'
import { lasting } from '../../support/stores.ts'

let app: App
const clock = { now: Date.UTC(2026, 10, 27) }
beforeAll(async () => {
  app = await startApp({}, () => clock.now)
  for (let n = 1; n <= 7; n++) await put(app, numbered(`${n}`, { id: `p${n}`, gender: 'female' }))
})
afterAll(() => app.close())

const search = '/fhir/Patient?gender=female&_count=2'
const linksOf = async (path: string): Promise<Record<string, string>> => {
  const { body } = await app.request.get(path)
  return Object.fromEntries(
    body.link.map(({ relation, url }: { relation: string; url: string }) => [
      relation,
      url.slice(app.url.length),
    ]),
  )
}
const idsOf = async (path: string): Promise<string[]> => {
  const { body } = await app.request.get(path)
  return body.entry.map(({ resource }: { resource: { id: string } }) => resource.id)
}
const next = async () => (await linksOf(search)).next ?? ''
const why = async (path: string) => {
  const { status, body } = await app.request.get(path)
  return `${status} ${body.issue?.[0]?.diagnostics}`
}

describe('links', () => {
  test('lead on and back to the first, but not to a last one', async () => {
    const first = await linksOf(search)
    expect(Object.keys(first)).toEqual(['self', 'first', 'next'])
    const second = await linksOf(first.next ?? '')
    expect(second.self).toBe(first.next)
    expect(second.first).toBe(first.self)
    expect(await idsOf(second.previous ?? '')).toEqual(await idsOf(search))
    expect(await linksOf('/fhir/Patient?_id=p1')).toEqual({ self: '/fhir/Patient?_id=p1' })
  })

  test('walk back as they walked on', async () => {
    const there: string[][] = []
    let last = search
    for (let at: string | undefined = search; at; at = (await linksOf(at)).next) {
      there.push(await idsOf(at))
      last = at
    }
    expect(there.map(page => page.length)).toEqual([2, 2, 2, 1])
    const back: string[][] = []
    for (let at: string | undefined = last; at; at = (await linksOf(at)).previous)
      back.unshift(await idsOf(at))
    expect(back).toEqual(there)
  })

  test('tell on each page the total of the first, whatever is deleted meanwhile', async () => {
    const tag = { meta: { tag: [{ code: 'total' }] } }
    for (let n = 0; n < 5; n++) await put(app, numbered(`t${n}`, { id: `t${n}`, ...tag }))
    const totals: unknown[] = []
    const ids: string[] = []
    let at: string | undefined = '/fhir/Patient?_tag=total&_count=2&_total=accurate'
    for (let n = 0; at; n++) {
      const { body } = await app.request.get(at)
      totals.push(body.total)
      ids.push(...(await idsOf(at)))
      expect(at).toMatch(/^[^%]*$/)
      at = (await linksOf(at)).next
      await app.request.delete(`/fhir/Patient/t${n}`)
    }
    expect(totals).toEqual([5, 5, 5])
    expect(ids).toHaveLength(5)
  })

  test('are short and need no escapes', async () => {
    const place = new URL(app.url + (await next())).searchParams.get('_page') ?? ''
    expect(place).toMatch(/^[\w.~-]{20,150}$/)
  })

  test.each([
    ['another value', (link: string) => link.replace('female', 'male')],
    ['another parameter', (link: string) => `${link}&active=true`],
    ['another _count', (link: string) => link.replace('_count=2', '_count=3')],
    ['another type', (link: string) => link.replace('Patient', 'Person')],
    ['a letter changed', (link: string) => link.replace(/.$/, last => (last === 'A' ? 'B' : 'A'))],
    ['a letter more', (link: string) => `${link}A`],
    ['nothing of it', (link: string) => link.replace(/_page=.*/, '_page=')],
    ['the place of the store alone', (link: string) => link.replace(/_page=.*/, '_page=MC4wLjA')],
  ])('with %s are refused', async (_, change) => {
    const changed = change(await next())
    expect(await why(changed)).toMatch(/^400 .*follow a link as it is/)
  })

  test('may be looked at in another way', async () => {
    expect((await app.request.get(`${await next()}&_pretty=true`)).status).toBe(200)
  })

  test('are good for an hour after the first page', async () => {
    const link = await next()
    clock.now += 3_500_000
    const onward = (await linksOf(link)).next ?? ''
    clock.now += 100_000
    expect((await app.request.get(onward)).status).toBe(200)
    clock.now += 1
    expect(await why(onward)).toBe('410 the link to this page is older than an hour: search again')
    expect((await app.request.get(search)).status).toBe(200)
  })
})

describe('the signature of a link', () => {
  const bound = { tenant: 'a', caller: 'x', search: 's' }
  const state = { place: { after: 'abc', inside: [{ name: 'Patient/1', step: 0 }] }, since: 5 }
  const links = createPageLinks(Buffer.alloc(32, 1))
  const link = links.print(state, bound)

  test('holds for whom it was made', () => {
    expect(links.read(link, bound, 10)).toEqual(state)
  })

  test.each([
    ['tenant', { ...bound, tenant: 'b' }],
    ['caller', { ...bound, caller: 'y' }],
    ['search', { ...bound, search: 't' }],
  ])('does not hold for another %s', (_, other) => {
    expect(() => links.read(link, other, 10)).toThrow(expect.objectContaining({ status: 400 }))
  })

  test('does not hold under another key', () => {
    const other = createPageLinks(Buffer.alloc(32, 2))
    expect(() => other.read(link, bound, 10)).toThrow(expect.objectContaining({ status: 400 }))
  })
})

const inFolder = ownFolder('links')

describe('the key of links', () => {
  const onward = async (settings: Record<string, string>, link?: string) => {
    const other = await startApp(settings)
    try {
      for (const id of ['a', 'b']) await put(other, numbered(id, { id }))
      const { status, body } = await other.request.get(link ?? '/fhir/Patient?_count=1')
      const url: string | undefined = body.link?.find(
        ({ relation }: { relation: string }) => relation === 'next',
      )?.url
      return { status, next: url?.slice(other.url.length) }
    } finally {
      await other.close()
    }
  }

  test('outlasts the server', async () => {
    const settings = lasting(inFolder('data'))
    const { next } = await onward(settings)
    expect((await onward(settings, next)).status).toBe(200)
  })

  test('can be set, for several processes', async () => {
    const settings = { LINK_KEY: 'k'.repeat(32) }
    const { next } = await onward(settings)
    expect((await onward(settings, next)).status).toBe(200)
    expect((await onward({ LINK_KEY: 'l'.repeat(32) }, next)).status).toBe(400)
  })
})
