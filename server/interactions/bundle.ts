/** https://hl7.org/fhir/R4/http.html#transaction: batch and transaction, run in this process. */
import type { Context } from '../../resources/context.ts'
import { isResourceType } from '../../resources/definitions.ts'
import { FhirError, invalid, notFound, tooLarge, unsupported } from '../../resources/error.ts'
import type { Repository } from '../../resources/repository.ts'
import { isObject } from '../../resources/resource.ts'
import { type Entry, failedEntry, printEntry, readEntry } from '../entry.ts'
import { preferOf } from '../prefer.ts'
import type { FhirRequest, FhirResponse } from '../request.ts'
import { answerOf, writeOf } from '../writes.ts'

export interface BundleParts {
  repository: Repository
  dispatch(request: FhirRequest, context: Context): Promise<FhirResponse>
  /** How many entries one Bundle may have. */
  maxBundleEntries: number
}

/** Runs a batch or a transaction and answers its response Bundle. */
export async function bundle(
  request: FhirRequest,
  context: Context,
  parts: BundleParts,
): Promise<FhirResponse> {
  const { type, entries } = readBundle(request, parts.maxBundleEntries)
  const answers =
    type === 'transaction'
      ? await transaction(entries, context, parts)
      : await batch(entries, context, parts)
  const keep = preferOf(request).return === 'representation'
  const printed = answers.map((answer, index) => {
    const reads = ['GET', 'HEAD'].includes(entries[index]?.request.method ?? '')
    return printEntry(keep || reads ? answer : withoutResource(answer))
  })
  return {
    status: 200,
    headers: {},
    json: `{"resourceType":"Bundle","type":"${type}-response","entry":[${printed.join(',')}]}`,
  }
}

function readBundle(
  request: FhirRequest,
  limit: number,
): { type: 'batch' | 'transaction'; entries: Entry[] } {
  const { body } = request
  if (!isObject(body) || body.resourceType !== 'Bundle')
    throw invalid('what is posted here must be a Bundle', 'Bundle')
  const { type, entry = [] } = body
  if (type !== 'batch' && type !== 'transaction')
    throw invalid('Bundle.type must be batch or transaction to be run here', 'Bundle.type')
  if (!Array.isArray(entry)) throw invalid('Bundle.entry must be an array', 'Bundle.entry')
  if (entry.length > limit)
    throw tooLarge(`a Bundle may have ${limit} entries here: send it in parts`, 'Bundle.entry')
  return { type, entries: entry.map((item, index) => readEntry(item, index, request)) }
}

const withoutResource = (answer: FhirResponse): FhirResponse => {
  if (answer.status >= 400) return answer
  const { json: _, resource: _r, ...rest } = answer
  return rest
}

/** Entries are independent of each other, so a few run at a time and share a commit. */
const atOnce = 32

async function batch(
  entries: Entry[],
  context: Context,
  parts: BundleParts,
): Promise<FhirResponse[]> {
  const answers: FhirResponse[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < entries.length; index = next++) {
      const entry = entries[index]
      if (entry) answers[index] = await runAlone(entry, context, parts)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, entries.length) }, work))
  return answers
}

async function runAlone(entry: Entry, context: Context, parts: BundleParts): Promise<FhirResponse> {
  try {
    refuseNested(entry)
    return await parts.dispatch(entry.request, context)
  } catch (error) {
    if (error instanceof FhirError) return failedEntry(error)
    throw error
  }
}

function refuseNested(entry: Entry): void {
  if (entry.request.path.length === 0 && entry.request.method === 'POST')
    throw invalid('a Bundle cannot be run inside a Bundle', `${entry.path}.request.url`)
}

const isRead = (entry: Entry): boolean => ['GET', 'HEAD'].includes(entry.request.method)

/** The writes are one commit; the reads come after it and see what it wrote. */
async function transaction(
  entries: Entry[],
  context: Context,
  parts: BundleParts,
): Promise<FhirResponse[]> {
  const writes = entries.filter(entry => !isRead(entry))
  const outcomes = await parts.repository.transaction(context, writes.map(readWrite))
  const answers = new Map<Entry, FhirResponse>()
  for (const [index, entry] of writes.entries()) {
    const outcome = outcomes[index]
    if (outcome) answers.set(entry, answerOf(outcome, entry.request))
  }
  const reads = entries.filter(isRead)
  const found = await batch(reads, context, parts)
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
