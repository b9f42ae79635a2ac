import { conflict } from './error.ts'
import type { Outcome, Write } from './repository.ts'
import { type Change, CommitConflict, type Version } from './store.ts'
import { checkParameter } from './write/check-parameter.ts'
import { checkVersion } from './write/check-version.ts'
import type { Draft, Step, WriteParts } from './write/draft.ts'
import { dropNarrative } from './write/drop-narrative.ts'
import { dropUnchanged } from './write/drop-unchanged.ts'
import { extractRows } from './write/extract-rows.ts'
import { findMatch } from './write/find-match.ts'
import { load } from './write/load.ts'
import { refusePart } from './write/refuse-part.ts'
import { resolveReferences } from './write/resolve-references.ts'
import { stamp } from './write/stamp.ts'
import { takeBody } from './write/take-body.ts'
import { validate } from './write/validate.ts'

type Kind = Write['kind']
const [c, u, p, d]: Kind[] = ['create', 'update', 'patch', 'delete']

/** What a write goes through, in order, and which kinds of write take each step. `prepare` comes before all ids are known. */
// biome-ignore format: the columns are the point
const prepare: [Step, ...(Kind | undefined)[]][] = [
  [findMatch,          c, u, p, d],   // If-None-Exist and the conditional forms
]
// biome-ignore format: the columns are the point
const steps: [Step, ...(Kind | undefined)[]][] = [
  [load,                  u, p, d],
  [checkVersion,          u, p, d],   // If-Match, If-None-Match
  [takeBody,           c, u, p   ],   // applies the patch
  [refusePart,            u      ],   // what _summary or _elements gave
  [dropUnchanged,         u, p   ],
  [dropNarrative,            p   ],   // one that may tell what the patch changed
  [validate,           c, u, p   ],
  [checkParameter,     c, u, p   ],   // of a SearchParameter
  [resolveReferences,  c, u, p, d],
  [stamp,              c, u, p   ],   // id, versionId; the commit adds lastUpdated
  [extractRows,        c, u, p, d],
]

const byKind = (table: typeof steps): Record<Kind, Step[]> => {
  const of = (kind: Kind) => table.flatMap(([step, ...kinds]) => (kinds.includes(kind) ? step : []))
  return { create: of('create'), update: of('update'), patch: of('patch'), delete: of('delete') }
}
const prepareOf = byKind(prepare)
const stepsOf = byKind(steps)

/** Finds out which resource the write is about: `draft.id`, or `draft.settled` where there is nothing to write. */
export const prepareDraft = (draft: Draft, parts: WriteParts): Promise<void> =>
  walk(prepareOf[draft.write.kind], draft, parts)

/** Takes the draft through all other steps: afterwards it is settled or ready to commit. */
export const finishDraft = (draft: Draft, parts: WriteParts): Promise<void> =>
  walk(stepsOf[draft.write.kind], draft, parts)

async function walk(steps: readonly Step[], draft: Draft, parts: WriteParts): Promise<void> {
  for (const step of steps) {
    if (draft.settled) return
    // Awaiting what is not a promise would cost a turn of the queue for each step.
    const pending = step(draft, parts)
    if (pending) await pending
  }
}

export function makeDraft(
  draft: Pick<Draft, 'context' | 'write' | 'others'> & { id: string },
): Draft {
  return { ...draft, checks: [] }
}

/** What the store is to write for this draft, at this instant (ms). */
export function changeOf(draft: Draft, at: number): Change {
  const { printed, write, id, before, old } = draft
  if (draft.isStale?.()) throw new CommitConflict('check', 'the search parameters')
  return {
    type: write.type,
    id,
    method: before && before.json === undefined && write.kind === 'update' ? 'revive' : write.kind,
    replaces: before?.number ?? 0,
    ...(printed ? { json: printed.head + new Date(at).toISOString() + printed.tail } : {}),
    extract: draft.extract ?? { rows: [], present: [] },
    ...(old ? { old } : {}),
  }
}

export function outcomeOf(draft: Draft, version: Version): Outcome {
  if (draft.settled) return draft.settled
  if (draft.write.kind === 'delete') return { status: 204, version, changed: true }
  return { status: draft.current ? 200 : 201, version, changed: true }
}

/** How often a write looks again before it gives up: others were quicker each time. */
const attempts = 8

/** Runs an attempt until its commit goes through. */
export type Retry = <T>(attempt: () => Promise<T>) => Promise<T>

/** Repeats `attempt` while the commit finds that what was decided on no longer holds; `lost` is told on what. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  lost: (on: string) => void = () => {},
): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof CommitConflict)) throw error
      if (n === attempts)
        throw conflict(
          `${error.on} is being changed by others at the same time: repeat the request`,
          undefined,
          { cause: error, headers: { 'Retry-After': '1' } },
        )
      lost(error.on)
    }
  }
}
