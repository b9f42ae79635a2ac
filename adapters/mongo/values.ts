/**
 * What a version is found by, from its rows. A token is an entry such as `Observation.code|http://loinc.org|8302-2`, so that
 * to ask for it is an equality (or a range, for a system alone) that comes in clinical order; for a code of any system see
 * query/systems.ts. All resources of a type have `Type.*`.
 */

import { isHeld } from '../../resources/search/inside.ts'
import { dateParam, quantityParam } from '../../resources/search/long.ts'
import { pairsOf } from '../../resources/search/pairs.ts'
import { mainDateOf, referencesOf } from '../../resources/search.ts'
import type { Extract, Row } from '../../resources/store.ts'
import type { Values } from './document.ts'

/** Stands between a folded text and the text as written: no text has it, and it comes before all that texts have. */
export const beside = '\u0001'

/** The entry that every resource of a type has. */
export const allOf = (type: string): string => `${type}.*`

/** The entry of a resource whose `k` does not stand for its main date: it has several, or one of a day or more. */
export const apartOf = (type: string): string => `${type}.*~`

/** The entry of a resource without the main date that its type has. */
export const undatedOf = (type: string): string => `${type}.*-`

/** The entry of whoever refers to something otherwise than by a parameter of R4. */
const refersTo = (type: string, target: string): string => `${type}.~=${target}`

/** The entries of whoever refers to something, by whatever element. */
export const referringTo = (type: string, target: string): string[] => [
  refersTo(type, target),
  ...[...referencesOf(type, target)].map(param => valueEntry(nameOfRows(type, param), target)),
]

/** What says that something is referred to otherwise, when of the entries that say by what these are gone. */
export function unsaid(type: string, all: string[], gone: string[]): string[] {
  const going = new Set(gone)
  const targets = new Set(gone.flatMap(entry => targetIn(type, entry)))
  if (targets.size === 0) return []
  for (const entry of all)
    if (!going.has(entry)) for (const target of targetIn(type, entry)) targets.delete(target)
  return [...targets].map(target => refersTo(type, target)).filter(entry => all.includes(entry))
}

/** What an entry refers to, if not by a parameter of R4 alone. */
function targetIn(type: string, entry: string): string[] {
  const [, param = '', first, target = ''] = /^[^.]+\.([^=|$]+)(\$[^=]*)?=(.*)$/s.exec(entry) ?? []
  return param !== '~' && param !== '' && isOtherwise(type, { param, target, first })
    ? [target]
    : []
}

/** What a Bundle holds are copies, which refer to nothing. */
const isOtherwise = (
  type: string,
  { param, target, first }: { param: string; target: string; first: string | undefined },
): boolean => !isHeld(param) && Boolean(first || !referencesOf(type, target).has(param))

/** The name of a parameter's rows; of a composite, with its first part (see firstNames). */
export const nameOfRows = (type: string, param: string, first = ''): string =>
  `${type}.${param}${first}`

export const tokenEntry = (name: string, system: string, code: string): string =>
  `${systemStart(name, system)}${code}`
/** What all entries of a system begin with. A system with a | in it is written with a space, as in firstText. */
export const systemStart = (name: string, system: string): string =>
  `${name}|${system.replaceAll('|', ' ')}|`

/** How a folded text and the text as written stand in one entry. */
export const stringEntry = (name: string, text: string, exact: string): string =>
  `${name}=${text}${beside}${exact === text ? '' : exact}`
export const valueEntry = (name: string, value: string): string => `${name}=${value}`
export const labelName = (type: string, param: string): string => `${type}.${param}:text`

/** A patient with a code: the commonest question is one entry. See pairs.ts. */
export const pairName = (type: string, patient: string, param: string): string =>
  `${type}.${param}@${inName(patient)}`

/** As a part of a name. */
export const inName = (text: string): string =>
  text.replace(/[%=|$]/g, each => `%${each.charCodeAt(0).toString(16)}`)

export const outOfName = (text: string): string =>
  text.replace(/%(25|3d|7c|24)/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))

