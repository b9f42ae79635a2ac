/** Which condition drives: the one with the least rows. All others are probes of it. SQLite's planner never chooses. */
import { compositeOf, isPaired, tokenOf } from '../../../resources/search/pairs.ts'
import { isOfRows, type Predicate, type RowPredicate } from '../../../resources/search/query.ts'
import { isAlwaysCoded } from '../../../resources/search/token.ts'
import { among, join, never, oneOf, type Sql, sql, ticking, unionAll } from '../sql.ts'
import { referredBy, targetsOf } from './relations.ts'
import { hasRows, paramsOf, type Rows, rangesOf } from './rows.ts'
import {
  counted,
  countOf,
  current,
  type Driver,
  type Plan,
  ridsById,
  ridsOf,
  type Scope,
  seqBetween,
  shapesOf,
  standing,
  visible,
} from './scope.ts'
import { saidNow, sayers } from './words.ts'

export function plan(where: Predicate[], scope: Scope): Plan {
  const all = where.flatMap(each => flat(each, scope))
  const drivers = [
    ...all.flatMap(each => driverOf(each, scope) ?? []),
    ...pairs(all, scope),
    ...pairsOfAny(all, scope),
    ...composed(all, scope),
    ...codesOfComposites(all, scope),
  ]
  const [driver] = drivers.toSorted(
    (a, b) =>
      a.size - b.size ||
      Number(b.ordered) - Number(a.ordered) ||
      b.covers.length - a.covers.length ||
      Number(b.unique) - Number(a.unique),
  )
  if (!driver) return { rest: all, drivers }
  return { driver, rest: all.filter(each => !driver.covers.includes(each)), drivers }
}

/** Of several ways to be met those stay that any resource may have gone: of a parameter that none has there are no rows. */
function flat(predicate: Predicate, scope: Scope): Predicate[] {
  if (predicate.kind === 'and') return predicate.all.flatMap(each => flat(each, scope))
  if (predicate.kind !== 'or') return [predicate]
  const any = predicate.any.filter(each => isPossible(each, scope))
  const [only] = any
  if (only && any.length === 1) return flat(only, scope)
  return [any.length === predicate.any.length ? predicate : { kind: 'or', any }]
}

function isPossible(predicate: Predicate, scope: Scope): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.all.every(each => isPossible(each, scope))
    case 'or':
      return predicate.any.some(each => isPossible(each, scope))
    case 'chain':
      return paramsOf(scope, predicate.param).length > 0
    default:
      return !isOfRows(predicate) || hasRows(predicate, scope)
  }
}

const none = (covers: Predicate[]): Driver => ({
  covers,
  table: 'nothing',
  from: sql('SELECT 0 AS k, 0 AS rid WHERE 0'),
  ordered: true,
  unique: true,
  size: 0,
})

function driverOf(predicate: Predicate, scope: Scope): Driver | undefined {
  switch (predicate.kind) {
    case 'id':
      return ofRids(
        predicate,
        predicate.ids.flatMap(id => ridsById(id, scope.types, scope)),
        scope,
      )
    case 'or':
      return orDriver(predicate, scope)
    case 'and': {
      const { driver } = plan(predicate.all, scope)
      return driver && { ...driver, covers: [], unique: false }
    }
    case 'chain':
      return chainDriver(predicate, scope)
    case 'has': {
      const rids = referredBy(predicate, scope)
      return rids && ofRids(predicate, rids, scope)
    }
    case 'updated':
      return updatedDriver(predicate, scope)
    case 'words':
      return wordsDriver(predicate, scope)
    case 'not':
      return otherCodes(predicate.not, scope)
    default:
      return isOfRows(predicate) ? rowsDriver(predicate, scope) : undefined
  }
}

function rowsDriver(predicate: RowPredicate, scope: Scope): Driver {
  const [rows, ...more] = rangesOf(predicate, 'r', scope).map(each =>
    ofRows(predicate, each, scope),
  )
  if (!rows) return none([predicate])
  return more.length ? union([predicate], [rows, ...more]) : rows
}

const union = (covers: Predicate[], drivers: Driver[]): Driver => ({
  covers,
  table: [...new Set(drivers.map(({ table }) => table))].join(', '),
  from: unionAll(drivers.map(({ from }) => from)),
  ordered: false,
  unique: false,
  size: drivers.reduce((sum, { size }) => sum + size, 0),
})

function ofRows(predicate: Predicate, rows: Rows, scope: Scope): Driver {
  const { table, range, where, ordered, unique } = rows
  const seen = visible('r', scope)
  return {
    covers: [predicate],
    table,
    from: sql(
      `SELECT r.k AS k, r.rid AS rid FROM ${table} r WHERE ${ticking('r.rid')} AND ${where.text} AND ${seen.text}`,
      ...where.values,
      ...seen.values,
    ),
    ordered,
    unique,
    ...sized(sql(`SELECT r.rid FROM ${table} r WHERE ${range.text}`, ...range.values), scope),
  }
}

