import { elementAt, type SearchParameterFacts, structureOf } from '../../definitions.ts'

/** Whether a reference is a canonical, or a uri that stands for one: an address of what may be anywhere. https://hl7.org/fhir/R4/references.html#canonical */
export const isCanonical = ({ expression }: SearchParameterFacts): boolean => {
  const arms = expression.split('|').map(arm => arm.trim())
  return arms.every(arm => /\bas\(?\s*(?:canonical|uri)\b/.test(arm) || isCanonicalPath(arm))
}

function isCanonicalPath(arm: string): boolean {
  const [type = '', ...steps] = arm.replace(/\.where\((?:[^()]|\([^()]*\))*\)/g, '').split('.')
  let shape = type
  let types: readonly string[] = []
  for (const step of steps) {
    const element = elementAt(shape, step)
    if (!element) return false
    types = element.types
    const own = `${shape}.${step}`
    shape = element.content ?? (structureOf(own) ? own : (types[0] ?? ''))
  }
  return types.includes('canonical') && !types.includes('Reference')
}
