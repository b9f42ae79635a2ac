/** The first part of a composite as text: a system may have a | in it, and a code too, but a system has no space. */
import type { Token } from './query.ts'

const written = (system: string): string => system.replaceAll('|', ' ')

export const firstText = (system: string, code: string): string => `${written(system)}|${code}`

/** Whether it is what is asked for. */
export function isFirst({ system, code }: Token, text: string): boolean {
  const cut = text.indexOf('|')
  return (
    cut >= 0 &&
    (system === undefined || text.slice(0, cut) === written(system)) &&
    (code === undefined || text.slice(cut + 1) === code)
  )
}
