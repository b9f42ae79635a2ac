/** The order of hits: keys, how they compare, and where in it a page ends. */
import type { Row } from '../store.ts'
import { openStart } from './instant.ts'
import type { Sort } from './query.ts'

/** null: the resource has no such value; it comes last. */
export type Key = string | number | null

/** A hit, or a place in the order. */
export interface Position {
  rid: number
  keys: Key[]
}

/** The keys that decide, in order of weight; ties beyond them are broken by `rid`. */
export function keysOf(sort: Sort[]): Sort[] {
  const own = sort.findIndex(({ by }) => by === 'updated' || by === 'id')
  if (own >= 0) return sort.slice(0, own + 1)
  if (sort.some(({ by }) => by === 'date')) return sort
  return [...sort, { by: 'date', descending: sort.at(-1)?.descending ?? true }]
}

/** `back`: the page before, so all turns round, those without a value too. */
export function compare(a: Position, b: Position, keys: Sort[], back: boolean): number {
  const turn = back ? -1 : 1
  for (const [index, { descending }] of keys.entries()) {
    const [one = null, other = null] = [a.keys[index], b.keys[index]]
    if (one === other) continue
    if (one === null) return turn
    if (other === null) return -turn
    return turn * (descending ? -1 : 1) * compareKeys(one, other)
  }
  return turn * (keys.at(-1)?.descending ? -1 : 1) * (a.rid - b.rid)
}

/** As SQLite compares: by code points, where JavaScript compares halves of them. */
export function compareKeys(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b)
  for (let index = 0; index < a.length && index < b.length; index++) {
    const [one, other] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (one === other) continue
    const [high, low] = [isSurrogate(one), isSurrogate(other)]
    return high === low ? one - other : Number(high) - Number(low)
  }
  return a.length - b.length
}

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff

/** By which value a resource stands among others, of the rows that it has; null: it has none. https://hl7.org/fhir/R4/search.html#sort */
export const keyOfRows = (
  sort: { params: string[]; descending: boolean },
  rows: readonly Row[],
): Key =>
  foremost(
    sort,
    rows
      .filter(({ first, param }) => first === undefined && sort.params.includes(param))
      .flatMap(valuesIn),
  )

/** The least where ascending, the greatest where descending. */
export function foremost({ descending }: Pick<Sort, 'descending'>, keys: (string | number)[]): Key {
  return keys.reduce<Key>(
    (one, key) => (one === null || compareKeys(key, one) < 0 !== descending ? key : one),
    null,
  )
}

function valuesIn(row: Row): (string | number)[] {
  switch (row.kind) {
    case 'token':
      return [row.code]
    case 'string':
      return [row.text]
    case 'uri':
      return [row.uri]
    case 'reference':
      return [row.target]
    case 'quantity':
      return [row.low]
    case 'date':
      return [row.low === openStart ? row.high : row.low]
    default:
      return []
  }
}
