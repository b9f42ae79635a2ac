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
  return accept
    .split(',')
    .map(range => ({ range, quality: qualityOf(range) }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ range }) => formatNamed(range.replace(/^\s*(\*|application|text)\/\*/, anyOf)))
    .find(format => format !== undefined)
}

const qualityOf = (range: string): number =>
  Number(/;\s*q=([01](?:\.\d{0,3})?)\s*(?:;|$)/i.exec(range)?.[1] ?? 1)

const anyOf = (_: string, kind: string): string => (kind === 'text' ? 'text/json' : json.mediaType)

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

const rangesOf = (accept: string) =>
  accept.split(',').map(range => {
    const [name = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
    return { name, quality: qualityOf(range), isOther: parameters.some(isOtherVersion) }
  })

/** How much an Accept header wants a media type, from 0 to 1. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1 */
export function qualityOfType(accept: string | undefined, type: string): number {
  if (!accept) return 1
  const ranges = rangesOf(accept)
  for (const name of [type, type.replace(/\/.*/, '/*'), '*/*']) {
    const found = ranges.find(range => range.name === name)
    if (found) return found.quality
  }
  return 0
}

/** How much it wants what it calls by this very name. */
export const qualityOfName = (accept = '', name: string): number =>
  Math.max(
    0,
    ...rangesOf(accept)
      .filter(range => range.name === name && !range.isOther)
      .map(({ quality }) => quality),
  )
