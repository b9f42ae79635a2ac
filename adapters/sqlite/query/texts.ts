/** Which folded texts there are with a part in them: found by their trigrams, as every text is kept once. */
import { tooCostly } from '../../../resources/error.ts'
import { oneOf, ticking } from '../sql.ts'
import type { Scope } from './scope.ts'

/** More texts than this are too many to look each of them up. */
const most = 5000

interface Looked {
  /** Of the parameter, with its modifier. */
  name: string
  /** The part stands where a word begins. */
  begins: boolean
  table: string
  params: number[]
}

/** Texts that a parameter has: as they stand in its rows. */
export function textsWith(part: string, looked: Looked, { connection }: Scope): string[] {
  const { name, begins, table, params } = looked
  const words = begins ? "instr(' ' || t.text, ' ' || ?) > 0" : 'instr(t.text, ?) > 0'
  // A trigram needs three characters: shorter parts are looked for in each text.
  const found =
    [...part].length < 3
      ? connection
          .sql(
            `SELECT t.id AS id, t.text AS text FROM term t WHERE ${ticking('t.id')} AND ${words}`,
          )
          .iterate(part)
      : connection
          .sql(
            `SELECT t.id AS id, t.text AS text FROM part p CROSS JOIN term t ON t.id = p.rowid
               WHERE part MATCH ? AND ${ticking('t.id')} AND ${words}`,
          )
          .iterate(`"${part.replaceAll('"', '""')}"`, part)
  const column = table === 'token' ? 'code' : 'text'
  const some = oneOf('r.param', params)
  const used = connection.sql(
    `SELECT 1 FROM ${table} r WHERE ${some.text} AND r.${column} = ? LIMIT 1`,
  )
  const texts: string[] = []
  for (const { id, text } of found) {
    const value = table === 'token' ? Number(id).toString(36) : String(text)
    if (!used.get(...some.values, value)) continue
    if (texts.push(value) > most)
      throw tooCostly(`${name}: more than ${most} texts have this part: give a longer one`)
  }
  return texts
}
