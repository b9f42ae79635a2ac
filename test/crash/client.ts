import { setTimeout as wait } from 'node:timers/promises'
import type { Ledger } from './ledger.ts'

const headers = { 'Content-Type': 'application/fhir+json' }
const patient = (mark: string, id?: string) => ({
  resourceType: 'Patient',
  ...(id ? { id } : {}),
  identifier: [{ system: 'urn:crash', value: mark }],
  name: [{ family: 'Kulkarni', given: ['Asha'] }],
  birthDate: '1980-05-04',
})

let last = 0

/** Told to come again: what was sent stays open. */
class Later extends Error {}

/** What was answered, where anything else would be a fault of a server that lives. */
function expectStatus(ledger: Ledger, answer: Response, ...expected: number[]): void {
  if (expected.includes(answer.status)) return
  if (ledger.patient && answer.status === 503 && answer.headers.get('retry-after')) {
    ledger.delayed++
    throw new Later()
  }
  ledger.unexpected(`${answer.url} answered ${answer.status}`)
  throw new Error('nothing to go on with')
}

/** One client: creates, updates, deletes and sends transactions in turn until it is told to stop or the server dies. */
export async function work(base: string, ledger: Ledger, stop: { now: boolean }): Promise<void> {
  const own: { path: string; id: string; version: number }[] = []
  const steps = [put, put, update, transaction, conditional, update, remove]
  for (let n = 0; !stop.now; n++) {
    try {
      await steps[n % steps.length]?.({ base, ledger, own })
    } catch (error) {
      // The server has died in the middle: what was sent stays open.
      if (!(error instanceof Later)) return
      await wait(200)
    }
  }
}

interface Place {
  base: string
  ledger: Ledger
  own: { path: string; id: string; version: number }[]
}

const send = (url: string, method: string, body?: unknown, more: Record<string, string> = {}) =>
  fetch(url, {
    method,
    headers: { ...headers, ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })

const newId = () => `c${++last}`

async function put({ base, ledger, own }: Place): Promise<void> {
  const id = newId()
  const path = `Patient/${id}`
  const mark = ledger.mark()
  ledger.sending(path, mark)
  const answer = await send(`${base}/${path}`, 'PUT', patient(mark, id))
  await answer.text()
  expectStatus(ledger, answer, 201)
  ledger.answered(path, { version: 1, mark, deleted: false })
  own.push({ path, id, version: 1 })
}

async function update({ base, ledger, own }: Place): Promise<void> {
  const one = own[Math.floor(Math.random() * own.length)]
  if (!one) return
  const mark = ledger.mark()
  ledger.sending(one.path, mark)
  const answer = await send(`${base}/${one.path}`, 'PUT', patient(mark, one.id), {
    'If-Match': `W/"${one.version}"`,
  })
  await answer.text()
  expectStatus(ledger, answer, 200, 412)
  if (answer.status === 412) return ledger.refused(one.path, mark)
  one.version++
  ledger.answered(one.path, { version: one.version, mark, deleted: false })
}

async function remove({ base, ledger, own }: Place): Promise<void> {
  const one = own.shift()
  if (!one) return
  const answer = await send(`${base}/${one.path}`, 'DELETE')
  await answer.text()
  expectStatus(ledger, answer, 204)
  ledger.answered(one.path, { version: one.version + 1, mark: '', deleted: true })
}

async function transaction({ base, ledger }: Place): Promise<void> {
  const ids = Array.from({ length: 5 }, newId)
  const paths = ids.map(id => `Patient/${id}`)
  const marks = ids.map(() => ledger.mark())
  for (const [index, path] of paths.entries()) ledger.sending(path, marks[index] ?? '')
  const record = ledger.transaction(paths)
  const entry = ids.map((id, index) => ({
    resource: patient(marks[index] ?? '', id),
    request: { method: 'PUT', url: `Patient/${id}` },
  }))
  const answer = await send(base, 'POST', { resourceType: 'Bundle', type: 'transaction', entry })
  await answer.text()
  expectStatus(ledger, answer, 200)
  record.acknowledged = true
  for (const [index, path] of paths.entries())
    ledger.answered(path, { version: 1, mark: marks[index] ?? '', deleted: false })
}

/** Two clients at once want the same one. */
async function conditional({ base, ledger }: Place): Promise<void> {
  const mark = ledger.mark()
  ledger.identifier(mark)
  const answers = await Promise.all(
    [1, 2].map(() =>
      send(`${base}/Patient`, 'POST', patient(mark), {
        'If-None-Exist': `identifier=urn:crash|${mark}`,
      }),
    ),
  )
  for (const answer of answers) {
    expectStatus(ledger, answer, 200, 201)
    const { id, meta } = (await answer.json()) as { id: string; meta: { versionId: string } }
    ledger.answered(`Patient/${id}`, { version: Number(meta.versionId), mark, deleted: false })
  }
}
