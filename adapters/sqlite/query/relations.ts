/** Chains and _has: what holds of a resource at the other end of a reference. https://hl7.org/fhir/R4/search.html#chaining */
import { aboutOf } from '../../../resources/search/about.ts'
import { isPaired } from '../../../resources/search/pairs.ts'
import type { Predicate } from '../../../resources/search/query.ts'
import { among, join, never, oneOf, type Sql, sql } from '../sql.ts'
import { amongFound } from './found.ts'
import { paramsOf } from './rows.ts'
import {
  asksWhen,
  counted,
  countOf,
  type Driver,
  type Plan,
  type Scope,
  standing,
  typeIds,
  visible,
  within,
  withSeq,
} from './scope.ts'

type Chain = Extract<Predicate, { kind: 'chain' }>
type Has = Extract<Predicate, { kind: 'has' }>

/** `scope.row` refers to a resource of which all of `where` holds. */
export function probeChain({ param, types, where, names }: Chain, scope: Scope): Sql {
  const params = paramsOf(scope, param)
  const inner = typeIds(scope, types)
  if (params.length === 0 || inner.length === 0) return never
  const [row, target] = [scope.alias(), scope.alias()]
  const first = within(scope, 'x', inner)
  const few = names === undefined ? fewOf(scope.plan(where, first), first) : undefined
  if (few) return probeFew(amongFound(few.rids, where, first), { row, param, params }, scope)
  const there =
    names === undefined
      ? standsAt(row, inner, scope)
      : goesBy(names, row, { ...scope, types: inner })
  const holds = scope.probe(where, within(scope, target, inner))
  const some = oneOf(`${row}.param`, params)
  const seen = visible(row, scope)
  return sql(
    `EXISTS(SELECT 1 FROM value ${row} WHERE ${row}.rid = ${scope.row}.rid AND ${some.text} AND ${seen.text}
       AND EXISTS(SELECT 1 FROM (${there.text}) ${target} WHERE ${holds.text}))`,
    ...some.values,
    ...seen.values,
    ...there.values,
    ...holds.values,
  )
}

/** Whether what the types refer to by a parameter stands in the row of each. */
export const isAboutSubject = (param: string, { types, connection }: Scope): boolean =>
  types.every(type => aboutOf(connection.typeName(type) ?? '') === param)

/** `scope.row` refers to one of these: to whom it is about, where that stands in its own row, or else by its values. */
function probeFew(
  isIn: (column: string) => Sql,
  { row, param, params }: { row: string; param: string; params: number[] },
  scope: Scope,
): Sql {
  const own = join(
    [
      sql(`${row}.rid = ${scope.row}.rid`),
      oneOf(`${row}.param`, params),
      visible(row, scope),
      isIn(`${row}.low`),
    ],
    ' AND ',
  )
  const byValue = sql(`EXISTS(SELECT 1 FROM value ${row} WHERE ${own.text})`, ...own.values)
  if (!scope.hasSubject || !isAboutSubject(param, scope)) return byValue
  const subject = `coalesce(${scope.row}.subject, -1)`
  const bySubject = isIn(subject)
  return sql(
    `(${bySubject.text} OR (${subject} < 0 AND ${byValue.text}))`,
    ...bySubject.values,
    ...byValue.values,
  )
}

/** What the reference `row` leads to, of these types. */
function standsAt(row: string, types: number[], scope: Scope): Sql {
  const kind = oneOf('+o.type', types)
  return standing(sql(`o.rid = ${row}.low AND ${kind.text}`, ...kind.values), scope)
}

/** What has the target of the reference `row` among its names. */
function goesBy(names: string, row: string, scope: Scope): Sql {
  const params = paramsOf(scope, names)
  if (params.length === 0) return nobody
  const found = referring(params, `${row}.low`, scope)
  return withSeq(found, scope)
}

/** Some resource of which all of `where` holds refers to `scope.row`. */
export function probeHas({ type, param, where, names }: Has, scope: Scope): Sql {
  const inner = within(scope, '', typeIds(scope, [type]))
  const params = paramsOf(inner, param)
  if (params.length === 0) return never
  const referrer = scope.alias()
  const pair = names === undefined && where.find(each => isPair(type, param, each))
  const found = pair
    ? paired(pair, scope.alias(), scope, inner)
    : names === undefined
      ? referring(params, `${scope.row}.rid`, scope)
      : referringBy(names, params, scope)
  const from = where.some(asksWhen) ? withSeq(found, scope) : found
  const rest = where.filter(each => each !== pair)
  const holds = scope.probe(rest, { ...inner, row: referrer })
  return sql(
    `EXISTS(SELECT 1 FROM (${from.text}) ${referrer} WHERE ${holds.text})`,
    ...from.values,
    ...holds.values,
  )
}

const nobody = sql('SELECT 0 AS k, 0 AS rid, 0 AS seq WHERE 0')

/** All that refer to a target. */
function referring(params: number[], target: string, scope: Scope): Sql {
  const row = scope.alias()
  const some = oneOf(`${row}.param`, params)
  const seen = visible(row, scope)
  return sql(
    `SELECT ${row}.k AS k, ${row}.rid AS rid FROM reference ${row}
       WHERE ${some.text} AND ${row}.target = ${target} AND ${seen.text}`,
    ...some.values,
    ...seen.values,
  )
}

