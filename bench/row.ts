/** One line of the results. */
export interface Row {
  what: string
  /** `/s`, `µs`, `ms`, `MB`, `kB`, `of it`, `times` */
  unit: string
  value: number
  /** ms */
  p50?: number | undefined
  p99?: number | undefined
  /** CPU of the server for one, ms. */
  cpu?: number | undefined
  note?: string
}

export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

export function printTable(rows: Row[]): string {
  const digits = (value: number | undefined) =>
    value === undefined ? '' : value.toLocaleString('en', { maximumSignificantDigits: 4 })
  const lines = rows.map(
    ({ what, unit, value, p50, p99, cpu, note = '' }) =>
      `| ${what} | ${digits(value)} ${unit} | ${digits(p50)} | ${digits(p99)} | ${digits(cpu)} | ${note} |`,
  )
  return [
    '| what | figure | p50, ms | p99, ms | CPU for one, ms | |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
