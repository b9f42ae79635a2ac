/**
 * The rows that a resource has by what it holds itself: by what a parameter of it leads to, by what a parameter of that
 * leads to, and so on. https://hl7.org/fhir/R4/references.html#contained
 */
import type { Extract } from '../store.ts'
import { rowsInside, rowsOf } from './inside.ts'
import { mostLinks } from './links.ts'
import type { Held, Rows } from './rows.ts'

/** What is known of one without what it leads to. */
export interface Alone {
  extract: Extract
  rows: Rows
}

/**
 * Behind the first link so many rows and references are looked at: contained resources may refer to each other in more
 * ways than anyone follows.
 */
const mostBehind = 5_000

/** The shortest ways come first. `alone` is asked once of each. */
export function addHeld(rows: Rows, alone: (one: Held) => Alone): void {
  const known = new Map<object, Alone>()
  let left = mostBehind
  let next = distinct(rows.held)
  for (let link = 1; next.length > 0 && link <= mostLinks; link++) {
    const further: Held[] = []
    for (const one of next) {
      const { param, resource } = one
      const found = known.get(resource) ?? alone(one)
      known.set(resource, found)
      const { held, all } = found.rows
      if (link > 1) left -= 1 + all.length + held.length
      if (left < 0) return
      const type = String(resource.resourceType)
      for (const row of rowsInside(param, type, found.extract)) rows.add(row)
      for (const each of held) further.push({ ...each, param: rowsOf(param, type, each.param) })
    }
    next = distinct(further)
  }
}

/** Each way to each resource once. */
function distinct(held: Held[]): Held[] {
  if (held.length < 2) return held
  const known = new Map<object, Set<string>>()
  return held.filter(({ resource, param }) => {
    const params = known.get(resource) ?? new Set()
    known.set(resource, params)
    return !params.has(param) && params.add(param)
  })
}
