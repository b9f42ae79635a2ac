/**
 * What a search asks of the terminology. A search is read at once; where something was asked for it is read again with the
 * answers, so that all that reads values can do without waiting.
 */
import { FhirError, unsupported } from '../../error.ts'
import type { Codes } from '../../ports.ts'
import type { SearchOptions } from './scope.ts'

export type Lookup =
  | { ask: 'expand'; valueSet: string }
  | { ask: 'below' | 'above'; system: string; code: string }

export interface Lookups {
  /** The codes, where they are known by now; else none, and they are asked for. `name` is the parameter's. */
  find(lookup: Lookup, name: string): Codes[]
  /** Waits for what was asked for; false where nothing was. */
  answer(): Promise<boolean>
}

export function createLookups({ context, terminology }: SearchOptions): Lookups {
  const known = new Map<string, Codes[]>()
  const open = new Map<string, () => Promise<Codes[]>>()
  const ask = async (lookup: Lookup, name: string): Promise<Codes[]> => {
    if (!context || !terminology)
      throw unsupported(`${name} needs a terminology, and there is none`)
    try {
      if (lookup.ask === 'expand') return await terminology.expand(context, lookup.valueSet)
      const { system, code } = lookup
      return [{ system, codes: await terminology[lookup.ask](context, { system, code }) }]
    } catch (error) {
      throw error instanceof FhirError ? named(error, name) : error
    }
  }
  return {
    find(lookup, name) {
      const key = JSON.stringify(lookup)
      const codes = known.get(key)
      if (!codes) open.set(key, () => ask(lookup, name))
      return codes ?? []
    },
    async answer() {
      if (open.size === 0) return false
      for (const [key, codes] of open) known.set(key, await codes())
      open.clear()
      return true
    },
  }
}

/** The terminology knows value sets, not parameters. */
const named = (error: FhirError, name: string): FhirError =>
  new FhirError(
    error.status,
    error.outcome.issue.map(issue => ({
      ...issue,
      diagnostics: `${name}: ${issue.diagnostics ?? issue.code}`,
    })),
    { cause: error, headers: error.headers },
  )