/** Of the range, not of the hits in it: to find a thousand hits, all rows may have to be looked at. */
const sized = (range: Sql, scope: Scope): Pick<Driver, 'range' | 'size'> => ({
  range,
  size: countOf(range, counted, scope),
})

/** A range of the commits. */
function updatedDriver(
  predicate: Extract<Predicate, { kind: 'updated' }>,
  scope: Scope,
): Driver | undefined {
  const types = scope.types.length ? oneOf('f.type', scope.types) : never
  const { text, values } = seqBetween('f', predicate, scope)
  const seen = current(scope)
  const range = sql(
    `SELECT f.rid FROM feed f WHERE ${types.text} AND ${text}`,
    ...types.values,
    ...values,
  )
  return {
    covers: [predicate],
    table: 'feed',
    from: sql(
      `SELECT f.k AS k, f.rid AS rid FROM feed f WHERE ${ticking('f.seq')} AND ${types.text} AND ${text}
         AND ${seen.text}`,
      ...types.values,
      ...values,
      ...seen.values,
    ),
    ordered: false,
    unique: true,
    ...sized(range, scope),
  }
}

/** Of those, what is there of these types. The plus keeps the planner from walking all of a type. */
function ofRids(predicate: Predicate, rids: number[], scope: Scope): Driver {
  if (rids.length === 0 || scope.types.length === 0) return none([predicate])
  const which = join([among('o.rid', rids), oneOf('+o.type', scope.types)], ' AND ')
  const { text, values } = standing(which, scope)
  return {
    covers: [predicate],
    table: 'resource',
    from: sql(`SELECT s.k AS k, s.rid AS rid FROM (${text}) s`, ...values),
    ordered: false,
    unique: true,
    size: rids.length,
  }
}

/** A driver of one that is met by any of several, each of which can drive. */
function orDriver(predicate: Extract<Predicate, { kind: 'or' }>, scope: Scope): Driver | undefined {
  const drivers = predicate.any.map(each => plan([each], scope))
  if (drivers.some(({ driver }) => !driver)) return undefined
  if (drivers.length === 0) return none([predicate])
  const some = drivers.flatMap(({ driver }) => driver ?? [])
  // What an arm leaves to a probe is not answered by it.
  return union(drivers.every(({ rest }) => rest.length === 0) ? [predicate] : [], some)
}

function chainDriver(
  predicate: Extract<Predicate, { kind: 'chain' }>,
  scope: Scope,
): Driver | undefined {
  const params = paramsOf(scope, predicate.param)
  if (params.length === 0) return none([predicate])
  const targets = targetsOf(predicate, scope)
  if (!targets) return undefined
  const referring = (which: Sql) => join([oneOf('r.param', params), which], ' AND ')
  if (!Array.isArray(targets)) {
    const [range, where] = [targets.range, targets.rids].map(({ text, values }) =>
      referring(sql(`r.target IN (${text})`, ...values)),
    ) as [Sql, Sql]
    return ofRows(
      predicate,
      { table: 'reference', range, where, ordered: false, unique: false },
      scope,
    )
  }
  if (targets.length === 0) return none([predicate])
  const one = targets.length === 1 && params.length === 1
  const range = referring(among('r.target', targets))
  return ofRows(
    predicate,
    { table: 'reference', range, where: range, ordered: one, unique: one },
    scope,
  )
}

function wordsDriver(predicate: Extract<Predicate, { kind: 'words' }>, scope: Scope): Driver {
  const types = scope.types.length ? oneOf('+o.type', scope.types) : never
  const rids = sayers(predicate, scope)
  const which = join([sql(`o.rid IN (${rids.text})`, ...rids.values), types], ' AND ')
  const { text, values } = standing(which, scope)
  return {
    covers: [predicate],
    table: 'words',
    from: sql(`SELECT s.k AS k, s.rid AS rid FROM (${text}) s`, ...values),
    ordered: false,
    unique: true,
    size: countOf(saidNow(predicate), counted, scope),
  }
}

/** A parameter with more codes than this has no few others. */
const mostCodes = 50

/**
 * What has not a code has one of the few others, where all of the type have one: they are asked for, and the condition
 * stays a probe of them.
 */
function otherCodes(predicate: Predicate, scope: Scope): Driver | undefined {
  const excluded = predicate.kind === 'or' ? predicate.any : [predicate]
  const [first] = excluded
  if (first?.kind !== 'token') return undefined
  const { param } = first
  const isCode = (each: Predicate) =>
    each.kind === 'token' && each.param === param && each.code !== undefined && !each.first
  if (!excluded.every(isCode)) return undefined
  const [one, ...more] = paramsOf(scope, param)
  const [type, ...types] = scope.types
  if (one === undefined || more.length || type === undefined || types.length) return undefined
  if (!isAlwaysCoded(scope.connection.typeName(type) ?? '', param)) return undefined
  if (shapesOf(scope).some(({ has }) => !has.includes(param))) return undefined
  const next = scope.connection.sql(
    'SELECT min(r.code) AS code FROM token r WHERE r.param = ? AND r.code > ?',
  )
  const codes: string[] = []
  for (let at = ''; ; ) {
    const found = next.get(one, at)?.code
    if (typeof found !== 'string') break
    at = found
    if (codes.push(found) > mostCodes) return undefined
  }
  // A code of another system is another code.
  const same = new Set(
    excluded.map(each => (each.kind === 'token' && each.system === undefined ? each.code : '')),
  )
  const others = codes.filter(each => !same.has(each))
  const driver = rowsDriver({ kind: 'codes', param, codes: others }, scope)
  return { ...driver, covers: [] }
}

