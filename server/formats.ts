/** The table of formats a resource can be read and written in. https://hl7.org/fhir/R4/http.html#mime-type */
import { type FhirError, notAcceptable, unsupportedMedia } from '../resources/error.ts'
import { type JsonLimits, parseInTurns, parseJson, printJson } from '../resources/json.ts'
import type { Resource } from '../resources/resource.ts'
import type { FhirRequest } from './request.ts'

export interface Format {
  /** What Content-Type says of an answer. */
  mediaType: string
  /** Other names of it, in Accept, Content-Type and `_format`. */
  names: readonly string[]
  parse(text: string, limits: JsonLimits): unknown
  /** The same for a long text, as others have their turn meanwhile. */
  parseInTurns(text: string, limits: JsonLimits): Promise<unknown>
  print(resource: Resource, pretty: boolean): string
}

const json: Format = {
  mediaType: 'application/fhir+json',
  names: ['application/fhir+json', 'application/json', 'text/json', 'json'],
  parse: parseJson,
  parseInTurns,
  print: printJson,
}

export const formats: readonly Format[] = [json]

/** Whoever asks for a media type by its general name gets it under that name. */
const byName = new Map(
  formats.flatMap(format =>
    format.names.map(
      name => [name, name.includes('/') ? { ...format, mediaType: name } : format] as const,
    ),
  ),
)

export const defaultFormat = json

/** What a media type with its parameters stands for; absent: none that there is, or in another version of FHIR. */
export function formatNamed(text: string): Format | undefined {
  const [name = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  return parameters.some(isOtherVersion) ? undefined : byName.get(name)
}

/** XML is not read here, by none of its names; that makes it no content of a Binary. */
const xmlNames = ['application/fhir+xml', 'application/xml', 'text/xml']

/** Whether a media type, without parameters, is one that resources come in. */
export const isOfFhir = (name: string): boolean => byName.has(name) || xmlNames.includes(name)

/** https://hl7.org/fhir/R4/http.html#version-parameter */
export const isOtherVersion = (parameter: string): boolean =>
  parameter.startsWith('fhirversion=') && !/^fhirversion="?4\.0(\.\d+)?"?$/.test(parameter)

/** The media types a PATCH may come in: a FHIRPath Patch is a resource. */
export const patchFormats = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/fhir+json',
  'application/json',
]

/** https://www.rfc-editor.org/rfc/rfc5789#section-2.2 */
export const notAPatch = (): FhirError =>
  unsupportedMedia(
    `a patch is one of ${patchFormats.join(', ')}: say which in Content-Type`,
    undefined,
    { headers: { 'Accept-Patch': patchFormats.join(', ') } },
  )

/** Bodies that are JSON but no resource: patches. */
export const patchTypes: ReadonlySet<string> = new Set([
  'application/json-patch+json',
  'application/merge-patch+json',
])

export const formType = 'application/x-www-form-urlencoded'

/** What a resource may be sent in, for a 415. */
export const accepted = [...formats.map(format => format.mediaType), 'application/json']

let last: { accept: string; format: Format | undefined } | undefined

/** The format an Accept header asks for; absent: none that there is. */
export function negotiate(accept: string | undefined): Format | undefined {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === json.mediaType)
    return json
  // A client asks for the same each time.
  if (last?.accept !== accept) last = { accept, format: bestOf(accept) }
  return last.format
}

function bestOf(accept: string): Format | undefined {
  const ranges = rangesOf(accept).filter(({ version }) => version !== 'other')
  return [...byName]
    .flatMap(([name, format]) => {
      const range = rangeFor(name, ranges)
      return range && range.quality > 0 ? [{ format, range }] : []
    })
    .sort((a, b) => b.range.quality - a.range.quality || a.range.place - b.range.place)[0]?.format
}

interface Range {
  name: string
  /** From 0, not acceptable, to 1. */
  quality: number
  version: 'ours' | 'other' | undefined
  /** Of what is wanted alike the first counts. */
  place: number
}

const rangesOf = (accept: string): Range[] =>
  accept.split(',').map((range, place) => {
    const [name = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    const named = parameters.some(parameter => parameter.startsWith('fhirversion='))
    const version = parameters.some(isOtherVersion) ? 'other' : named ? 'ours' : undefined
    return { name, quality: qualityOf(parameters), version, place }
  })

/** What is malformed says nothing. */
function qualityOf(parameters: string[]): number {
  const text = parameters.find(parameter => parameter.startsWith('q='))?.slice(2)
  const quality = text ? Number(text) : 1
  return quality >= 0 && quality <= 1 ? quality : 1
}

/** The most specific one decides. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
function rangeFor(type: string, ranges: Range[]): Range | undefined {
  const [kind, subtype] = type.split('/')
  const wider = subtype === undefined ? [] : [`${kind}/*`, '*/*']
  for (const name of [type, ...wider]) {
    const found = ranges.filter(range => range.name === name)
    if (found.length > 0) return found.find(({ version }) => version) ?? found[0]
  }
  return undefined
}

/** The format of the answer: `_format` before Accept. */
export function formatOf(fhir: FhirRequest): Format {
  if (fhir.query.length > 0) {
    const asked = fhir.query.find(([name]) => name === '_format')?.[1]
    if (asked !== undefined) {
      const format = formatNamed(asked.trim().replace(' ', '+'))
      if (!format)
        throw notAcceptable(`_format takes ${defaultFormat.names.join(', ')}, of FHIR 4.0`)
      return format
    }
  }
  const format = negotiate(fhir.headers.accept)
  if (!format)
    throw notAcceptable(
      `answers come as ${defaultFormat.mediaType}, of FHIR 4.0: ask for it in Accept`,
    )
  return format
}

/** How much an Accept header wants a media type, from 0 to 1. */
export const qualityOfType = (accept: string | undefined, type: string): number =>
  accept ? (rangeFor(type, rangesOf(accept))?.quality ?? 0) : 1

/** How much it wants what it calls by this very name. */
export const qualityOfName = (accept = '', name: string): number =>
  Math.max(
    0,
    ...rangesOf(accept)
      .filter(range => range.name === name && range.version !== 'other')
      .map(({ quality }) => quality),
  )
