/** What stands within another resource, to the second opinion. https://hl7.org/fhir/R4/references.html#contained */
import type { Resource } from '../../../resources/resource.ts'

/** Known once a chain has come to what is within. */
const containers = new WeakMap<Resource, Resource>()

/** What `#` leads to from a resource that is within another. */
export const containerOf = (resource: Resource): Resource | undefined => containers.get(resource)

/** What `#id` may lead to from a resource: what it contains, or what stands beside it within another. */
export function withinReach(resource: Resource): Resource[] {
  const container = containers.get(resource) ?? resource
  const { contained } = container as { contained?: Resource[] }
  const all = contained ?? []
  for (const one of all) containers.set(one, container)
  return all
}
