/** The table of formats a resource can be read and written in. https://hl7.org/fhir/R4/http.html#mime-type */
import { type FhirError, unsupportedMedia } from '../resources/error.ts'
import { type JsonLimits, parseInTurns, parseJson, printJson } from '../resources/json.ts'
import type { Resource } from '../resources/resource.ts'

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
