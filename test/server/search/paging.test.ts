import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type App, startApp } from '../../support/app.ts'
import { patient, put, send } from '../../support/make.ts'

interface Page {
  ids: string[]
  links: Partial<Record<string, string>>
}

let app: App
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.close())

const names = ['Rao', 'Ärya', 'bose', 'Bose', 'शर्मा']
const person = (id: string, n: number, tag: string): object =>
  patient({
    id,
    meta: { tag: [{ code: tag }] },
    gender: n % 3 ? 'female' : 'male',
    ...(n % 5 ? { name: [{ family: names[n % names.length], given: [`G${n % 7}`] }] } : {}),
    ...(n % 4 ? { birthDate: `19${50 + (n % 20)}-0${1 + (n % 9)}-01` } : {}),
  })

async function pageAt(address: string): Promise<Page> {
  const { status, body } = await app.request.get(address.replace(app.url, ''))
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  const entries = (body.entry ?? []) as { resource: { id: string } }[]
  const links = (body.link as { relation: string; url: string }[]).map(
    ({ relation, url }) => [relation, url] as const,
  )
  return { ids: entries.map(({ resource }) => resource.id), links: Object.fromEntries(links) }
}

/** All pages from one on, in a direction; `between` goes on after each. */
async function walk(
  from: Page,
  relation: 'next' | 'previous',
  between: () => Promise<void>,
): Promise<Page[]> {
  const pages = [from]
  for (let page = from; page.links[relation]; pages.push(page)) {
    await between()
    page = await pageAt(page.links[relation] ?? '')
  }
  return pages
}

const idsOf = (pages: Page[]): string[] => pages.flatMap(({ ids }) => ids)

const sorts = [
  '_lastUpdated',
  '-_lastUpdated',
  'family',
  '-family',
  'birthdate',
  '-birthdate,family',
  'gender,-given,_id',
  '-_id',
  '',
]

test.each(['_tag=total&_total=accurate', '_total=accurate', ''])(
  'the total of %s is what the pages hold, while others write',
  async asked => {
    const write = (id: string) =>
      put(app, { resourceType: 'Person', id, meta: { tag: [{ code: 'total' }] } })
    for (const n of [0, 1, 2]) await write(`there-${n}`)
    for (const turn of [0, 1, 2, 3, 4]) {
      const [{ body }] = await Promise.all([
        app.request.get(`/fhir/Person?_count=2&${asked}`),
        ...Array.from({ length: 8 }, (_, n) => write(`${asked.length}-${turn}-${n}`)),
      ])
      const links = body.link as { relation: string; url: string }[]
      const first = await pageAt(links.find(({ relation }) => relation === 'next')?.url ?? '')
      const pages = await walk(first, 'next', async () => {})
      expect([turn, body.total]).toEqual([turn, 2 + idsOf(pages).length])
    }
  },
)

describe('pages hold what was there at the first, once, while others write', () => {
  test.each(sorts)('sorted by %s', async sort => {
    const tag = `t${sorts.indexOf(sort)}`
    const count = 40
    const there = Array.from({ length: count }, (_, n) => `${tag}-${n}`)
    for (const [n, id] of there.entries()) await put(app, person(id, n, tag))

    let turn = 0
    const deleted = new Set<string>()
    /** Another client creates, changes all by which is sorted, and deletes. */
    const others = async () => {
      turn++
      await put(app, person(`${tag}-new-${turn}`, turn * 7, tag))
      await put(app, person(`${tag}-${(turn * 11) % count}`, turn + 100, tag))
      await put(app, person(`${tag}-${(turn * 17 + 1) % count}`, 0, 'other'))
      const victim = `${tag}-${(turn * 13 + 2) % count}`
      deleted.add(victim)
      expect((await send(app, ['DELETE', `Patient/${victim}`])).status).toBeLessThan(300)
    }
    const query = `_tag=${tag}&_count=7${sort ? `&_sort=${sort}` : ''}`
    const first = await pageAt(`/fhir/Patient?${query}`)
    const order = idsOf(await walk(await pageAt(`/fhir/Patient?${query}`), 'next', async () => {}))
    expect([...order].sort()).toEqual([...there].sort())

    const forward = await walk(first, 'next', others)
    const seen = idsOf(forward)
    expect(new Set(seen).size).toBe(seen.length)
    expect(there.filter(id => !deleted.has(id) && !seen.includes(id))).toEqual([])
    expect(seen.filter(id => !there.includes(id))).toEqual([])
    expect(seen).toEqual(order.filter(id => seen.includes(id)))

    const last = forward.at(-1) ?? first
    const back = idsOf((await walk(last, 'previous', others)).reverse())
    expect(new Set(back).size).toBe(back.length)
    expect(there.filter(id => !deleted.has(id) && !back.includes(id))).toEqual([])
    expect(back).toEqual(order.filter(id => back.includes(id)))
  })
})

test.each(['_text=', '_content=', '_content=paddy NOT ', 'address:contains=', 'address:text='])(
  'pages by %s hold who said it at the first, also who says it no more or is gone',
  async asked => {
    const tag = `said${asked.length}`
    const word = asked.endsWith('NOT ') ? 'barley' : 'rice'
    const all = Array.from({ length: 40 }, (_, n) => `${tag}-${n}`)
    const says = (id: string, words: string) =>
      put(
        app,
        patient({
          id,
          address: [{ text: words }],
          text: {
            status: 'generated',
            div: `<div xmlns="http://www.w3.org/1999/xhtml">${words}</div>`,
          },
          meta: { tag: [{ code: tag }] },
        }),
      )
    const there = all.filter((_, n) => n % 2)
    for (const [n, id] of all.entries()) await says(id, `paddy ${n % 2 ? 'rice' : 'barley'}`)
    let turn = 0
    const others = async () => {
      turn++
      await says(`${tag}-new-${turn}`, 'paddy rice, and rice')
      await says(`${tag}-${(turn * 7) % all.length}`, 'paddy barley')
      await says(`${tag}-${(turn * 10) % all.length}`, 'paddy rice')
      await says(`${tag}-${(turn * 9 + 4) % all.length}`, 'nothing')
      await send(app, ['DELETE', `Patient/${tag}-${(turn * 11 + 20) % all.length}`])
    }
    const sort = asked.startsWith('_') ? '_score,_id' : '_id'
    const query = `_tag=${tag}&${encodeURI(asked)}${word}&_sort=${sort}&_count=3`
    const pages = await walk(await pageAt(`/fhir/Patient?${query}`), 'next', others)
    expect(idsOf(pages).sort()).toEqual([...there].sort())
    const back = await walk(pages.at(-1) as Page, 'previous', others)
    expect(idsOf(back).sort()).toEqual([...there].sort())
  },
)

test.each([1, 2, 3, 5, 10, 39, 40, 41])('pages of %i are all there are, both ways', async count => {
  const tag = 'sizes'
  if (count === 1) for (let n = 0; n < 40; n++) await put(app, person(`${tag}-${n}`, n, tag))
  const first = await pageAt(`/fhir/Patient?_tag=${tag}&_sort=family,-birthdate&_count=${count}`)
  const pages = await walk(first, 'next', async () => {})
  expect(pages).toHaveLength(Math.ceil(40 / count))
  expect(new Set(idsOf(pages)).size).toBe(40)
  const back = await walk(pages.at(-1) ?? first, 'previous', async () => {})
  expect(idsOf(back.reverse())).toEqual(idsOf(pages))
})
