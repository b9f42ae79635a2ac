import { choiceKey, structureOf } from './definitions.ts'
import { isObject } from './resource.ts'

/** What the definitions say of an element below a structure. */
interface Known {
  many: boolean
  /** Its name in JSON goes on with a type. */
  choice: boolean
  /** The datatype, or the structure of its own: `Patient.contact`. Empty where only the value tells it. */
  shape: string
}

/** The element by its name, or by the one it has in JSON: `value` or `valueQuantity`. Absent: there is none. */
export function elementOf(shape: string, name: string): Known | undefined {
  const elements = structureOf(shape)?.elements ?? {}
  const element = Object.hasOwn(elements, name) ? elements[name] : undefined
  if (element) {
    const { many = false, choice = false, types, content } = element
    if (choice) return { many, choice, shape: '' }
    const own = `${shape}.${name}`
    return { many, choice, shape: content ?? (structureOf(own) ? own : (types[0] ?? '')) }
  }
  for (const [stem, { choice, types }] of Object.entries(elements)) {
    if (!choice || !name.startsWith(stem)) continue
    const type = types.find(each => choiceKey(stem, each) === name)
    if (type) return { many: false, choice: true, shape: type }
  }
  return undefined
}

/** The structure of a value that stands at an element: a resource inside another names its own. */
export const shapeOf = (known: Known | undefined, value: unknown): string =>
  known?.shape === 'Resource' && isObject(value) && typeof value.resourceType === 'string'
    ? value.resourceType
    : (known?.shape ?? '')
