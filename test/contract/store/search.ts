import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { decimalKey } from '../../../resources/search/decimal.ts'
import type { Predicate, Query, Sort } from '../../../resources/search/query.ts'
import { ucum } from '../../../resources/search/ucum.ts'
import type { Row, Store } from '../../../resources/store.ts'
import type { Claim, Open } from '../store.ts'
import {
  byCode,
  change,
  coded,
  conflict,
  deletion,
  filled,
  found,
  idsOf,
  next,
  pune,
  query,
  times,
  walk,
  write,
} from './material.ts'
import { predicates, subjects } from './predicates.ts'

export function searchContract(claim: Claim, open: Open): void {
  describe('finds by', () => {
    let store: Store
    beforeAll(async () => {
      store = await filled(open, subjects)
    })
    afterAll(() => store.close())

    test.each(predicates)('%s', async (_, where, ids) => {
      expect(await found(store, where)).toEqual(ids)
      expect(await store.count(pune, query({ where }))).toBe(ids.length)
      expect(await found(store, where, { count: 1 })).toEqual(ids.slice(0, 1))
      const not: Predicate[] = [
        { kind: 'or', any: where.map(each => ({ kind: 'not', not: each })) },
      ]
      const others = idsOf(subjects).filter(id => !ids.includes(id))
      expect((await found(store, not)).sort()).toEqual(
        subjects
          .filter(({ type, id }) => type === 'Patient' && others.includes(id))
          .map(({ id }) => id),
      )
    })

    test('all types, when none is named', async () => {
      const { types: _, ...all } = query()
      const { versions } = await store.search(pune, { ...all, where: [] })
      expect(versions.map(({ type, id }) => `${type}/${id}`).sort()).toEqual(
        subjects.map(({ type, id }) => `${type}/${id}`).sort(),
      )
      expect(await store.count(pune, { ...all, where: [] })).toBe(subjects.length)
      const token: Predicate = { kind: 'token', param: 'identifier', code: '1' }
      const some = await store.search(pune, { ...all, where: [token] })
      expect(some.versions.map(({ type, id }) => `${type}/${id}`)).toEqual([
        'Patient/p1',
        'Patient/p2',
        'Task/t1',
      ])
    })

    test('what it can explain: what drives, and how much there is', async () => {
      const where: Predicate[] = [
        { kind: 'token', param: 'identifier', code: '1' },
        { kind: 'string', param: 'name', text: 'sh', match: 'starts' },
      ]
      const steps = await store.explain(pune, query({ where }))
      const told = JSON.stringify(steps)
      expect(told).toContain('token identifier')
      expect(told).toContain('string name')
      expect(told).not.toContain('"sh')
      const hits = (await found(store, where)).length
      for (const name of [/^plan$/, /^find the page/, /^count all$/]) {
        const [step] = steps.filter(({ step }) => name.test(step))
        expect([name, step]).toEqual([name, expect.objectContaining({ rows: hits })])
      }
      const [name] = steps.filter(({ step }) => step === 'condition string name')
      expect(name?.rows).toBe((await found(store, where.slice(1))).length)
    })

    test('nothing, in a type that has nothing', async () => {
      expect(await found(store, [], { types: ['Device'] })).toEqual([])
      expect(await found(store, [{ kind: 'id', ids: ['p1'] }], { types: ['Device'] })).toEqual([])
      expect(await store.count(pune, query({ types: ['Device'] }))).toBe(0)
    })

    test('dates of a second, of days and of years, of which there are many', async () => {
      const many = await open(() => 0)
      const day = 86_400_000
      const of = (n: number, low: number, length: number) =>
        change(`d${n}`, {
          rows: [{ kind: 'date', param: 'birthdate', low, high: low + length - 1 }],
          date: n,
        })
      // Within a second but for one of days and one of years, begun long before.
      const short = times(400, n => of(n, n * 1000, 1000))
      await write(many, pune, ...short, of(400, -9 * day, 10 * day), of(401, -900 * day, 999 * day))
      const born: Predicate = { kind: 'date', param: 'birthdate', highFrom: 0, lowTo: 399_999 }
      const newest: Partial<Query> = { sort: [{ by: 'date', descending: true }], count: 100 }
      expect(await found(many, [born], newest)).toEqual(times(100, n => `d${401 - n}`))
      await many.close()
    })

    test('any of 1,200 values', async () => {
      const any = times(
        1200,
        (n): Predicate => ({ kind: 'token', param: 'identifier', code: `${n}` }),
      )
      expect(await found(store, [{ kind: 'or', any }])).toEqual(['p1', 'p2', 'p3'])
      const asha: Predicate = { kind: 'string', param: 'name', text: 'asha', match: 'starts' }
      expect(await found(store, [asha, { kind: 'or', any }])).toEqual(['p1'])
      expect(await found(store, [{ kind: 'id', ids: times(1200, n => `p${n}`) }])).toHaveLength(4)
    })
  })

  claim('any of 20,000 values is found, or refused as too costly', async store => {
    await write(store, pune, change('p1', { rows: [coded('1')] }))
    const codes = times(20_000, n => `${n}`)
    const any = codes.map((code): Predicate => ({ kind: 'token', param: 'identifier', code }))
    const targets = times(40_000, n => `Patient/${n}`)
    const large: Predicate[] = [
      { kind: 'or', any },
      { kind: 'id', ids: ['p1', ...targets] },
      { kind: 'reference', param: 'link', targets },
    ]
    for (const where of large) {
      const hits = await found(store, [where]).catch(error => error)
      if (!Array.isArray(hits)) expect(hits).toMatchObject({ name: 'FhirError', status: 422 })
    }
  })

  describe('pages', () => pageContract(open))
  changing(claim)
}

