/** What else is plugged in, named by the one who needs it. */
import type { Context } from './context.ts'
import type { Issue } from './error.ts'
import type { Resource } from './resource.ts'

/** Checks a resource against definitions. Returns all it finds; never throws for what the resource says. */
export interface Validator {
  validate(resource: Resource): Issue[]
}

/** Codes of one system: these, or each that it has. */
export interface Codes {
  system: string
  codes: string[] | 'all'
}

/** What is known of code systems and value sets. https://hl7.org/fhir/R4/terminology-service.html */
export interface Terminology {
  /**
   * The codes of a value set, named by its URL (`|version` may follow), as `urn:oid:…` or as `ValueSet/id`. Rejects with
   * a FhirError that says why where it is not known or cannot be expanded.
   */
  expand(context: Context, valueSet: string): Promise<Codes[]>
  /** The codes that a code subsumes, or that subsume it, itself among them; only itself where nothing is known of it. */
  below(context: Context, code: { system: string; code: string }): Promise<string[]>
  above(context: Context, code: { system: string; code: string }): Promise<string[]>
}
