import type { Store } from '../../resources/store.ts'

/** In the memory of the one process that owns the file: they end with it. */
export function createLeases(now: () => number): Pick<Store, 'lease' | 'leases'> {
  const held = new Map<string, { holder: string; until: number }>()
  return {
    async lease(name, holder, ms) {
      const other = held.get(name)
      if (other && other.holder !== holder && other.until > now()) return false
      held.set(name, { holder, until: now() + ms })
      return true
    },
    async leases(start) {
      return [...held]
        .filter(([name, { until }]) => name.startsWith(start) && until > now())
        .map(([name, { holder }]) => ({ name, holder }))
    },
  }
}
