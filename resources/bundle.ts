/** The writes of a transaction Bundle as one commit. https://hl7.org/fhir/R4/http.html#trules */
import type { Context } from './context.ts'
import { invalid } from './error.ts'
import { rewriteReferences } from './reference.ts'
import type { Outcome, TransactionEntry } from './repository.ts'
import { isObject, type Resource } from './resource.ts'
import type { Commit } from './store.ts'
import { breathe } from './write/breathe.ts'
import { compareParameters } from './write/check-parameter.ts'
import type { Draft, WriteParts } from './write/draft.ts'
import { findReferences } from './write/find-references.ts'
import { namedEntries } from './write/name-entries.ts'
import { changeOf, finishDraft, makeDraft, outcomeOf, prepareDraft, type Retry } from './write.ts'

/** Writes all entries or none; the outcomes come in the order of the entries. */
export async function transact(
  context: Context,
  entries: TransactionEntry[],
  parts: WriteParts & { retry: Retry },
): Promise<Outcome[]> {
  refuseDoubleUrls(entries)
  // Ids hold over all attempts, so that an attempt begins where the last one did.
  const ids = entries.map(entry => entry.write.id ?? context.newId())
  return parts.retry(() => attempt(context, { entries, ids }, parts))
}

async function attempt(
  context: Context,
  request: { entries: TransactionEntry[]; ids: string[] },
  parts: WriteParts,
): Promise<Outcome[]> {
  const others = { deleted: new Set<string>(), written: new Set<string>() }
  const drafts = request.entries.map(({ write }, index) =>
    makeDraft({ context, write, others, id: request.ids[index] ?? '' }),
  )
  await prepareAll(request.entries, drafts, { others, parts })
  refuseDoubles(drafts)
  await rewriteAll(request.entries, drafts, parts)
  for (const [index, draft] of drafts.entries()) {
    await finishDraft(draft, parts)
    await breathe(index)
  }
  compareParameters(drafts)
  const due = drafts.filter(draft => !draft.settled)
  // It may have taken long to come here.
  await parts.parameters.fresh(context)
  const versions = due.length
    ? await parts.store.commit(context.tenant, at => commitOf(drafts, due, at))
    : []
  const written = new Map(due.map((draft, index) => [draft, versions[index]]))
  return drafts.map(draft => {
    const version = written.get(draft)
    return version ? outcomeOf(draft, version) : (draft.settled ?? { status: 204, changed: false })
  })
}

const commitOf = (drafts: Draft[], due: Draft[], at: number): Commit => ({
  changes: due.map(draft => changeOf(draft, at)),
  checks: drafts.flatMap(draft => draft.checks),
})

/** Deletes decide first: what they take no longer matches the criteria of the others. */
async function prepareAll(
  entries: TransactionEntry[],
  drafts: Draft[],
  { others, parts }: { others: { deleted: Set<string>; written: Set<string> }; parts: WriteParts },
): Promise<void> {
  const named = namedEntries(entries, drafts)
  const prepare = async (draft: Draft, names: Set<string>) => {
    await prepareDraft(draft, parts)
    if (!draft.settled) names.add(`${draft.write.type}/${draft.id}`)
  }
  const [deletes, rest] = split(drafts, ({ write }) => write.kind === 'delete')
  for (const draft of deletes) {
    if (named.in(draft.write).length > 0) throw named.unknown(draft.write)
    await prepare(draft, others.deleted)
  }
  // Whom the criteria name comes before them.
  const naming = new Map(rest.map(draft => [draft, named.in(draft.write)]))
  for (let left = rest; left.length > 0; ) {
    const waiting = new Set([...left, ...deletes])
    const [later, ready] = split(left, draft => naming.get(draft)?.some(each => waiting.has(each)))
    const [stuck] = later
    if (ready.length === 0 && stuck) throw named.unknown(stuck.write)
    for (const draft of ready) {
      if (naming.get(draft)?.length) draft.write = named.replaced(draft.write)
      await prepare(draft, others.written)
    }
    left = later
  }
}

const split = <T>(all: T[], is: (one: T) => boolean | undefined): [T[], T[]] => [
  all.filter(is),
  all.filter(one => !is(one)),
]

function refuseDoubleUrls(entries: TransactionEntry[]): void {
  const seen = new Map<string, string | undefined>()
  for (const { fullUrl, write } of entries) {
    if (!fullUrl) continue
    if (seen.has(fullUrl))
      throw invalid(
        `two entries have the same fullUrl (the other is ${seen.get(fullUrl)}): give each its own`,
        write.path,
      )
    seen.set(fullUrl, write.path)
  }
}

function refuseDoubles(drafts: Draft[]): void {
  const seen = new Map<string, Draft>()
  const once = (key: string, draft: Draft) => {
    const other = seen.get(key)
    if (other)
      throw invalid(
        `two entries write the same ${draft.write.type} (the other is ${other.write.path}): a transaction may name a resource once`,
        draft.write.path,
      )
    seen.set(key, draft)
  }
  for (const draft of drafts) {
    if (draft.settled) continue
    once(`${draft.write.type}/${draft.id}`, draft)
    const [check] = draft.checks
    // Two entries that would each create what the other looks for.
    if (check && draft.write.kind !== 'delete' && draft.write.kind !== 'patch')
      once(`${draft.write.type}?${JSON.stringify(check.query.where)}`, draft)
  }
}

/** Gives each entry's resource the references as they will stand. */
async function rewriteAll(
  entries: TransactionEntry[],
  drafts: Draft[],
  parts: WriteParts,
): Promise<void> {
  const references = await findReferences(entries, drafts, parts)
  // What is stored already means what it says: of a patch only urns are looked at, which are never stored.
  const urns = new Map([...references(undefined)].filter(([url]) => url.startsWith('urn:')))
  for (const [index, draft] of drafts.entries()) {
    const { resource, kind } = draft.write
    if (kind === 'patch') draft.urns = urns
    if (!isObject(resource) || draft.settled) continue
    const targets = references(entries[index]?.fullUrl)
    if (targets.size === 0) continue
    draft.resource = rewriteReferences(resource as Resource, targets)
    await breathe(index)
  }
}
