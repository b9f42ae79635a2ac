/** Links to the pages of a search: all they mean is in them, signed, so that nothing is kept per search. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { expired, invalid } from '../../resources/error.ts'
import type { Place } from '../../resources/search/result-page.ts'

export interface PageState {
  place: Place
  /** When the first page was asked for, ms. */
  since: number
  /** What the first page was told to be one of. */
  total?: Total | undefined
}

/** How many there were, or that there were more than so many. */
export interface Total {
  count: number
  more: boolean
}

/** What a link is of, beside what is in it: whose search, and for what. */
export interface Bound {
  tenant: string
  /** Who asks; nobody signs in yet. */
  caller: string
  /** The path and the parameters. */
  search: string
}

export interface PageLinks {
  print(state: PageState, bound: Bound): string
  /** Throws 400 where it is not as it was given, or for another search, caller or tenant; 410 when its hour is over. */
  read(text: string, bound: Bound, now: number): PageState
}

/** As long as the store keeps what a page showed. */
const life = 3_600_000
const signatureBytes = 16
const signatureLength = Math.ceil((signatureBytes * 4) / 3)
const timeLength = 9

export function createPageLinks(key: Buffer): PageLinks {
  const sign = (body: string, { tenant, caller, search }: Bound): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([body, tenant, caller, search]))
      .digest()
      .subarray(0, signatureBytes)
      .toString('base64url')
  return {
    print(state, bound) {
      const body = printState(state)
      return sign(body, bound) + body
    },
    read(text, bound, now) {
      const body = text.slice(signatureLength)
      if (!same(text.slice(0, signatureLength), sign(body, bound)))
        throw invalid(
          '_page is not from a link of this server to this search: follow a link as it is, with the same parameters, or search again',
        )
      const state = parseState(body)
      if (now - state.since > life)
        throw expired('the link to this page is older than an hour: search again')
      return state
    },
  }
}

function same(given: string, own: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(own)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The time; the total, where there is one; then what the store said, or JSON where more is to be told. */
function printState({ place, since, total }: PageState): string {
  const { after = '', inside, contained } = place
  const rest =
    inside || contained
      ? `j${Buffer.from(JSON.stringify({ ...place, after })).toString('base64url')}`
      : `s${after}`
  const counted = total ? `t${total.count.toString(36)}${total.more ? '~' : '.'}` : ''
  return since.toString(36).padStart(timeLength, '0') + counted + rest
}

/** Of a body whose signature holds. */
function parseState(body: string): PageState {
  const [, time = '', count, more, form, rest = ''] =
    /^(.{9})(?:t([0-9a-z]+)([~.]))?(.)(.*)$/s.exec(body) ?? []
  const since = Number.parseInt(time, 36)
  const total = count && { count: Number.parseInt(count, 36), more: more === '~' }
  const known = { since, ...(total ? { total } : {}) }
  if (form === 's') return { ...known, place: { after: rest } }
  const { after, ...place } = JSON.parse(Buffer.from(rest, 'base64url').toString()) as Place
  return { ...known, place: { ...place, ...(after === '' ? {} : { after }) } as Place }
}