/** All that refer to a name of `scope.row`. */
function referringBy(names: string, params: number[], scope: Scope): Sql {
  const [name, row] = [scope.alias(), scope.alias()]
  const own = join([oneOf(`${name}.param`, paramsOf(scope, names)), visible(name, scope)], ' AND ')
  const refers = join([oneOf(`${row}.param`, params), visible(row, scope)], ' AND ')
  return sql(
    `SELECT ${row}.k AS k, ${row}.rid AS rid FROM value ${name} CROSS JOIN reference ${row} ON ${row}.target = ${name}.low
       WHERE ${name}.rid = ${scope.row}.rid AND ${own.text} AND ${refers.text}`,
    ...own.values,
    ...refers.values,
  )
}

type Code = Extract<Predicate, { kind: 'token' }> & { code: string }

const isPair = (type: string, param: string, predicate: Predicate): predicate is Code =>
  predicate.kind === 'token' &&
  predicate.code !== undefined &&
  predicate.first === undefined &&
  isPaired(type, param, predicate.param)

/** All in the compartment of `scope.row` that have a code. */
function paired({ param, code, system }: Code, row: string, scope: Scope, inner: Scope): Sql {
  const params = paramsOf(inner, param)
  const id = system === undefined ? undefined : scope.connection.systemId(system)
  if (params.length === 0 || (system !== undefined && id === undefined))
    return sql('SELECT 0 AS k, 0 AS rid WHERE 0')
  const where = join(
    [
      sql(`${row}.patient = ${scope.row}.rid`),
      oneOf(`${row}.param`, params),
      sql(`${row}.code = ?`, code),
      ...(id === undefined ? [] : [sql(`${row}.system = ?`, id)]),
      visible(row, scope),
    ],
    ' AND ',
  )
  return sql(
    `SELECT ${row}.k AS k, ${row}.rid AS rid FROM compartment ${row} WHERE ${where.text}`,
    ...where.values,
  )
}

/** What meets the inner end of a chain, as a part of the statement that asks for what refers to it. */
interface Few {
  rids: Sql
  /** Those and some more: to count by, whenever it is. */
  range: Sql
}

/** Fewer than this are read, so that it is known how many they are: what refers to one alone is in its order. */
const mostRead = 50

/** What refers to a chain's inner end names it by; absent where they are so many that each at the outer end is looked at. */
export function targetsOf(
  { types, where, names }: Chain,
  scope: Scope,
): number[] | Few | undefined {
  const inner = within(scope, 'x', typeIds(scope, types))
  if (inner.types.length === 0) return []
  const plan = scope.plan(where, inner)
  if (names === undefined)
    return foundFirst(plan, inner, mostRead) ?? fewOf(plan, inner) ?? foundFirst(plan, inner)
  const found = foundFirst(plan, inner)
  return found && targetsAt(found, names, inner)
}

/** The rids of all that are referred to by the inner end of a _has. */
export function referredBy({ type, param, where, names }: Has, scope: Scope): number[] | undefined {
  const inner = within(scope, 'x', typeIds(scope, [type]))
  if (inner.types.length === 0) return []
  const referrers = foundFirst(scope.plan(where, inner), inner)
  const targets = referrers && targetsAt(referrers, param, inner)
  if (!targets || names === undefined) return targets
  return ridsAt('SELECT DISTINCT v.rid AS rid FROM reference v', 'v.target', {
    keys: targets,
    params: paramsOf(scope, names),
    scope,
  })
}

/** What these refer to by a parameter. */
const targetsAt = (referrers: number[], param: string, scope: Scope): number[] =>
  ridsAt('SELECT DISTINCT v.low AS rid FROM value v', 'v.rid', {
    keys: referrers,
    params: paramsOf(scope, param),
    scope,
  })

function ridsAt(
  select: string,
  column: string,
  { keys, params, scope }: { keys: number[]; params: number[]; scope: Scope },
): number[] {
  if (params.length === 0 || keys.length === 0) return []
  const wanted = join([among(column, keys), oneOf('v.param', params), visible('v', scope)], ' AND ')
  const rows = scope.connection.sql(`${select} WHERE ${wanted.text}`).all(...wanted.values)
  return rows.map(({ rid }) => Number(rid))
}

function foundFirst(plan: Plan, scope: Scope, most = counted): number[] | undefined {
  if (!plan.driver || plan.driver.size >= most) return undefined
  const { text, values } = ridsFrom(plan, plan.driver, scope)
  const rows = scope.connection.sql(text).all(...values)
  return [...new Set(rows.map(({ rid }) => Number(rid)))]
}

/** So many at the inner end are found for all of the outer end at once, rather than looked for from each. */
const mostFew = 5000

function fewOf(plan: Plan, scope: Scope): Few | undefined {
  const { range } = plan.driver ?? {}
  if (!plan.driver || !range || countOf(range, mostFew, scope) >= mostFew) return undefined
  return { rids: ridsFrom(plan, plan.driver, scope), range }
}

function ridsFrom({ rest }: Plan, driver: Driver, scope: Scope): Sql {
  const from = rest.some(asksWhen) ? withSeq(driver.from, scope) : driver.from
  const holds = scope.probe(rest, scope)
  return sql(
    `SELECT x.rid AS rid FROM (${from.text}) x WHERE ${holds.text}`,
    ...from.values,
    ...holds.values,
  )
}
