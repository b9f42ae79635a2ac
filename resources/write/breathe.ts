import { setImmediate as turn } from 'node:timers/promises'

/** How many entries are worked on before others get their turn. */
const atOnce = 8

/** Awaited after each entry of many: lets others have their turn now and then. */
export const breathe = (index: number): Promise<void> | undefined =>
  index % atOnce === atOnce - 1 ? turn() : undefined
