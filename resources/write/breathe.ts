/** How many entries are worked on before others get their turn. */
const turn = 24

/** Awaited after each entry of many: lets others have their turn now and then. */
export const breathe = (index: number): Promise<void> | undefined =>
  index % turn === turn - 1 ? new Promise(resolve => setImmediate(resolve)) : undefined
