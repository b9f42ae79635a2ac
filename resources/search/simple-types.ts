import { date } from './date.ts'
import { quantity } from './quantity.ts'
import { reference } from './reference.ts'
import { string } from './string.ts'
import { token } from './token.ts'
import type { SearchType } from './type.ts'
import { uri } from './uri.ts'

/** All types but those that are made of others. */
export const simpleTypes: Readonly<Record<string, SearchType>> = {
  token,
  reference,
  string,
  date,
  number: quantity,
  quantity,
  uri,
}
