import { parseStored } from '../../resources/json.ts'
import { baseId } from '../../resources/parameters.ts'
import type { Resource } from '../../resources/resource.ts'
import { typesOf } from '../../resources/search/own.ts'
import type { Addition, Tenant, Version } from '../../resources/store.ts'
import { type Job, type ReindexParts, rest } from './job.ts'

/** Resources given rows in one step: writes wait for it. */
const slice = 100
/** ms between two marks of how far it is; after an end of the program what came since is done once more. */
const marks = 250

/** Gives each stored resource the rows of an index. False: it was ended, or is somebody else's. */
export async function buildIndex(
  job: Job,
  tenant: Tenant,
  parts: ReindexParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { store, parameters } = parts
  let marked = performance.now()
  const from = job.state
  for (const type of typesOf(from.facts)) {
    if (from.type !== undefined && type < from.type) continue
    for await (const versions of slices(
      store.scan(tenant, type, type === from.type ? from.after : ''),
    )) {
      const began = performance.now()
      if (signal.aborted || !isWanted()) return false
      await fill(job.state.id, versions, tenant, parts)
      const { done } = job.state
      const more = { type, after: versions.at(-1)?.id ?? '', done: done + versions.length }
      if (performance.now() - marked > marks) {
        if (!(await job.save(more))) return false
        marked = performance.now()
        await parameters.changed(tenant)
      } else job.advance(more)
      await rest(began, signal)
    }
  }
  return true

  function isWanted(): boolean {
    const { indexes, unwanted } = parameters.now(tenant)
    const { id } = job.state
    return id === baseId || (indexes.some(({ state }) => state.id === id) && !unwanted.has(id))
  }
}

async function* slices(versions: AsyncIterable<Version>): AsyncIterable<Version[]> {
  let held: Version[] = []
  for await (const version of versions) {
    held.push(version)
    if (held.length < slice) continue
    yield held
    held = []
  }
  if (held.length > 0) yield held
}

/** Those that were changed meanwhile are read again, until each has its rows. */
async function fill(
  index: string,
  versions: Version[],
  tenant: Tenant,
  { store, parameters, extract }: ReindexParts,
): Promise<void> {
  const known = parameters.now(tenant)
  const additionOf = ({ type, id, number, json }: Version): Addition[] => {
    if (json === undefined) return []
    const resource = parseStored(json) as Resource
    if (index === baseId)
      return [{ type, id, number, rows: [], whole: known.complete(resource, extract(resource)) }]
    const rows = known.rowsOf(index, resource)
    return rows.length > 0 ? [{ type, id, number, rows }] : []
  }
  for (let due = versions.flatMap(additionOf); due.length > 0; ) {
    const lost = await store.addRows(tenant, due)
    const read = await Promise.all(lost.map(({ type, id }) => store.read(tenant, type, id)))
    due = read.flatMap(version => (version ? additionOf(version) : []))
  }
}
