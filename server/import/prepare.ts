/** A line as Bundle entries that may be sent twice: what has no id of its own gets one that is always the same. */
import { createHash } from 'node:crypto'
import { isResourceType } from '../../resources/definitions.ts'
import { invalid } from '../../resources/error.ts'
import { isObject } from '../../resources/resource.ts'

export interface Entry {
  fullUrl?: string
  resource?: unknown
  request: Record<string, unknown>
}

/** What is sent as one Bundle: a transaction of the file, or entries that are independent of each other. */
export interface Load {
  type: 'transaction' | 'batch'
  entries: Entry[]
  /** Resources written by id, as `Type/id`; absent: it must have its turn alone. */
  writes?: string[]
}

/** Where a line is from: part of the ids made for what has none. */
export interface Place {
  file: string
  line: number
}

type Json = Record<string, unknown>

/** Throws a FhirError where a line is nothing that can be loaded. */
export function prepare(content: unknown, place: Place): Load {
  if (!isObject(content)) throw invalid('the line is not a JSON object')
  if (content.resourceType !== 'Bundle') return independent([put(content, place, 0)])
  switch (content.type) {
    case 'transaction':
    case 'batch':
      return requested(content, content.type, place)
    case 'collection':
    case 'searchset':
      return collected(content, place)
    case 'document':
    case 'message':
      return independent([put(content, place, 0)])
    default:
      throw invalid(
        'Bundle.type must be transaction, batch, collection, searchset, document or message to be loaded',
        'Bundle.type',
      )
  }
}

function entriesOf(bundle: Json): Json[] {
  const { entry = [] } = bundle
  if (!Array.isArray(entry) || !entry.every(isObject))
    throw invalid('Bundle.entry must be an array of objects', 'Bundle.entry')
  return entry
}

function requested(bundle: Json, type: Load['type'], place: Place): Load {
  const entries = entriesOf(bundle).map((entry, index) => repeatable(entry, place, index))
  const writes = entries.map(writtenBy)
  return { type, entries, ...(writes.every(isText) ? { writes } : {}) }
}

/** Resources of a collection are independent, unless they refer to each other by urn. */
function collected(bundle: Json, place: Place): Load {
  const found = entriesOf(bundle).filter(
    ({ resource, search }) =>
      isObject(resource) && !(isObject(search) && search.mode === 'outcome'),
  )
  const entries = found.map(({ resource, fullUrl }, index) => {
    const urn = typeof fullUrl === 'string' && fullUrl.startsWith('urn:') ? fullUrl : undefined
    const entry = put(resource as Json, place, index, urn)
    return urn ? { fullUrl: urn, ...entry } : entry
  })
  const linked = entries.some(({ fullUrl }) => fullUrl !== undefined)
  return { ...independent(entries), type: linked ? 'transaction' : 'batch' }
}

const independent = (entries: Entry[]): Load => ({
  type: 'batch',
  entries,
  writes: entries.map(writtenBy).filter(isText),
})

const isText = (value: unknown): value is string => value !== undefined

/** A create without a condition would make a second one when it is repeated, so it becomes an update. */
function repeatable(entry: Json, place: Place, index: number): Entry {
  const { request, resource, fullUrl } = entry
  const isCreate =
    isObject(request) && request.method === 'POST' && request.ifNoneExist === undefined
  if (!isCreate || !isObject(resource)) return entry as unknown as Entry
  if (typeof fullUrl !== 'string') return put({ ...resource, id: undefined }, place, index)
  return { ...entry, ...put({ ...resource, id: undefined }, place, index, fullUrl) }
}

function put(resource: Json, place: Place, index: number, fullUrl?: string): Entry {
  const { resourceType: type } = resource
  if (typeof type !== 'string' || !isResourceType(type))
    throw invalid('resourceType is missing or no type of R4', 'resourceType')
  const id = typeof resource.id === 'string' ? resource.id : madeId(resource, place, index, fullUrl)
  return {
    resource: Object.assign({ resourceType: type, id }, resource, { id }),
    request: { method: 'PUT', url: `${type}/${encodeURIComponent(id)}` },
  }
}

function madeId(resource: Json, { file, line }: Place, index: number, fullUrl?: string): string {
  const uuid = /^urn:uuid:([0-9a-fA-F-]{36})$/.exec(fullUrl ?? '')?.[1]
  if (uuid) return uuid.toLowerCase()
  const from = [file, line, index, JSON.stringify(resource)]
  return createHash('sha256').update(from.join('\n')).digest('hex').slice(0, 32)
}

/** `Type/id` of an update by id; absent for every other write. */
function writtenBy({ request }: Entry): string | undefined {
  if (!isObject(request) || request.method !== 'PUT') return undefined
  const { url } = request
  return typeof url === 'string' && /^[A-Z][A-Za-z]+\/[^/?]+$/.test(url) ? url : undefined
}
