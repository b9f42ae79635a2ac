/** The same operations on several servers, each in a tenant of its own; what they answer is compared word by word. */
import { FhirError } from '../../../resources/error.ts'
import { parseJson, printJson } from '../../../resources/json.ts'
import type { Tenant } from '../../../resources/store.ts'
import type { Composed } from '../../../server/compose.ts'
import { readQuery } from '../../../server/query.ts'
import { canonical } from '../cases.ts'
import { beforehand, type Operation } from './operation.ts'

const base = 'http://127.0.0.1/fhir'
const started = Date.UTC(2024, 4, 1)

/** What the servers take for the time, ms; it goes on by a second with each operation. */
export const clock = { now: started }
let tenants = 0

export interface Difference {
  /** The place of the operation. */
  at: number
  text: string
}

/** Absent: they agree on all. */
export async function play(
  operations: readonly Operation[],
  servers: readonly Composed[],
): Promise<Difference | undefined> {
  const tenant = `differs${++tenants}` as Tenant
  clock.now = Math.max(clock.now + 1000, started)
  for (const [place, operation] of [...beforehand, ...operations].entries()) {
    const at = place - beforehand.length
    clock.now += 1000
    const answers = await Promise.all(
      servers.map(server => answered(server, operation, { tenant, name: `${at}` })),
    )
    const [first = [], ...others] = answers
    for (const other of others)
      for (const [place, text] of first.entries())
        if (text !== other[place])
          return { at, text: `answer ${place + 1} is\n${text}\nand\n${other[place] ?? 'none'}` }
  }
  return undefined
}

/** Of the operation, its further pages and what is done between them. */
async function answered(
  server: Composed,
  { request, between }: Operation,
  { tenant, name }: { tenant: Tenant; name: string },
): Promise<string[]> {
  let made = 0
  const context = {
    ...server.makeContext(name),
    tenant,
    newId: () => `n${name}-${++made}`,
  }
  const answers: string[] = []
  let next: string | undefined
  const ask = async (asked: Operation['request']) => {
    try {
      const { body: given, ...rest } = asked
      // Each has its own, as it would come over HTTP.
      const own = given === undefined ? {} : { body: parseJson(printJson(given)) }
      const answer = await server.dispatch({ ...rest, ...own, base }, context)
      const { status, headers, json, resource, outcome } = answer
      const body = json ?? (resource || outcome ? printJson(resource ?? outcome) : '')
      next = nextOf(body)
      answers.push(shown(status, headers, body))
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      next = undefined
      answers.push(shown(error.status, error.headers, printJson(error.outcome)))
    }
  }
  await ask(request)
  for (const { request: other } of between) {
    const page = next
    await ask(other)
    if (page !== undefined) await ask({ ...request, query: readQuery(page) })
  }
  return answers
}

/** The parameters of the link to the next page. */
function nextOf(body: string): string | undefined {
  if (!body.includes('"relation":"next"')) return undefined
  const { link } = JSON.parse(body) as { link?: { relation: string; url: string }[] }
  const url = link?.find(({ relation }) => relation === 'next')?.url
  return url?.slice(url.indexOf('?') + 1)
}

/** Places in links are each store's own, and so is from when on a history may be followed: what it is sure of. */
function shown(status: number, headers: Record<string, string>, body: string): string {
  const settled = /("meta":\{"lastUpdated":")[^"]*("\},"resourceType":"Bundle","type":"history")/
  const own = (text: string) =>
    text.replaceAll(/(_page=)[\w.~-]+/g, '$1…').replace(settled, '$1…$2')
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .sort()
  return own([status, ...head, body && canonical(parseJson(body))].join('\n'))
}
