/** https://hl7.org/fhir/R4/http.html#patch */
import { issue, rejected } from './error.ts'
import { fhirpathPatch } from './patch/fhirpath-patch.ts'
import { jsonPatch } from './patch/json-patch.ts'
import { mergePatch } from './patch/merge-patch.ts'
import { count, defaultLimits, type PatchLimits } from './patch/size.ts'
import type { Patch } from './repository.ts'
import type { Resource } from './resource.ts'

type Language = (resource: Resource, body: unknown, limits: PatchLimits) => unknown

const languages: Readonly<Record<Patch['language'], Language>> = {
  'json-patch': jsonPatch,
  'merge-patch': mergePatch,
  'fhirpath-patch': fhirpathPatch,
}

/**
 * The patched resource; the one given stays as it is. A patch that cannot be applied is a FhirError 400 or 422, one that
 * makes what could not have come as a body 413.
 */
export function applyPatch(
  resource: Resource,
  patch: Patch,
  limits: PatchLimits = defaultLimits,
): Resource {
  const patched = languages[patch.language](resource, patch.body, limits) as Resource | undefined
  count(patched, limits)
  for (const name of ['resourceType', 'id'])
    if (patched?.[name] !== resource[name])
      throw rejected([issue('business-rule', `a patch must not change ${name}`, name)])
  return patched as Resource
}
