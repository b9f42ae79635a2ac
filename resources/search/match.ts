/**
 * Whether a resource that is not stored by itself (not yet, or within another) would be found, by the rows it would have: as
 * the stores answer it.
 */
import type { Extract, Row } from '../store.ts'
import { isFirst } from './first.ts'
import { isHeld } from './inside.ts'
import { metresBetween } from './near.ts'
import { boundsIn } from './quantity.ts'
import type { Bounds, Predicate, RowPredicate, StringMatch, Token } from './query.ts'
import { ucum } from './ucum.ts'

export interface Unstored {
  type: string
  id: string
  extract: Extract
}

/**
 * undefined: only the commit knows, because it asks for more than the resource's own rows and may be met or not. Then `not`
 * of it is not known either.
 */
export function matches(predicate: Predicate, resource: Unstored): boolean | undefined {
  const { rows } = resource.extract
  switch (predicate.kind) {
    case 'id':
      return predicate.ids.includes(resource.id)
    case 'type':
      return predicate.types.includes(resource.type)
    case 'updated':
    case 'chain':
    case 'has':
      return undefined
    case 'and':
      return matchesAll(predicate.all, resource)
    case 'or':
      return opposite(
        matchesAll(
          predicate.any.map(not => ({ kind: 'not', not })),
          resource,
        ),
      )
    case 'not':
      return opposite(matches(predicate.not, resource))
    case 'other': {
      const { than } = predicate
      return rows.some(row => row.kind === than.kind && isAbout(than, row) && !holds(than, row))
    }
    case 'present':
      return resource.extract.present.includes(predicate.param)
    case 'refers':
      return rows.some(
        row =>
          row.kind === 'reference' && !isHeld(row.param) && predicate.targets.includes(row.target),
      )
    case 'words': {
      const text = resource.extract[predicate.in] ?? ''
      return ` ${text}`.includes(` ${predicate.words.join(' ')}`)
    }
    default:
      return rows.some(row => isAbout(predicate, row) && holds(predicate, row))
  }
}

/** What one of them fails is no match, whatever is not known of the others. */
export function matchesAll(where: Predicate[], resource: Unstored): boolean | undefined {
  const each = where.map(predicate => matches(predicate, resource))
  if (each.includes(false)) return false
  return each.includes(undefined) ? undefined : true
}

const opposite = (known: boolean | undefined): boolean | undefined =>
  known === undefined ? undefined : !known

/** The types of other resources that it depends on whether a predicate holds. */
export function typesAsked(predicate: Predicate): string[] {
  switch (predicate.kind) {
    case 'chain':
      return [...predicate.types, ...predicate.where.flatMap(typesAsked)]
    case 'has':
      return [predicate.type, ...predicate.where.flatMap(typesAsked)]
    case 'and':
      return predicate.all.flatMap(typesAsked)
    case 'or':
      return predicate.any.flatMap(typesAsked)
    case 'not':
      return typesAsked(predicate.not)
    default:
      return []
  }
}

const isOfFirst = (asked: Token | undefined, first: string | undefined): boolean =>
  asked && first !== undefined ? isFirst(asked, first) : !asked === (first === undefined)

type OfRow = Exclude<RowPredicate, { kind: 'refers' }> | (Predicate & { kind: 'amount' })

/** Whether it is a row of the parameter, and of the first part that is asked for. */
function isAbout(asked: OfRow, row: Row): boolean {
  const first = 'first' in asked ? asked.first : undefined
  return row.param === asked.param && isOfFirst(first, row.first)
}

function holds(predicate: OfRow, row: Row): boolean {
  switch (predicate.kind) {
    case 'token':
      return (
        row.kind === 'token' && is(predicate.code, row.code) && is(predicate.system, row.system)
      )
    case 'codes':
      return (
        row.kind === 'token' &&
        is(predicate.system, row.system) &&
        predicate.codes.includes(row.code)
      )
    case 'label':
      return row.kind === 'label' && ` ${row.text}`.includes(` ${predicate.text}`)
    case 'string':
      if (row.kind !== 'string') return false
      return isText(predicate, row)
    case 'reference':
      return row.kind === 'reference' && predicate.targets.includes(row.target)
    case 'uri':
      return row.kind === 'uri' && isUri(predicate, row.uri)
    case 'near':
      return row.kind === 'position' && metresBetween(predicate, row) <= predicate.metres
    case 'date':
      return row.kind === 'date' && within<number>(predicate, row)
    case 'amount':
      return (
        row.kind === 'quantity' &&
        row.system === ucum &&
        boundsIn(predicate, row.unit).some(bounds => within<string>(bounds, row))
      )
    case 'quantity':
      return (
        row.kind === 'quantity' &&
        is(predicate.unit, row.unit) &&
        is(predicate.system, row.system) &&
        within<string>(predicate, row)
      )
  }
}

const is = (asked: string | undefined, value: string): boolean =>
  asked === undefined || asked === value

function isText(
  { text, match }: { text: string; match: StringMatch },
  row: { text: string; exact: string },
): boolean {
  switch (match) {
    case 'starts':
      return row.text.startsWith(text)
    case 'contains':
      return row.text.includes(text)
    case 'ends':
      return row.text.endsWith(text)
    case 'equals':
      return row.text === text
    case 'exact':
      return row.exact === text
  }
}

function isUri({ uri, match }: { uri: string; match: string }, value: string): boolean {
  if (match === 'exact') return uri === value
  const [path, under] = match === 'below' ? [uri, value] : [value, uri]
  return under === path || under.startsWith(path.endsWith('/') ? path : `${path}/`)
}

function within<T extends number | string>(
  { lowFrom, lowTo, highFrom, highTo }: Bounds<T>,
  { low, high }: { low: T; high: T },
): boolean {
  return (
    (lowFrom === undefined || low >= lowFrom) &&
    (lowTo === undefined || low <= lowTo) &&
    (highFrom === undefined || high >= highFrom) &&
    (highTo === undefined || high <= highTo)
  )
}
