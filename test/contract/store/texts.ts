/** Pages of those who said something at the first one, while they say something else, or nothing, or are gone. */
import { expect } from '@jest/globals'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Change, Extract, Page, Row, Store } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import {
  change,
  coded,
  deletion,
  extractOf,
  found,
  idsOf,
  next,
  pune,
  query,
  times,
  write,
} from './material.ts'

const saying = (text: string): Extract => ({
  ...extractOf([
    coded('all'),
    { kind: 'label', param: 'identifier', text },
    { kind: 'string', param: 'name', text, exact: '' },
  ]),
  narrative: text,
  content: `${text} and more`,
})
const silent = extractOf([coded('all')])

/** Each asks who says a word. */
const ways = {
  narrative: word => ({ kind: 'words', in: 'narrative', words: [word] }),
  content: word => ({ kind: 'words', in: 'content', words: [word] }),
  label: text => ({ kind: 'label', param: 'identifier', text }),
  part: word => ({ kind: 'string', param: 'name', text: word.slice(1), match: 'contains' }),
  'short part': word => ({
    kind: 'string',
    param: 'name',
    text: word.slice(0, 2),
    match: 'contains',
  }),
  end: text => ({ kind: 'string', param: 'name', text, match: 'ends' }),
} satisfies Record<string, (word: string) => Predicate>

const ids = times(16, n => `p${n}`)
const isSweet = (_: string, n: number) => n % 2 === 0

const subject = { param: 'subject', type: 'Observation', types: ['Patient'] }

/** Each way drives, is a probe of something else, is denied of the others, and is asked of who is referred to or refers. */
const conditions = Object.entries(ways).flatMap(
  ([name, way]): [name: string, where: Predicate[], type?: string][] => [
    [name, [way('sugar')]],
    [`${name} of some`, [way('sugar'), { kind: 'id', ids: ids.slice(0, 9) }]],
    [`not ${name}`, [{ kind: 'not', not: way('salt') }]],
    [`chain to ${name}`, [{ kind: 'chain', ...subject, where: [way('sugar')] }], subject.type],
    [`referred by ${name}`, [{ kind: 'has', ...subject, where: [way('sugar')] }]],
  ],
)

/** Others, each turn of whom changes what everybody may say; an Observation about a Patient says the same. */
function createOthers(store: Store) {
  const last = new Map<string, Change>()
  const says = async (id: string, extract: Extract | undefined) => {
    const about: Row = { kind: 'reference', param: subject.param, target: `Patient/${id}` }
    await become('Patient', id, extract)
    await become('Observation', id, extract && { ...extract, rows: [...extract.rows, about] })
  }
  const become = async (type: string, id: string, extract: Extract | undefined) => {
    const before = last.get(`${type}/${id}`)
    if (!extract && before?.json === undefined) return
    const made = !extract
      ? deletion(before as Change)
      : before
        ? next(before, { extract })
        : change(id, { type, extract })
    await write(store, pune, made)
    last.set(`${type}/${id}`, made)
  }
  let turn = 0
  return {
    says,
    async turn() {
      const n = turn++
      const any = (step: number) => `p${(n * step) % ids.length}`
      await says(any(3), saying('salt'))
      await says(any(5), saying('sugar'))
      await says(any(7), silent)
      await says(any(11), undefined)
      await says(any(13), saying(`sugar ${n}`))
      await says(`new${n}`, saying('sugar'))
      await says(`p${turn % ids.length}`, saying('salt'))
    },
  }
}

