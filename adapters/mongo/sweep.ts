import type { Collection } from 'mongodb'
import { bySuperseded } from './collections.ts'
import type { Stored } from './document.ts'

/** A link to a page lives so long, ms: until then it sees what was superseded. */
export const linkLife = 3_600_000

/** How many at once: a longer write would keep others waiting. */
const slice = 1000

/** Forgets the values of what was superseded before any link that still lives. */
export async function sweep(resource: Collection<Stored>, now: number): Promise<void> {
  const before = (now - linkLife) * 1000
  for (;;) {
    const found = await resource
      .find({ old: { $exists: true }, u: { $lt: before } })
      .project<{ _id: string }>({ _id: 1 })
      .hint(bySuperseded)
      .limit(slice)
      .toArray()
    if (found.length === 0) return
    await resource.updateMany({ _id: { $in: found.map(({ _id }) => _id) } }, { $unset: { old: 1 } })
    if (found.length < slice) return
  }
}

export function sweepEvery(resource: Collection<Stored>, now: () => number): NodeJS.Timeout {
  // It is tried again at the next turn.
  const timer = setInterval(() => void sweep(resource, now()).catch(() => {}), linkLife / 6)
  return timer.unref()
}
