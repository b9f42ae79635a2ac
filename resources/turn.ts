/** Awaited, it lets others have their turn: requests that came, and what is due. */
export const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
