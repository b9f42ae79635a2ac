/** https://hl7.org/fhir/R4/references.html */
import { isResourceType } from './definitions.ts'
import { elementOf } from './element.ts'
import { isObject, type Resource } from './resource.ts'

/** A reference taken apart. `type` and `id` are there for literal references to a resource, relative or absolute. */
interface Reference {
  form: 'relative' | 'absolute' | 'urn' | 'fragment' | 'search'
  type?: string
  id?: string
  version?: string
  /** Of an absolute one: the part before the type. */
  base?: string
}

const literal =
  /^(?:(https?:\/\/[^\s?#]+)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/([A-Za-z0-9\-.]{1,64}))?$/

/** Absent where the text is no reference that FHIR knows. */
export function parseReference(text: string): Reference | undefined {
  const match = literal.exec(text)
  if (match) {
    const [, base, type = '', id = '', version] = match
    if (!base && !isResourceType(type)) return undefined
    return {
      form: base ? 'absolute' : 'relative',
      ...(isResourceType(type) ? { type, id } : {}),
      ...(version ? { version } : {}),
      ...(base ? { base } : {}),
    }
  }
  if (/^urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text))
    return { form: 'urn' }
  if (/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/.test(text)) return { form: 'urn' }
  if (/^#[A-Za-z0-9\-.]{0,64}$/.test(text)) return { form: 'fragment' }
  const search = /^([A-Z][A-Za-z]+)\?\S+$/.exec(text)
  if (search?.[1] && isResourceType(search[1])) return { form: 'search', type: search[1] }
  if (/^(?!urn:(?:uuid|oid):)[a-z][a-z0-9+.-]*:\S+$/i.test(text)) return { form: 'absolute' }
  return undefined
}

/** A reference without the address of this server before it. */
export const localOf = (text: string, base: string | undefined): string =>
  base && text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text

/** As it may stand in a resource: what is on this server has an address as well. */
export const spellingsOf = (target: string, base: string | undefined): string[] =>
  base && parseReference(target)?.form === 'relative' ? [target, `${base}/${target}`] : [target]

interface ReferenceSite {
  /** The element that holds it: `Observation.subject`. */
  path: string
  /** Reference.reference as it stands. */
  reference: string
}

/** Every Reference.reference of a resource: in contained resources, extensions and Bundles too. */
export function referencesOf(resource: Resource): ReferenceSite[] {
  const sites: ReferenceSite[] = []
  const { resourceType } = resource
  // What comes in a Bundle is looked at before it is known to be a resource.
  collect(resource, [typeof resourceType === 'string' ? resourceType : 'Resource'], sites)
  return sites
}

/** `path` is joined only where a reference is. */
function collect(value: object, path: (string | number)[], sites: ReferenceSite[]): void {
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key]
    if (typeof child === 'string') {
      if (key === 'reference') sites.push({ path: printPath(path), reference: child })
    } else if (typeof child === 'object' && child !== null) {
      path.push(key)
      if (Array.isArray(child))
        for (let index = 0; index < child.length; index++) {
          const item: unknown = child[index]
          if (typeof item !== 'object' || item === null) continue
          path.push(index)
          collect(item, path, sites)
          path.pop()
        }
      else collect(child, path, sites)
      path.pop()
    }
  }
}

/** `Observation.category[0].coding` */
export function printPath(steps: readonly (string | number)[]): string {
  let path = ''
  for (const step of steps)
    path += typeof step === 'number' ? `[${step}]` : path ? `.${step}` : step
  return path
}

/** What to write in place of what. */
type Targets = ReadonlyMap<string, string>

/**
 * The resource with references, uris and narrative links replaced by what `targets` says of them; the same object where
 * nothing is. https://hl7.org/fhir/R4/http.html#trules
 */
export function rewriteReferences(resource: Resource, targets: Targets): Resource {
  return rewriteAll(resource, targets, undefined) as Resource
}

/** The way to a value: the object that it stands in, and by what name. */
interface Step {
  object: Record<string, unknown>
  name: string
  above: Step | undefined
}

function rewrite(value: unknown, targets: Targets, step: Step): unknown {
  if (typeof value === 'string') return rewriteText(value, targets, step)
  if (!Array.isArray(value)) return isObject(value) ? rewriteAll(value, targets, step) : value
  let copy: unknown[] | undefined
  for (let index = 0; index < value.length; index++) {
    const item: unknown = value[index]
    const next = rewrite(item, targets, step)
    if (next === item) continue
    copy ??= [...value]
    copy[index] = next
  }
  return copy ?? value
}

function rewriteAll(
  object: Record<string, unknown>,
  outer: Targets,
  above: Step | undefined,
): Record<string, unknown> {
  if (JSON.isRawJSON(object)) return object
  const targets = object.resourceType === 'Bundle' ? within(outer, object) : outer
  let copy: Record<string, unknown> | undefined
  for (const name in object) {
    const child = object[name]
    if (typeof child !== 'string' && typeof child !== 'object') continue
    const next = rewrite(child, targets, { object, name, above })
    if (next === child) continue
    copy ??= { ...object }
    copy[name] = next
  }
  return copy ?? object
}

function rewriteText(text: string, targets: Targets, step: Step): string {
  if (step.name === 'div' && text.startsWith('<')) return rewriteLinks(text, targets)
  if (step.name === 'reference')
    return targets.get(text) ?? targets.get(text.replace(/\/_history\/[^/]+$/, '')) ?? text
  const target = /^(?:urn|https?):/.test(text) ? targets.get(text) : undefined
  return target !== undefined && isAddress(step, text) ? target : text
}

/**
 * Whether an element is a uri or url that leads to what it says. A canonical is never replaced, nor what is a name; and an
 * oid, uuid or fullUrl cannot be what it would become: R4 names the former two as well, of which nothing valid could be made.
 */
function isAddress(step: Step, text: string): boolean {
  const shape = step.name === 'fullUrl' ? '' : shapeAt(step)
  return shape === 'url' || (shape === 'uri' && (text.startsWith('urn:') || !names.has(step.name)))
}

/** Elements whose uri is a name, whatever is at that address. */
const names = new Set(['url', 'system', 'implicitRules', 'namespace', 'code'])

/** What the definitions say that stands there. */
function shapeAt({ object, name, above }: Step): string {
  const { resourceType } = object
  const shape = typeof resourceType === 'string' ? resourceType : above ? shapeAt(above) : ''
  return elementOf(shape, name)?.shape ?? ''
}

/** Within a Bundle that is stored what it holds itself is what is meant, and a relative reference is one to its own entries. */
function within(targets: Targets, bundle: object): Targets {
  const own = fullUrlsOf(bundle)
  const isOuter = (url: string) => !own.has(url) && /^[a-z]+:|\?/.test(url)
  return new Map([...targets].filter(([url]) => isOuter(url)))
}

/** The fullUrls of all Bundles in a value. */
export function fullUrlsOf(value: unknown, found = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(value)) for (const item of value) fullUrlsOf(item, found)
  else if (isObject(value))
    for (const [key, child] of Object.entries(value))
      if (key === 'fullUrl' && typeof child === 'string') found.add(child)
      else fullUrlsOf(child, found)
  return found
}

const rewriteLinks = (html: string, targets: Targets): string =>
  html.replace(
    /(\s(?:href|src)\s*=\s*)(["'])([^"']*)\2/g,
    (whole, name: string, quote: string, link: string) => {
      const target = targets.get(link)
      return target === undefined ? whole : `${name}${quote}${target}${quote}`
    },
  )
