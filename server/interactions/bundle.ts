/** https://hl7.org/fhir/R4/http.html#transaction: batch and transaction, run in this process. */
import type { Context } from '../../resources/context.ts'
import { isResourceType } from '../../resources/definitions.ts'
import { invalid, notFound, tooLarge, unsupported } from '../../resources/error.ts'
import type { Repository } from '../../resources/repository.ts'
import { isObject } from '../../resources/resource.ts'
import { sideBySide } from '../../resources/side-by-side.ts'
import { type Entry, failedEntry, printEntry, readEntry, refuseOthers } from '../entry.ts'
import { failureOf, type Log } from '../log.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { answerOf, writeOf } from '../writes.ts'

interface BundleParts {
  repository: Repository
  dispatch(request: FhirRequest, context: Context): Promise<FhirResponse>
  /** How many entries one Bundle may have. */
  maxBundleEntries: number
  log: Log
}

/** Runs a batch or a transaction and answers its response Bundle. */
export async function bundle(
  request: FhirRequest,
  context: Context,
  parts: BundleParts,
): Promise<FhirResponse> {
  const { type, entries } = readBundle(request, parts.maxBundleEntries)
  const run = type === 'transaction' ? transaction : batch
  const answers = await run(entries, request, { context, parts })
  // An empty array is not valid in FHIR.
  const entry = answers.length ? `,"entry":[${answers.map(printEntry).join(',')}]` : ''
  return {
    status: 200,
    headers: {},
    json: `{"resourceType":"Bundle","type":"${type}-response"${entry}}`,
  }
}

/** What running entries takes, besides the entries. */
interface Run {
  context: Context
  parts: BundleParts
}

function readBundle(
  { body }: FhirRequest,
  limit: number,
): { type: 'batch' | 'transaction'; entries: unknown[] } {
  if (!isObject(body) || body.resourceType !== 'Bundle')
    throw invalid('what is posted here must be a Bundle', 'Bundle')
  const { resourceType: _, ...elements } = body
  const { type, entry = [] } = elements
  refuseOthers(elements, 'Bundle', 'Bundle')
  if (type !== 'batch' && type !== 'transaction')
    throw invalid('Bundle.type must be batch or transaction to be run here', 'Bundle.type')
  if (!Array.isArray(entry)) throw invalid('Bundle.entry must be an array', 'Bundle.entry')
  if (entry.length > limit)
    throw tooLarge(`a Bundle may have ${limit} entries here: send it in parts`, 'Bundle.entry')
  return { type, entries: entry }
}

/** Entries are independent of each other, so a few run at a time and share a commit. */
const atOnce = 32

/** Each entry by itself: one that cannot even be read leaves the others alone. */
const batch = (entries: unknown[], request: FhirRequest, run: Run): Promise<FhirResponse[]> =>
  sideBySide(entries, atOnce, (entry, index) =>
    runAlone(() => readEntry(entry, index, request), run),
  )

const runAlone = (read: () => Entry, run: Run): Promise<FhirResponse> =>
  byItself(async () => {
    const entry = read()
    refuseNested(entry)
    const answer = await run.parts.dispatch(entry.request, run.context)
    return entry.request.method === 'HEAD' ? headOf(answer) : answer
  }, run)

/** What fails is the answer of this entry alone, also a bug: what others wrote is kept, and must be told. */
async function byItself(
  answer: () => FhirResponse | Promise<FhirResponse>,
  { context, parts }: Run,
): Promise<FhirResponse> {
  try {
    return await answer()
  } catch (error) {
    return failedEntry(failureOf(error, context.requestId, parts.log))
  }
}

const headOf = ({ status, headers, version }: FhirResponse): FhirResponse => ({
  status,
  headers,
  ...(version ? { version } : {}),
})

function refuseNested(entry: Entry): void {
  if (entry.request.path.length === 0 && entry.request.method === 'POST')
    throw invalid('a Bundle cannot be run inside a Bundle', `${entry.path}.request.url`)
}

const isRead = (entry: Entry): boolean => ['GET', 'HEAD'].includes(entry.request.method)

/** The writes are one commit; the reads come after it and see what it wrote. */
async function transaction(
  given: unknown[],
  request: FhirRequest,
  run: Run,
): Promise<FhirResponse[]> {
  const entries = given.map((entry, index) => readEntry(entry, index, request))
  const writes = entries.filter(entry => !isRead(entry))
  const { repository } = run.parts
  const outcomes = await repository.transaction(run.context, writes.map(readWrite))
  const answers = new Map<Entry, FhirResponse>()
  for (const [index, entry] of writes.entries()) {
    const outcome = outcomes[index]
    if (outcome) answers.set(entry, await byItself(() => answerOf(outcome, entry.request), run))
  }
  const reads = entries.filter(isRead)
  const found = await sideBySide(reads, atOnce, entry => runAlone(() => entry, run))
  for (const [index, entry] of reads.entries()) {
    const answer = found[index]
    if (answer) answers.set(entry, answer)
  }
  return entries.map(entry => answers.get(entry) ?? { status: 500, headers: {} })
}

function readWrite(entry: Entry) {
  const { request, path } = entry
  const [type = '', id, ...more] = request.path
  refuseNested(entry)
  if (!isResourceType(type))
    throw notFound('url does not begin with a resource type of R4', `${path}.request.url`)
  if (request.method === 'DELETE' && request.query.some(([name]) => name === '_count'))
    throw unsupported(
      'a delete of several is not possible in a transaction: delete each by its id',
      `${path}.request.url`,
    )
  if (more.length || (request.method === 'POST' && id !== undefined))
    throw invalid(
      `${request.method} in a transaction takes a url of the form ${request.method === 'POST' ? 'Type' : 'Type/id or Type?criteria'}`,
      `${path}.request.url`,
    )
  const write = writeOf(request)
  return {
    write: { ...write, path: `${path}.resource` },
    ...(entry.fullUrl ? { fullUrl: entry.fullUrl } : {}),
  }
}
