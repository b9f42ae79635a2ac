/** What else is plugged in, named by the one who needs it. */
import type { Issue } from './error.ts'
import type { Resource } from './resource.ts'

/** Checks a resource against definitions. Returns all it finds; never throws for what the resource says. */
export interface Validator {
  validate(resource: Resource): Issue[]
}