/** Twenty-four with dates and without, three to an instant, some written again. */
async function many(store: Store, clock: { now: number }): Promise<void> {
  const all = times(24, n =>
    change(`p${n}`, {
      rows: [coded(n % 2 ? 'odd' : 'even'), coded(`${n}`)],
      ...(n % 4 === 0 ? {} : { date: Date.UTC(1980 + ((n * 7) % 5), 0, 1) }),
    }),
  )
  for (const [n, each] of all.entries()) {
    if (n % 3 === 0) clock.now += 1000
    await write(store, pune, each)
  }
  for (const n of [5, 2, 20]) {
    const before = all[n]
    if (before)
      await write(
        store,
        pune,
        next(before, { rows: before.extract.rows, ...dateOf(before.extract.date) }),
      )
  }
}

const dateOf = (date: number | undefined) => (date === undefined ? {} : { date })

function pageContract(open: Open): void {
  const clock = { now: Date.UTC(2026, 0, 1) }
  let store: Store
  beforeAll(async () => {
    store = await open(() => clock.now)
    await many(store, clock)
  })
  afterAll(() => store.close())

  const created = times(24, n => n)
  const updated = [...created.filter(n => ![5, 2, 20].includes(n)), 5, 2, 20]
  const date = (n: number) =>
    n % 4 === 0
      ? Date.UTC(2026, 0, 1) + (Math.floor(n / 3) + 1) * 1000
      : Date.UTC(1980 + ((n * 7) % 5), 0, 1)
  const orders: [string, Sort, number[]][] = [
    [
      'by date',
      { by: 'date', descending: false },
      [...created].sort((a, b) => date(a) - date(b) || a - b),
    ],
    [
      'by date, last first',
      { by: 'date', descending: true },
      [...created].sort((a, b) => date(b) - date(a) || b - a),
    ],
    ['by update', { by: 'updated', descending: false }, updated],
    ['by update, last first', { by: 'updated', descending: true }, [...updated].reverse()],
  ]

  test.each(orders)('of any size, %s, have no gaps and no doubles', async (_, sort, order) => {
    const odd: Predicate[] = [{ kind: 'token', param: 'identifier', code: 'odd' }]
    const any: Predicate[] = [
      {
        kind: 'or',
        any: order.map(n => ({ kind: 'token', param: 'identifier', code: `${n}` }) as const),
      },
    ]
    for (const [where, expected] of [
      [[], order],
      [any, order],
      [odd, order.filter(n => n % 2)],
      [
        [...odd, { kind: 'not', not: { kind: 'id', ids: ['p7'] } }],
        order.filter(n => n % 2 && n !== 7),
      ],
    ] as [Predicate[], number[]][])
      for (const count of [1, 2, 5, 12, 24, 100]) {
        const asked: Query = query({ where, sort: [sort], count })
        const { versions, pages } = await walk(q => store.search(pune, q), asked)
        expect(idsOf(versions)).toEqual(expected.map(n => `p${n}`))
        expect(pages).toBe(Math.ceil(expected.length / count))
        expect(await store.count(pune, asked)).toBe(expected.length)
      }
  })

  test('refuse a token that is none as the request of the caller', async () => {
    for (const after of ['', 'x', '%%%', 'MS4y'])
      await expect(store.search(pune, query({ after }))).rejects.toMatchObject({
        name: 'FhirError',
        status: 400,
      })
  })
}

