/** https://hl7.org/fhir/R4/search.html#chaining and #has */
import { isResourceType, resourceTypes, type SearchParameterFacts } from '../../definitions.ts'
import { FhirError, invalid, issue } from '../../error.ts'
import { paramsOf } from '../../search.ts'
import { canonicalNames } from '../beside.ts'
import { inside } from '../inside.ts'
import { mostLinks } from '../links.ts'
import { nearest, shown } from '../nearest.ts'
import type { Predicate } from '../query.ts'
import { canonicalRows } from '../reference.ts'
import { isCanonical } from './canonical.ts'
import { eitherOf, grouped, linksIn } from './predicates.ts'
import { beyond, type Scope } from './scope.ts'
import { factsOf, lacks, UnknownParameter } from './unknown.ts'

/** What the other end of a link is read with. */
interface Rest {
  value: string
  scope: Scope
  read(name: string, value: string, scope: Scope): Predicate
}

/** `subject.name`, `subject:Patient.name`. */
interface Link {
  code: string
  target: string | undefined
  rest: string
}

export function readChain({ code, target, rest }: Link, { value, scope, read }: Rest): Predicate {
  const facts = referenceOf(code, scope)
  return chained({ facts, target, rest: headOf(rest) }, scope, inner => read(rest, value, inner))
}

const headOf = (rest: string): string => /^[^.:]*/.exec(rest)?.[0] ?? ''

/**
 * What holds of a resource that the parameter refers to. Where no type is named it may be of each that the parameter
 * refers to and that has what follows.
 */
export function chained(
  {
    facts,
    target,
    rest,
  }: { facts: SearchParameterFacts; target: string | undefined; rest: string },
  scope: Scope,
  read: (inner: Scope) => Predicate,
): Predicate {
  const found: { type: string; predicate: Predicate }[] = []
  const lacking: string[] = []
  let further: UnknownParameter | undefined
  let apart: NeverReferred | undefined
  for (const type of targetsOf(facts, target)) {
    const inner = beyond(scope, type)
    if (lacks(rest, inner)) {
      lacking.push(type)
      continue
    }
    try {
      found.push({ type, predicate: read(inner) })
    } catch (error) {
      // This way went further: what follows the link is there.
      if (error instanceof UnknownParameter) further ??= error
      else if (error instanceof NeverReferred) apart ??= error
      else throw error
    }
  }
  if (found.length === 0)
    throw apart ?? further ?? new UnknownParameter(rest, lacking, { own: scope.options.parameters })
  const links = linksOf(scope.type, facts)
  const chains = links.flatMap(link =>
    grouped(found).map(
      ({ types, predicate }): Predicate => ({ kind: 'chain', ...link, types, where: [predicate] }),
    ),
  )
  const all = scope.depth + 1 + Math.max(...found.map(({ predicate }) => linksIn(predicate)))
  if (all <= mostLinks) return eitherOf([...chains, ...heldBy(paramsOf(scope.type, facts), found)])
  scope.budget.leaveWithin()
  return eitherOf(chains)
}

/** The same of what the resource holds itself. */
const heldBy = (params: string[], found: { type: string; predicate: Predicate }[]): Predicate[] =>
  params.flatMap(param =>
    found.flatMap(({ type, predicate }) => inside(param, type, predicate) ?? []),
  )

/** The rows that lead from a parameter: of a canonical to who has it for a name, or to who is at that address. */
function linksOf(type: string, facts: SearchParameterFacts): { param: string; names?: string }[] {
  const literal = paramsOf(type, facts).map(param => ({ param }))
  if (!isCanonical(facts)) return literal
  return [
    ...literal.map(({ param }) => ({ param: canonicalRows(param), names: canonicalNames })),
    ...literal,
  ]
}

/** The facts of a parameter that can be followed. */
export function referenceOf(code: string, scope: Scope): SearchParameterFacts {
  const facts = factsOf(code, scope)
  if (facts.type !== 'reference')
    throw invalid(`${code} of ${scope.type} is not a reference, so that nothing can follow it`)
  return facts
}

/** The types a reference may be of; a patient's is of one, though its rows may be those of a `subject`. */
function typesOf({ code, target = [] }: SearchParameterFacts): readonly string[] {
  if (code === 'patient') return ['Patient']
  return target.length ? target : [...resourceTypes()]
}

export function targetsOf(
  facts: SearchParameterFacts,
  named: string | undefined,
): readonly string[] {
  const { code } = facts
  const types = typesOf(facts)
  if (named === undefined) return types
  if (types.includes(named)) return [named]
  if (isResourceType(named)) throw invalid(`${code} does not refer to resources of type ${named}`)
  throw invalid(
    `${code} is followed with a : by what is not a resource type; near to it are ${nearest(named, types)}`,
  )
}

/** A `_has` whose reference is never one to this type; of several types at the end of a link, another may do. */
class NeverReferred extends FhirError {
  constructor(code: string, type: string, to: string) {
    super(400, [
      issue('invalid', `_has: ${code} of ${type} does not refer to resources of type ${to}`),
    ])
  }
}

/** `_has:Observation:patient:code`: resources to which one of that type refers, for which the rest holds. */
export function readHas(name: string, { value, scope, read }: Rest): Predicate {
  const [, type, code, ...more] = name.split(':')
  const rest = more.join(':')
  if (!type || !code || !rest)
    throw invalid('_has takes the form _has:[type]:[reference]:[parameter] with a value')
  if (!isResourceType(type))
    throw invalid(
      `_has takes a resource type after it: ${shown(type, 'what is there')} is none; near to it are ${nearest(type, resourceTypes())}`,
    )
  const inner = beyond(scope, type)
  const facts = referenceOf(code, inner)
  if (scope.type !== 'Resource' && !typesOf(facts).includes(scope.type))
    throw new NeverReferred(code, type, scope.type)
  const predicate = read(rest, value, inner)
  return eitherOf(
    linksOf(type, facts).map(link => ({ kind: 'has', type, ...link, where: [predicate] })),
  )
}
