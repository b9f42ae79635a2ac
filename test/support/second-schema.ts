/** A file as a program of the second schema left it: with the kinds of rows that there were. */
import { connect, targetParts, unitKey } from '../../adapters/sqlite/connection.ts'
import { migrate } from '../../adapters/sqlite/schema.ts'
import { parseStored, printJson } from '../../resources/json.ts'
import type { Resource } from '../../resources/resource.ts'
import { extract } from '../../resources/search.ts'
import type { Tenant } from '../../resources/store.ts'

type Value = string | number

/** Each at its second version; the first had the same rows, which ended with it. */
export function writeSecond(file: string, tenant: Tenant, at: number, all: Resource[]): void {
  const { db, sql, close } = connect({ file, readOnly: false })
  migrate(db, file, 2)
  let last = 0
  const insert = (table: string, ...values: Value[]) =>
    sql(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`).run(...values)
  const numbered = (table: string, columns: string[], ...values: Value[]): number => {
    const row = sql(
      `SELECT id FROM ${table} WHERE ${columns.map(column => `${column} = ?`).join(' AND ')}`,
    ).get(...values)
    if (row) return Number(row.id)
    return Number(
      sql(`INSERT INTO ${table}(${columns.join()}) VALUES (${values.map(() => '?').join()})`).run(
        ...values,
      ).lastInsertRowid,
    )
  }
  const typeOf = (name: string) => numbered('type', ['tenant', 'name'], tenant, name)
  const systemOf = (uri: string) => (uri === '' ? 0 : numbered('system', ['uri'], uri))
  const ridOf = (type: number, id: string): number => {
    const row = sql('SELECT rid FROM resource WHERE type = ? AND id = ?').get(type, id)
    if (row) return Number(row.rid)
    insert('resource', ++last, type, id)
    return last
  }
  db.exec('BEGIN')
  for (const resource of all) {
    const { resourceType, id = '' } = resource
    const type = typeOf(resourceType)
    const rid = ridOf(type, id)
    const [first, second] = [++last, ++last]
    const json = printJson(resource)
    const { rows, date = at } = extract(parseStored(json) as Resource)
    for (const [number, seq] of [first, second].entries()) {
      insert('version', rid, seq, number + 1, number)
      insert('body', seq, rid, at, json)
      insert('feed', type, seq, date, rid, number === 0 ? second : 0)
    }
    sql('INSERT INTO total VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1').run(type)
    for (const row of rows) {
      const param = numbered('param', ['type', 'code', 'first'], type, row.param, row.first ?? '')
      const both = (table: string, values: Value[], of: Value[]) => {
        for (const [since, until] of [
          [first, second],
          [second, 0],
        ] as const) {
          insert(table, ...values, since, until)
          if (of.length) insert(`${table}_of`, rid, param, ...of, since, until)
        }
      }
      const key = [date, rid]
      switch (row.kind) {
        case 'token':
          both('token', [param, row.code, ...key, systemOf(row.system)], [])
          break
        case 'uri':
          both('uri', [param, row.uri, ...key], [])
          break
        case 'reference': {
          const target = targetParts(row.target)
          both('reference', [param, ridOf(typeOf(target.type), target.id), ...key], [])
          break
        }
        case 'string': {
          const exact = row.exact === row.text ? '' : row.exact
          both('string', [param, row.text, ...key, exact], [row.text, exact])
          break
        }
        case 'date':
          both('date', [param, row.low, ...key, row.high], [row.low, row.high])
          break
        case 'quantity': {
          const high = row.high === row.low ? '' : row.high
          const unit = systemOf(unitKey(row.system, row.unit))
          both('quantity', [param, row.low, ...key, high, unit], [row.low, high, unit])
        }
      }
    }
  }
  db.exec('COMMIT')
  close()
}
