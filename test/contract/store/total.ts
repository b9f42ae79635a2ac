/** The total that comes with a first page is of what that page and those after it hold. */
import { expect } from '@jest/globals'
import type { Predicate, Query } from '../../../resources/search/query.ts'
import type { Row, Store, Version } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import { byCode, change, coded, next, pune, query, times, walk, write } from './material.ts'

const refers = (to: string): Row => ({ kind: 'reference', param: 'subject', target: to })
const chain: Predicate = {
  ...{ kind: 'chain', param: 'subject', types: ['Patient'] },
  where: [byCode('x')],
}
const asked: [string, Partial<Query>][] = [
  ['all of a type', { where: [] }],
  ['all types', { where: [{ kind: 'not', not: byCode('z') }] }],
  ['a code', { where: [byCode('x')] }],
  ['two codes', { where: [{ kind: 'or', any: [byCode('x'), byCode('y')] }] }],
  ['what has another code', { where: [{ kind: 'not', not: byCode('y') }] }],
  ['a chain', { types: ['Observation'], where: [chain] }],
]

export function totalContract(claim: Claim): void {
  claim('a total comes with the first page, where it is asked for, up to a bound', async store => {
    for (const n of times(7, each => each))
      await write(store, pune, change(`p${n}`, { rows: [coded('x')] }))
    const where = [byCode('x')]
    for (const [count, atMost, total] of [
      [3, undefined, 7],
      [3, 5, 5],
      [3, 7, 7],
      [7, 100, 7],
    ] as const) {
      const first = query({ where, count, total: atMost === undefined ? {} : { atMost } })
      const page = await store.search(pune, first)
      expect(page.total).toBe(total)
      expect((await store.search(pune, query({ where, count }))).total).toBeUndefined()
      if (page.next)
        expect((await store.search(pune, { ...first, after: page.next })).total).toBeUndefined()
    }
  })

  for (const [name, more] of asked)
    claim(`it is that of the pages while others write: ${name}`, async store => {
      await begin(store)
      const { types, ...rest } = query({ count: 3, total: {}, ...more })
      const question = name === 'all types' ? rest : { ...rest, ...(types ? { types } : {}) }
      for (const turn of times(12, n => n)) {
        const [page] = await Promise.all([store.search(pune, question), ...writes(store, turn)])
        const { next: after, total, versions } = page
        if (after === undefined) throw new Error('there was to be a next page')
        const { total: _, ...others } = question
        const left = await walk(q => store.search(pune, q), { ...others, after })
        expect([turn, total]).toEqual([turn, versions.length + left.versions.length])
      }
    })
}

async function begin(store: Store): Promise<void> {
  for (const n of times(8, each => each))
    await write(
      store,
      pune,
      change(`p${n}`, { rows: [coded('x')] }),
      change(`o${n}`, { type: 'Observation', rows: [refers(`Patient/p${n}`)] }),
    )
}

/** Some that come, and one that is found no more, or again. */
function writes(store: Store, turn: number): Promise<Version[]>[] {
  const replaces = Math.floor(turn / 4)
  const [was, is] = replaces % 2 ? ['y', 'x'] : ['x', 'y']
  const of = change(`p${turn % 4}`, { replaces, rows: [coded(was)] })
  return [
    write(store, pune, change(`early${turn}`, { rows: [coded('x')], date: turn })),
    write(store, pune, next(of, { rows: [coded(is)] })),
    write(
      store,
      pune,
      change(`late${turn}`, { rows: [coded('x')] }),
      change(`more${turn}`, { type: 'Observation', rows: [refers(`Patient/late${turn}`)] }),
    ),
  ]
}
