/** The requests on the pages about search do what the pages say, on the data they are for. */
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { dayLines } from '../../../server/demo/day.ts'
import { type App, startApp } from '../../support/app.ts'
import { send } from '../../support/make.ts'

let app: App
beforeAll(async () => {
  app = await startApp({ TIME_ZONE: 'Asia/Kolkata' }, () => Date.UTC(2026, 10, 27))
  for await (const { text = '' } of dayLines(40, { date: '2026-11-23', until: 960, seed: 1 })) {
    const { status } = await send(app, ['POST', ''], text)
    expect(status).toBe(200)
  }
}, 60_000)
afterAll(() => app.close())

interface Pasted {
  text: string
  /** What is said behind it: a status, or that nothing is found. */
  said: string
}

/** The commands of a page, each from `curl` to the end of its line, quotes not closed going on. */
function commandsOf(page: string): Pasted[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block)
  const form = /^curl ((?:"(?:\\.|[^"\\])*"|'[^']*'|[^\n"'#])*)(?:#\s*(.*))?$/gm
  return blocks.flatMap(block =>
    [...block.matchAll(form)].map(([, text = '', said = '']) => ({ text: text.trim(), said })),
  )
}

/** As a shell would hand them over. */
function wordsOf(text: string): string[] {
  const variables: Record<string, string> = {
    FHIR: `${app.url}/fhir`,
    JSON: 'Content-Type: application/fhir+json',
  }
  const form = /((?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+)/g
  return [...text.matchAll(form)].map(([word]) =>
    word.replace(/"((?:\\.|[^"\\])*)"|'([^']*)'/g, (_, double?: string, single = '') =>
      double === undefined
        ? single
        : double
            .replace(/(?<!\\)\$([A-Z]+)/g, (_all, name) => variables[name] ?? '')
            .replace(/\\([$"\\])/g, '$1'),
    ),
  )
}

async function run(text: string): Promise<Response> {
  const headers = new Headers()
  const form: string[] = []
  let method: string | undefined
  let inAddress = false
  let url = ''
  const words = wordsOf(text.replace(/\s\|\s.*$/s, ''))
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const value = () => words[++at] ?? ''
    if (word === '-X') method = value()
    else if (word === '-H') {
      const [, name = '', content = ''] = /^([^:]+):\s*(.*)$/s.exec(value()) ?? []
      headers.set(name, content)
    } else if (word === '-G') inAddress = true
    else if (word === '-d') form.push(value())
    else if (word === '--data-urlencode') {
      const [name = '', content = ''] = value().split('=')
      form.push(`${name}=${encodeURIComponent(content)}`)
    } else if (!word.startsWith('-')) url = word
  }
  // As curl sends it: other than ASCII would be encoded here in silence.
  expect(url).toMatch(/^[ -~]+$/)
  if (inAddress) return fetch(`${url}?${form.join('&')}`, { headers })
  const body = form.length ? { body: form.join('&') } : {}
  if (form.length && !headers.has('Content-Type'))
    headers.set('Content-Type', 'application/x-www-form-urlencoded')
  return fetch(url, { method: method ?? (form.length ? 'POST' : 'GET'), headers, ...body })
}

/** Parameters of one's own are there after a while only: test/server/search-parameters.test.ts waits for them. */
const pages = globSync('docs/api/search/*.md').filter(file => basename(file) !== 'custom.md')

describe('the pages about search', () => {
  test('have requests to paste', () => {
    for (const file of pages)
      if (basename(file) !== 'README.md')
        expect([file, commandsOf(readFileSync(file, 'utf8')).length > 1]).toEqual([file, true])
  })

  for (const file of pages) {
    for (const { text, said } of commandsOf(readFileSync(file, 'utf8')))
      test(`${basename(file)}: curl ${text} ${said}`, async () => {
        const answer = await run(text)
        const body = (await answer.json()) as {
          total?: number
          entry?: { search?: { mode: string } }[]
          issue?: unknown
        }
        const wanted = /^\d{3}$/.test(said) ? [Number(said)] : [200, 201]
        expect([body.issue, wanted.includes(answer.status)]).toEqual([body.issue, true])
        const found =
          body.total ?? body.entry?.filter(({ search }) => search?.mode === 'match').length
        if (said === 'none') expect(found ?? 0).toBe(0)
        else if (said === '' && found !== undefined) expect(found).toBeGreaterThan(0)
        else if (said === '' && answer.status === 200) expect(found ?? 1).toBe(1)
      })
  }
})
