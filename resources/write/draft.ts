import type { Context } from '../context.ts'
import type { Parameters } from '../parameters.ts'
import type { Validator } from '../ports.ts'
import type { Outcome, Write } from '../repository.ts'
import type { Resource } from '../resource.ts'
import type { Query } from '../search/query.ts'
import type { Check, Extract, Store, Version } from '../store.ts'

/** What the steps of a write work with. */
export interface WriteParts {
  store: Store
  validator: Validator
  extract(resource: Resource): Extract
  parameters: Parameters
  /** The query of a conditional interaction; refuses what it does not know. */
  parseCriteria(context: Context, type: string, criteria: [string, string][]): Promise<Query>
  applyPatch(resource: Resource, patch: NonNullable<Write['patch']>): Resource
  /** Where this server is: references that begin with it are to its own resources. */
  base(): string
  /** On: a reference must have its target, and what is referred to is not deleted. */
  referentialIntegrity: boolean
}

/** One write on its way through the steps. It is made anew for each attempt. */
export interface Draft {
  readonly context: Context
  write: Write
  /** The body with its references as they will stand; absent: the body as it came. */
  resource?: Resource
  /** What the urns in a patch stand for. */
  urns?: ReadonlyMap<string, string>
  /** What else happens in the same commit. */
  readonly others: Others
  id: string
  /** The newest version, deleted or not. */
  before?: Version
  /** `before`, parsed. */
  current?: Resource
  after?: Resource
  checks: Check[]
  extract?: Extract
  old?: Extract
  /** Other rows would be made of it by now: it must not be written as it is. */
  isStale?: () => boolean
  /** The JSON text around the instant of meta.lastUpdated, which the commit fills in. */
  printed?: { head: string; tail: string }
  /** Set where nothing has to be written. */
  settled?: Outcome
}

/** `Patient/1` of all that the same commit deletes and writes. */
interface Others {
  deleted: ReadonlySet<string>
  written: ReadonlySet<string>
}

export const alone: Others = { deleted: new Set(), written: new Set() }

export type Step = (draft: Draft, parts: WriteParts) => void | Promise<void>

/** An element of the body (`Patient.name`) as it stands in the whole request: `Bundle.entry[3].resource.name`. */
export function at({ write }: Draft, element: string): string {
  if (!write.path) return element
  const below = element.replace(/^[A-Z][A-Za-z]*(\.|$)/, '')
  return below ? `${write.path}.${below}` : write.path
}
