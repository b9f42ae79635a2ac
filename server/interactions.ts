/** What the server does for a method and a path. https://hl7.org/fhir/R4/http.html */
import type { Context } from '../resources/context.ts'
import type { Parameters } from '../resources/parameters.ts'
import type { Terminology } from '../resources/ports.ts'
import type { Repository } from '../resources/repository.ts'
import type { Zone } from '../resources/search/zone.ts'
import type { Extractor } from '../resources/search.ts'
import type { Log } from './log.ts'
import type { Operations } from './operations.ts'
import type { FhirRequest, FhirResponse } from './request.ts'
import type { PageLinks } from './search/page-links.ts'

/** What the interactions work with. */
export interface Parts {
  repository: Repository
  terminology: Terminology
  parameters: Parameters
  /** What a contained resource is found by. */
  extract: Extractor
  dispatch(request: FhirRequest, context: Context): Promise<FhirResponse>
  operations: Operations
  maxBundleEntries: number
  defaultPage: number
  maxPage: number
  maxIncludes: number
  /** Beside a page it is counted so far. */
  maxTotal: number
  /** ms a search may take. */
  searchTime: number
  /** Of a search whose caller does not say how to handle them. */
  unknownParameters: 'refuse' | 'ignore'
  pageLinks: PageLinks
  /** How many one conditional delete may take; 1: single only. */
  maxDelete: number
  /** Of dates that name none. */
  zone: Zone
  referentialIntegrity: boolean
  /** Web pages of these origins may call; empty: none. */
  corsOrigins: ReadonlySet<string>
  /** When this program was started, ms: the date of the CapabilityStatement. */
  started: number
  version: string
  /** For faults of a part that leave the rest alone. */
  log: Log
}

export type Interaction = (
  request: FhirRequest,
  context: Context,
  parts: Parts,
) => Promise<FhirResponse>
