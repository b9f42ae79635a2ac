/** https://hl7.org/fhir/R4/http.html#concurrency and #cread: what a request's headers make it depend on. */
import { invalid } from '../resources/error.ts'
import type { Write } from '../resources/repository.ts'
import { readQuery } from './query.ts'
import type { FhirRequest } from './request.ts'

/** If-Match and If-None-Match of a write; 400 where they are malformed, so that no condition is passed over. */
export function writeConditions({ headers }: FhirRequest): Pick<Write, 'ifMatch' | 'ifNoneMatch'> {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  refuse(headers, 'if-none-exist', 'If-None-Exist is a condition of a create alone')
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*')
    throw invalid('If-None-Match on a write takes * only')
  // A date of whole seconds cannot tell two versions apart, and passed over it would let an update be lost.
  if (headers['if-unmodified-since'] !== undefined && ifMatch === undefined)
    throw invalid('If-Unmodified-Since is too coarse for a write: name the version in If-Match')
  return {
    ...(ifMatch === undefined ? {} : { ifMatch: readVersions(ifMatch) }),
    ...(ifNoneMatch === undefined ? {} : { ifNoneMatch: '*' }),
  }
}

function refuse(headers: FhirRequest['headers'], name: string, why: string): void {
  if (headers[name] !== undefined) throw invalid(why)
}

/** `W/"3"`, or several, or `*`. A version id that is not a number of ours matches nothing. */
function readVersions(header: string): number[] | '*' {
  const text = header.trim()
  if (text === '*') return '*'
  return text.split(',').map(tag => {
    const version = /^\s*(?:W\/)?"([^"]*)"\s*$/.exec(tag)?.[1]
    if (version === undefined)
      throw invalid('If-Match is malformed: it takes version tags such as W/"3", or *')
    return /^[1-9]\d{0,14}$/.test(version) ? Number(version) : -1
  })
}

/**
 * Whether the caller has this already (304). If-None-Match decides where both are given, tags compare weakly, and a date
 * that is none is passed over: https://www.rfc-editor.org/rfc/rfc9110#section-13.1
 */
export function isUnchanged({ headers }: FhirRequest, etag: string, at: number): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = headers
  if (tags !== undefined) {
    const ours = opaque(etag)
    return tags.split(',').some(tag => tag.trim() === '*' || opaque(tag.trim()) === ours)
  }
  if (since === undefined) return false
  // An HTTP date has no milliseconds; the instant of a Bundle's entry has them.
  const seen = /^\d{4}-/.test(since) ? at : Math.floor(at / 1000) * 1000
  return seen <= Date.parse(since)
}

const opaque = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag)

/** https://hl7.org/fhir/R4/http.html#ccreate: the search part of a URL, with or without what comes before it. */
export function ifNoneExist({ headers, path: [type] }: FhirRequest): Pick<Write, 'criteria'> {
  for (const name of ['if-match', 'if-none-match'])
    refuse(headers, name, 'a create has no version to compare: its condition is If-None-Exist')
  const header = headers['if-none-exist']
  if (header === undefined) return {}
  const [before = '', place = ''] = /^([^=?]*)\?/.exec(header.trim()) ?? []
  if (place !== '' && place.split('/').at(-1) !== type)
    throw invalid(`If-None-Exist searches in another type than ${type}, which is to be created`)
  return {
    criteria: readQuery(header.trim().slice(before.length), 'the criteria of If-None-Exist'),
  }
}
