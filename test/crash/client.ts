import { setTimeout as wait } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'

const headers = { 'Content-Type': 'application/fhir+json' }
const patient = (mark: string, id?: string) => ({
  resourceType: 'Patient',
  ...(id ? { id } : {}),
  identifier: [{ system: 'urn:crash', value: mark }],
  name: [{ family: 'Kulkarni', given: ['Asha', mark] }],
  birthDate: '1980-05-04',
})

let last = 0

/** Told to come again: what was sent stays open. */
class Later extends Error {}

/** What was answered, where anything else would be a fault of a server that lives. */
function expectStatus(ledger: Ledger, answer: Answer, ...expected: number[]): void {
  if (expected.includes(answer.status)) {
    if (answer.method !== 'GET') ledger.wrote(answer.base)
    return
  }
  const { status, headers } = answer
  if (ledger.patient && (status === 503 || status === 507) && headers.get('retry-after')) {
    ledger.delays[status] = 1 + (ledger.delays[status] ?? 0)
    ledger.delay = answer.text
    throw new Later()
  }
  ledger.unexpected(`${answer.url} answered ${answer.status}: ${answer.text}`)
  throw new Error('nothing to go on with')
}

/**
 * One client: creates, updates, deletes and sends transactions in turn until it is told to stop or a server dies. Of several
 * servers on one database each has its turn, so that what was acknowledged by one is asked of another.
 */
export async function work(bases: string[], ledger: Ledger, stop: { now: boolean }): Promise<void> {
  const own: { path: string; id: string; version: number }[] = []
  const steps = [put, read, put, update, read, transaction, conditional, update, remove]
  for (let n = 0; !stop.now; n++) {
    try {
      await steps[n % steps.length]?.({ send: sendingTo(bases), ledger, own })
    } catch (error) {
      // What was sent stays open; the server has died in the middle, unless it was not to.
      if (!(error instanceof Later)) {
        if (ledger.patient) ledger.unexpected(`a client ended: ${error}`)
        return
      }
      await wait(200)
    }
  }
}

type Send = (
  path: string,
  method: string,
  body?: unknown,
  more?: Record<string, string>,
) => Promise<Answer>

interface Place {
  send: Send
  ledger: Ledger
  own: { path: string; id: string; version: number }[]
}

/** ms: an answer that takes longer is none. */
const longest = 60_000

interface Answer extends Pick<Response, 'url' | 'status' | 'headers'> {
  base: string
  method: string
  text: string
}

let turn = 0

/** Sends each request to the next of some servers. */
const sendingTo =
  (bases: string[]): Send =>
  async (path, method, body, more = {}) => {
    const base = bases[turn++ % bases.length] ?? ''
    const url = base + path
    const answer = await fetch(url, {
      method,
      headers: { ...headers, ...more },
      signal: AbortSignal.timeout(longest),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const { status } = answer
    return { base, method, url, status, headers: answer.headers, text: await answer.text() }
  }

const newId = () => `c${++last}`

async function put({ send, ledger, own }: Place): Promise<void> {
  const id = newId()
  const path = `Patient/${id}`
  const mark = ledger.mark()
  ledger.sending(path, mark)
  const answer = await send(`/${path}`, 'PUT', patient(mark, id))
  expectStatus(ledger, answer, 201)
  ledger.answered(path, { version: 1, mark, deleted: false })
  own.push({ path, id, version: 1 })
}

async function update({ send, ledger, own }: Place): Promise<void> {
  const one = own[Math.floor(Math.random() * own.length)]
  if (!one) return
  const mark = ledger.mark()
  ledger.sending(one.path, mark)
  const answer = await send(`/${one.path}`, 'PUT', patient(mark, one.id), {
    'If-Match': `W/"${one.version}"`,
  })
  expectStatus(ledger, answer, 200, 412)
  if (answer.status === 412) return ledger.refused(one.path, mark)
  one.version++
  ledger.answered(one.path, { version: one.version, mark, deleted: false })
}

/** What was acknowledged is there from then on. */
async function read({ send, ledger, own }: Place): Promise<void> {
  const one = own[Math.floor(Math.random() * own.length)]
  if (!one) return
  const { version } = one
  const answer = await send(`/${one.path}`, 'GET')
  expectStatus(ledger, answer, 200)
  const found = Number(/\d+/.exec(answer.headers.get('etag') ?? '')?.[0])
  if (!(found >= version))
    ledger.unexpected(`${one.path} was read as version ${found}, and ${version} was acknowledged`)
}

async function remove({ send, ledger, own }: Place): Promise<void> {
  const one = own.shift()
  if (!one) return
  const answer = await send(`/${one.path}`, 'DELETE')
  expectStatus(ledger, answer, 204)
  ledger.answered(one.path, { version: one.version + 1, mark: '', deleted: true })
}

async function transaction({ send, ledger }: Place): Promise<void> {
  const ids = Array.from({ length: 5 }, newId)
  const paths = ids.map(id => `Patient/${id}`)
  const marks = ids.map(() => ledger.mark())
  for (const [index, path] of paths.entries()) ledger.sending(path, marks[index] ?? '')
  const record = ledger.transaction(paths)
  const entry = ids.map((id, index) => ({
    resource: patient(marks[index] ?? '', id),
    request: { method: 'PUT', url: `Patient/${id}` },
  }))
  const answer = await send('', 'POST', { resourceType: 'Bundle', type: 'transaction', entry })
  expectStatus(ledger, answer, 200)
  record.acknowledged = true
  for (const [index, path] of paths.entries())
    ledger.answered(path, { version: 1, mark: marks[index] ?? '', deleted: false })
}

/** By what two clients at once want the same one: a code, or a name, by which all of a type may meet. */
const wishes: ((mark: string) => Parameters<Send>)[] = [
  mark => ['/Patient', 'POST', patient(mark), { 'If-None-Exist': `identifier=urn:crash|${mark}` }],
  mark => [`/Patient?identifier=urn:crash|${mark}`, 'PUT', patient(mark)],
  mark => ['/Patient', 'POST', patient(mark), { 'If-None-Exist': `given:exact=${mark}` }],
]

/** Each asks another server, where there are several. */
async function conditional({ send, ledger }: Place): Promise<void> {
  const mark = ledger.mark()
  ledger.identifier(mark)
  const wish = wishes[Math.floor(Math.random() * wishes.length)]
  if (!wish) return
  const answers = await Promise.all([1, 2].map(() => send(...wish(mark))))
  for (const answer of answers) {
    expectStatus(ledger, answer, 200, 201)
    const { id, meta } = JSON.parse(answer.text) as { id: string; meta: { versionId: string } }
    ledger.answered(`Patient/${id}`, { version: Number(meta.versionId), mark, deleted: false })
  }
}
