/** The pipeline of a request, top to bottom. */
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { Context } from '../resources/context.ts'
import { FhirError, notFound } from '../resources/error.ts'
import { enter, hasBody, ownHost, type Running, tooMuch } from './admission.ts'
import { contentOf, readsBinary } from './binary.ts'
import type { Config } from './config.ts'
import { consolePages } from './console/pages.ts'
import { cors, refuseForeign } from './cors.ts'
import type { Dispatch } from './dispatch.ts'
import { defaultFormat, formatOf, negotiate } from './formats.ts'
import type { Health } from './health.ts'
import { asFhirError, readBody, readRequest, type Sending, sendAnswer } from './http.ts'
import { failureOf, type Log, writeLine } from './log.ts'
import type { Metrics } from './metrics.ts'
import { healthPages, metricsPage, readOnly } from './pages.ts'
import type { FhirRequest } from './request.ts'

interface AppParts {
  config: Config
  dispatch: Dispatch
  metrics: Metrics
  health: Health
  log: Log
  /** Where callers reach the server, without a slash at the end. */
  base(): string
  makeContext(requestId: string): Context
  totals(): Promise<Record<string, number>>
  running: Running
}

export function createApp(parts: AppParts): Express {
  const { config } = parts
  const body = express.raw({ type: () => true, limit: config.maxBody, inflate: true })
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', false)
  app.use(ownHost(config)) //                    names of others that lead here
  app.use(cors(config)) //                       pages of other origins, and OPTIONS
  app.use('/fhir', fhir(parts, body))
  app.use('/health', readOnly, healthPages(parts)) // answered also when the server is full
  app.use('/metrics', readOnly, metricsPage(parts))
  app.use('/console', readOnly)
  app.use(consolePages(parts)) //                the start page
  app.use(nothingHere) //                        every other path
  app.use(failed(parts)) //                      what could not even be routed
  return app
}

function fhir(parts: AppParts, body: express.RequestHandler) {
  const { config, running } = parts
  const limits = limitsOf(config)
  return (request: Request, response: Response): void => {
    const started = performance.now()
    const id = requestId(request, parts)
    const { context, leave } = untilLeft(parts.makeContext(id))
    let asked: FhirRequest | undefined
    let format = defaultFormat
    const freed = enter(running, request, config)
    response.once('close', () => {
      freed()
      // Aborting costs more than many a read does: not for those who have their answer.
      if (!response.writableFinished) leave()
      const status = response.headersSent ? response.statusCode : leftEarly
      report(parts, { context, started, status, asked })
    })
    const answer = async (error?: unknown): Promise<void> => {
      try {
        if (error) throw error
        asked = readRequest(request, parts.base())
        refuseForeign(asked, config)
        const reading = readBody(asked, request.body, limits)
        // Awaiting what is not a promise would cost each read a turn of the queue.
        if (reading) {
          await reading
          // Nobody waits for it any more, and it was not begun: it counts no more among what runs.
          if (response.closed) return
        }
        const maybeContent = readsBinary(asked)
        format = maybeContent ? (negotiate(asked.headers.accept) ?? defaultFormat) : formatOf(asked)
        const result = await parts.dispatch(asked, context)
        const sent = maybeContent ? contentOf(asked, result) : result
        await sendAnswer(response, sent, { id, fhir: asked, format })
      } catch (thrown) {
        // Its search was stopped, because nobody waits for it.
        if (response.closed && thrown instanceof FhirError) return
        await sendError(response, thrown, { id, log: parts.log, fhir: asked, format })
      }
    }
    const refusal = tooMuch(running, config)
    if (!refusal && hasBody(request)) body(request, response, answer)
    else void answer(refusal)
  }
}

const limitsOf = ({ maxDepth, maxKeys, maxString, maxBody }: Config) => ({
  depth: maxDepth,
  keys: maxKeys,
  string: maxString,
  body: maxBody,
})

/** What is logged for a client that went away before it was answered. */
const leftEarly = 499

/** The signal is made for those who look at it only. */
function untilLeft(made: Context): { context: Context; leave(): void } {
  let leaving: AbortController | undefined
  let left = false
  const context: Context = {
    ...made,
    get signal() {
      leaving ??= new AbortController()
      if (left) leaving.abort()
      return leaving.signal
    },
  }
  const leave = () => {
    left = true
    leaving?.abort()
  }
  return { context, leave }
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
  done: { context: Context; started: number; status: number; asked: FhirRequest | undefined },
): void {
  const ms = performance.now() - done.started
  const interaction = done.asked?.interaction ?? 'none'
  metrics.answered(interaction, done.status, ms / 1000)
  writeLine(log, {
    time: done.context.now(),
    request: done.context.requestId,
    tenant: done.context.tenant,
    interaction,
    type: done.asked?.type,
    status: done.status,
    ms: Math.round(ms * 100) / 100,
  })
}

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
  const { status, headers, outcome } = failureOf(error, sending.id, log)
  await sendAnswer(response, { status, headers, outcome }, sending)
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
