import { invalid } from '../error.ts'
import type { Key, Position } from './order.ts'

/** Where a page ended and which commit its first page saw; opaque for callers. */
export interface Place extends Position {
  seq: number
  /** The page before it is asked for. */
  back: boolean
  /** Resources that the first page showed as a later commit made them: no other page does. */
  seen?: number[]
}

export const printPlace = ({ seq, rid, keys, back, seen = [] }: Place): string =>
  Buffer.from(
    JSON.stringify([seq, rid, back ? 1 : 0, ...keys, ...(seen.length ? [seen] : [])]),
  ).toString('base64url')

export function parsePlace(text: string): Place {
  let read: unknown
  try {
    read = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw foreign()
  }
  if (!Array.isArray(read)) throw foreign()
  const seen: unknown = read.at(-1)
  const [seq, rid, back, ...keys] = (Array.isArray(seen) ? read.slice(0, -1) : read) as unknown[]
  if (!isNumber(seq) || !isNumber(rid) || !keys.every(isKey) || keys.length > mostKeys)
    throw foreign()
  if (!Array.isArray(seen)) return { seq, rid, back: back === 1, keys }
  if (!seen.every(isNumber)) throw foreign()
  return { seq, rid, back: back === 1, keys, seen }
}

const mostKeys = 50
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value)
const isKey = (value: unknown): value is Key =>
  value === null ||
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value))

const foreign = () =>
  invalid('_page is not from a link of this server: follow the next link as it is')
