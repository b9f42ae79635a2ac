import { isResourceType } from '../resources/definitions.ts'
import { invalid, notAllowed, notFound } from '../resources/error.ts'
import { isId } from '../resources/resource.ts'
import { checkCompartment } from '../resources/search/compartment.ts'
import { bundle } from './interactions/bundle.ts'
import { capabilities } from './interactions/capabilities.ts'
import { history } from './interactions/history.ts'
import { read, vread } from './interactions/read.ts'
import { search } from './interactions/search.ts'
import { create, patch, remove, update } from './interactions/write.ts'
import type { Interaction } from './interactions.ts'
import { findOperation, type Operations } from './operations.ts'
import type { FhirRequest } from './request.ts'
import { idRule } from './writes.ts'

interface Route {
  /** FHIR's word, for logs and metrics. */
  interaction: string
  type?: string
  run: Interaction
}

type Table = Readonly<Record<string, Route>>

const route = (interaction: string, run: Interaction): Route => ({ interaction, run })

/** Method to interaction, for each form of path. */
const system: Table = { POST: route('bundle', bundle), GET: route('search-system', search) }
const metadata: Table = { GET: route('capabilities', capabilities) }
const systemHistory: Table = { GET: route('history-system', history) }
const systemSearchForm: Table = { POST: route('search-system', search) }
const systemPaths: Readonly<Record<string, Table>> = {
  metadata,
  _history: systemHistory,
  _search: systemSearchForm,
}
const searchForm: Table = { POST: route('search-type', search) }
const ofType: Table = {
  GET: route('search-type', search),
  POST: route('create', create),
  PUT: route('update', update),
  PATCH: route('patch', patch),
  DELETE: route('delete', remove),
}
/** https://hl7.org/fhir/R4/compartmentdefinition.html */
const ofCompartment: Table = { GET: route('search-compartment', search) }
const compartmentForm: Table = { POST: route('search-compartment', search) }
const typeHistory: Table = { GET: route('history-type', history) }
const instance: Table = {
  GET: route('read', read),
  PUT: route('update', update),
  PATCH: route('patch', patch),
  DELETE: route('delete', remove),
}
const instanceHistory: Table = { GET: route('history-instance', history) }
const version: Table = { GET: route('vread', vread) }

/** Finds the interaction; throws 404, 405 (with Allow) or 400 that says what is wrong with the path. */
export function findRoute(request: FhirRequest, operations: Operations): Route {
  const { path } = request
  const [first, second] = path
  const found = ofMethod(request.method, tableOf(path, operations))
  if (first === undefined || !isResourceType(first)) return found
  const named = second !== undefined && !/^(_search|_history|\$.*)$/.test(second)
  if (named && !isId(second)) throw invalid(idRule)
  const third = path[2]
  return { ...found, type: third !== undefined && isResourceType(third) ? third : first }
}

/** HEAD is answered as GET, without its body. https://www.rfc-editor.org/rfc/rfc9110#section-10.2.1 */
function ofMethod(asked: string, table: Table): Route {
  const method = asked === 'HEAD' ? 'GET' : asked
  const found = Object.hasOwn(table, method) ? table[method] : undefined
  if (found) return found
  const able = Object.keys(table).flatMap(name => (name === 'GET' ? ['GET', 'HEAD'] : [name]))
  const allow = [...able, 'OPTIONS']
  if (method === 'OPTIONS')
    return route('options', async () => ({ status: 204, headers: { Allow: allow.join(', ') } }))
  throw notAllowed(
    `this method is not possible here: ${able.join(', ')} ${able.length > 1 ? 'are' : 'is'}`,
    allow,
  )
}

function tableOf(path: string[], operations: Operations): Table {
  const [first, second, third, fourth, ...more] = path
  if (first === undefined) return system
  if (path.at(-1)?.startsWith('$')) return ofOperation(path, operations)
  const fixed = second === undefined && Object.hasOwn(systemPaths, first) && systemPaths[first]
  if (fixed) return fixed
  if (!isResourceType(first))
    throw notFound(
      'the path does not begin with a resource type of R4: types are spelled as in Patient',
    )
  if (second === undefined) return ofType
  if (third === undefined)
    return second === '_search' ? searchForm : second === '_history' ? typeHistory : instance
  if (third === '_history' && fourth === undefined) return instanceHistory
  if (third === '_history' && more.length === 0) return version
  if (isResourceType(third) || third === '*') {
    checkCompartment(first, third === '*' ? undefined : third)
    if (fourth === undefined) return ofCompartment
    if (fourth === '_search' && more.length === 0) return compartmentForm
  }
  throw notFound('there is nothing at this path')
}

function ofOperation(path: string[], operations: Operations): Table {
  const found = findOperation(path, operations)
  if (!found)
    throw notFound('there is no such operation here; the CapabilityStatement lists what there is')
  const step = route(`$${found.code}`, found.run)
  return found.writes ? { POST: step } : { GET: step, POST: step }
}
