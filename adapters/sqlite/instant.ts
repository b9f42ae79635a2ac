import type { Connection } from './connection.ts'

/**
 * The first commit number at or after an instant (ms), up to `end` where there is none before it. `at` never goes back
 * along `seq`, so a range of time is a range of seq, found by bisection.
 */
export function firstSeqAt({ sql }: Pick<Connection, 'sql'>, instant: number, end: number): number {
  let low = 0
  let high = end
  const statement = sql('SELECT seq, at FROM body WHERE seq >= ? ORDER BY seq LIMIT 1')
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const row = statement.get(middle)
    if (row && Number(row.at) < instant) low = Number(row.seq) + 1
    else high = middle
  }
  return low
}
