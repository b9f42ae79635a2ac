/** Which datatypes the values of a parameter have, by the definitions. */
import { elementAt, structureOf } from '../definitions.ts'
import { isOf, type Step } from '../fhirpath/path.ts'

/** At the end of a way from a type down; none where the way leaves what is defined. */
export function datatypesAt(steps: Step[], type: string): readonly string[] {
  let shapes: readonly string[] = [type]
  for (const step of steps) {
    if (step.kind === 'child') shapes = shapes.flatMap(shape => childrenOf(shape, step.name))
    else if (step.kind === 'type') shapes = shapes.filter(shape => isOf(shape, step.type))
  }
  return shapes
}

function childrenOf(shape: string, name: string): readonly string[] {
  const element = elementAt(shape, name)
  if (!element) return []
  const own = `${shape}.${name}`
  return element.content ? [element.content] : structureOf(own) ? [own] : element.types
}