function changing(claim: Claim): void {
  const sorts = [true, false].flatMap(descending =>
    (['date', 'updated'] as const).map(by => ({ by, descending })),
  )
  claim('what does not change is paged once while writes go on', async (store, clock) => {
    await many(store, clock)
    const steady = times(24, n => `p${n}`).filter((_, n) => n > 8)
    let made = 0
    for (const sort of sorts) {
      const seen = await walk(
        async asked => {
          const page = await store.search(pune, asked)
          const n = made++ % 8
          const at = await store.read(pune, 'Patient', `p${n}`)
          await write(store, pune, change(`new${made}`, { date: Date.UTC(1970 + made, 0, 1) }))
          await write(store, pune, change(`p${n}`, { replaces: at?.number ?? 0 }))
          return page
        },
        query({ sort: [sort], count: 3 }),
      )
      const ids = idsOf(seen.versions).filter(id => !id.startsWith('new'))
      expect(new Set(ids).size).toBe(ids.length)
      expect(ids.filter(id => steady.includes(id)).sort()).toEqual([...steady].sort())
    }
  })

  claim(
    'what was deleted at the first page is on none, though it is there again by now',
    async store => {
      const [a, b, c] = [change('a'), change('b'), change('c')]
      const gone = deletion(b)
      for (const each of [a, b, c, gone]) await write(store, pune, each)
      for (const where of [[], [{ kind: 'not', not: byCode('9') }]] satisfies Predicate[][])
        for (const sort of sorts) {
          const first = await store.search(pune, query({ where, sort: [sort], count: 1 }))
          await write(store, pune, next(gone))
          const after = { where, sort: [sort], count: 5, after: first.next ?? '' }
          const second = await store.search(pune, query(after))
          expect(idsOf([...first.versions, ...second.versions]).sort()).toEqual(['a', 'c'])
          const { number = 0 } = (await store.read(pune, 'Patient', 'b')) ?? {}
          Object.assign(gone, deletion(change('b', { replaces: number - 1 })))
          await write(store, pune, gone)
        }
    },
  )

  claim('an update is found by what it says now', async store => {
    const a = change('a', { rows: [coded('1'), coded('both')] })
    const b = next(a, { rows: [coded('2'), coded('both')] })
    const c = deletion(b)
    const d = next(c, { rows: [coded('1')] })
    const finds = async () => {
      const codes = ['1', '2', 'both']
      const hits = await Promise.all(
        codes.map(code => found(store, [{ kind: 'token', param: 'identifier', code }])),
      )
      return codes.filter((_, n) => hits[n]?.length)
    }
    for (const [step, codes] of [
      [a, ['1', 'both']],
      [b, ['2', 'both']],
      [c, []],
      [d, ['1']],
    ] as const) {
      await write(store, pune, step)
      expect(await finds()).toEqual(codes)
      expect(await found(store, [])).toEqual(step === c ? [] : ['a'])
      expect(await found(store, [{ kind: 'id', ids: ['a'] }])).toEqual(step === c ? [] : ['a'])
      expect(await store.totals(pune)).toEqual(step === c ? {} : { Patient: 1 })
    }
  })

  claim(
    'a new date moves a resource, and without one it stands by its first',
    async (store, clock) => {
      const date = (year: number) => ({ date: Date.UTC(year, 0, 1), rows: [coded('x')] })
      const plain = { rows: [coded('x')] }
      const [a, b, c] = [change('a', date(2001)), change('b', plain), change('c', date(2003))]
      const first = clock.now
      await write(store, pune, a, b, c)
      clock.now += 1000
      const order = async () => {
        const all = await found(store, [])
        expect(await found(store, [{ kind: 'token', param: 'identifier', code: 'x' }])).toEqual(all)
        return all.join('')
      }
      expect(await order()).toBe('acb')
      const a2 = next(a, date(2009))
      await write(store, pune, a2)
      expect(await order()).toBe('cab')
      const b2 = next(b, { ...date(1999) })
      await write(store, pune, b2)
      expect(await order()).toBe('bca')
      const a3 = next(a2, plain)
      await write(store, pune, a3)
      expect(await order()).toBe('bca')
      await write(store, pune, change('d', { date: first + 500, rows: [coded('x')] }))
      expect(await order()).toBe('bcad')
      await write(store, pune, deletion(b2))
      await write(store, pune, next(deletion(b2), plain))
      expect(await order()).toBe('cabd')
    },
  )

  claim('what is there without a code has none of any code', async store => {
    const type = 'Observation'
    const code: Row = { kind: 'token', param: 'code', code: '1', system: '' }
    const label: Row = { kind: 'label', param: 'code', text: 'glucose' }
    await write(store, pune, change('coded', { type, rows: [code] }))
    await write(store, pune, change('said', { type, rows: [label] }))
    const not: Predicate = { kind: 'not', not: { kind: 'token', param: 'code', code: '1' } }
    expect(await found(store, [not], { types: [type] })).toEqual(['said'])
  })

  claim('texts are written again in any order', async store => {
    const said = (text: string) => ({ ...change('x').extract, content: text, narrative: text })
    const all = times(60, n => ({ ...change(`p${n}`), extract: said(`first ${n}`) }))
    for (const each of all) await write(store, pune, each)
    for (const n of [59, 3, 40, 7, 12, 0, 33]) {
      const before = all[n]
      if (!before) continue
      await write(store, pune, { ...next(before), extract: said('second'), old: before.extract })
      await write(store, pune, { ...change(`new${n}`), extract: said('second') })
    }
    const words: Predicate = { kind: 'words', in: 'content', words: ['second'] }
    expect(await found(store, [words], { count: 100 })).toHaveLength(14)
  })

  claim('a unit is known as soon as a value has it', async store => {
    const weighs = (id: string, amount: string, unit: string) => {
      const [low, system] = [decimalKey(amount), ucum]
      return change(id, {
        rows: [{ kind: 'quantity', param: 'dose', low, high: low, system, unit }],
      })
    }
    const amount: Predicate = { kind: 'amount', param: 'dose', number: 'ge500', asked: 'mg' }
    expect(await found(store, [amount])).toEqual([])
    for (const [id, number, unit, known] of [
      ['a', '0.5', 'g', ['a']],
      ['b', '400000', 'ug', ['a']],
      ['c', '600000', 'ug', ['a', 'c']],
      ['d', '1', 'mL', ['a', 'c']],
      // It is asked for by another condition.
      ['e', '700', 'mg', ['a', 'c']],
    ] as const) {
      await write(store, pune, weighs(id, number, unit))
      expect(await found(store, [amount])).toEqual(known)
      expect(await store.count(pune, query({ where: [amount] }))).toBe(known.length)
      expect(await found(store, [{ kind: 'not', not: amount }])).not.toContain('a')
    }
    const checks = [{ query: query({ where: [amount] }), ids: [], name: 'free' }]
    const made = store.commit(pune, () => ({ changes: [change('f')], checks }))
    await expect(made).rejects.toMatchObject(conflict('check', 'free'))
    expect(await store.explain(pune, query({ where: [amount] }))).not.toEqual([])
    const many = { kind: 'or', any: times(551, () => amount) } satisfies Predicate
    const refused = { status: 422, message: expect.stringMatching(/1100 conditions at most/) }
    await expect(store.search(pune, query({ where: [many] }))).rejects.toMatchObject(refused)
  })

  claim('thirty-two links are followed, both ways', async store => {
    const last = 32
    const to = (n: number): Row => ({ kind: 'reference', param: 'link', target: `Patient/p${n}` })
    const all = times(last + 1, n =>
      change(`p${n}`, { rows: [coded(`c${n}`), ...(n ? [to(n - 1)] : [])] }),
    )
    await write(store, pune, ...all, change('other', { rows: [to(last)] }))
    const over = (kind: 'chain' | 'has', from: Predicate, links = last): Predicate =>
      times(links, n => n).reduce<Predicate>(
        one =>
          kind === 'chain'
            ? { kind, param: 'link', types: ['Patient'], where: [one] }
            : { kind, type: 'Patient', param: 'link', where: [one] },
        from,
      )
    expect(await found(store, [over('chain', byCode('c0'))])).toEqual([`p${last}`])
    expect(await found(store, [over('has', byCode(`c${last}`))])).toEqual(['p0'])
    const not: Predicate = { kind: 'not', not: over('chain', byCode('c0')) }
    expect((await found(store, [not])).length).toBe(last + 1)
    // By what most have each link is looked at from the outside, which goes deeper.
    const any: Predicate = { kind: 'not', not: byCode('none') }
    expect(await found(store, [over('chain', any, 12)])).toHaveLength(last - 12 + 2)
  })

  claim('the instant of the last write is a condition', async (store, clock) => {
    const start = clock.now
    const a = change('a')
    for (const each of [a, change('b'), change('c'), next(a)]) {
      clock.now += 1000
      await write(store, pune, each)
    }
    const within = (from?: number, to?: number, more: Predicate[] = []) =>
      found(store, [
        ...more,
        {
          kind: 'updated',
          ...(from === undefined ? {} : { from: start + from }),
          ...(to === undefined ? {} : { to: start + to }),
        },
      ])
    expect(await within(2000, 3000)).toEqual(['b', 'c'])
    expect(await within(2001)).toEqual(['a', 'c'])
    expect(await within(undefined, 1999)).toEqual([])
    expect(await within(4001)).toEqual([])
    expect(await within()).toEqual(['a', 'b', 'c'])
    expect(await within(4000, 4000, [{ kind: 'id', ids: ['a', 'b'] }])).toEqual(['a'])
  })
}
