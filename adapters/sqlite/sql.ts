/** Pieces of SQL with the values of their question marks. */
import { tooCostly } from '../../resources/error.ts'

export type Value = string | number
export interface Sql {
  text: string
  values: Value[]
}

export const sql = (text: string, ...values: Value[]): Sql => ({ text, values })

export const join = (parts: Sql[], separator: string): Sql => ({
  text: parts.map(part => part.text).join(separator),
  values: parts.flatMap(part => part.values),
})

const wrap = ({ text, values }: Sql): Sql => ({ text: `(${text})`, values })

export const never = sql('0')

/**
 * A statement cannot be interrupted from outside: about every thousandth row it looks at asks whether it may go on. To
 * stand first, because a condition that fails leaves those after it out.
 */
export const ticking = (number: string): string => `((${number} & 1023) <> 0 OR tick())`

/** At most so many rows. SQLite plans a statement anew each time that a value is bound to a limit which is nothing but a mark. */
export const upTo = 'LIMIT ? + 0'

/** SQLite takes 32,766 values in a statement, 500 arms in a union and a depth of 1,000. https://sqlite.org/limits.html */
const mostValues = 30_000
const mostArms = 400
/** Conditions beside each other are as deep as there are of them, and may stand within each other. */
const mostBeside = 50
/** Making a statement of more takes seconds in which nothing can stop it. */
const mostParts = 1500

/** Throws where the statement would be too large to run. */
export function bounded(made: Sql): Sql {
  if (made.values.length > mostValues)
    throw tooCostly('the search names too many values: ask for them in parts')
  return made
}

export const oneOf = (column: string, values: Value[]): Sql =>
  values.length === 1
    ? sql(`${column} = ?`, ...values)
    : bounded({ text: `${column} IN (${values.map(() => '?').join(', ')})`, values })

/** Joins any number of parts: many are taken together in groups first. */
function grouped(
  parts: Sql[],
  separator: string,
  group: (part: Sql) => Sql,
  most = mostBeside,
): Sql {
  if (parts.length > mostParts)
    throw tooCostly(`the search names more than ${mostParts} values: ask for them in parts`)
  if (parts.length <= most) return join(parts, separator)
  const groups = Array.from({ length: Math.ceil(parts.length / most) }, (_, n) =>
    group(join(parts.slice(n * most, (n + 1) * most), separator)),
  )
  return grouped(groups, separator, group, most)
}

export const every = (parts: Sql[]): Sql => grouped(parts, ' AND ', wrap)

export const either = (parts: Sql[]): Sql => wrap(grouped(parts, ' OR ', wrap))

/** Its own limit keeps a union from being taken for arms of the one around it. https://sqlite.org/optoverview.html#flattening */
const apart = ({ text, values }: Sql): Sql => ({ text: `SELECT * FROM (${text} LIMIT -1)`, values })

export function unionAll(parts: Sql[]): Sql {
  const arms = parts.map(({ text }) => text.split(' UNION ALL ').length)
  const few = arms.reduce((sum, count) => sum + count, 0) <= mostArms
  const single = parts.map((part, index) => (few || arms[index] === 1 ? part : apart(part)))
  return grouped(single, ' UNION ALL ', apart, mostArms)
}

/** Any of a list; a long one travels as one value, so that the statement stays the same. */
export const among = (column: string, values: Value[]): Sql =>
  values.length <= 8
    ? oneOf(column, values)
    : sql(`${column} IN (SELECT value FROM json_each(?))`, JSON.stringify(values))
