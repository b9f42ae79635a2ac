/**
 * Labels, units and systems are kept once each. They come before the versions that have them: a word too many finds nothing,
 * one too few would hide what is there.
 */
import type { Row, Tenant } from '../../resources/store.ts'
import type { System, Term, Unit } from './collections.ts'
import { type Update, update, type Within } from './commands.ts'
import type { KnownNames } from './known-names.ts'
import { firstName, labelName, nameOfRows, outOfName, partsOf, valueEntry } from './values.ts'

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

/** `names`: told of each new system and unit. */
export function createTerms(names: Pick<KnownNames, 'forget'>): Terms {
  const known = new Set<string>()
  const unknown = (all: (Term | Unit | System)[]): Update[] => {
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
        ['system', unknown(all.flatMap(systemsOf))],
      ] as const) {
        if (found.length === 0) continue
        await update(name, found, within)
        if (name !== 'term') names.forget()
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

export const systemsOf = ({ tenant, type, rows }: Rows): System[] =>
  rows.flatMap(row => {
    const { param, first } = row
    const own = row.kind === 'token' ? systemOf(tenant, nameOfRows(type, param), row.system) : []
    if (first === undefined) return own
    return [systemOf(tenant, firstName(type, param), partsOf(first)[0])].concat(own)
  })

const systemOf = (tenant: Tenant, name: string, system: string): System => ({
  _id: `${tenant} ${name} ${system}`,
  system,
})

/**
 * What an entry of a code tells of its system, `Type.param|system|code`, and that of a composite's first part,
 * `Type.param$system|code…`. Not of pairs of a patient and a code: the code has an entry of its own.
 */
export function systemsIn(tenant: Tenant, entry: string): System[] {
  const [, name, code = '', system] =
    /^([^=|$@]+(?:@\d+)?(?::[\w-]+)?)((?:\$[^=|$]*)?)(?:\|([^|]*))?/.exec(entry) ?? []
  if (name === undefined) return []
  if (code === '') return system === undefined ? [] : [systemOf(tenant, name, system)]
  const [, first, value] = /^[^$]*\$([^=|$]*)\|[^=|$]*(?:\|([^|]*)\|)?/.exec(entry) ?? []
  return [
    ...(first === undefined ? [] : [systemOf(tenant, `${name}$`, outOfName(first))]),
    ...(value === undefined ? [] : [systemOf(tenant, name, value)]),
  ]
}

/** Where all of a name are: `!` comes after a space. */
export const systemRange = (tenant: Tenant, name: string): { $gte: string; $lt: string } => ({
  $gte: `${tenant} ${name} `,
  $lt: `${tenant} ${name}!`,
})