/** The first part of a composite, as it goes into a name. An empty code: what all of a system begin with. */
export const firstBy = (system: string, code: string): string =>
  `$${inName(system.replaceAll('|', ' '))}|${inName(code)}`

/** What the names of a composite's rows begin with. */
export const firstName = (type: string, param: string): string => nameOfRows(type, param, '$')

/** The first part of a composite row; of another row, none. */
function firstOf({ first }: Row): string {
  if (first === undefined) return ''
  const [system, code] = partsOf(first)
  return firstBy(system, code)
}

/** Of `system|code`. */
export function partsOf(first: string): [system: string, code: string] {
  const cut = first.indexOf('|')
  return [first.slice(0, cut), first.slice(cut + 1)]
}

/** Everything of a version. */
export function valuesOf(type: string, extract: Extract): Values {
  const values = rowValues(type, extract.rows)
  values.x.push(allOf(type))
  values.x.push(...dateEntries(type, extract))
  for (const { patient, param, code, system } of pairsOf(type, extract)) {
    const name = pairName(type, patient, param)
    values.x.push(tokenEntry(name, system, code))
  }
  const { present, narrative, content } = extract
  const words = [narrative, content].flatMap(text => (text ? text.split(' ') : []))
  return {
    ...values,
    x: [...new Set(values.x)],
    ...(present.length ? { has: present } : {}),
    ...(words.length ? { w: [...new Set(words)] } : {}),
    ...(narrative || content
      ? { text: { ...(narrative ? { n: narrative } : {}), ...(content ? { c: content } : {}) } }
      : {}),
  }
}

/** What says that `k` is not the main date. */
function dateEntries(type: string, { rows, date }: Extract): string[] {
  const main = mainDateOf(type)
  if (main === undefined) return []
  const [one, ...more] = rows.filter(({ kind, param }) => kind === 'date' && param === main)
  if (one?.kind !== 'date') return [undatedOf(type)]
  const { param, low, high } = one
  const isShort = low === date && dateParam(param, low, high) === param
  return isShort && more.length === 0 ? [] : [apartOf(type)]
}

/** Of rows by themselves. */
export function rowValues(type: string, rows: Row[]): Values {
  const values = { x: [], d: [], q: [], g: [] } as Required<Pick<Values, 'x' | 'd' | 'q' | 'g'>>
  for (const row of rows) addRow(row, { type, first: firstOf(row), values })
  const { x, d, q, g } = values
  return {
    x,
    ...(d.length ? { d } : {}),
    ...(q.length ? { q } : {}),
    ...(g.length ? { g } : {}),
  }
}

function addRow(
  row: Row,
  to: { type: string; first: string; values: Required<Pick<Values, 'x' | 'd' | 'q' | 'g'>> },
): void {
  const { type, first, values } = to
  const { x, d, q, g } = values
  const name = nameOfRows(type, row.param, first)
  switch (row.kind) {
    case 'token':
      x.push(tokenEntry(name, row.system, row.code))
      break
    case 'string':
      x.push(stringEntry(name, row.text, row.exact))
      break
    case 'reference':
      x.push(valueEntry(name, row.target))
      if (isOtherwise(type, { ...row, first })) x.push(refersTo(type, row.target))
      break
    case 'uri':
      x.push(valueEntry(name, row.uri))
      break
    case 'label':
      x.push(valueEntry(labelName(type, row.param), row.text))
      break
    case 'date': {
      const param = dateParam(row.param, row.low, row.high)
      d.push({ p: nameOfRows(type, param, first), lo: row.low, hi: row.high })
      break
    }
    case 'quantity': {
      const param = quantityParam(row.param, row.high === row.low ? '' : row.high)
      q.push({
        p: nameOfRows(type, param, first),
        lo: row.low,
        hi: row.high,
        ...(row.system ? { s: row.system } : {}),
        ...(row.unit ? { u: row.unit } : {}),
      })
      break
    }
    case 'position':
      g.push({ p: name, lat: row.latitude, lon: row.longitude })
      break
    default:
      row satisfies never
  }
}
