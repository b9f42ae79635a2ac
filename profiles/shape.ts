import { choiceKey, codesOf, type Element, structureOf } from '../resources/definitions.ts'
import { primitives } from './primitives.ts'

/** An element by the name it has in JSON: `value[x]` is there once for each of its types. */
export interface Field {
  name: string
  /** The name before the type of a choice: `value`. */
  choice?: string
  min: number
  many: boolean
  type: string
  primitive: boolean
  /** Where the elements of its own are found. */
  shape: string
  targets?: ReadonlySet<string>
  codes?: ReadonlySet<string>
}

export interface Shape {
  fields: ReadonlyMap<string, Field>
  /** Each may stand under any of its keys. */
  required: { name: string; keys: string[] }[]
}

const shapes = new Map<string, Shape>()

/** The elements of a resource, datatype or backbone element as JSON has them; absent: there is no such structure. */
export function shapeOf(path: string): Shape | undefined {
  const known = shapes.get(path)
  if (known) return known
  const structure = structureOf(path)
  if (!structure) return undefined
  const fields = new Map<string, Field>()
  const required: Shape['required'] = []
  for (const [name, element] of Object.entries(structure.elements)) {
    if (element.none) continue
    const made = fieldsOf(name, element, path)
    for (const field of made) fields.set(field.name, field)
    if (element.min)
      required.push({ name, keys: made.flatMap(field => [field.name, `_${field.name}`]) })
  }
  const shape = { fields, required }
  shapes.set(path, shape)
  return shape
}

function fieldsOf(name: string, element: Element, path: string): Field[] {
  const own = element.content ?? `${path}.${name}`
  const types = element.content ? [''] : element.types
  return types.map(type => {
    const backbone = type === '' || type === 'BackboneElement' || type === 'Element'
    const codes = element.codes && type === 'code' ? codesOf(element.codes) : undefined
    return {
      name: element.choice ? choiceKey(name, type) : name,
      ...(element.choice ? { choice: name } : {}),
      min: element.min ?? 0,
      many: element.many ?? false,
      type,
      primitive: Object.hasOwn(primitives, type),
      shape: backbone ? own : type,
      ...(element.targets ? { targets: new Set(element.targets) } : {}),
      ...(codes ? { codes: new Set(codes) } : {}),
    }
  })
}
