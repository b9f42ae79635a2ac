/** The start page: what this server is, what is in it, what to try. */
import { readFileSync } from 'node:fs'
import type express from 'express'
import { readOnly } from '../pages.ts'

const files: Record<string, [file: string, type: string]> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/console/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/console/style.css': ['style.css', 'text/css; charset=utf-8'],
}

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Serves the page's files, and the counts of what is stored as JSON. */
export function consolePages({
  totals,
}: {
  totals(): Promise<Record<string, number>>
}): express.RequestHandler {
  const pages = new Map(
    Object.entries(files).map(([path, [file, type]]) => [
      path,
      { type, content: readFileSync(new URL(file, import.meta.url)) },
    ]),
  )
  return async (request, response, next) => {
    if (request.path === '/console/totals') {
      response.json(await totals())
      return
    }
    const page = pages.get(request.path)
    if (page && request.method === 'OPTIONS') return readOnly(request, response, next)
    if (!page || (request.method !== 'GET' && request.method !== 'HEAD')) return next()
    response.setHeader('Content-Security-Policy', policy)
    response.setHeader('X-Content-Type-Options', 'nosniff')
    response.setHeader('Content-Type', page.type)
    response.end(page.content)
  }
}
