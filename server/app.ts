/** The pipeline of a request, top to bottom. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Context } from '../resources/context.ts'
import { FhirError, issue, notFound, unavailable } from '../resources/error.ts'
import type { Config } from './config.ts'
import { consolePages } from './console/pages.ts'
import type { Dispatch } from './dispatch.ts'
import { defaultFormat } from './formats.ts'
import type { Health } from './health.ts'
import { asFhirError, formatOf, readRequest, type Sending, sendAnswer } from './http.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { FhirRequest } from './request.ts'

export interface AppParts {
  config: Config
  dispatch: Dispatch
  metrics: Metrics
  health: Health
  log: Log
  /** Where callers reach the server, without a slash at the end. */
  base(): string
  makeContext(requestId: string): Context
  totals(): Promise<Record<string, number>>
  /** Requests worked on now. */
  running: { count: number }
}

export function createApp(parts: AppParts): Express {
  const { config } = parts
  const body = express.raw({ type: () => true, limit: config.maxBody, inflate: true })
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(cors(config)) //                       pages of other origins, and OPTIONS
  app.use('/fhir', fhir(parts, body))
  app.use('/health', healthPages(parts)) //      answered also when the server is full
  app.use('/metrics', metricsPage(parts))
  app.use(consolePages(parts)) //                the start page
  app.use(nothingHere) //                        every other path
  app.use(failed(parts)) //                      what could not even be routed
  return app
}

const readsBody = new Set(['POST', 'PUT', 'PATCH'])

function fhir(parts: AppParts, body: express.RequestHandler) {
  const { config, running } = parts
  const limits = { depth: config.maxDepth, keys: config.maxKeys, string: config.maxString }
  return (request: Request, response: Response): void => {
    const started = performance.now()
    const id = requestId(request, parts)
    let asked: FhirRequest | undefined
    let format = defaultFormat
    response.once('close', () => {
      running.count--
      report(parts, { id, started, status: response.statusCode, asked })
    })
    running.count++
    const answer = async (error?: unknown): Promise<void> => {
      try {
        if (error) throw error
        if (running.count > config.maxRunning)
          throw unavailable('the server is busy: try again shortly', 1)
        asked = readRequest(request, { base: parts.base(), limits })
        format = formatOf(asked)
        const result = await parts.dispatch(asked, parts.makeContext(id))
        await sendAnswer(response, result, { id, fhir: asked, format })
      } catch (thrown) {
        await sendError(response, thrown, { id, log: parts.log, fhir: asked, format })
      }
    }
    if (readsBody.has(request.method)) body(request, response, answer)
    else void answer()
  }
}

const isRequestId = /^[A-Za-z0-9\-._]{1,64}$/

function requestId(request: Request, parts: AppParts): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && isRequestId.test(given)
    ? given
    : parts.makeContext('').newId()
}

function report(
  { metrics, log }: AppParts,
  done: { id: string; started: number; status: number; asked: FhirRequest | undefined },
): void {
  const ms = performance.now() - done.started
  const interaction = done.asked?.interaction ?? 'none'
  metrics.answered(interaction, done.status, ms / 1000)
  if (log.isLevelEnabled('info'))
    log.info({
      request: done.id,
      interaction,
      type: done.asked?.type,
      status: done.status,
      ms: Math.round(ms * 100) / 100,
    })
}

/** A FhirError is answered as it says; anything else is a bug: 500 with the request's id and no data. */
async function sendError(
  response: Response,
  thrown: unknown,
  { log, ...sending }: Sending & { log: Log },
): Promise<void> {
  const error = asFhirError(thrown)
  if (response.headersSent) {
    response.destroy()
    return
  }
  const known = error instanceof FhirError
  if (!known || error.status >= 500)
    log.error({ request: sending.id, err: error, cause: (error as Error)?.cause })
  const shown = known
    ? error
    : new FhirError(500, [
        issue('exception', `the server failed on request ${sending.id}: tell its operator this id`),
      ])
  await sendAnswer(
    response,
    {
      status: shown.status,
      headers: shown.headers,
      outcome: shown.outcome,
    },
    sending,
  )
}

function healthPages({ health }: AppParts): express.RequestHandler {
  return async (request, response, next) => {
    if (request.path === '/live') response.json({ status: 'ok' })
    else if (request.path === '/ready') {
      const state = await health.ready()
      response.status(state.ready ? 200 : 503).json(state)
    } else next()
  }
}

function metricsPage({ metrics }: AppParts): express.RequestHandler {
  return async (_request, response) => {
    response.setHeader('Content-Type', metrics.contentType)
    response.end(await metrics.text())
  }
}

const exposed =
  'ETag, Location, Content-Location, Last-Modified, X-Request-Id, X-Correlation-Id, Retry-After'
const methods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'

/** https://fetch.spec.whatwg.org/#http-cors-protocol */
function cors({ corsOrigins: origins }: Config): express.RequestHandler {
  return (request, response, next) => {
    const { origin } = request.headers
    // Also without an origin: a cache must not give that answer to the page of one.
    if (origins.size > 0) response.vary('Origin')
    if (origin && (origins.has('*') || origins.has(origin))) {
      response.setHeader('Access-Control-Allow-Origin', origins.has('*') ? '*' : origin)
      response.setHeader('Access-Control-Expose-Headers', exposed)
    }
    if (request.method !== 'OPTIONS') return next()
    const headers = request.headers['access-control-request-headers']
    if (origin && response.hasHeader('Access-Control-Allow-Origin')) {
      response.setHeader('Access-Control-Allow-Methods', methods)
      if (headers) response.setHeader('Access-Control-Allow-Headers', headers)
      response.setHeader('Access-Control-Max-Age', '600')
    }
    response.setHeader('Allow', methods)
    response.status(204).end()
  }
}

const nothingHere: express.RequestHandler = () => {
  throw notFound('there is nothing at this path: the FHIR API is at /fhir, the start page at /')
}

function failed(parts: AppParts) {
  // Express tells an error handler by its four parameters.
  return async (error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const id = requestId(request, parts)
    await sendError(response, error, { id, log: parts.log, format: defaultFormat })
  }
}