/** The name of the type, where there is one. */
function onlyType({ types, connection }: Scope): string | undefined {
  const [type, ...others] = types
  return type === undefined || others.length ? undefined : connection.typeName(type)
}

/** A patient beside a code or category: one range of the compartment. */
function pairs(where: Predicate[], scope: Scope): Driver[] {
  const name = onlyType(scope)
  return where.flatMap(reference => {
    if (reference.kind !== 'reference' || reference.first) return []
    return where.flatMap(token => {
      if (token.kind !== 'token' || token.code === undefined || token.first) return []
      if (!name || !isPaired(name, reference.param, token.param)) return []
      const patients = ridsOf(
        reference.targets.filter(target => target.startsWith('Patient/')),
        scope,
      )
      const [patient, ...more] = patients
      if (patient === undefined || more.length) return []
      const others = ridsOf(reference.targets, scope)
      return others.length === 1 ? pairDriver({ patient, reference, token }, scope) : []
    })
  })
}

/** In a patient's compartment (its subject, or a performer and the like), with a code: each way in by itself. */
function pairsOfAny(where: Predicate[], scope: Scope): Driver[] {
  const name = onlyType(scope)
  return where.flatMap(either => {
    if (!name || either.kind !== 'or') return []
    return where.flatMap(token => {
      if (token.kind !== 'token' || token.code === undefined) return []
      const { param } = token
      const isPair = (each: Predicate) =>
        each.kind === 'reference' && isPaired(name, each.param, param)
      if (!either.any.every(({ kind }) => kind === 'reference') || !either.any.some(isPair))
        return []
      const arms = either.any.flatMap(each => armOf(plan([each, token], scope), scope) ?? [])
      return arms.length === either.any.length ? [union([either, token], arms)] : []
    })
  })
}

/** A code with an amount: the amounts of that code alone. */
function composed(where: Predicate[], scope: Scope): Driver[] {
  const name = onlyType(scope)
  return where.flatMap(token => {
    if (!name || token.kind !== 'token' || token.code === undefined || token.first) return []
    const { code, system, param } = token
    const first = system === undefined ? { code } : { code, system }
    return where.flatMap(value => {
      // In several units it is any of several.
      const any = value.kind === 'or' ? value.any : [value]
      const both = any.flatMap((each): Predicate[] => {
        if (each.kind !== 'quantity' || each.first) return []
        const composite = compositeOf(name, param, each.param)
        return composite ? [{ ...each, param: composite, first }] : []
      })
      if (both.length === 0 || both.length < any.length) return []
      const driver = driverOf({ kind: 'or', any: both }, scope)
      return driver ? [{ ...driver, covers: [token, value] }] : []
    })
  })
}

/** The code of a composite alone: all that have it, in their order. */
function codesOfComposites(where: Predicate[], scope: Scope): Driver[] {
  const name = onlyType(scope)
  return where.flatMap(each => {
    if (!name || each.kind !== 'quantity' || each.first?.code === undefined) return []
    const param = tokenOf(name, each.param)
    if (param === undefined) return []
    return [{ ...rowsDriver({ kind: 'token', param, ...each.first }, scope), covers: [] }]
  })
}

/** What a plan finds, as one driver. */
function armOf({ driver, rest }: Plan, scope: Scope): Driver | undefined {
  if (!driver || rest.length === 0) return driver
  const holds = scope.probe(rest, { ...scope, row: 'a' })
  return {
    ...driver,
    from: sql(
      `SELECT a.k AS k, a.rid AS rid FROM (${driver.from.text}) a WHERE ${holds.text}`,
      ...driver.from.values,
      ...holds.values,
    ),
  }
}

function pairDriver(
  pair: {
    patient: number
    reference: Predicate
    token: Extract<Predicate, { kind: 'token' }>
  },
  scope: Scope,
): Driver[] {
  const { patient, token } = pair
  const params = paramsOf(scope, token.param)
  const system = token.system === undefined ? undefined : scope.connection.systemId(token.system)
  if (params.length === 0 || (token.system !== undefined && system === undefined)) return []
  const range = sql(
    'r.patient = ? AND r.param = ? AND r.code = ?',
    patient,
    params[0] ?? 0,
    token.code ?? '',
  )
  const where = system === undefined ? range : join([range, sql('r.system = ?', system)], ' AND ')
  const rows = { table: 'compartment', range, where, ordered: true, unique: system !== undefined }
  return [{ ...ofRows(token, rows, scope), covers: [token, pair.reference] }]
}
