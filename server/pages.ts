/** What is answered beside the API, also when the server is full: health and metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { notAllowed } from '../resources/error.ts'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

/** A step of the pipeline that needs no more than Node's own request and answer. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: () => void,
) => void | Promise<void>

const reads = ['GET', 'HEAD']
const allow = [...reads, 'OPTIONS']

/** These pages are read; nothing can be done to them. */
export const readOnly: Middleware = (request, response, next) => {
  const { method = '' } = request
  if (reads.includes(method)) return next()
  if (method !== 'OPTIONS') throw notAllowed('this page can only be read', allow)
  response.writeHead(204, { Allow: allow.join(', ') }).end()
}

export function healthPages({ health }: { health: Health }): Middleware {
  return async (request, response, next) => {
    const path = request.url?.split('?', 1)[0]
    if (path === '/live') sendJson(response, 200, { status: 'ok' })
    else if (path === '/ready') {
      const state = await health.ready()
      sendJson(response, state.ready ? 200 : 503, state)
    } else next()
  }
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(value))
}

export function metricsPage({ metrics }: { metrics: Metrics }): Middleware {
  return async (_request, response) => {
    response.setHeader('Content-Type', metrics.contentType)
    response.end(await metrics.text())
  }
}
