/**
 * Labels and units are kept once each. They come before the versions that have them: a word too many finds nothing, one
 * too few would hide what is there.
 */
import type { Row, Tenant } from '../../resources/store.ts'
import type { Term, Unit } from './collections.ts'
import { type Update, update, type Within } from './commands.ts'
import { labelName, valueEntry } from './values.ts'

export interface Terms {
  remember(all: Rows[], within: Within): Promise<void>
}

export interface Rows {
  tenant: Tenant
  type: string
  rows: Row[]
}

/** How many are known to be there. */
const most = 100_000

export function createTerms(): Terms {
  const known = new Set<string>()
  const unknown = (all: (Term | Unit)[]): Update[] => {
    const fresh = new Map(all.map(each => [each._id, each]))
    return [...fresh]
      .filter(([_id]) => !known.has(_id))
      .map(([_id, { _id: _, ...rest }]) => ({
        q: { _id },
        u: { $setOnInsert: rest },
        upsert: true,
      }))
  }
  return {
    async remember(all, within) {
      for (const [name, found] of [
        ['term', unknown(all.flatMap(termsOf))],
        ['unit', unknown(all.flatMap(unitsOf))],
      ] as const) {
        if (found.length === 0) continue
        await update(name, found, within)
        for (const { q } of found) known.add(q._id)
      }
      for (const oldest of known) {
        if (known.size <= most) break
        known.delete(oldest)
      }
    },
  }
}

export const termsOf = ({ tenant, type, rows }: Rows): Term[] =>
  rows.flatMap(row => {
    if (row.kind !== 'label') return []
    const p = labelName(type, row.param)
    return { _id: `${tenant} ${valueEntry(p, row.text)}`, t: tenant, p, text: row.text }
  })

export const unitsOf = ({ tenant, rows }: Rows): Unit[] =>
  rows.flatMap(row => {
    if (row.kind !== 'quantity' || !(row.system || row.unit)) return []
    const { system, unit } = row
    return { _id: `${tenant} ${system}|${unit}`, t: tenant, system, unit }
  })
