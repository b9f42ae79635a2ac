/** ms before another worker takes the place of one that ended: longer each time, until one has taken requests for long. */
const shortest = 250
const longest = 30_000

/** Of one place. */
export function createPace(now: () => number) {
  let pause = shortest / 2
  let since: number | undefined
  return {
    /** It takes requests. */
    began(): void {
      since = now()
    },
    /** It ended. */
    pause(): number {
      const wasLong = since !== undefined && now() - since > longest
      since = undefined
      pause = wasLong ? shortest : Math.min(longest, 2 * pause)
      return pause
    },
  }
}
