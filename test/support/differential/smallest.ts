/** Leaves away what is not needed for something to go wrong: half of it, then quarters, and so on. */
export async function smallest<T>(
  all: readonly T[],
  isWrong: (some: readonly T[]) => Promise<boolean>,
  until: number,
): Promise<readonly T[]> {
  let kept = all
  for (let size = Math.ceil(kept.length / 2); ; size = Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length && performance.now() < until; ) {
      const fewer = [...kept.slice(0, from), ...kept.slice(from + size)]
      if (fewer.length > 0 && (await isWrong(fewer))) kept = fewer
      else from += size
    }
    if (size <= 1) return kept
  }
}
