/** Conditions that are answered together: see resources/search/pairs.ts. */
import { compositeOf, isPaired, tokenOf } from '../../../resources/search/pairs.ts'
import type { Token } from '../../../resources/search/query.ts'
import { pairName, tokenEntry, valueEntry } from '../values.ts'
import { conditionOf } from './conditions.ts'
import type { Driver } from './drivers.ts'
import { namesOf } from './names.ts'
import type { Node } from './nodes.ts'
import type { Scope } from './scope.ts'

type Coded = Extract<Node, { kind: 'token' }> & { code: string; system: string }
type Reference = Extract<Node, { kind: 'reference' }>

/** The codes of one parameter, any of which is asked for. */
function codesOf(node: Node): Coded[] {
  const all = node.kind === 'or' ? node.any : [node]
  const [first] = all
  const codes = all.filter(
    (each): each is Coded =>
      each.kind === 'token' &&
      each.code !== undefined &&
      each.system !== undefined &&
      !each.first &&
      first?.kind === 'token' &&
      each.param === first.param,
  )
  return codes.length === all.length ? codes : []
}

const patientStart = 'Patient/'
const isOfPatients = ({ targets }: Reference): boolean =>
  targets.every(target => target.startsWith(patientStart))

/** More than this are not little. */
const mostPairs = 2000

const entriesOf = (type: string, { targets }: Reference, codes: Coded[]): string[] =>
  targets.flatMap(target =>
    codes.map(({ param, code, system }) =>
      tokenEntry(pairName(type, target.slice(patientStart.length), param), system, code),
    ),
  )

/** A patient beside a code or category. */
export function pairs(where: Node[], scope: Scope): Driver[] {
  return eachWithCodes(where, scope, (type, reference, codes) =>
    reference.kind === 'reference' && isPair(type, reference, codes)
      ? entriesOf(type, reference, codes)
      : undefined,
  )
}

/** In a patient's compartment (its subject, or a performer and the like), with a code: each way in by itself. */
export function pairsOfAny(where: Node[], scope: Scope): Driver[] {
  return eachWithCodes(where, scope, (type, either, codes) => {
    if (either.kind !== 'or') return undefined
    const arms = either.any.filter((each): each is Reference => each.kind === 'reference')
    if (arms.length < either.any.length || !arms.some(each => isPair(type, each, codes)))
      return undefined
    return arms.flatMap(each =>
      isPair(type, each, codes)
        ? entriesOf(type, each, codes)
        : each.targets.flatMap(target =>
            namesOf([type], each.param, each.first).flatMap(({ text }) =>
              text === undefined ? [] : valueEntry(text, target),
            ),
          ),
    )
  }).map(driver => ({ ...driver, covers: [] }))
}

const isPair = (type: string, reference: Reference, codes: Coded[]): boolean =>
  !reference.first &&
  isOfPatients(reference) &&
  codes.every(({ param }) => isPaired(type, reference.param, param))

function eachWithCodes(
  where: Node[],
  { types: [type, ...types] }: Scope,
  entries: (type: string, other: Node, codes: Coded[]) => string[] | undefined,
): Driver[] {
  if (type === undefined || types.length) return []
  return where.flatMap(coded => {
    const codes = codesOf(coded)
    if (codes.length === 0) return []
    return where.flatMap((other): Driver[] => {
      const any = entries(type, other, codes)
      return any && any.length <= mostPairs ? [{ covers: [other, coded], in: 'x', any }] : []
    })
  })
}

/** A code with an amount: the amounts of that code alone. */
export function composed(where: Node[], scope: Scope): Driver[] {
  const [type, ...types] = scope.types
  if (type === undefined || types.length) return []
  return where.flatMap(token => {
    if (token.kind !== 'token' || token.first) return []
    const { code, system, param } = token
    if (code === undefined || system === undefined) return []
    const first: Token = { code, system }
    return where.flatMap((value): Driver[] => {
      // In several units it is any of several.
      const any = value.kind === 'or' ? value.any : [value]
      const both = any.flatMap(each => {
        if (each.kind !== 'quantity' || each.first) return []
        const composite = compositeOf(type, param, each.param)
        return composite ? conditionOf({ ...each, param: composite, first }, scope.types) : []
      })
      if (both.length === 0 || both.length < any.length) return []
      const elements = both.flatMap(each => (each.in === 'q' ? each.any : []))
      return [{ covers: [token, value], in: 'q', any: elements }]
    })
  })
}

/** The code of a composite alone: all that have it, in their order. */
export function codesOfComposites(where: Node[], { types }: Scope): Driver[] {
  const [type, ...others] = types
  if (type === undefined || others.length) return []
  return where.flatMap((node): Driver[] => {
    if (node.kind !== 'quantity' || node.first?.code === undefined) return []
    const param = tokenOf(type, node.param)
    if (param === undefined) return []
    return [{ covers: [], ...conditionOf({ kind: 'token', param, ...node.first }, types) }]
  })
}
