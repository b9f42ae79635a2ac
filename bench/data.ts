/** What is loaded: transaction Bundles of a file, one a line. */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

export interface Data {
  bundles: string[]
  /** Resources of all Bundles, with `Type/uuid` in place of urns. */
  resources: any[]
}

export function readData(file: string): Data {
  if (!existsSync(file))
    throw new Error(`${file} is not there: give an NDJSON file of transactions by --data FILE`)
  const bytes = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  const bundles = text.split('\n').filter(Boolean)
  return { bundles, resources: bundles.flatMap(linked) }
}

function linked(bundle: string): any[] {
  const { entry } = JSON.parse(bundle)
  const types = new Map<string, string>(
    entry.map(({ fullUrl, resource }: any) => [fullUrl, resource.resourceType]),
  )
  const named = JSON.stringify(entry.map(({ resource }: any) => resource)).replaceAll(
    /"(urn:uuid:([0-9a-f-]{36}))"/g,
    (whole, urn: string, id: string) => (types.has(urn) ? `"${types.get(urn)}/${id}"` : whole),
  )
  return JSON.parse(named)
}

/** Resources of a type as they are posted: without what the server gives. */
export const bodiesOf = ({ resources }: Data, type: string, most: number): string[] =>
  resources
    .filter(resource => resource.resourceType === type)
    .slice(0, most)
    .map(({ id: _, meta: _m, ...rest }) => JSON.stringify(rest))
