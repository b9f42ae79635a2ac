import { expect } from '@jest/globals'
import type { Predicate } from '../../../resources/search/query.ts'
import type { Extract, Row, Store } from '../../../resources/store.ts'
import type { Claim } from '../store.ts'
import {
  byCode,
  change,
  coded,
  deletion,
  delhi,
  found,
  next,
  pune,
  query,
  times,
  write,
} from './material.ts'

const param = 'colour@7'
/** One of each kind of row, with what finds it. */
const kinds: [Row, Predicate][] = [
  [
    { kind: 'token', param, code: 'red', system: 's' },
    { kind: 'token', param, code: 'red', system: 's' },
  ],
  [
    { kind: 'string', param, text: 'asha', exact: 'Asha' },
    { kind: 'string', param, text: 'ash', match: 'starts' },
  ],
  [
    { kind: 'date', param, low: 5, high: 9 },
    { kind: 'date', param, lowFrom: 5, highTo: 9 },
  ],
  [
    { kind: 'quantity', param, low: 'Z1', high: 'Z1', system: 's', unit: 'u' },
    { kind: 'quantity', param, lowFrom: 'Z1', highTo: 'Z1' },
  ],
  [
    { kind: 'reference', param, target: 'Patient/z' },
    { kind: 'reference', param, targets: ['Patient/z'] },
  ],
  [
    { kind: 'uri', param, uri: 'http://example.org' },
    { kind: 'uri', param, uri: 'http://example.org', match: 'exact' },
  ],
]
const all = kinds.map(([row]) => row)
const red = kinds[0]?.[1] as Predicate
const blue: Row = { kind: 'token', param, code: 'blue', system: 's' }
const byBlue: Predicate = { kind: 'token', param, code: 'blue' }

const add = (store: Store, id: string, number = 1, rows = all) =>
  store.addRows(pune, [{ type: 'Patient', id, number, rows }])