export function textContract(claim: Claim): void {
  claim('pages find by what was said at the first one, both ways', async store => {
    const others = createOthers(store)
    for (const [n, id] of ids.entries())
      await others.says(id, saying(isSweet(id, n) ? 'sugar' : 'salt'))
    const sweet = ids.filter(isSweet)
    const expected = new Map(
      conditions.map(([name]) => [name, name.endsWith('of some') ? sweet.slice(0, 5) : sweet]),
    )
    const walks = await Promise.all(
      conditions.map(async ([name, where, type = 'Patient']) => {
        const asked = query({ types: [type], where, count: 2 })
        return { name, asked, pages: [await store.search(pune, asked)] }
      }),
    )
    const along = async (way: 'next' | 'previous') => {
      for (let goes = true; goes; ) {
        await others.turn()
        goes = false
        for (const { asked, pages } of walks) {
          const after = pages.at(-1)?.[way]
          if (after === undefined) continue
          pages.push(await store.search(pune, { ...asked, after }))
          goes = true
        }
      }
    }
    const seen = (order: (pages: Page[]) => Page[]) =>
      new Map(
        walks.map(({ name, pages }) => [
          name,
          order(pages).flatMap(({ versions }) => idsOf(versions)),
        ]),
      )
    await along('next')
    expect(seen(pages => pages)).toEqual(expected)
    for (const { pages } of walks) pages.splice(0, pages.length - 1)
    await along('previous')
    expect(seen(pages => pages.toReversed())).toEqual(expected)
  })

  claim('texts are found by what they say now, once, however often they were said', async store => {
    const others = createOthers(store)
    const hits = async (word: string) => {
      for (const [name, way] of Object.entries(ways)) {
        const where = [way(word)]
        const all = await found(store, where)
        expect([name, await store.count(pune, query({ where }))]).toEqual([name, all.length])
        expect([name, all]).toEqual([name, await found(store, [ways.narrative(word)])])
      }
      return (await found(store, [ways.narrative(word)])).sort()
    }
    await others.says('a', saying('sugar'))
    await others.says('b', silent)
    for (const [step, sugar] of [
      [() => others.says('a', saying('again sugar')), ['a']],
      [() => others.says('b', saying('sugar')), ['a', 'b']],
      [() => others.says('a', silent), ['b']],
      [() => others.says('a', silent), ['b']],
      [() => others.says('b', undefined), []],
      [() => others.says('a', saying('sugar')), ['a']],
      [() => others.says('b', silent), ['a']],
      [() => others.says('b', saying('sugar')), ['a', 'b']],
      [() => others.says('a', undefined), ['b']],
      [() => others.says('a', saying('sugar')), ['a', 'b']],
    ] as const) {
      await step()
      expect(await hits('sugar')).toEqual(sugar)
    }
  })

  claim('texts that are made anew take the place of those of their version', async store => {
    const others = createOthers(store)
    const sweet: Predicate[] = [{ kind: 'words', in: 'content', words: ['sugar'] }]
    const salty: Predicate[] = [{ kind: 'words', in: 'content', words: ['salt'] }]
    const anew = (id: string, number: number, whole: Extract) =>
      store.addRows(pune, [{ type: 'Patient', id, number, rows: [], whole }])
    await others.says('first', saying('salt'))
    for (const id of ['second', 'silenced', 'back']) await others.says(id, saying('nothing'))
    await others.says('second', saying('salt'))
    for (const id of ['silenced', 'back']) await others.says(id, silent)
    await others.says('back', undefined)
    await others.says('back', silent)
    for (const [id, number] of Object.entries({ first: 1, second: 2, silenced: 2, back: 4 }))
      for (const _ of [1, 2]) expect(await anew(id, number, saying('sugar'))).toEqual([])
    expect((await found(store, sweet)).sort()).toEqual(['back', 'first', 'second', 'silenced'])
    expect(await found(store, salty)).toEqual([])
    const page = await store.search(pune, query({ where: sweet, count: 3 }))
    for (const id of ['first', 'second', 'silenced', 'back'])
      await others.says(id, saying('more salt'))
    const rest = await store.search(pune, query({ where: sweet, count: 3, after: page.next ?? '' }))
    expect(idsOf([...page.versions, ...rest.versions]).sort()).toEqual([
      'back',
      'first',
      'second',
      'silenced',
    ])
    expect(await found(store, sweet)).toEqual([])
    expect((await found(store, salty)).sort()).toEqual(['back', 'first', 'second', 'silenced'])
  })
}
