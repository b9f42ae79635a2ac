import { isObject } from '../resource.ts'

/** A copy that can be changed; decimals kept as they came are shared, because they cannot change. */
export function copyTree<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copyTree) as T
  if (!isObject(value) || JSON.isRawJSON(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, copyTree(child)]),
  ) as T
}

export const isTree = (value: unknown): value is Record<string, unknown> | unknown[] =>
  Array.isArray(value) || (isObject(value) && !JSON.isRawJSON(value))