export function reindexContract(claim: Claim): void {
  claim('count at once, and no more when they are dropped', async store => {
    const count = () => store.count(pune, query({ where: [red] }))
    await write(store, pune, change('a'))
    expect(await count()).toBe(0)
    await add(store, 'a')
    expect(await count()).toBe(1)
    expect(await store.dropRows(pune, 'Patient', param, 100)).toBe(false)
    expect(await count()).toBe(0)
  })

  claim('are found like those that came with the version, and end with it', async store => {
    const a = change('a', { date: 4 })
    await write(store, pune, a, change('b'))
    expect(await add(store, 'a')).toEqual([])
    for (const [, predicate] of kinds) expect(await found(store, [predicate])).toEqual(['a'])
    await write(store, pune, next({ ...a, extract: { ...a.extract, rows: all } }, { rows: [blue] }))
    for (const [, predicate] of kinds) expect(await found(store, [predicate])).toEqual([])
    expect(await found(store, [byBlue])).toEqual(['a'])
  })

  claim('move with the main date of the resource', async store => {
    const a = change('a', { date: 4 })
    const b = change('b', { date: 5 })
    await write(store, pune, a, b)
    await add(store, 'a')
    await add(store, 'b')
    expect(await found(store, [red])).toEqual(['a', 'b'])
    await write(
      store,
      pune,
      next({ ...a, extract: { ...a.extract, rows: all } }, { rows: all, date: 6 }),
    )
    expect(await found(store, [red])).toEqual(['b', 'a'])
    await write(store, pune, deletion({ ...b, extract: { ...b.extract, rows: all } }))
    expect(await found(store, [red])).toEqual(['a'])
  })

  claim('stay single where they are there already', async store => {
    const a = change('a')
    await write(store, pune, a)
    await add(store, 'a')
    await add(store, 'a')
    expect(await found(store, [red])).toEqual(['a'])
    await write(store, pune, next({ ...a, extract: { ...a.extract, rows: all } }))
    for (const [, predicate] of kinds) expect(await found(store, [predicate])).toEqual([])
  })

  claim('are not given to another version, to a delete, nor to what is not there', async store => {
    const [a, b, c] = [change('a'), change('b'), change('c')]
    await write(store, pune, a, b, c)
    await write(store, pune, next(a), deletion(b))
    const additions = ['a', 'b', 'c', 'd'].map(id => ({
      type: 'Patient',
      id,
      number: 1,
      rows: all,
    }))
    const others = [{ type: 'Group', id: 'c', number: 1, rows: all }]
    const lost = await store.addRows(pune, [...additions, ...others])
    expect(lost.map(({ type, id }) => `${type}/${id}`)).toEqual([
      'Patient/a',
      'Patient/b',
      'Patient/d',
      'Group/c',
    ])
    expect(await found(store, [red])).toEqual(['c'])
    expect(await add(store, 'a', 2)).toEqual([])
    expect(await found(store, [red])).toEqual(['a', 'c'])
  })

  claim('come with all else that an older program did not make of a resource', async store => {
    const a = change('a', { type: 'Observation' })
    await write(store, pune, a, change('b', { type: 'Observation' }))
    const whole: Extract = {
      rows: [
        { kind: 'token', param: 'code', code: 'sugar', system: 's' },
        { kind: 'label', param: 'code', text: 'blood sugar' },
        { kind: 'reference', param: 'subject', target: 'Patient/p' },
      ],
      present: ['code', 'subject'],
      patient: 'p',
      narrative: 'seen',
      content: 'much to read',
    }
    const addition = { type: 'Observation', id: 'a', number: 1, rows: [], whole }
    expect(await store.addRows(pune, [addition])).toEqual([])
    expect(await store.addRows(pune, [addition])).toEqual([])
    const observations = (...where: Predicate[]) => found(store, where, { types: ['Observation'] })
    const sugar: Predicate = { kind: 'token', param: 'code', code: 'sugar' }
    const present: Predicate = { kind: 'present', param: 'code' }
    expect(
      await observations(sugar, { kind: 'reference', param: 'subject', targets: ['Patient/p'] }),
    ).toEqual(['a'])
    expect(await observations(present)).toEqual(['a'])
    expect(await observations({ kind: 'not', not: present })).toEqual(['b'])
    expect(await observations({ kind: 'label', param: 'code', text: 'sugar' })).toEqual(['a'])
    expect(await observations({ kind: 'words', in: 'content', words: ['read'] })).toEqual(['a'])
    expect(await observations()).toEqual(['a', 'b'])
    await write(store, pune, next({ ...a, extract: whole }, { type: 'Observation' }))
    expect(await observations(sugar)).toEqual([])
    expect(await observations(present)).toEqual([])
    expect(await observations({ kind: 'words', in: 'content', words: ['read'] })).toEqual([])
    expect(await observations()).toEqual(['a', 'b'])
  })

  claim('of a whole resource take the place of what is no more made of it', async store => {
    const born = (low: number): Row => ({ kind: 'date', param: 'birthdate', low, high: low + 9 })
    const bornAt = (low: number): Predicate => ({
      kind: 'date',
      param: 'birthdate',
      lowFrom: low,
      lowTo: low,
    })
    const name: Row = { kind: 'string', param: 'name', text: 'asha', exact: '' }
    const a = change('a', { rows: [coded('1'), name, born(10)], date: 10 })
    const b = change('b', { rows: [coded('1'), born(15)], date: 15 })
    await write(store, pune, a, b)
    const whole: Extract = { rows: [coded('1'), born(20)], present: ['birthdate'], date: 20 }
    const addition = { type: 'Patient', id: 'a', rows: [], whole }
    expect(await store.addRows(pune, [{ ...addition, number: 1 }])).toEqual([])
    expect(await found(store, [bornAt(10)])).toEqual([])
    expect(await found(store, [bornAt(20)])).toEqual(['a'])
    expect(
      await found(store, [{ kind: 'string', param: 'name', text: 'asha', match: 'starts' }]),
    ).toEqual([])
    // In order of the new date, and once.
    expect(await found(store, [byCode('1')])).toEqual(['b', 'a'])
    expect(await found(store, [])).toEqual(['b', 'a'])
    // A version that was written since by the new extraction, on rows of the old.
    await write(
      store,
      pune,
      next({ ...b, extract: { ...b.extract, date: 5 } }, { rows: b.extract.rows, date: 5 }),
    )
    const early: Extract = { rows: [coded('1'), born(5)], present: ['birthdate'], date: 5 }
    await store.addRows(pune, [{ ...addition, id: 'b', number: 2, whole: early }])
    expect(await found(store, [byCode('1')])).toEqual(['b', 'a'])
    expect(await found(store, [bornAt(15)])).toEqual([])
    expect(await found(store, [bornAt(5)])).toEqual(['b'])
    await write(store, pune, deletion({ ...b, replaces: 1, extract: early }))
    expect(await found(store, [byCode('1')])).toEqual(['a'])
    expect(await found(store, [])).toEqual(['a'])
  })

  claim('leave what refers to the same by another parameter', async store => {
    const to = (param: string, target: string): Row => ({ kind: 'reference', param, target })
    const rows = [to('of@1', 'Patient/x'), to('of@1', 'Patient/y'), to('of@2', 'Patient/y')]
    await write(store, pune, change('a', { rows }), change('b', { rows: rows.slice(0, 1) }))
    const referring = (target: string) => found(store, [{ kind: 'refers', targets: [target] }])
    expect(await referring('Patient/x')).toEqual(['a', 'b'])
    expect(await store.dropRows(pune, 'Patient', 'of@1', 100)).toBe(false)
    expect([await referring('Patient/x'), await referring('Patient/y')]).toEqual([[], ['a']])
    expect(await store.dropRows(pune, 'Patient', 'of@2', 100)).toBe(false)
    expect(await referring('Patient/y')).toEqual([])
  })

  claim('are deleted in slices, with their variants, and no others', async store => {
    const ids = times(5, n => `p${n}`)
    const other: Row = { ...blue, param: 'colour@70' }
    const variant: Row = { ...blue, param: 'colour@7:identifier' }
    await write(store, pune, ...ids.map(id => change(id, { rows: [other] })))
    await write(store, pune, change('g', { type: 'Group', rows: all }))
    await write(store, delhi, change('a', { rows: all }))
    for (const id of ids) await add(store, id, 1, [...all, variant])
    let slices = 1
    while (await store.dropRows(pune, 'Patient', param, 4)) slices++
    expect(slices).toBeGreaterThan(5)
    for (const [, predicate] of kinds) expect(await found(store, [predicate])).toEqual([])
    expect(await found(store, [{ ...byBlue, param: 'colour@7:identifier' } as Predicate])).toEqual(
      [],
    )
    expect(await found(store, [{ ...byBlue, param: 'colour@70' } as Predicate])).toEqual(ids)
    expect(await found(store, [red], { types: ['Group'] })).toEqual(['g'])
    expect(await store.dropRows(delhi, 'Patient', 'nothing', 10)).toBe(false)
    expect(await store.dropRows(pune, 'Device', param, 10)).toBe(false)
    const byAnything: Predicate = { kind: 'refers', targets: ['Patient/z'] }
    expect(await found(store, [byAnything])).toEqual([])
    // What was deleted can come again.
    await add(store, 'p1')
    expect(await found(store, [red])).toEqual(['p1'])
  })
}
